//! What Envoy writes, line by line, kept in memory as it comes.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use crate::poll::PATIENCE;

/// Lines of one of Envoy's outputs. Grows in the background until Envoy ends.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    lines: Mutex<Vec<String>>,
    grown: Condvar,
}

impl Lines {
    /// Collects from a pipe in a thread of its own, which ends with the pipe.
    pub(crate) fn collect(pipe: impl Read + Send + 'static) -> (Self, thread::JoinHandle<()>) {
        let lines = Self::default();
        let into = lines.clone();
        let thread = thread::spawn(move || {
            let mut reader = BufReader::new(pipe);
            let mut line = Vec::new();
            while matches!(reader.read_until(b'\n', &mut line), Ok(1..)) {
                // Envoy copies client bytes into its log; those that are no UTF-8 show as U+FFFD.
                let text = String::from_utf8_lossy(&line);
                into.lock().push(text.trim_end_matches(['\n', '\r']).to_owned());
                into.0.grown.notify_all();
                line.clear();
            }
        });
        (lines, thread)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All lines so far.
    pub(crate) fn all(&self) -> Vec<String> {
        self.lock().clone()
    }

    /// How many lines there are so far.
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Lines from number `from` on.
    pub(crate) fn since(&self, from: usize) -> Vec<String> {
        self.lock().get(from..).unwrap_or_default().to_vec()
    }

    /// The first line for which `found` gives a value, waiting for lines still to come.
    pub(crate) fn wait_for<T>(&self, found: impl Fn(&str) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + PATIENCE;
        let mut lines = self.lock();
        let mut seen = 0;
        loop {
            if let Some(value) = lines.iter().skip(seen).find_map(|line| found(line)) {
                return Some(value);
            }
            seen = lines.len();
            let left = deadline.checked_duration_since(Instant::now())?;
            let woken = self.0.grown.wait_timeout(lines, left);
            lines = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
