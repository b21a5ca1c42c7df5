//! Our runtime without any control: what is left of a module's cost when nothing is to be decided.
//!
//! It never ships.

use portcullis_control::config::{Environment, Faults};
use portcullis_control::load::{Common, load};
use portcullis_control::program::{Lineup, Program};

fn nothing(configuration: &[u8], environment: &Environment<'_>) -> Result<Program, Faults> {
    load(configuration, environment, |section| {
        let common = Common::read(section);
        let (kinds, routes) = (Vec::new(), Vec::new());
        Some(common.program(section.node(), kinds, Lineup::default(), routes, false))
    })
}

portcullis_runtime::module!("noop", nothing, &[], request_trailers, response_headers);
