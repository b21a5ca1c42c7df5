//! A test-only module on the same runtime that pauses, calls out, holds bodies and traps on command.
//!
//! The request's header `x-probe` says what to do, so that one module shows every way a control can act:
//! `trap`, `call`, `hold`, `call-hold`, `replace`, `refuse`, `reply`, `identity`, and on the response
//! `response-refuse`, `response-hold`, `response-edit`, `response-empty`, `response-mask`; with `x-editor` another control
//! edits the response behind it. It is a gateway otherwise, with the controls that ship, and never ships itself.

mod editor;
mod jobs;
mod probe;
mod witness;

use portcullis_control::config::{Environment, Faults};
use portcullis_control::policy::Kind;
use portcullis_control::program::Program;

fn load(configuration: &[u8], environment: &Environment<'_>) -> Result<Program, Faults> {
    let mut kinds = portcullis_gateway::CONTROLS.to_vec();
    kinds.extend([
        Kind::of::<probe::Probe>(),
        Kind::of::<editor::Editor>(),
        Kind::of::<witness::Witness>(),
        Kind::of::<jobs::Background>(),
    ]);
    portcullis_gateway::compose(&kinds, configuration, environment)
}

portcullis_runtime::module!(
    "probe",
    load,
    portcullis_gateway::CONTROLS,
    request_body,
    request_trailers,
    response_headers,
    response_body,
    calls,
    log
);
