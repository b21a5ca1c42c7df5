//! Header maps: which of them a context has in which phase, and what it may do to them.

use wasmtime::{Caller, Linker};

use super::{Answer, Guest, env, settle};
use crate::abi::{MapType, Status};
use crate::headers::Headers;
use crate::pairs;
use crate::state::HostState;

pub(super) fn define(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    env!(linker:
        "proxy_get_header_map_value" => get, (map: i32, k: u32, kl: u32, p: u32, l: u32);
        "proxy_add_header_map_value" => add, (map: i32, k: u32, kl: u32, v: u32, vl: u32);
        "proxy_replace_header_map_value" => replace, (map: i32, k: u32, kl: u32, v: u32, vl: u32);
        "proxy_remove_header_map_value" => remove, (map: i32, k: u32, kl: u32);
        "proxy_get_header_map_pairs" => get_pairs, (map: i32, p: u32, l: u32);
        "proxy_set_header_map_pairs" => set_pairs, (map: i32, p: u32, l: u32);
        "proxy_get_header_map_size" => size, (map: i32, l: u32);
    );
    Ok(())
}

fn map_type(map: i32) -> Answer<MapType> {
    Ok(MapType::from_number(map).ok_or(Status::BAD_ARGUMENT)?)
}

/// A map that can be read now. `None` is Envoy's null pointer.
fn readable(state: &mut HostState, map: MapType) -> Option<&Headers> {
    use MapType as M;
    if matches!(
        map,
        M::GrpcInitialMetadata | M::GrpcTrailingMetadata | M::CallHeaders | M::CallTrailers
    ) {
        let reply = state.root()?.answer.as_ref()?;
        return match (map, reply.message.is_some()) {
            (M::CallHeaders, false) | (M::GrpcInitialMetadata, true) => Some(&reply.headers),
            (M::CallTrailers, false) | (M::GrpcTrailingMetadata, true) => {
                Some(&reply.trailers).filter(|trailers| !trailers.is_empty())
            }
            _ => None,
        };
    }
    let stream = state.stream()?;
    match map {
        M::RequestHeaders => stream.request_headers(),
        M::ResponseHeaders => stream.response_headers(),
        M::RequestTrailers if stream.request.trailers_visible => stream.request.trailers.as_ref(),
        M::ResponseTrailers if stream.logging || stream.response.trailers_visible => {
            stream.response.trailers.as_ref()
        }
        _ => None,
    }
}

/// A map that can be written now. Trailers come into being in the last body callback.
fn writable(state: &mut HostState, map: MapType) -> Answer<&mut Headers> {
    let stream = state.stream().ok_or(Status::BAD_ARGUMENT)?;
    let (side, trailers) = match map {
        MapType::RequestHeaders => (&mut stream.request, false),
        MapType::ResponseHeaders => (&mut stream.response, false),
        MapType::RequestTrailers => (&mut stream.request, true),
        MapType::ResponseTrailers => (&mut stream.response, true),
        _ => return Err(Status::BAD_ARGUMENT.into()),
    };
    let found = if trailers {
        if side.trailers.is_none() && side.end_seen && side.body().is_some() {
            side.trailers = Some(Headers::default());
            side.trailers_visible = true;
        }
        side.trailers.as_mut().filter(|_| side.trailers_visible)
    } else {
        side.headers.as_mut().filter(|_| side.headers_visible)
    };
    Ok(found.ok_or(Status::BAD_ARGUMENT)?)
}

fn get(guest: &mut Guest<'_>, map: i32, k: u32, kl: u32, p: u32, l: u32) -> Answer {
    let map = map_type(map)?;
    let key = guest.read(k, kl)?;
    guest.enter(&key)?;
    let state = guest.state();
    let logging = state.stream().is_some_and(|stream| stream.logging);
    // In the log phase a map that is not there has no headers; at any other time it is an error.
    let absent = if logging { Status::NOT_FOUND } else { Status::BAD_ARGUMENT };
    let headers = readable(state, map).ok_or(absent)?;
    let value = headers.get(&key).ok_or(Status::NOT_FOUND)?.to_vec();
    guest.give(&value, p, l)
}

fn add(guest: &mut Guest<'_>, map: i32, k: u32, kl: u32, v: u32, vl: u32) -> Answer {
    let (map, key, value) = (map_type(map)?, guest.read(k, kl)?, guest.read(v, vl)?);
    guest.enter(&key)?;
    writable(guest.state(), map)?.append(key, value);
    Ok(())
}

fn replace(guest: &mut Guest<'_>, map: i32, k: u32, kl: u32, v: u32, vl: u32) -> Answer {
    let (map, key, value) = (map_type(map)?, guest.read(k, kl)?, guest.read(v, vl)?);
    guest.enter(&key)?;
    writable(guest.state(), map)?.set(key, value);
    Ok(())
}

fn remove(guest: &mut Guest<'_>, map: i32, k: u32, kl: u32) -> Answer {
    let (map, key) = (map_type(map)?, guest.read(k, kl)?);
    guest.enter(&key)?;
    writable(guest.state(), map)?.remove(key);
    Ok(())
}

fn get_pairs(guest: &mut Guest<'_>, map: i32, p: u32, l: u32) -> Answer {
    let number = map.to_string();
    let map = map_type(map)?;
    guest.enter(number)?;
    let found = readable(guest.state(), map).map(|headers| headers.pairs().to_vec());
    // Neither a map that is not there nor an empty one is an error: both are no bytes at all.
    let bytes = found.filter(|pairs| !pairs.is_empty()).map(|pairs| pairs::encode(&pairs));
    guest.give(&bytes.unwrap_or_default(), p, l)
}

fn set_pairs(guest: &mut Guest<'_>, map: i32, p: u32, l: u32) -> Answer {
    let number = map.to_string();
    let (map, bytes) = (map_type(map)?, guest.read(p, l)?);
    guest.enter(number)?;
    let mut headers = Headers::default();
    for (name, value) in pairs::decode(&bytes) {
        headers.append(name, value);
    }
    *writable(guest.state(), map)? = headers;
    Ok(())
}

fn size(guest: &mut Guest<'_>, map: i32, l: u32) -> Answer {
    let number = map.to_string();
    let map = map_type(map)?;
    guest.enter(number)?;
    let size = writable(guest.state(), map)?.byte_size();
    guest.write_word(l, u32::try_from(size).map_err(|_| Status::INVALID_MEMORY_ACCESS)?)
}
