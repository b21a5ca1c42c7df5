//! Loading a configuration: the fields that every module takes, and a control's own module as a whole.
//!
//! `gateway` composes several controls from the same pieces; nothing about routes, modes or reserved fields is decided
//! twice.

mod common;
mod module;

pub use common::{Common, Part, read_routes};
pub use module::module;

use crate::config::{Environment, Faults, Reader, Section};
use crate::json::{Value, parse};
use crate::program::Program;

/// A configuration is parsed up to this size, bytes. A body of rules or keys of a few hundred kilobytes is usual; what
/// is larger belongs into a feed.
pub const MAX_CONFIGURATION_BYTES: usize = 16 * 1024 * 1024;

/// Parses a plugin configuration and reads it as one object.
///
/// # Errors
/// Every fault of the configuration, with its path.
pub fn load(
    configuration: &[u8],
    environment: &Environment<'_>,
    read: impl FnOnce(&mut Section<'_>) -> Option<Program>,
) -> Result<Program, Faults> {
    let fault = |message: String| {
        let list = vec![crate::config::Fault { path: String::new(), message }];
        Faults { list, more: 0 }
    };
    if configuration.len() > MAX_CONFIGURATION_BYTES {
        return Err(fault(format!("expected at most {MAX_CONFIGURATION_BYTES} bytes")));
    }
    let value = match configuration.trim_ascii() {
        b"" => Value::Object(crate::json::Map::new()),
        text => parse(text).map_err(|error| fault(format!("expected JSON, but found {error}")))?,
    };
    let reader = Reader::new(environment.variables);
    let program = reader.root(&value).section(read);
    let (mut program, warnings) = reader.finish(program)?;
    program.warnings = warnings;
    Ok(program)
}
