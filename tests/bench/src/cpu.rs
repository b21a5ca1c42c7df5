//! Cores and the CPU time of a process.

use std::fs;
use std::io;
use std::thread;
use std::time::Duration;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Who runs where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cores {
    /// The gateways'.
    pub envoy: usize,
    /// The clients' and the upstream's; the same one on a machine that has no second.
    pub load: usize,
}

impl Cores {
    /// The first and the last core that this process may use.
    ///
    /// # Panics
    /// When the kernel does not tell.
    #[must_use]
    pub fn of_this_machine() -> Self {
        let allowed = sched_getaffinity(None).expect("the cores of this process");
        let mut cores = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
        let envoy = cores.next().expect("a process runs somewhere");
        Cores { envoy, load: cores.next_back().unwrap_or(envoy) }
    }
}

/// Keeps the calling thread, and whatever it starts from now on, on one core.
///
/// # Panics
/// When the process may not use the core.
pub fn pin(core: usize) {
    let mut cores = CpuSet::new();
    cores.set(core);
    sched_setaffinity(None, &cores).expect("a core of this process");
}

/// The CPU time of a process so far, all its threads together, user and system, once it has become idle.
///
/// The scheduler counts a thread's nanoseconds when the thread stops running; so two equal readings are waited for.
///
/// # Panics
/// When there is no such process.
#[must_use]
pub fn time(process: u32) -> Duration {
    let mut last = read(process);
    for _ in 0..100 {
        thread::sleep(Duration::from_millis(1));
        let now = read(process);
        if now == last {
            break;
        }
        last = now;
    }
    last
}

fn read(process: u32) -> Duration {
    threads(process).expect("schedstat of a running process: a kernel with CONFIG_SCHED_INFO")
}

fn threads(process: u32) -> io::Result<Duration> {
    let mut sum = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        let text = fs::read_to_string(thread?.path().join("schedstat"))?;
        let nanoseconds = text.split_ascii_whitespace().next().and_then(|field| field.parse().ok());
        sum += nanoseconds.unwrap_or(0);
    }
    Ok(Duration::from_nanos(sum))
}
