//! WASI as Envoy 1.36 has it: eighteen functions, most of which say no.

use wasmtime::{Caller, Linker};

use super::{Answer, Guest, settle, wasi_imports};
use crate::abi::{Level, Status};
use crate::log::Source;
use crate::state::HostState;

const EBADF: Status = Status(8);
const EFAULT: Status = Status(21);
const EINVAL: Status = Status(28);
const ENOENT: Status = Status(44);
const ENOSYS: Status = Status(52);
const ENOTSUP: Status = Status(58);

/// More random bytes than this at once are EINVAL.
const MAX_RANDOM: u32 = 64 * 1024;

pub(super) fn define(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    wasi_imports!(linker:
        "fd_write" => fd_write, (fd: u32, vectors: u32, count: u32, written: u32);
        "fd_read" => refuse_4, (a: u32, b: u32, c: u32, d: u32);
        "fd_seek" => fd_seek, (fd: u32, offset: i64, whence: u32, out: u32);
        "fd_close" => fd_close, (fd: u32);
        "fd_fdstat_get" => fd_fdstat_get, (fd: u32, out: u32);
        "fd_fdstat_set_flags" => refuse_2, (a: u32, b: u32);
        "fd_prestat_get" => fd_prestat_get, (fd: u32, out: u32);
        "fd_prestat_dir_name" => refuse_3, (a: u32, b: u32, c: u32);
        "path_open" => path_open,
            (fd: u32, flags: u32, p: u32, l: u32, open: u32, base: i64, inherit: i64, fdflags: u32, out: u32);
        "environ_get" => environ_get, (pointers: u32, buffer: u32);
        "environ_sizes_get" => environ_sizes_get, (count: u32, size: u32);
        "args_get" => args_get, (pointers: u32, buffer: u32);
        "args_sizes_get" => args_sizes_get, (count: u32, size: u32);
        "clock_time_get" => clock_time_get, (clock: u32, precision: i64, out: u32);
        "random_get" => random_get, (p: u32, l: u32);
        "sched_yield" => sched_yield, ();
        "poll_oneoff" => refuse_4, (a: u32, b: u32, c: u32, d: u32);
    );
    for module in crate::imports::WASI_MODULES {
        linker.func_wrap(module, "proc_exit", |caller: Caller<'_, HostState>, code: i32| {
            let mut guest = Guest::new(caller, "proc_exit", true)?;
            // Envoy logs and returns; what std does next is a trap.
            guest.say(Level::Error, format!("proc_exit({code})").as_bytes(), Source::Stream);
            Ok(())
        })?;
    }
    Ok(())
}

/// A bad pointer is an errno here, not a proxy-wasm status.
fn memory(answer: Answer) -> Answer {
    answer.map_err(|stop| match stop {
        super::Stop::Status(_) => EFAULT.into(),
        trap => trap,
    })
}

fn refuse_2(guest: &mut Guest<'_>, _: u32, _: u32) -> Answer {
    guest.enter("")?;
    Err(ENOSYS.into())
}

fn refuse_3(guest: &mut Guest<'_>, _: u32, _: u32, _: u32) -> Answer {
    guest.enter("")?;
    Err(ENOSYS.into())
}

fn refuse_4(guest: &mut Guest<'_>, _: u32, _: u32, _: u32, _: u32) -> Answer {
    guest.enter("")?;
    Err(ENOSYS.into())
}

fn fd_write(guest: &mut Guest<'_>, fd: u32, vectors: u32, count: u32, written: u32) -> Answer {
    guest.enter(fd.to_string())?;
    let level = match fd {
        1 => Level::Info,
        2 => Level::Error,
        _ => return Err(EBADF.into()),
    };
    let mut text = Vec::new();
    memory((|| {
        for index in 0..count {
            let vector = guest.read(vectors.saturating_add(index.saturating_mul(8)), 8)?;
            let word =
                |at: usize| u32::from_le_bytes(vector[at..at + 4].try_into().expect("4 bytes"));
            text.extend(guest.read(word(0), word(4))?);
        }
        guest.write_word(written, u32::try_from(text.len()).expect("under 4 GiB"))
    })())?;
    guest.say(level, text.strip_suffix(b"\n").unwrap_or(&text), Source::Stream);
    Ok(())
}

