//! The operating system's view of Envoy: it starts, it uses CPU and memory, and it never outlives
//! the test that started it.

use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Ticks a second in `/proc/<pid>/stat`: USER_HZ, 100 on every architecture that Envoy runs on.
const TICKS_PER_SECOND: u64 = 100;

/// A child process that ends with this value, also where the test ends without unwinding.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    watchdog: Option<Child>,
}

impl Process {
    /// Starts it. `folder`, which holds its files, goes with it where nobody else removes it.
    pub(crate) fn start(command: &mut Command, folder: &Path) -> io::Result<Self> {
        let mut child = command.spawn()?;
        let watchdog = watch(child.id(), folder).inspect_err(|_| {
            let _ = child.kill();
            let _ = child.wait();
        })?;
        Ok(Self { child, watchdog: Some(watchdog) })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Whether it still runs; says how it ended where it does not.
    pub(crate) fn ended(&mut self) -> Option<String> {
        self.child.try_wait().ok().flatten().map(|status| status.to_string())
    }

    /// Ends it at once. Killing an ended child is no error.
    pub(crate) fn kill(&mut self) {
        // The watchdog goes first, so that it never acts on an id that was given anew.
        if let Some(mut watchdog) = self.watchdog.take() {
            let _ = watchdog.kill();
            let _ = watchdog.wait();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A shell that waits on a pipe which only this process holds: it reads the end of it when this
/// process ends, in whatever way, and then ends Envoy and removes its folder.
fn watch(id: u32, folder: &Path) -> io::Result<Child> {
    Command::new("sh")
        .args(["-c", r#"read _; kill -KILL "$1"; rm -rf "$2""#, "watchdog", &id.to_string()])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}

/// CPU time of a process so far, in user and in kernel mode, in steps of 10 ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpuTime {
    /// Time in user mode.
    pub user: Duration,
    /// Time in kernel mode.
    pub system: Duration,
}

impl CpuTime {
    /// Both together.
    #[must_use]
    pub fn total(self) -> Duration {
        self.user + self.system
    }
}

pub(crate) fn cpu_time(id: u32) -> io::Result<CpuTime> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
    // The second field, the name, may hold blanks and parentheses; utime and stime are 14 and 15.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let mut ticks = fields.split_ascii_whitespace().skip(11).map_while(|field| field.parse().ok());
    let mut next = || {
        let ticks: u64 = ticks.next().ok_or(io::ErrorKind::InvalidData)?;
        Ok::<_, io::Error>(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
    };
    Ok(CpuTime { user: next()?, system: next()? })
}

/// Resident memory of a process in bytes.
pub(crate) fn resident_bytes(id: u32) -> io::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kib.map(|kib| kib * 1024).ok_or_else(|| io::ErrorKind::InvalidData.into())
}
