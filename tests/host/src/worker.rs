//! One worker's VM: loading, configuring, calling back, dying, coming back.

use std::sync::Arc;

use wasmtime::{Instance, Module, Store, Val};

use crate::abi::Level;
use crate::engine;
use crate::exchange::StreamId;
use crate::log::{LogLine, Source};
use crate::process::Process;
use crate::settings::{FailurePolicy, Settings};
use crate::state::{After, HostState, Phase, Root};
use crate::stream::{Direction, Stream};

/// A worker thread of Envoy with its VM. It is `Send`: workers can run on threads of their own.
pub struct Worker {
    pub(crate) index: usize,
    pub(crate) settings: Arc<Settings>,
    pub(crate) module: Module,
    pub(crate) store: Store<HostState>,
    instance: Option<Instance>,
    pub(crate) dead: Option<String>,
    pub(crate) generation: u32,
    pub(crate) root: u32,
    pub(crate) configuration: Vec<u8>,
    pub(crate) next_stream: u32,
}

/// Why a VM did not start.
#[derive(Debug)]
pub(crate) enum Refusal {
    Load(String),
    Trap(String),
    /// `proxy_on_vm_start` or `proxy_on_configure` said no.
    Refused(&'static str),
}

/// What came of a callback.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    /// The module has no such export.
    Missing,
    /// It returned; 0 where it returns nothing.
    Returned(i32),
    /// The VM is dead, now or since before.
    Failed,
}

impl Worker {
    pub(crate) fn start(
        index: usize,
        process: &Process,
        settings: &Arc<Settings>,
        module: &Module,
        configuration: &[u8],
    ) -> Result<Self, Refusal> {
        let state = HostState::new(process.clone(), settings.clone(), index);
        let mut worker = Self {
            index,
            settings: settings.clone(),
            module: module.clone(),
            store: Store::new(module.engine(), state),
            instance: None,
            dead: None,
            generation: 0,
            root: 0,
            configuration: configuration.to_vec(),
            next_stream: 1,
        };
        worker.boot()?;
        Ok(worker)
    }

    /// Instantiates the module in the store and hands over the configuration.
    fn boot(&mut self) -> Result<(), Refusal> {
        self.store.limiter(|state| &mut state.limits);
        self.refuel();
        // A start section is code of the guest, under the rules of `_initialize`.
        let instance = engine::linker()
            .instantiate(&mut self.store, &self.module)
            .map_err(|error| Refusal::Load(format!("{error:?}")))?;
        let memory = instance.get_memory(&mut self.store, "memory");
        let allocate = ["malloc", "proxy_on_memory_allocate"]
            .iter()
            .find_map(|name| instance.get_typed_func::<u32, u32>(&mut self.store, name).ok());
        let state = self.store.data_mut();
        (state.memory, state.malloc) = (memory, allocate);
        self.instance = Some(instance);
        if self.call("_initialize", 0, None, &[]) == Outcome::Missing {
            self.call("_start", 0, None, &[]);
        }
        if let Some(trap) = &self.dead {
            return Err(Refusal::Trap(trap.clone()));
        }
        self.store.data_mut().phase = Phase::Running;
        self.root = self.add_root(self.configuration.clone())?;
        Ok(())
    }

    /// Makes a root context and configures it.
    pub(crate) fn add_root(&mut self, configuration: Vec<u8>) -> Result<u32, Refusal> {
        let length =
            |bytes: &[u8]| i32::try_from(bytes.len()).expect("a configuration under 2 GiB");
        let (vm_length, length) = (length(&self.settings.vm_configuration), length(&configuration));
        let state = self.store.data_mut();
        let id = state.new_context();
        state.roots.insert(id, Root { configuration, ..Root::default() });
        self.callback("proxy_on_context_create", id, None, &[0]);
        let mut refused = None;
        if self.callback("proxy_on_vm_start", id, None, &[vm_length]) == Outcome::Returned(0) {
            refused = Some("proxy_on_vm_start");
        }
        self.root_mut(id).configuring = true;
        if refused.is_none()
            && self.callback("proxy_on_configure", id, None, &[length]) == Outcome::Returned(0)
        {
            refused = Some("proxy_on_configure");
        }
        self.root_mut(id).configuring = false;
        match (&self.dead, refused) {
            (Some(trap), _) => Err(Refusal::Trap(trap.clone())),
            (None, Some(callback)) => Err(Refusal::Refused(callback)),
            (None, None) => Ok(id),
        }
    }

    fn root_mut(&mut self, id: u32) -> &mut Root {
        self.store.data_mut().roots.get_mut(&id).expect("a root that was just made")
    }

    /// After a trap: a new VM with the same configuration, where the policy says so.
    pub(crate) fn revive(&mut self) {
        if self.dead.is_none() || self.settings.failure_policy != FailurePolicy::Reload {
            return;
        }
        let old = self.store.data_mut();
        let mut state = HostState::new(old.process.clone(), self.settings.clone(), self.index);
        // What peers have seen of older streams outlives the VM; their contexts do not.
        state.streams = std::mem::take(&mut old.streams);
        state.violations = std::mem::take(&mut old.violations);
        self.store = Store::new(self.module.engine(), state);
        self.instance = None;
        self.dead = None;
        self.generation += 1;
        if let Err(refusal) = self.boot() {
            self.dead = Some(format!("reload failed: {refusal:?}"));
        }
    }