fn fd_seek(guest: &mut Guest<'_>, fd: u32, _: i64, _: u32, _: u32) -> Answer {
    guest.enter(fd.to_string())?;
    guest.say(Level::Error, b"wasi_unstable fd_seek", Source::Stream);
    Ok(())
}

fn fd_close(guest: &mut Guest<'_>, fd: u32) -> Answer {
    guest.enter(fd.to_string())?;
    guest.say(Level::Error, b"wasi_unstable fd_close", Source::Stream);
    Ok(())
}

fn fd_fdstat_get(guest: &mut Guest<'_>, fd: u32, out: u32) -> Answer {
    guest.enter(fd.to_string())?;
    if !matches!(fd, 1 | 2) {
        return Err(EBADF.into());
    }
    // File type 2 (a character device), flags 1 (append), rights 64 (fd_write).
    let mut stat = [0; 24];
    (stat[0], stat[2], stat[8]) = (2, 1, 64);
    memory(guest.write(out, &stat))
}

fn fd_prestat_get(guest: &mut Guest<'_>, fd: u32, _: u32) -> Answer {
    guest.enter(fd.to_string())?;
    Err(EBADF.into())
}

#[allow(clippy::too_many_arguments, reason = "the signature is WASI's")]
fn path_open(
    guest: &mut Guest<'_>,
    _fd: u32,
    _flags: u32,
    p: u32,
    l: u32,
    _open: u32,
    _base: i64,
    _inherit: i64,
    _fdflags: u32,
    _out: u32,
) -> Answer {
    let path = guest.read(p, l).unwrap_or_default();
    guest.enter(path)?;
    Err(ENOENT.into())
}

/// `NAME=value` and a NUL for each variable.
fn environment(guest: &mut Guest<'_>) -> Vec<Vec<u8>> {
    let variables = &guest.state().settings.environment;
    variables.iter().map(|(name, value)| format!("{name}={value}\0").into_bytes()).collect()
}

fn environ_get(guest: &mut Guest<'_>, pointers: u32, buffer: u32) -> Answer {
    guest.enter("")?;
    let (mut pointer, mut at) = (pointers, buffer);
    for entry in environment(guest) {
        memory(guest.write_word(pointer, at))?;
        memory(guest.write(at, &entry))?;
        pointer += 4;
        at += u32::try_from(entry.len()).expect("a short variable");
    }
    Ok(())
}

fn environ_sizes_get(guest: &mut Guest<'_>, count: u32, size: u32) -> Answer {
    guest.enter("")?;
    let entries = environment(guest);
    let bytes: usize = entries.iter().map(Vec::len).sum();
    memory(guest.write_word(count, u32::try_from(entries.len()).expect("few variables")))?;
    memory(guest.write_word(size, u32::try_from(bytes).expect("short variables")))
}

fn args_get(guest: &mut Guest<'_>, _: u32, _: u32) -> Answer {
    guest.enter("")
}

fn args_sizes_get(guest: &mut Guest<'_>, count: u32, size: u32) -> Answer {
    guest.enter("")?;
    memory(guest.write_word(count, 0))?;
    memory(guest.write_word(size, 0))
}

fn clock_time_get(guest: &mut Guest<'_>, clock: u32, _: i64, out: u32) -> Answer {
    guest.enter(clock.to_string())?;
    if clock > 1 {
        return Err(ENOTSUP.into());
    }
    let now = guest.state().process.now();
    memory(guest.write(out, &now.to_le_bytes()))
}

fn random_get(guest: &mut Guest<'_>, p: u32, l: u32) -> Answer {
    guest.enter(l.to_string())?;
    if l > MAX_RANDOM {
        return Err(EINVAL.into());
    }
    let bytes = guest.state().process.lock().random_bytes(l as usize);
    memory(guest.write(p, &bytes))
}

fn sched_yield(guest: &mut Guest<'_>) -> Answer {
    guest.enter("")
}
