//! An Envoy process under test.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use serde_json::Value;
use tempfile::TempDir;

use crate::bootstrap::{LISTENER_FILE, LISTENER_FOLDER, listener_file};
use crate::client::connection::Connection;
use crate::client::http2::Http2;
use crate::client::reply::{Error, Reply};
use crate::client::request::Request;
use crate::config::Configuration;
use crate::log::Lines;
use crate::poll::{PATIENCE, eventually, within};
use crate::process::{self, CpuTime, Process};
use crate::{admin, binary};

/// Most lines of Envoy's log that a failing test prints.
const PRINTED_LINES: usize = 400;

/// Loggers whose `info` lines are about the configuration under test.
const INFORMATIVE: &str = "wasm:info,config:info,upstream:info";

/// A running Envoy; ends when dropped, and then prints its log where the test panics.
#[derive(Debug)]
pub struct Envoy {
    process: Mutex<Process>,
    admin: SocketAddr,
    listeners: BTreeMap<String, SocketAddr>,
    log: Lines,
    access_log: Lines,
    readers: Vec<JoinHandle<()>>,
    directory: TempDir,
}

/// An Envoy that did not start: it ended, or refused its configuration.
#[derive(Debug)]
pub struct StartFailure {
    /// All that it wrote to its log.
    pub log: Vec<String>,
}

impl fmt::Display for StartFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Envoy did not start:\n{}", self.log.join("\n"))
    }
}

impl std::error::Error for StartFailure {}

impl StartFailure {
    /// Whether a line of the log contains this text.
    #[must_use]
    pub fn says(&self, text: &str) -> bool {
        self.log.iter().any(|line| line.contains(text))
    }
}

impl Envoy {
    /// Starts an Envoy and waits until it serves.
    ///
    /// # Panics
    /// When it does not, with its log.
    #[must_use]
    pub fn start(config: impl Configuration) -> Self {
        Self::try_start(config).unwrap_or_else(|failure| panic!("{failure}"))
    }

    /// Starts an Envoy and waits until it serves.
    ///
    /// # Errors
    /// When it ends or refuses its configuration.
    ///
    /// # Panics
    /// When there is no Envoy to start, or when it neither serves nor ends.
    pub fn try_start(config: impl Configuration) -> Result<Self, StartFailure> {
        if std::env::var_os("ENVOY_VERSION").is_some() {
            // A suite that claims a version has to run on it.
            let _checked = binary::envoy_version();
        }
        let directory = TempDir::with_prefix("portcullis-").expect("a folder for Envoy's files");
        let mut command = command(&config, directory.path());
        let mut process = Process::start(&mut command, directory.path())
            .unwrap_or_else(|error| panic!("{}: {error}", binary::envoy_binary().display()));
        let child = process.child();
        let (log, log_reader) = Lines::collect(child.stderr.take().expect("a pipe"));
        let (access_log, access_reader) = Lines::collect(child.stdout.take().expect("a pipe"));
        let mut envoy = Self {
            process: Mutex::new(process),
            // Not known yet, and never asked before it is.
            admin: SocketAddr::from(([127, 0, 0, 1], 0)),
            listeners: BTreeMap::new(),
            log,
            access_log,
            readers: vec![log_reader, access_reader],
            directory,
        };
        match envoy.become_ready(config.reloadable_listener().is_some()) {
            Ok(()) => Ok(envoy),
            Err(()) => {
                envoy.stop();
                Err(StartFailure { log: envoy.log_lines() })
            }
        }
    }

    fn become_ready(&mut self, reloadable: bool) -> Result<(), ()> {
        let admin_file = self.directory.path().join("admin-address");
        let ready = within(2 * PATIENCE, || {
            if self.ended().is_some() {
                return Some(Err(()));
            }
            self.admin = std::fs::read_to_string(&admin_file).ok()?.parse().ok()?;
            if admin::ask(self.admin, "GET", "/ready").ok()?.status != 200 {
                return None;
            }
            let stats = admin::stats(self.admin, "listener_manager.").ok()?;
            let stat = |name: &str| stats.get(name).copied().unwrap_or(0);
            if reloadable && stat("listener_manager.lds.update_rejected") > 0 {
                return Some(Err(()));
            }
            // `/ready` says yes before the workers listen.
            if stat("listener_manager.workers_started") == 0 {
                return None;
            }
            self.listeners = admin::listeners(self.admin).ok()?;
            (!self.listeners.is_empty()).then_some(Ok(()))
        });
        ready.unwrap_or_else(|| panic!("Envoy neither serves nor ends:\n{}", self.printed_log()))
    }

