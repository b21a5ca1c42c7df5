//! The host calls: every import of Envoy 1.36, its status and its encodings.

mod buffers;
mod callouts;
mod foreign;
mod maps;
mod metrics;
mod properties;
mod shared;
mod stream;
mod system;
mod wasi;

use wasmtime::{Caller, Linker};

use crate::abi::Status;
use crate::state::{HostState, Phase};

/// Why a host call did not go through: an answer for the guest, or the end of its VM.
pub(crate) enum Stop {
    Status(Status),
    Trap(wasmtime::Error),
}

impl From<Status> for Stop {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl From<wasmtime::Error> for Stop {
    fn from(error: wasmtime::Error) -> Self {
        Self::Trap(error)
    }
}

pub(crate) type Answer<T = ()> = Result<T, Stop>;

/// The caller of one host call.
pub(crate) struct Guest<'a> {
    caller: Caller<'a, HostState>,
    call: &'static str,
}

impl<'a> Guest<'a> {
    /// Checks that the call is allowed right now, as Envoy's restricted callbacks do.
    fn new(
        caller: Caller<'a, HostState>,
        call: &'static str,
        wasi: bool,
    ) -> wasmtime::Result<Self> {
        let allowed = match caller.data().phase {
            Phase::Running => true,
            Phase::Initializing => wasi || call == "proxy_log",
            Phase::Allocating => {
                matches!(call, "proxy_log" | "fd_write" | "clock_time_get" | "poll_oneoff")
            }
        };
        if !allowed {
            return Err(wasmtime::Error::msg(format!("restricted_callback: {call}")));
        }
        Ok(Self { caller, call })
    }

    fn state(&mut self) -> &mut HostState {
        self.caller.data_mut()
    }

    /// Counts the call, and answers it with a fault where one is injected for this argument.
    fn enter(&mut self, argument: impl AsRef<[u8]>) -> Answer {
        let call = self.call;
        match self.state().process.lock().enter(call, argument.as_ref()) {
            Some(answer) => Err(Stop::Status(Status(answer))),
            None => Ok(()),
        }
    }

    fn read(&mut self, pointer: u32, length: u32) -> Answer<Vec<u8>> {
        let memory = self.caller.data().memory.ok_or(Status::INVALID_MEMORY_ACCESS)?;
        let start = pointer as usize;
        let bytes = memory.data(&self.caller).get(start..start + length as usize);
        Ok(bytes.ok_or(Status::INVALID_MEMORY_ACCESS)?.to_vec())
    }

    fn write(&mut self, pointer: u32, bytes: &[u8]) -> Answer {
        let memory = self.caller.data().memory.ok_or(Status::INVALID_MEMORY_ACCESS)?;
        let written = memory.write(&mut self.caller, pointer as usize, bytes);
        Ok(written.map_err(|_| Status::INVALID_MEMORY_ACCESS)?)
    }

    fn write_word(&mut self, pointer: u32, word: u32) -> Answer {
        self.write(pointer, &word.to_le_bytes())
    }

    /// Hands bytes over in memory that the guest's own allocator gives; none are a null pointer.
    fn give(&mut self, bytes: &[u8], pointer_out: u32, length_out: u32) -> Answer {
        let length = u32::try_from(bytes.len()).map_err(|_| Status::INVALID_MEMORY_ACCESS)?;
        let mut pointer = 0;
        if length > 0 {
            pointer = self.allocate(length)?;
            self.write(pointer, bytes)?;
        }
        self.write_word(pointer_out, pointer)?;
        self.write_word(length_out, length)
    }

    fn allocate(&mut self, length: u32) -> Answer<u32> {
        let malloc = self.state().malloc.clone().ok_or(Status::INVALID_MEMORY_ACCESS)?;
        let before = std::mem::replace(&mut self.state().phase, Phase::Allocating);
        let pointer = malloc.call(&mut self.caller, length);
        self.state().phase = before;
        match pointer? {
            0 => Err(Status::INVALID_MEMORY_ACCESS.into()),
            pointer => Ok(pointer),
        }
    }
}

/// What the guest gets.
fn settle(answer: Answer) -> wasmtime::Result<i32> {
    match answer {
        Ok(()) => Ok(Status::OK.0),
        Err(Stop::Status(status)) => Ok(status.0),
        Err(Stop::Trap(error)) => Err(error),
    }
}

/// Defines imports of `env`: name, function, its arguments after the guest.
macro_rules! env {
    ($linker:ident: $($name:literal => $function:path, ($($arg:ident: $type:ty),*);)*) => {
        $($linker.func_wrap("env", $name, |caller: Caller<'_, HostState>, $($arg: $type),*| {
            let mut guest = Guest::new(caller, $name, false)?;
            settle($function(&mut guest, $($arg),*))
        })?;)*
    };
}

/// Defines WASI imports under both of their module names.
macro_rules! wasi_imports {
    ($linker:ident: $($name:literal => $function:path, ($($arg:ident: $type:ty),*);)*) => {
        for module in $crate::imports::WASI_MODULES {
            $($linker.func_wrap(module, $name, |caller: Caller<'_, HostState>, $($arg: $type),*| {
                let mut guest = Guest::new(caller, $name, true)?;
                settle($function(&mut guest, $($arg),*))
            })?;)*
        }
    };
}
pub(crate) use {env, wasi_imports};

/// Everything a module may import, and nothing else.
pub(crate) fn define(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    buffers::define(linker)?;
    callouts::define(linker)?;
    foreign::define(linker)?;
    maps::define(linker)?;
    metrics::define(linker)?;
    properties::define(linker)?;
    shared::define(linker)?;
    stream::define(linker)?;
    system::define(linker)?;
    wasi::define(linker)
}
