//! What the runtime asks of the host beyond what controls may: the seam between carrying out a decision and Envoy.

use portcullis_control::control::Call;
use portcullis_control::headers::{Edit, FieldName, FieldValue};
use portcullis_control::surroundings::Surroundings;

/// The host said no. Its status is for the log; no status is ever unwrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostError(pub u32);

/// Request or response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client.
    Request,
    /// To the client.
    Response,
}

/// Severity of a log line, as proxy-wasm numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// 0.
    Trace,
    /// 1.
    Debug,
    /// 2.
    Info,
    /// 3.
    Warn,
    /// 4.
    Error,
    /// 5.
    Critical,
}

/// A local reply.
#[derive(Clone, Copy, Debug)]
pub struct LocalReply<'a> {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: &'a [(FieldName, FieldValue)],
    /// Body.
    pub body: &'a [u8],
    /// Status of gRPC, used by the host for gRPC requests only.
    pub grpc_status: u32,
    /// Shown by `%RESPONSE_CODE_DETAILS%`; no spaces.
    pub details: &'a str,
}

/// Effects. Where nothing is said, a failure leaves the exchange as it was.
pub trait Host: Surroundings {
    /// Changes the headers of the request or response.
    fn edit_headers(&self, direction: Direction, edit: &Edit) -> Result<(), HostError>;

    /// Removes a field from the trailers of the request or response.
    fn remove_trailer(&self, direction: Direction, name: &str) -> Result<(), HostError>;

    /// Answers instead of the upstream; takes effect when the callback returns, the first reply wins.
    fn reply(&self, reply: &LocalReply<'_>) -> Result<(), HostError>;

    /// Ends the stream without an answer, after the callback returns; a reply that was given before stands.
    fn close(&self, direction: Direction) -> Result<(), HostError>;

    /// Up to `max` bytes of the body that the host holds.
    fn body(&self, direction: Direction, max: usize) -> Result<Vec<u8>, HostError>;

    /// Replaces the whole body that the host holds.
    fn set_body(&self, direction: Direction, body: &[u8]) -> Result<(), HostError>;

    /// Lets a paused request or response go on, after the callback returns.
    fn resume(&self, direction: Direction) -> Result<(), HostError>;

    /// Writes a property of the stream (filter state `wasm.<name>`).
    fn set_property(&self, name: &str, value: &[u8]) -> Result<(), HostError>;

    /// Starts a call; the token comes back with its answer.
    fn call(&self, call: &Call) -> Result<u32, HostError>;

    /// Makes a stream the one that effects and views act on.
    fn set_effective_context(&self, context: u32) -> Result<(), HostError>;

    /// Writes a log line.
    fn log(&self, level: Level, line: &str);

    /// The lowest level that the host writes now.
    fn log_level(&self) -> Level;

    /// Defines a counter; the same name gives the same counter in every worker.
    fn define_counter(&self, name: &str) -> Result<u32, HostError>;

    /// Adds to a counter.
    fn increment(&self, counter: u32, by: u64) -> Result<(), HostError>;

    /// Defines a gauge, as [`Host::define_counter`]; all workers share its value.
    fn define_gauge(&self, name: &str) -> Result<u32, HostError>;

    /// Sets a gauge.
    fn set_gauge(&self, gauge: u32, value: u64) -> Result<(), HostError>;

    /// Milliseconds between ticks.
    fn set_tick_period(&self, milliseconds: u32) -> Result<(), HostError>;
}