    fn process(&self) -> MutexGuard<'_, Process> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&mut self) {
        self.process().kill();
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
    }

    /// How the process ended; `None` while it runs, as it should.
    #[must_use]
    pub fn ended(&self) -> Option<String> {
        self.process().ended()
    }

    /// Where its first listener (by name) listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        *self.listeners.values().next().expect("a started Envoy has a listener")
    }

    /// Where the listener of that name listens.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn address_of(&self, listener: &str) -> SocketAddr {
        *self.listeners.get(listener).unwrap_or_else(|| panic!("no listener {listener}"))
    }

    /// Where the admin interface listens.
    #[must_use]
    pub fn admin_address(&self) -> SocketAddr {
        self.admin
    }

    /// A new HTTP/1.1 connection.
    ///
    /// # Panics
    /// When it cannot be had.
    #[must_use]
    pub fn connect(&self) -> Connection {
        Connection::open(self.address()).expect("a connection to Envoy")
    }

    /// A new HTTP/1.1 connection from another address of this machine, such as `127.0.0.2`.
    ///
    /// # Panics
    /// When it cannot be had.
    #[must_use]
    pub fn connect_from(&self, source: &str) -> Connection {
        let source = source.parse().expect("an IP address");
        Connection::open_from(source, self.address()).expect("a connection to Envoy")
    }

    /// A new HTTP/2 connection.
    ///
    /// # Panics
    /// When it cannot be had.
    #[must_use]
    pub fn connect_http2(&self) -> Http2 {
        Http2::open(self.address()).expect("an HTTP/2 connection to Envoy")
    }

    /// Sends a request on a connection of its own.
    ///
    /// # Panics
    /// When there is no whole answer.
    pub fn send(&self, request: &Request) -> Reply {
        self.try_send(request).unwrap_or_else(|error| panic!("{error} to {request:?}"))
    }

    /// Sends a request on a connection of its own.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn try_send(&self, request: &Request) -> Result<Reply, Error> {
        self.connect().send(request)
    }

    /// Sends a GET on a connection of its own.
    ///
    /// # Panics
    /// When there is no whole answer.
    pub fn get(&self, target: impl AsRef<[u8]>) -> Reply {
        self.send(&Request::get(target))
    }

    /// Asks the admin interface.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn admin(&self, method: &str, path: &str) -> Reply {
        admin::ask(self.admin, method, path).expect("an answer of the admin interface")
    }

    /// All counters and gauges whose name begins with `prefix`.
    ///
    /// # Panics
    /// When the admin interface does not answer.
    #[must_use]
    pub fn stats(&self, prefix: &str) -> BTreeMap<String, u64> {
        admin::stats(self.admin, prefix).expect("an answer of the admin interface")
    }

    /// A counter or gauge; `None` where Envoy has none of that name (yet).
    #[must_use]
    pub fn stat(&self, name: &str) -> Option<u64> {
        self.stats(name).get(name).copied()
    }

    /// Waits until a counter or gauge is as wanted; one that does not exist is 0.
    ///
    /// # Panics
    /// When it never is.
    pub fn wait_for_stat(&self, name: &str, wanted: impl Fn(u64) -> bool) -> u64 {
        eventually(&format!("{name} to be as wanted"), || {
            Some(self.stat(name).unwrap_or(0)).filter(|value| wanted(*value))
        })
    }

    /// All lines of its log so far.
    #[must_use]
    pub fn log_lines(&self) -> Vec<String> {
        self.log.all()
    }

    /// The first line of its log that contains a text, waiting for it.
    ///
    /// # Panics
    /// When it never comes.
    pub fn wait_for_log(&self, text: &str) -> String {
        self.log
            .wait_for(|line| line.contains(text).then(|| line.to_owned()))
            .unwrap_or_else(|| panic!("no line of Envoy's log contains {text:?}"))
    }

    /// All lines of the access log so far. A line comes some time after its answer: see
    /// [`Self::wait_for_access`].
    #[must_use]
    pub fn access_log(&self) -> Vec<Value> {
        self.access_log.all().iter().map(|line| parse(line)).collect()
    }

    /// The first line of the access log that is as wanted, waiting for it.
    ///
    /// # Panics
    /// When it never comes.
    pub fn wait_for_access(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        self.access_log
            .wait_for(|line| Some(parse(line)).filter(|line| wanted(line)))
            .unwrap_or_else(|| panic!("no line of the access log is as wanted"))
    }

    /// Waits until the access log has so many lines, and returns them.
    ///
    /// # Panics
    /// When it never has.
    pub fn wait_for_access_lines(&self, count: usize) -> Vec<Value> {
        eventually(&format!("{count} lines of access log"), || {
            (self.access_log.len() >= count).then(|| self.access_log())
        })
    }

    /// Sets the level of all loggers, such as `debug`.
    ///
    /// # Panics
    /// When Envoy refuses it.
    pub fn set_log_level(&self, level: &str) {
        assert_eq!(self.admin("POST", &format!("/logging?level={level}")).status, 200);
    }

    /// Sets the level of one logger, such as `wasm`.
    ///
    /// # Panics
    /// When Envoy refuses it.
    pub fn set_logger_level(&self, logger: &str, level: &str) {
        assert_eq!(self.admin("POST", &format!("/logging?{logger}={level}")).status, 200);
    }

    /// The process's id, for `taskset` and the like.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process().id()
    }

    /// The folder of its files, which goes with it.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Resident memory in bytes.
    ///
    /// # Panics
    /// When the process has ended.
    #[must_use]
    pub fn resident_bytes(&self) -> u64 {
        process::resident_bytes(self.id()).expect("the memory of a running Envoy")
    }

    /// CPU time so far.
    ///
    /// # Panics
    /// When the process has ended.
    #[must_use]
    pub fn cpu_time(&self) -> CpuTime {
        process::cpu_time(self.id()).expect("the CPU time of a running Envoy")
    }

    pub(crate) fn listener_path(&self) -> PathBuf {
        self.directory.path().join(LISTENER_FOLDER).join(LISTENER_FILE)
    }

    fn printed_log(&self) -> String {
        let from = self.log.len().saturating_sub(PRINTED_LINES);
        self.log.since(from).join("\n")
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        let ended = self.ended();
        self.stop();
        if thread::panicking() {
            let ended = ended.map(|how| format!(", which had ended: {how}")).unwrap_or_default();
            eprintln!("--- log of Envoy{ended}\n{}\n--- end of log", self.printed_log());
        }
    }
}

