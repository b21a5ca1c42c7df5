//! Waiting for another process with a deadline, never with a guess at how long it takes.

use std::thread;
use std::time::{Duration, Instant};

/// How long a test waits for what must happen. Two cores compile several modules at once in the
/// worst case, at up to five seconds each; the length costs nothing where the thing happens.
pub const PATIENCE: Duration = Duration::from_secs(60);

const PAUSE: Duration = Duration::from_millis(5);

/// Asks again and again until there is a value, which it returns.
///
/// # Panics
/// When there is none within [`PATIENCE`]; `what` says in the message what was waited for.
pub fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    match within(PATIENCE, &mut ask) {
        Some(value) => value,
        None => panic!("waited {} s for {what}", PATIENCE.as_secs()),
    }
}

/// Asks again and again until there is a value or the time is over.
pub fn within<T>(patience: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(value) = ask() {
            return Some(value);
        }
        if Instant::now() > deadline {
            return None;
        }
        thread::sleep(PAUSE);
    }
}
