//! The CPU time of a process, to the nanosecond where the kernel tells.

use std::fs;
use std::time::Duration;

use portcullis_e2e::within;

/// How long a process may take to become idle.
const PATIENCE: Duration = Duration::from_millis(500);

/// All its threads together, user and system, once it has become idle: two equal readings are waited for.
pub(crate) fn time(process: u32) -> Duration {
    let mut last = read(process);
    let idle = within(PATIENCE, || {
        let before = std::mem::replace(&mut last, read(process));
        (before == last).then_some(last)
    });
    idle.unwrap_or(last)
}

/// What came of it, and the milliseconds that this thread has worked on it.
pub(crate) fn of_thread<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let read = || {
        // The kernel brings the figure up to date when the thread is scheduled.
        std::thread::yield_now();
        let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        first(&text).unwrap_or_default() as f64
    };
    let before = read();
    let done = work();
    (done, (read() - before) / 1e6)
}

/// Nanoseconds of work, the first of the numbers that the kernel tells.
fn first(text: &str) -> Option<u64> {
    text.split_ascii_whitespace().next()?.parse().ok()
}

fn read(process: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{process}/task")).expect("a running process");
    let times = threads.filter_map(|thread| {
        let text = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        first(&text)
    });
    Duration::from_nanos(times.sum())
}

#[cfg(test)]
mod tests {
    #[test]
    fn work_is_seen() {
        let me = std::process::id();
        let before = super::read(me);
        let mut sum = 0_u64;
        while super::read(me) == before {
            sum = std::hint::black_box(sum.wrapping_mul(31) + 1);
        }
    }
}
