//! Metrics: the process keeps the stats, the VM its ids, the stream what it added.

use wasmtime::{Caller, Linker};

use super::{Answer, Guest, env, settle};
use crate::abi::Status;
use crate::metrics::Kind;
use crate::state::HostState;

pub(super) fn define(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    env!(linker:
        "proxy_define_metric" => make, (kind: i32, n: u32, nl: u32, id: u32);
        "proxy_increment_metric" => increment, (id: u32, delta: i64);
        "proxy_record_metric" => record, (id: u32, value: i64);
        "proxy_get_metric" => get, (id: u32, out: u32);
    );
    Ok(())
}

fn make(guest: &mut Guest<'_>, kind: i32, n: u32, nl: u32, id_out: u32) -> Answer {
    let kind = Kind::from_number(kind);
    let name = guest.read(n, nl)?;
    guest.enter(&name)?;
    let kind = kind.ok_or(Status::BAD_ARGUMENT)?;
    let state = guest.state();
    let name = String::from_utf8_lossy(&name).into_owned();
    let id = state.metric_ids.define(&mut state.process.lock().metrics, kind, name);
    guest.write_word(id_out, id)
}

fn name(guest: &mut Guest<'_>, id: u32) -> String {
    guest.state().metric_ids.name(id).unwrap_or_default().to_owned()
}

fn increment(guest: &mut Guest<'_>, id: u32, delta: i64) -> Answer {
    let name = name(guest, id);
    guest.enter(&name)?;
    let state = guest.state();
    let status = state.process.lock().metrics.increment(&state.metric_ids, id, delta);
    if status != Status::OK {
        return Err(status.into());
    }
    if let Some(stream) = state.stream() {
        *stream.metrics.entry(name).or_default() += delta;
    }
    Ok(())
}

fn record(guest: &mut Guest<'_>, id: u32, value: i64) -> Answer {
    let name = name(guest, id);
    guest.enter(&name)?;
    let state = guest.state();
    let status = state.process.lock().metrics.record(&state.metric_ids, id, value);
    if status != Status::OK {
        return Err(status.into());
    }
    if let Some(stream) = state.stream() {
        stream.metrics.insert(name, value);
    }
    Ok(())
}

fn get(guest: &mut Guest<'_>, id: u32, out: u32) -> Answer {
    let name = name(guest, id);
    guest.enter(&name)?;
    let state = guest.state();
    let value = state.process.lock().metrics.get(&state.metric_ids, id)?;
    guest.write(out, &value.to_le_bytes())
}