    fn refuel(&mut self) {
        self.store.set_fuel(self.settings.fuel).expect("fuel is switched on");
    }

    /// One callback and whatever it put off until after itself.
    pub(crate) fn callback(
        &mut self,
        name: &str,
        context: u32,
        stream: Option<StreamId>,
        rest: &[i32],
    ) -> Outcome {
        let mut arguments = vec![i32::try_from(context).expect("few contexts")];
        arguments.extend(rest);
        let outcome = self.call(name, context, stream, &arguments);
        // Only a stream's callback makes use of this; see `Self::stream_callback`.
        self.store.data_mut().stop_next = false;
        self.run_after();
        outcome
    }

    /// A stream's callback; the second value is whether a reply stops iteration whatever it returned.
    pub(crate) fn stream_callback(
        &mut self,
        name: &str,
        id: StreamId,
        rest: &[i32],
    ) -> (Outcome, bool) {
        let (context, generation) = (self.stream_of(id).context, self.stream_of(id).generation);
        if self.dead.is_some() || generation != self.generation {
            return (Outcome::Failed, true);
        }
        let mut arguments = vec![i32::try_from(context).expect("few contexts")];
        arguments.extend(rest);
        let outcome = self.call(name, context, Some(id), &arguments);
        let stopped = std::mem::take(&mut self.store.data_mut().stop_next);
        (outcome, stopped)
    }

    /// Calls an export with its fuel; a trap is the end of the VM.
    fn call(
        &mut self,
        name: &str,
        context: u32,
        stream: Option<StreamId>,
        arguments: &[i32],
    ) -> Outcome {
        if self.dead.is_some() {
            return Outcome::Failed;
        }
        let Some(instance) = self.instance else { return Outcome::Failed };
        let Some(function) = instance.get_func(&mut self.store, name) else {
            return Outcome::Missing;
        };
        let arguments: Vec<Val> = arguments.iter().map(|value| Val::I32(*value)).collect();
        let mut results = vec![Val::I32(0); function.ty(&self.store).results().len()];
        let state = self.store.data_mut();
        (state.current, state.effective) = (context, None);
        self.refuel();
        let ran = function.call(&mut self.store, &arguments, &mut results);
        let used = self.settings.fuel - self.store.get_fuel().expect("fuel is switched on");
        let state = self.store.data_mut();
        (state.current, state.effective) = (0, None);
        if let Some(stream) = stream.and_then(|id| state.streams.get_mut(&id)) {
            stream.fuel = stream.fuel.max(used);
        }
        match ran {
            Ok(()) => Outcome::Returned(results.first().and_then(Val::i32).unwrap_or(0)),
            Err(error) => {
                let trap = format!("{name} trapped: {error:?}");
                self.say(Level::Critical, stream, trap.clone());
                if let Some(stream) = stream {
                    self.stream_of(stream).trap = Some(trap.clone());
                }
                self.dead = Some(trap);
                Outcome::Failed
            }
        }
    }

    /// Does what host calls have put off until the callback's end.
    pub(crate) fn run_after(&mut self) {
        for after in std::mem::take(&mut self.store.data_mut().after) {
            match after {
                After::Reply(id, reply) => {
                    self.stream_of(id).reply_held = false;
                    self.local_reply(id, reply);
                }
                After::Reset(id) => self.reset(id),
                After::Delete(context) => self.delete_root(context),
                After::Continue(id, direction) => {
                    let stream = self.stream_of(id);
                    let over =
                        stream.closed || (direction == Direction::Request && stream.reply_sent);
                    if !over && !self.resume(id, direction) {
                        self.store.data_mut().violations.push(format!(
                            "proxy_continue_stream for a {direction:?} that nothing holds: \
                             Envoy's filter chain would run twice"
                        ));
                    }
                }
            }
        }
    }

    pub(crate) fn stream_of(&mut self, id: StreamId) -> &mut Stream {
        self.store.data_mut().streams.get_mut(&id).expect("a stream of this worker")
    }

    pub(crate) fn say(&mut self, level: Level, stream: Option<StreamId>, text: String) {
        let line = LogLine { worker: self.index, stream, level, text, source: Source::Host };
        self.store.data().process.say(line);
    }

    /// Lets go of replaced configurations that no stream uses any more.
    pub(crate) fn drain(&mut self) {
        let state = self.store.data();
        let in_use =
            |root: u32| state.streams.values().any(|stream| !stream.closed && stream.root == root);
        let idle: Vec<u32> = state
            .roots
            .iter()
            .filter(|(id, root)| root.replaced && !root.waiting_for_done && !in_use(**id))
            .map(|(id, _)| *id)
            .collect();
        for id in idle {
            // Set first: the guest may call proxy_done within proxy_on_done.
            self.root_mut(id).waiting_for_done = true;
            if self.callback("proxy_on_done", id, None, &[]) != Outcome::Returned(0)
                && self.store.data().roots.contains_key(&id)
            {
                self.delete_root(id);
            }
        }
    }

    fn delete_root(&mut self, id: u32) {
        self.callback("proxy_on_delete", id, None, &[]);
        self.store.data_mut().roots.remove(&id);
    }
}
