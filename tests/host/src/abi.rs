//! The numbers of proxy-wasm ABI 0.2.1, so that no test and no host call spells one out.

/// What a host call answers. Any other number is possible too: a guest must survive it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Status(pub i32);

#[allow(missing_docs, reason = "the names are the specification's")]
impl Status {
    pub const OK: Self = Self(0);
    pub const NOT_FOUND: Self = Self(1);
    pub const BAD_ARGUMENT: Self = Self(2);
    pub const SERIALIZATION_FAILURE: Self = Self(3);
    pub const PARSE_FAILURE: Self = Self(4);
    pub const BAD_EXPRESSION: Self = Self(5);
    pub const INVALID_MEMORY_ACCESS: Self = Self(6);
    pub const EMPTY: Self = Self(7);
    pub const CAS_MISMATCH: Self = Self(8);
    pub const RESULT_MISMATCH: Self = Self(9);
    pub const INTERNAL_FAILURE: Self = Self(10);
    pub const BROKEN_CONNECTION: Self = Self(11);
    pub const UNIMPLEMENTED: Self = Self(12);

    /// Every status the specification names, and one it does not.
    pub const ALL: [Self; 14] = [
        Self::OK,
        Self::NOT_FOUND,
        Self::BAD_ARGUMENT,
        Self::SERIALIZATION_FAILURE,
        Self::PARSE_FAILURE,
        Self::BAD_EXPRESSION,
        Self::INVALID_MEMORY_ACCESS,
        Self::EMPTY,
        Self::CAS_MISMATCH,
        Self::RESULT_MISMATCH,
        Self::INTERNAL_FAILURE,
        Self::BROKEN_CONNECTION,
        Self::UNIMPLEMENTED,
        Self(99),
    ];
}

/// A log level, lowest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(missing_docs, reason = "the names are the specification's")]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Critical,
}

impl Level {
    /// The level a guest's number names, if any.
    pub fn from_number(number: i32) -> Option<Self> {
        Some(match number {
            0 => Self::Trace,
            1 => Self::Debug,
            2 => Self::Info,
            3 => Self::Warn,
            4 => Self::Error,
            5 => Self::Critical,
            _ => return None,
        })
    }
}

/// Header maps, by the number a guest names them with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum MapType {
    RequestHeaders,
    RequestTrailers,
    ResponseHeaders,
    ResponseTrailers,
    GrpcInitialMetadata,
    GrpcTrailingMetadata,
    CallHeaders,
    CallTrailers,
}

impl MapType {
    pub(crate) fn from_number(number: i32) -> Option<Self> {
        Some(match number {
            0 => Self::RequestHeaders,
            1 => Self::RequestTrailers,
            2 => Self::ResponseHeaders,
            3 => Self::ResponseTrailers,
            4 => Self::GrpcInitialMetadata,
            5 => Self::GrpcTrailingMetadata,
            6 => Self::CallHeaders,
            7 => Self::CallTrailers,
            _ => return None,
        })
    }
}

/// Buffers, by the number a guest names them with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum BufferType {
    RequestBody,
    ResponseBody,
    Downstream,
    Upstream,
    CallBody,
    GrpcMessage,
    VmConfiguration,
    PluginConfiguration,
    CallData,
}

impl BufferType {
    pub(crate) fn from_number(number: i32) -> Option<Self> {
        Some(match number {
            0 => Self::RequestBody,
            1 => Self::ResponseBody,
            2 => Self::Downstream,
            3 => Self::Upstream,
            4 => Self::CallBody,
            5 => Self::GrpcMessage,
            6 => Self::VmConfiguration,
            7 => Self::PluginConfiguration,
            8 => Self::CallData,
            _ => return None,
        })
    }
}

/// What Envoy makes of the number that a headers callback returned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HeadersAction {
    /// 0 (and 2, which Envoy does not tell from 0): the headers go on.
    Continue,
    /// 1 under `allow_on_headers_stop_iteration`: headers held, body callbacks run.
    StopIteration,
    /// 3: everything held, and a body over the limit is Envoy's 413.
    StopAllIterationAndBuffer,
    /// 4, 1 without the option, or a local reply: everything held, with backpressure.
    StopAllIterationAndWatermark,
}

/// What Envoy makes of the number that a body callback returned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DataAction {
    /// 0: what was buffered and this chunk go on.
    Continue,
    /// 1: buffered, up to the limit; the next callback sees all of it.
    StopIterationAndBuffer,
    /// 2: buffered with backpressure; the next callback sees its chunk only.
    StopIterationAndWatermark,
    /// 3, anything greater, or a local reply: the chunk is dropped.
    StopIterationNoBuffer,
}

/// What Envoy makes of the number that a trailers callback returned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TrailersAction {
    /// 0: whatever is held goes on, and the trailers with it.
    Continue,
    /// 1 or more, or a local reply: held.
    StopIteration,
}
