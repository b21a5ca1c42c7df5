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
        b"verify_signature" => signature::verify_signature(&argument),
        b"clear_route_cache" => Ok(Vec::new()),
        _ => return Err(Status::NOT_FOUND.into()),
    };
    // A known function that fails or has nothing to say hands over no bytes.
    guest.give(result.as_deref().unwrap_or_default(), p, l)?;
    Ok(result.map(drop)?)
}
