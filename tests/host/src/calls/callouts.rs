//! Callouts to clusters: refused at once where Envoy does, else kept until the test answers.

use wasmtime::{Caller, Linker};

use super::{Answer, Guest, env, settle};
use crate::abi::Status;
use crate::call::{Call, CallKind};
use crate::headers::Headers;
use crate::pairs;
use crate::proto;
use crate::state::HostState;

pub(super) fn define(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    env!(linker:
        "proxy_http_call" => http_call, (c: u32, cl: u32, h: u32, hl: u32, b: u32, bl: u32,
            t: u32, tl: u32, timeout: u32, token: u32);
        "proxy_grpc_call" => grpc_call, (c: u32, cl: u32, s: u32, sl: u32, m: u32, ml: u32,
            h: u32, hl: u32, b: u32, bl: u32, timeout: u32, token: u32);
        "proxy_grpc_stream" => grpc_stream, (c: u32, cl: u32, s: u32, sl: u32, m: u32, ml: u32,
            h: u32, hl: u32, token: u32);
        "proxy_grpc_close" => grpc_end, (token: u32);
        "proxy_grpc_cancel" => grpc_end, (token: u32);
        "proxy_grpc_send" => grpc_send, (token: u32, p: u32, l: u32, end: u32);
    );
    Ok(())
}

#[allow(clippy::too_many_arguments, reason = "the signature is the ABI's")]
fn http_call(
    guest: &mut Guest<'_>,
    c: u32,
    cl: u32,
    h: u32,
    hl: u32,
    b: u32,
    bl: u32,
    t: u32,
    tl: u32,
    timeout: u32,
    token_out: u32,
) -> Answer {
    let (cluster, headers) = (guest.read(c, cl)?, guest.read(h, hl)?);
    let (body, trailers) = (guest.read(b, bl)?, guest.read(t, tl)?);
    guest.write_word(token_out, 0)?;
    guest.enter(&cluster)?;
    let cluster = String::from_utf8_lossy(&cluster).into_owned();
    let mut headers = Headers::new(pairs::decode(&headers));
    let state = guest.state();
    let has_hosts = *state.settings.clusters.get(&cluster).ok_or(Status::BAD_ARGUMENT)?;
    // Envoy reads the timeout as a signed number.
    let whole = [":path", ":method", ":authority"].iter().all(|name| headers.has(name));
    if !whole || i32::try_from(timeout).is_err() {
        return Err(Status::BAD_ARGUMENT.into());
    }
    if !has_hosts {
        return Err(Status::INTERNAL_FAILURE.into());
    }
    if !body.is_empty() {
        headers.set("content-length", body.len().to_string());
    }
    let trailers = Headers::new(pairs::decode(&trailers));
    let token = keep(state, cluster, CallKind::Http, headers, body, trailers, timeout);
    guest.write_word(token_out, token)
}

fn keep(
    state: &mut HostState,
    cluster: String,
    kind: CallKind,
    headers: Headers,
    body: Vec<u8>,
    trailers: Headers,
    timeout: u32,
) -> u32 {
    let root = state.root_id();
    // The low two bits say what a token is of: 0 an HTTP call, 1 a gRPC call, 2 a gRPC stream.
    let (counter, low) = match kind {
        CallKind::Http => (&mut state.http_calls, 0),
        CallKind::Grpc { .. } => (&mut state.grpc_calls, 1),
    };
    *counter += 1;
    let token = *counter * 4 + low;
    state.calls.push(Call {
        token,
        cluster,
        kind,
        headers,
        body,
        trailers,
        timeout,
        root,
        open: true,
    });
    token
}

/// The cluster a gRPC call names: a serialised `GrpcService`, or, where that cannot be parsed, a name.
/// A name that is unknown is a ParseFailure, a service that leads nowhere an InternalFailure.
fn grpc_cluster(state: &mut HostState, service: &[u8]) -> Result<String, Status> {
    match proto::fields(service) {
        Some(fields) => {
            // GrpcService.envoy_grpc = 1, EnvoyGrpc.cluster_name = 1.
            let name = fields
                .iter()
                .find(|field| field.number == 1)
                .and_then(|field| proto::fields(field.bytes()?))
                .and_then(|inner| {
                    let field = inner.into_iter().find(|field| field.number == 1)?;
                    field.bytes().map(|name| String::from_utf8_lossy(name).into_owned())
                });
            let Some(name) = name else {
                state.violations.push(format!(
                    "proxy_grpc_call to {:?}: Envoy parses that as a GrpcService without target and aborts the \
                     whole process; send a serialised GrpcService",
                    String::from_utf8_lossy(service)
                ));
                return Err(Status::INTERNAL_FAILURE);
            };
            match state.settings.clusters.get(&name) {
                Some(true) => Ok(name),
                _ => Err(Status::INTERNAL_FAILURE),
            }
        }
        None => {
            let name = String::from_utf8_lossy(service).into_owned();
            match state.settings.clusters.get(&name) {
                Some(true) => Ok(name),
                Some(false) => Err(Status::INTERNAL_FAILURE),
                None => Err(Status::PARSE_FAILURE),
            }
        }
    }
}

#[allow(clippy::too_many_arguments, reason = "the signature is the ABI's")]
fn grpc_call(
    guest: &mut Guest<'_>,
    c: u32,
    cl: u32,
    s: u32,
    sl: u32,
    m: u32,
    ml: u32,
    h: u32,
    hl: u32,
    b: u32,
    bl: u32,
    timeout: u32,
    token_out: u32,
) -> Answer {
    let (target, service, method) = (guest.read(c, cl)?, guest.read(s, sl)?, guest.read(m, ml)?);
    let (metadata, message) = (guest.read(h, hl)?, guest.read(b, bl)?);
    guest.enter(&target)?;
    let state = guest.state();
    let cluster = grpc_cluster(state, &target)?;
    let kind = CallKind::Grpc {
        service: String::from_utf8_lossy(&service).into_owned(),
        method: String::from_utf8_lossy(&method).into_owned(),
    };
    let metadata = Headers::new(pairs::decode(&metadata));
    let token = keep(state, cluster, kind, metadata, message, Headers::default(), timeout);
    guest.write_word(token_out, token)
}

#[allow(clippy::too_many_arguments, reason = "the signature is the ABI's")]
fn grpc_stream(
    guest: &mut Guest<'_>,
    c: u32,
    cl: u32,
    _s: u32,
    _sl: u32,
    _m: u32,
    _ml: u32,
    _h: u32,
    _hl: u32,
    _token: u32,
) -> Answer {
    let target = guest.read(c, cl)?;
    guest.enter(&target)?;
    // No control streams gRPC; the call is here so that its answer can be a fault.
    let state = guest.state();
    grpc_cluster(state, &target)?;
    Err(Status::UNIMPLEMENTED.into())
}

fn grpc_end(guest: &mut Guest<'_>, token: u32) -> Answer {
    guest.enter(token.to_string())?;
    if !matches!(token & 3, 1 | 2) {
        return Err(Status::BAD_ARGUMENT.into());
    }
    let calls = &mut guest.state().calls;
    let open = calls.iter_mut().find(|call| call.token == token && call.open);
    open.ok_or(Status::NOT_FOUND)?.open = false;
    Ok(())
}

fn grpc_send(guest: &mut Guest<'_>, token: u32, p: u32, l: u32, _end: u32) -> Answer {
    guest.read(p, l)?;
    guest.enter(token.to_string())?;
    // There is no stream to send on.
    Err(if token & 3 == 2 { Status::NOT_FOUND } else { Status::BAD_ARGUMENT }.into())
}