fn parse(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("access log: {error} in {line}"))
}

fn command(config: &impl Configuration, directory: &Path) -> Command {
    let (text, extension) = config.bootstrap(directory);
    let path = directory.join("envoy").with_extension(extension);
    std::fs::write(&path, text).expect("a configuration file");
    if let Some(listener) = config.reloadable_listener() {
        let folder = directory.join(LISTENER_FOLDER);
        std::fs::create_dir(&folder).expect("a folder for listeners");
        let text = listener_file(listener, "version-0");
        std::fs::write(folder.join(LISTENER_FILE), text).expect("a listener file");
    }
    let launch = config.launch();
    let mut command = Command::new(binary::envoy_binary());
    command
        .arg("--config-path")
        .arg(path)
        .args(
            config
                .overlay()
                .into_iter()
                .flat_map(|one| ["--config-yaml".to_owned(), one.to_string()]),
        )
        .arg("--admin-address-path")
        .arg(directory.join("admin-address"))
        .args(["--concurrency", &launch.concurrency.to_string()])
        .args(["--drain-time-s", &launch.drain_seconds.to_string()])
        .args(match &launch.log_level {
            Some(level) => vec!["--log-level", level],
            // At `info` everywhere, two hundred lines list Envoy's extensions.
            None => vec!["--log-level", "warning", "--component-log-level", INFORMATIVE],
        })
        // The access log is read while the test runs, not ten seconds later.
        .args(["--file-flush-interval-msec", "20"])
        // A field that this version does not know would otherwise be ignored in a file read later.
        .arg("--reject-unknown-dynamic-fields")
        .arg("--disable-hot-restart")
        .current_dir(binary::repository())
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .envs(launch.environment.iter().cloned())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}
