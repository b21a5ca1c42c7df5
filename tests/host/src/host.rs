//! The host of one module: settings, its process, its workers. One value per test.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use wasmtime::Module;

use crate::abi::Level;
use crate::engine;
use crate::exchange::{Exchange, Request};
use crate::fault::Fault;
use crate::log::LogLine;
use crate::process::{Process, host_line};
use crate::settings::{FailurePolicy, Settings};
use crate::worker::{Refusal, Worker};

/// How a host is to be; [`Builder::start`] makes it.
///
/// Without a word it is what our shipped configurations say: `vm_id: portcullis`,
/// `allow_on_headers_stop_iteration: true`, FAIL_RELOAD; one worker, a 1 MiB buffer, log level info.
#[must_use]
pub struct Builder {
    module: Result<Module, String>,
    settings: Settings,
    configuration: Vec<u8>,
    process: Process,
    workers: usize,
    canary: bool,
    main_thread: bool,
}

/// Why a host did not start, with everything that was logged on the way.
pub struct StartError {
    /// What happened.
    pub kind: StartErrorKind,
    /// The lines up to there; a refused configuration names its faults here.
    pub log: Vec<LogLine>,
}

/// What happened to a VM that did not start.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StartErrorKind {
    /// Envoy would not load the module; the text says why.
    Load(String),
    /// The guest trapped.
    Trap(String),
    /// This callback answered false: Envoy refuses the configuration.
    Refused(&'static str),
}

impl StartError {
    /// Whether the configuration was refused, as opposed to a module that does not load or traps.
    pub fn is_refusal(&self) -> bool {
        matches!(self.kind, StartErrorKind::Refused(_))
    }

    /// The log as one text.
    pub fn text(&self) -> String {
        self.log.iter().map(|line| format!("{line}\n")).collect()
    }
}

impl std::fmt::Debug for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}\n{}", self.kind, self.text())
    }
}

impl std::error::Error for StartError {}

impl Builder {
    fn new(module: Result<Module, String>) -> Self {
        Self {
            module,
            settings: Settings::default(),
            configuration: Vec::new(),
            process: Process::new(),
            workers: 1,
            canary: false,
            main_thread: false,
        }
    }

    /// The plugin configuration.
    pub fn configure(mut self, json: impl AsRef<[u8]>) -> Self {
        self.configuration = json.as_ref().to_vec();
        self
    }

    /// The VM configuration.
    pub fn vm_configuration(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.settings.vm_configuration = bytes.as_ref().to_vec();
        self
    }

    /// A variable of `vm_config.environment_variables`.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.settings.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The `vm_id`: hosts with the same one in one process share data.
    pub fn vm_id(mut self, vm_id: &str) -> Self {
        vm_id.clone_into(&mut self.settings.vm_id);
        self
    }

    /// The plugin's name and root id.
    pub fn plugin(mut self, name: &str, root_id: &str) -> Self {
        name.clone_into(&mut self.settings.plugin_name);
        root_id.clone_into(&mut self.settings.root_id);
        self
    }

    /// The process that it runs in, to share data, metrics, clock and log with other hosts.
    pub fn process(mut self, process: &Process) -> Self {
        self.process = process.clone();
        self
    }

    /// How many workers, at least one.
    pub fn workers(mut self, count: usize) -> Self {
        self.workers = count.max(1);
        self
    }

    /// Runs the canary first: a VM that is configured and thrown away.
    pub fn canary(mut self) -> Self {
        self.canary = true;
        self
    }

    /// Has the main thread's VM too, which ticks and serves no stream: the last worker.
    pub fn main_thread(mut self) -> Self {
        self.main_thread = true;
        self
    }

    /// A cluster that callouts reach.
    pub fn cluster(mut self, name: &str) -> Self {
        self.settings.clusters.insert(name.to_owned(), true);
        self
    }

    /// A cluster that has no hosts.
    pub fn empty_cluster(mut self, name: &str) -> Self {
        self.settings.clusters.insert(name.to_owned(), false);
        self
    }

    /// A property of every stream, in the host's encoding; see [`crate::property`].
    pub fn property(mut self, path: &[&str], value: impl AsRef<[u8]>) -> Self {
        self.settings.properties.insert(crate::exchange::join(path), value.as_ref().to_vec());
        self
    }

    /// Takes away a property that streams have by default.
    pub fn without_property(mut self, path: &[&str]) -> Self {
        self.settings.properties.remove(&crate::exchange::join(path));
        self
    }

    /// `allow_on_headers_stop_iteration`.
    pub fn allow_on_headers_stop_iteration(mut self, allow: bool) -> Self {
        self.settings.stop_iteration = allow;
        self
    }

    /// `per_connection_buffer_limit_bytes`, for both directions.
    pub fn buffer_limit(mut self, bytes: usize) -> Self {
        self.settings.buffer_limit = bytes;
        self
    }

    /// Fuel of one callback, about one unit an instruction; out of it is a trap.
    pub fn fuel(mut self, fuel: u64) -> Self {
        self.settings.fuel = fuel;
        self
    }

    /// The most linear memory that a VM may have; growing past it fails in the guest.
    pub fn memory(mut self, bytes: usize) -> Self {
        self.settings.memory = bytes;
        self
    }

    /// What a trap leads to.
    pub fn failure_policy(mut self, policy: FailurePolicy) -> Self {
        self.settings.failure_policy = policy;
        self
    }

    /// What `proxy_get_log_level` answers.
    pub fn log_level(mut self, level: Level) -> Self {
        self.settings.log_level = level;
        self
    }

