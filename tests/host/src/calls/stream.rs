//! What a guest can do to its stream: continue, close, reply; and to the context it acts for.

use wasmtime::{Caller, Linker};

use super::{Answer, Guest, env, settle};
use crate::abi::Status;
use crate::headers::Headers;
use crate::pairs;
use crate::state::{After, HostState, LocalReply};
use crate::stream::Direction;

pub(super) fn define(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    env!(linker:
        "proxy_continue_stream" => resume, (stream: i32);
        "proxy_close_stream" => close, (stream: i32);
        "proxy_send_local_response" => reply,
            (status: u32, d: u32, dl: u32, b: u32, bl: u32, h: u32, hl: u32, grpc: i32);
        "proxy_set_effective_context" => effective, (context: u32);
        "proxy_done" => done, ();
    );
    Ok(())
}

fn resume(guest: &mut Guest<'_>, kind: i32) -> Answer {
    guest.enter(kind.to_string())?;
    let direction = match kind {
        0 => Direction::Request,
        1 => Direction::Response,
        2 => return Ok(()),
        3 => return Err(Status::UNIMPLEMENTED.into()),
        _ => return Err(Status::BAD_ARGUMENT.into()),
    };
    let state = guest.state();
    let Some(stream) = state.stream() else { return Ok(()) };
    // Envoy forgets the request's headers, body and trailers at once, whichever stream continues.
    stream.request.headers_visible = false;
    stream.request.chunk = None;
    stream.request.trailers_visible = false;
    let id = stream.id;
    state.after.push(After::Continue(id, direction));
    Ok(())
}

fn close(guest: &mut Guest<'_>, kind: i32) -> Answer {
    guest.enter(kind.to_string())?;
    match kind {
        0 | 1 => {
            let state = guest.state();
            if let Some(id) = state.stream_id() {
                state.after.push(After::Reset(id));
            }
            Ok(())
        }
        2 | 3 => Ok(()),
        _ => Err(Status::BAD_ARGUMENT.into()),
    }
}

#[allow(clippy::too_many_arguments, reason = "the signature is the ABI's")]
fn reply(
    guest: &mut Guest<'_>,
    status: u32,
    d: u32,
    dl: u32,
    b: u32,
    bl: u32,
    h: u32,
    hl: u32,
    grpc: i32,
) -> Answer {
    let (details, body, headers) = (guest.read(d, dl)?, guest.read(b, bl)?, guest.read(h, hl)?);
    guest.enter(status.to_string())?;
    let state = guest.state();
    // Iteration stops whatever the callback returns, and whether or not this reply is the first.
    state.stop_next = true;
    let Some(stream) = state.stream() else { return Ok(()) };
    if stream.reply_held {
        return Ok(());
    }
    if stream.closed {
        let text = "proxy_send_local_response at a stream's log, done or delete: Envoy replies to it \
                    again, and the process dies";
        state.violations.push(text.to_owned());
        return Ok(());
    }
    stream.reply_held = true;
    let id = stream.id;
    let reply = LocalReply {
        status,
        // Envoy writes details without spaces, so that an access log can be split.
        details: String::from_utf8_lossy(&details).replace(char::is_whitespace, "_"),
        body,
        headers: Headers::new(pairs::decode(&headers)),
        grpc_status: u32::try_from(grpc).ok().filter(|status| *status <= 16),
    };
    state.after.push(After::Reply(id, reply));
    Ok(())
}

fn effective(guest: &mut Guest<'_>, context: u32) -> Answer {
    guest.enter(context.to_string())?;
    let state = guest.state();
    if !state.knows(context) {
        return Err(Status::BAD_ARGUMENT.into());
    }
    state.effective = Some(context);
    Ok(())
}

fn done(guest: &mut Guest<'_>) -> Answer {
    guest.enter("")?;
    let state = guest.state();
    let context = state.context();
    let root = state.roots.get_mut(&context).filter(|root| root.waiting_for_done);
    root.ok_or(Status::NOT_FOUND)?.waiting_for_done = false;
    state.after.push(After::Delete(context));
    Ok(())
}
