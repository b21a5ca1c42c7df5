//! Log, clock, timer, status of the last callout, and Envoy's few odd imports.

use wasmtime::{Caller, Linker};

use super::{Answer, Guest, env, settle};
use crate::abi::{Level, Status};
use crate::log::{LogLine, Source};
use crate::state::HostState;

pub(super) fn define(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    env!(linker:
        "proxy_log" => log, (level: i32, p: u32, l: u32);
        "proxy_get_log_level" => log_level, (out: u32);
        "proxy_get_status" => status, (code: u32, p: u32, l: u32);
        "proxy_set_tick_period_milliseconds" => tick_period, (milliseconds: u32);
        "proxy_get_current_time_nanoseconds" => now, (out: u32);
        "envoy_resolve_dns" => resolve_dns, (p: u32, l: u32, token: u32);
    );
    linker.func_wrap("env", "pthread_equal", |left: i32, right: i32| i32::from(left == right))?;
    linker.func_wrap("env", "emscripten_notify_memory_growth", |_: i32| {})?;
    Ok(())
}

impl Guest<'_> {
    /// Keeps a line of the guest under the stream it acts for.
    pub(super) fn say(&mut self, level: Level, text: &[u8], source: Source) {
        let state = self.state();
        let (worker, stream) = (state.worker, state.stream_id());
        let text = String::from_utf8_lossy(text).into_owned();
        state.process.say(LogLine { worker, stream, level, text, source });
    }
}

fn log(guest: &mut Guest<'_>, level: i32, p: u32, l: u32) -> Answer {
    let level = Level::from_number(level).ok_or(Status::BAD_ARGUMENT)?;
    let text = guest.read(p, l)?;
    guest.enter(&text)?;
    guest.say(level, &text, Source::Guest);
    Ok(())
}

fn log_level(guest: &mut Guest<'_>, out: u32) -> Answer {
    guest.enter("")?;
    let level = guest.state().settings.log_level as u32;
    guest.write_word(out, level)
}

fn status(guest: &mut Guest<'_>, code: u32, p: u32, l: u32) -> Answer {
    guest.enter("")?;
    let (number, text) = guest.state().root().map(|root| root.status.clone()).unwrap_or_default();
    guest.write_word(code, number)?;
    guest.give(text.as_bytes(), p, l)
}

fn tick_period(guest: &mut Guest<'_>, milliseconds: u32) -> Answer {
    guest.enter(milliseconds.to_string())?;
    let state = guest.state();
    let now = state.process.now();
    if let Some(root) = state.root() {
        root.tick_period = u64::from(milliseconds) * 1_000_000;
        root.tick_due = now.saturating_add(root.tick_period);
    }
    Ok(())
}

fn now(guest: &mut Guest<'_>, out: u32) -> Answer {
    guest.enter("")?;
    let now = guest.state().process.now();
    guest.write(out, &now.to_le_bytes())
}

fn resolve_dns(guest: &mut Guest<'_>, p: u32, l: u32, _token: u32) -> Answer {
    let name = guest.read(p, l)?;
    guest.enter(&name)?;
    // No module of ours resolves names; one that starts to should notice that nothing answers.
    Err(Status::UNIMPLEMENTED.into())
}
