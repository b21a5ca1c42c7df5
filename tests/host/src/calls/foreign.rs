//! Foreign functions: `verify_signature` for real, `clear_route_cache`, NotFound for the rest.

use wasmtime::{Caller, Linker};

use super::{Answer, Guest, env, settle};
use crate::abi::Status;
use crate::signature;
use crate::state::HostState;

pub(super) fn define(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    env!(linker:
        "proxy_call_foreign_function" => call, (n: u32, nl: u32, a: u32, al: u32, p: u32, l: u32);
    );
    Ok(())
}

fn call(guest: &mut Guest<'_>, n: u32, nl: u32, a: u32, al: u32, p: u32, l: u32) -> Answer {
    let (name, argument) = (guest.read(n, nl)?, guest.read(a, al)?);
    guest.enter(&name)?;
    let result = match name.as_slice() {
        b"verify_signature" => signature::verify_signature(&argument)?,
        b"clear_route_cache" => Vec::new(),
        _ => return Err(Status::NOT_FOUND.into()),
    };
    // Out-pointers stay as they were where there is no result.
    if result.is_empty() { Ok(()) } else { guest.give(&result, p, l) }
}
