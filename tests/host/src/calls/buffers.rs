//! Buffers: bodies, configurations, what a callout answered.

use wasmtime::{Caller, Linker};

use super::{Answer, Guest, env, settle};
use crate::abi::{BufferType, Status};
use crate::state::HostState;

pub(super) fn define(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    env!(linker:
        "proxy_get_buffer_status" => status, (buffer: i32, l: u32, f: u32);
        "proxy_get_buffer_bytes" => get, (buffer: i32, start: u32, length: u32, p: u32, l: u32);
        "proxy_set_buffer_bytes" => set, (buffer: i32, start: u32, length: u32, p: u32, l: u32);
    );
    Ok(())
}

fn buffer_type(buffer: i32) -> Answer<BufferType> {
    Ok(BufferType::from_number(buffer).ok_or(Status::BAD_ARGUMENT)?)
}

/// What a buffer holds. A body that is not there is an empty one; others are NotFound.
fn bytes(state: &mut HostState, buffer: BufferType) -> Answer<Vec<u8>> {
    let found = match buffer {
        BufferType::VmConfiguration => Some(state.settings.vm_configuration.clone()),
        BufferType::PluginConfiguration => {
            state.root().filter(|root| root.configuring).map(|root| root.configuration.clone())
        }
        BufferType::CallBody => state
            .root()
            .and_then(|root| root.answer.as_ref())
            .filter(|reply| reply.message.is_none())
            .map(|reply| reply.body.clone()),
        BufferType::GrpcMessage => {
            let reply = state.root().and_then(|root| root.answer.as_ref());
            Some(reply.and_then(|reply| reply.message.clone()).unwrap_or_default())
        }
        BufferType::RequestBody | BufferType::ResponseBody => {
            Some(body(state, buffer).map(|body| body.clone()).unwrap_or_default())
        }
        BufferType::Downstream | BufferType::Upstream | BufferType::CallData => Some(Vec::new()),
    };
    Ok(found.ok_or(Status::NOT_FOUND)?)
}

fn body(state: &mut HostState, buffer: BufferType) -> Option<&mut Vec<u8>> {
    let stream = state.stream()?;
    if buffer == BufferType::RequestBody { stream.request.body() } else { stream.response.body() }
}

fn status(guest: &mut Guest<'_>, buffer: i32, l: u32, f: u32) -> Answer {
    let number = buffer.to_string();
    let buffer = buffer_type(buffer)?;
    guest.enter(number)?;
    let length = bytes(guest.state(), buffer)?.len();
    guest.write_word(l, u32::try_from(length).map_err(|_| Status::INVALID_MEMORY_ACCESS)?)?;
    guest.write_word(f, 0)
}

fn get(guest: &mut Guest<'_>, buffer: i32, start: u32, length: u32, p: u32, l: u32) -> Answer {
    let number = buffer.to_string();
    let buffer = buffer_type(buffer)?;
    guest.enter(number)?;
    let all = bytes(guest.state(), buffer)?;
    // A range that begins past the end is an empty one, not an error.
    let rest = all.get(start as usize..).unwrap_or_default();
    guest.give(&rest[..rest.len().min(length as usize)], p, l)
}

fn set(guest: &mut Guest<'_>, buffer: i32, start: u32, length: u32, p: u32, l: u32) -> Answer {
    let number = buffer.to_string();
    let buffer = buffer_type(buffer)?;
    let data = guest.read(p, l)?;
    guest.enter(number)?;
    if !matches!(buffer, BufferType::RequestBody | BufferType::ResponseBody) {
        bytes(guest.state(), buffer)?;
        // Everything but a body is immutable.
        return Err(Status::BAD_ARGUMENT.into());
    }
    let body = body(guest.state(), buffer).ok_or(Status::BAD_ARGUMENT)?;
    let (start, length) = (start as usize, length as usize);
    if start == 0 {
        // Drains what it replaces and prepends the rest: length 0 inserts, a great one replaces all.
        body.splice(..length.min(body.len()), data);
    } else if start >= body.len() {
        body.extend(data);
    } else {
        return Err(Status::BAD_ARGUMENT.into());
    }
    Ok(())
}
