//! Properties: computed from the stream where Envoy computes them, else what the test has set.

use wasmtime::{Caller, Linker};

use super::{Answer, Guest, env, settle};
use crate::abi::Status;
use crate::headers::Headers;
use crate::pairs;
use crate::state::HostState;
use crate::stream::Stream;

/// What a context without a stream can read, apart from the plugin's own.
const WITHOUT_STREAM: &str = "xds\0node\0";

/// What Envoy cannot serialise as a whole: its maps, and no path at all.
const WRAPPERS: [&str; 9] = [
    "",
    "request",
    "response",
    "connection",
    "source",
    "destination",
    "upstream",
    "xds",
    "filter_state",
];

pub(super) fn define(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    env!(linker:
        "proxy_get_property" => get, (k: u32, kl: u32, p: u32, l: u32);
        "proxy_set_property" => set, (k: u32, kl: u32, v: u32, vl: u32);
    );
    Ok(())
}

fn get(guest: &mut Guest<'_>, k: u32, kl: u32, p: u32, l: u32) -> Answer {
    let path = guest.read(k, kl)?;
    guest.enter(&path)?;
    // Envoy divides at NULs, and nothing behind the last of them is no segment.
    let value = read(guest.state(), path.strip_suffix(b"\0").unwrap_or(&path))?;
    guest.give(&value, p, l)
}

fn set(guest: &mut Guest<'_>, k: u32, kl: u32, v: u32, vl: u32) -> Answer {
    let (path, value) = (guest.read(k, kl)?, guest.read(v, vl)?);
    guest.enter(&path)?;
    let stream = guest.state().stream().ok_or(Status::NOT_FOUND)?;
    stream.filter_state.insert([b"wasm.", path.as_slice()].concat(), value);
    Ok(())
}

fn read(state: &mut HostState, path: &[u8]) -> Answer<Vec<u8>> {
    let settings = state.settings.clone();
    let now = state.process.now();
    let text = String::from_utf8_lossy(path).into_owned();
    match text.as_str() {
        "plugin_name" => return Ok(settings.plugin_name.clone().into_bytes()),
        "plugin_root_id" => return Ok(settings.root_id.clone().into_bytes()),
        "plugin_vm_id" => return Ok(settings.vm_id.clone().into_bytes()),
        _ => {}
    }
    let of_the_host = settings.properties.get(path).cloned();
    let Some(stream) = state.stream() else {
        if matches!(text.as_str(), "" | "xds") {
            return Err(Status::SERIALIZATION_FAILURE.into());
        }
        let readable = text.starts_with(WITHOUT_STREAM);
        return Ok(of_the_host.filter(|_| readable).ok_or(Status::NOT_FOUND)?);
    };
    // What the test said of this stream comes first, absence included.
    if let Some((_, value)) = stream.properties.iter().rev().find(|(known, _)| known == path) {
        return Ok(value.clone().ok_or(Status::NOT_FOUND)?);
    }
    if WRAPPERS.contains(&text.as_str()) {
        return Err(Status::SERIALIZATION_FAILURE.into());
    }
    let segments: Vec<&[u8]> = path.split(|byte| *byte == 0).collect();
    let computed = match segments.as_slice() {
        [b"request", rest @ ..] => request(stream, rest, now),
        [b"response", rest @ ..] => response(stream, rest),
        // Dynamic metadata: a message without fields, a map without entries.
        [b"metadata"] => Some(Vec::new()),
        [b"metadata", b"filter_metadata"] => Some(pairs::encode(&[])),
        [b"connection_id"] => settings.properties.get(&b"connection\0id"[..]).cloned(),
        [b"filter_state", key] => stream.filter_state.get(*key).cloned(),
        [name] => stream.filter_state.get([b"wasm.", *name].concat().as_slice()).cloned(),
        _ => None,
    };
    Ok(computed.or(of_the_host).ok_or(Status::NOT_FOUND)?)
}

fn number(value: u64) -> Vec<u8> {
    value.to_le_bytes().to_vec()
}

/// A map's property: one header's values joined, or all as pairs.
fn headers(headers: Option<&Headers>, rest: &[&[u8]]) -> Option<Vec<u8>> {
    match rest {
        // Headers that are out of reach are an empty map.
        [] => Some(pairs::encode(headers.map_or(&[], Headers::pairs))),
        [name] => headers?.joined(&name.to_ascii_lowercase()),
        _ => None,
    }
}

fn request(stream: &Stream, rest: &[&[u8]], now: u64) -> Option<Vec<u8>> {
    let map = stream.request_headers();
    let header = |name: &str| map?.get(name).map(<[u8]>::to_vec);
    match rest {
        [b"headers", rest @ ..] => headers(map, rest),
        [b"time"] => Some(number(stream.started)),
        [b"duration"] if stream.logging => Some(number(now.saturating_sub(stream.started))),
        [b"size"] => {
            let declared = header("content-length")
                .and_then(|value| String::from_utf8(value).ok()?.parse::<u64>().ok());
            Some(number(declared.unwrap_or(stream.received)))
        }
        [b"total_size"] => Some(number(
            stream.received + stream.request.headers.as_ref().map_or(0, Headers::byte_size) as u64,
        )),
        [b"id"] => header("x-request-id"),
        [b"path"] => header(":path"),
        [b"url_path"] => header(":path").map(|path| split_query(&path).0.to_vec()),
        [b"query"] => header(":path").map(|path| split_query(&path).1.to_vec()),
        [b"host"] => header(":authority"),
        [b"scheme"] => header(":scheme"),
        [b"method"] => header(":method"),
        [b"useragent"] => header("user-agent"),
        [b"referer"] => header("referer"),
        _ => None,
    }
}

fn split_query(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().position(|byte| *byte == b'?') {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (path, b""),
    }
}

fn response(stream: &Stream, rest: &[&[u8]]) -> Option<Vec<u8>> {
    let sent = stream.response.headers.as_ref();
    match rest {
        [b"headers", rest @ ..] => headers(stream.response_headers(), rest),
        [b"code"] => sent?.status().map(|status| number(status.into())),
        [b"grpc_status"] => {
            let declared = sent?.text("grpc-status").and_then(|status| status.parse().ok());
            let mapped = || sent?.status().map(crate::reply::http_to_grpc);
            declared.or_else(mapped).map(|status: u32| number(status.into()))
        }
        // A local reply has details even where the guest gave none.
        [b"code_details"] if stream.reply_sent || !stream.details.is_empty() => {
            Some(stream.details.clone().into_bytes())
        }
        [b"flags"] => Some(number(0)),
        [b"size"] => Some(number(stream.client.as_ref().map_or(0, |seen| seen.body.len() as u64))),
        _ => None,
    }
}
