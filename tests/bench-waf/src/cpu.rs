//! The CPU time of this thread.

use std::fs;

/// What came of it, and the milliseconds that this thread has worked on it.
pub(crate) fn of_thread<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let read = || -> f64 {
        // The kernel brings the figure up to date when the thread is scheduled.
        std::thread::yield_now();
        let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        // Nanoseconds of work, the first of the numbers that the kernel tells.
        let first = text.split_ascii_whitespace().next().and_then(|number| number.parse().ok());
        first.unwrap_or_default()
    };
    let before = read();
    let done = work();
    (done, (read() - before) / 1e6)
}
