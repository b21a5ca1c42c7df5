//! The lines that guests and the host have logged, kept whatever the level, printed when a test fails.

use crate::abi::Level;
use crate::exchange::StreamId;

/// Who wrote a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// The guest, through `proxy_log`.
    Guest,
    /// The guest, through WASI's fd 1 or 2.
    Stream,
    /// This host, about the guest: traps, refusals, calls that Envoy would abort on.
    Host,
}

/// One line of the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogLine {
    /// The worker whose VM it was.
    pub worker: usize,
    /// The stream whose context was effective, if one was.
    pub stream: Option<StreamId>,
    /// Its level; a guest below the host's level still has its lines kept here.
    pub level: Level,
    /// The text; bytes that are no UTF-8 become U+FFFD.
    pub text: String,
    /// Who wrote it.
    pub source: Source,
}

impl std::fmt::Display for LogLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[worker {}] {:?} {:?}: {}", self.worker, self.source, self.level, self.text)
    }
}
