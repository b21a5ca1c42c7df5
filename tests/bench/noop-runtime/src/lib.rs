//! Our runtime without any control: what is left of a module's cost when nothing is to be decided.
//!
//! It never ships.

use portcullis_control::config::{Environment, Faults};
use portcullis_control::load::{Common, load};
use portcullis_control::program::{Lineup, Program};

fn nothing(configuration: &[u8], environment: &Environment<'_>) -> Result<Program, Faults> {
    load(configuration, environment, |section| {
        Some(Common::read(section).program(Vec::new(), Lineup::default(), Vec::new(), false))
    })
}

portcullis_runtime::module!("noop", nothing, &[], request_trailers, response_headers);
