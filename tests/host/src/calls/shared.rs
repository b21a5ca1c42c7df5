//! Shared data and shared queues, which all VMs of one `vm_id` see.

use wasmtime::{Caller, Linker};

use super::{Answer, Guest, env, settle};
use crate::abi::Status;
use crate::process::Queue;
use crate::state::HostState;

pub(super) fn define(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    env!(linker:
        "proxy_get_shared_data" => get, (k: u32, kl: u32, p: u32, l: u32, cas: u32);
        "proxy_set_shared_data" => set, (k: u32, kl: u32, v: u32, vl: u32, cas: u32);
        "proxy_register_shared_queue" => register, (n: u32, nl: u32, token: u32);
        "proxy_resolve_shared_queue" => resolve, (v: u32, vl: u32, n: u32, nl: u32, token: u32);
        "proxy_dequeue_shared_queue" => dequeue, (token: u32, p: u32, l: u32);
        "proxy_enqueue_shared_queue" => enqueue, (token: u32, p: u32, l: u32);
    );
    Ok(())
}

fn get(guest: &mut Guest<'_>, k: u32, kl: u32, p: u32, l: u32, cas_out: u32) -> Answer {
    let key = guest.read(k, kl)?;
    guest.enter(&key)?;
    let state = guest.state();
    let found = state.process.shared_data(&state.settings.vm_id, &key);
    let (value, cas) = found.ok_or(Status::NOT_FOUND)?;
    guest.give(&value, p, l)?;
    guest.write_word(cas_out, cas)
}

fn set(guest: &mut Guest<'_>, k: u32, kl: u32, v: u32, vl: u32, cas: u32) -> Answer {
    let (key, value) = (guest.read(k, kl)?, guest.read(v, vl)?);
    guest.enter(&key)?;
    let state = guest.state();
    Ok(state.process.set_shared_data(&state.settings.vm_id, &key, &value, cas)?)
}

/// Tokens are indices from 1.
fn slot(token: u32) -> usize {
    (token as usize).wrapping_sub(1)
}

fn register(guest: &mut Guest<'_>, n: u32, nl: u32, token_out: u32) -> Answer {
    let name = guest.read(n, nl)?;
    guest.enter(&name)?;
    let state = guest.state();
    let (consumer, vm_id) = ((state.worker, state.root_id()), state.settings.vm_id.clone());
    let mut inner = state.process.lock();
    let known = inner.queues.iter().position(|queue| queue.vm_id == vm_id && queue.name == name);
    let index = known.unwrap_or(inner.queues.len());
    match inner.queues.get_mut(index) {
        // The last to register is the only one who is told of entries.
        Some(queue) => queue.consumer = consumer,
        None => inner.queues.push(Queue { vm_id, name, consumer, entries: [].into(), untold: 0 }),
    }
    drop(inner);
    guest.write_word(token_out, u32::try_from(index).expect("few queues") + 1)
}

fn resolve(guest: &mut Guest<'_>, v: u32, vl: u32, n: u32, nl: u32, token_out: u32) -> Answer {
    let (vm_id, name) = (guest.read(v, vl)?, guest.read(n, nl)?);
    guest.enter(&name)?;
    let inner = guest.state().process.lock();
    let found =
        inner.queues.iter().position(|queue| queue.vm_id.as_bytes() == vm_id && queue.name == name);
    drop(inner);
    let index = found.ok_or(Status::NOT_FOUND)?;
    guest.write_word(token_out, u32::try_from(index).expect("few queues") + 1)
}

fn dequeue(guest: &mut Guest<'_>, token: u32, p: u32, l: u32) -> Answer {
    guest.enter(token.to_string())?;
    let mut inner = guest.state().process.lock();
    let queue = inner.queues.get_mut(slot(token)).ok_or(Status::NOT_FOUND)?;
    let entry = queue.entries.pop_front().ok_or(Status::EMPTY)?;
    drop(inner);
    guest.give(&entry, p, l)
}

fn enqueue(guest: &mut Guest<'_>, token: u32, p: u32, l: u32) -> Answer {
    let entry = guest.read(p, l)?;
    guest.enter(token.to_string())?;
    let mut inner = guest.state().process.lock();
    let queue = inner.queues.get_mut(slot(token)).ok_or(Status::NOT_FOUND)?;
    queue.entries.push_back(entry);
    queue.untold += 1;
    Ok(())
}