    /// Loads and configures the module in every VM.
    ///
    /// # Errors
    /// What Envoy would not start with, with the log.
    pub fn start(self) -> Result<Host, StartError> {
        let process = self.process;
        let begun = process.lock().log.len();
        let failed = |refusal: Refusal| StartError {
            kind: match refusal {
                Refusal::Load(why) => StartErrorKind::Load(why),
                Refusal::Trap(why) => StartErrorKind::Trap(why),
                Refusal::Refused(callback) => StartErrorKind::Refused(callback),
            },
            log: process.lock().log.split_off(begun),
        };
        let module = self.module.map_err(|why| failed(Refusal::Load(why)))?;
        let settings = Arc::new(self.settings);
        let start =
            |index: usize| Worker::start(index, &process, &settings, &module, &self.configuration);
        let count = self.workers + usize::from(self.main_thread);
        if self.canary {
            start(count).map_err(failed)?;
        }
        let workers = (0..count).map(start).collect::<Result<_, _>>().map_err(failed)?;
        Ok(Host { process, settings, module, workers })
    }
}

/// One module in one process, with its workers. Dropped in a failing test, it prints the log.
pub struct Host {
    process: Process,
    settings: Arc<Settings>,
    module: Module,
    workers: Vec<Worker>,
}

impl Host {
    /// A host for the module in this file.
    ///
    /// # Panics
    /// If the file cannot be read, with what to do about it.
    pub fn load(path: impl AsRef<Path>) -> Builder {
        let path = path.as_ref();
        match std::fs::read(path) {
            Ok(bytes) => Self::of(&bytes),
            Err(error) => panic!("{}: {error}; `make build` makes the modules", path.display()),
        }
    }

    /// A host for a module in memory.
    pub fn of(wasm: &[u8]) -> Builder {
        Builder::new(engine::compile(wasm))
    }

    /// The process: shared data, metrics, clock, log, faults.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// A worker.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn worker(&mut self, index: usize) -> &mut Worker {
        &mut self.workers[index]
    }

    /// All workers, for threads of their own: `thread::scope` and one `spawn` each.
    pub fn workers(&mut self) -> &mut [Worker] {
        &mut self.workers
    }

    /// Sends a request through the first worker.
    pub fn send(&mut self, request: Request) -> Exchange {
        self.workers[0].send(request)
    }

    /// Makes host calls fail from now on.
    pub fn inject(&self, fault: Fault) {
        self.process.inject(fault);
    }

    /// Calls every root context's tick once on every worker, due or not; how many were called.
    pub fn tick(&mut self) -> usize {
        self.workers.iter_mut().map(Worker::tick).sum()
    }

    /// Moves the clock on and fires every tick that comes due on the way, in order of time.
    pub fn advance(&mut self, by: Duration) {
        let nanoseconds = u64::try_from(by.as_nanos()).expect("less than 584 years");
        let end = self.process.now().saturating_add(nanoseconds);
        loop {
            let next = self.workers.iter().filter_map(Worker::next_tick).min();
            let Some(due) = next.filter(|due| *due <= end) else { break };
            let now = due.max(self.process.now());
            self.process.set_now(now);
            for worker in &mut self.workers {
                worker.tick_where(now, |at| at <= due);
            }
        }
        self.process.set_now(end);
    }

    /// Gives every worker a new configuration, after a canary has accepted it. Open streams keep the
    /// old one until they end; the last of them lets go of it.
    ///
    /// # Errors
    /// Why Envoy would refuse it; then everything stays as it was.
    pub fn reconfigure(&mut self, json: impl AsRef<[u8]>) -> Result<(), StartError> {
        let configuration = json.as_ref();
        let begun = self.process.lock().log.len();
        let failed = |process: &Process, refusal: Refusal| StartError {
            kind: match refusal {
                Refusal::Load(why) => StartErrorKind::Load(why),
                Refusal::Trap(why) => StartErrorKind::Trap(why),
                Refusal::Refused(callback) => StartErrorKind::Refused(callback),
            },
            log: process.lock().log[begun..].to_vec(),
        };
        let canary = self.workers.len();
        Worker::start(canary, &self.process, &self.settings, &self.module, configuration)
            .map_err(|refusal| failed(&self.process, refusal))?;
        for worker in &mut self.workers {
            worker.reconfigure(configuration).map_err(|refusal| failed(&self.process, refusal))?;
        }
        Ok(())
    }

    /// What the guest did that a real Envoy answers by aborting or by undefined behaviour. Whoever
    /// takes them has seen them; the rest fail the test when the host is dropped.
    pub fn take_violations(&mut self) -> Vec<String> {
        let workers = self.workers.iter_mut();
        workers.flat_map(|worker| std::mem::take(&mut worker.store.data_mut().violations)).collect()
    }
}

impl Worker {
    fn reconfigure(&mut self, configuration: &[u8]) -> Result<(), Refusal> {
        self.configuration = configuration.to_vec();
        self.revive();
        let old = self.root;
        self.root = self.add_root(configuration.to_vec())?;
        if let Some(root) = self.store.data_mut().roots.get_mut(&old).filter(|_| old != self.root) {
            root.replaced = true;
        }
        self.settle();
        Ok(())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- log of the host under test");
            for line in self.process.log() {
                eprintln!("{line}");
            }
            return;
        }
        let violations = self.take_violations();
        for text in &violations {
            self.process.say(host_line(0, Level::Critical, text.clone()));
        }
        assert!(
            violations.is_empty(),
            "the guest did what Envoy does not survive: {violations:#?}"
        );
    }
}
