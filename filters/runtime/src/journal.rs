//! Envoy's own log: one JSON line for a refusal, bounded a second; nothing is formatted that nobody reads.

use std::cell::Cell;

use portcullis_control::exchange::Exchange;
use portcullis_control::record::Note;
use portcullis_control::refusal::push_json_string;

use crate::host::{Host, Level};

/// Lines a second and worker, at most: a line costs more than a whole module that does nothing, and a flood of bad
/// requests must not fill a disk.
pub(crate) const MAX_LINES_PER_SECOND: u32 = 10;

/// Bytes of a path that a line shows: enough to recognise a route, too few to be of use to who fills logs.
const MAX_PATH_SHOWN: usize = 256;

/// Writes lines and counts what it left out.
pub(crate) struct Journal {
    level: Cell<Level>,
    second: Cell<u64>,
    written: Cell<u32>,
    control_lines: Cell<u32>,
    left_out: Cell<u64>,
    told_of_address: Cell<bool>,
}

impl Journal {
    /// A journal at the host's level.
    pub(crate) fn new(host: &dyn Host) -> Self {
        Journal {
            level: Cell::new(host.log_level()),
            second: Cell::new(0),
            written: Cell::new(0),
            control_lines: Cell::new(0),
            left_out: Cell::new(0),
            told_of_address: Cell::new(false),
        }
    }

    /// Looks at the host's level again: it can be changed while Envoy runs.
    pub(crate) fn refresh(&self, host: &dyn Host) {
        self.level.set(host.log_level());
    }

    /// True if a line at this level would be written.
    pub(crate) fn writes(&self, level: Level) -> bool {
        level >= self.level.get()
    }

    /// One line for a note about a request.
    pub(crate) fn note(&self, host: &dyn Host, level: Level, exchange: &Exchange, note: &Note) {
        if !self.writes(level) {
            return;
        }
        if !self.has_room(exchange, &self.written, MAX_LINES_PER_SECOND) {
            return;
        }
        let mut line = String::with_capacity(256);
        line.push_str("{\"portcullis\":");
        note.write(&mut line);
        if let Some(path) = exchange.path() {
            let shown = path.normalised();
            let shown = shown.get(..MAX_PATH_SHOWN).unwrap_or(shown);
            line.push_str(",\"path\":");
            push_json_string(&mut line, &String::from_utf8_lossy(shown));
        }
        line.push_str(",\"request_id\":");
        push_json_string(&mut line, exchange.request_id());
        let left_out = self.left_out.take();
        if left_out > 0 {
            line.push_str(",\"left_out\":");
            line.push_str(&left_out.to_string());
        }
        line.push('}');
        host.log(level, &line);
    }

    /// A line of a control's own, of which no more than `most` are written a second.
    pub(crate) fn line(&self, host: &dyn Host, exchange: &Exchange, line: &str, most: u32) {
        if self.writes(Level::Warn) && self.has_room(exchange, &self.control_lines, most) {
            host.log(Level::Warn, line);
        }
    }

    /// True if one more line of a kind fits into this second; else it is counted as left out.
    fn has_room(&self, exchange: &Exchange, written: &Cell<u32>, most: u32) -> bool {
        let second = exchange.now_seconds();
        if self.second.replace(second) != second {
            self.written.set(0);
            self.control_lines.set(0);
        }
        if written.get() >= most {
            self.left_out.set(self.left_out.get().saturating_add(1));
            return false;
        }
        written.set(written.get().saturating_add(1));
        true
    }

    /// Says, once, that clients cannot be told apart by address, and what to do.
    pub(crate) fn unknown_address(&self, host: &dyn Host) {
        if !self.told_of_address.replace(true) {
            host.log(
                Level::Warn,
                "portcullis: a client's address is unknown, because it could have chosen it (Envoy took it from \
                 X-Forwarded-For); all such clients count as one. Set use_remote_address: true in the HTTP \
                 connection manager, or say in client_ip whom you believe",
            );
        }
    }

    /// Says how many lines were left out, where no later line did.
    pub(crate) fn flush(&self, host: &dyn Host) {
        let left_out = self.left_out.take();
        if left_out > 0 {
            host.log(Level::Warn, &format!("{{\"portcullis\":{{\"left_out\":{left_out}}}}}"));
        }
    }
}
