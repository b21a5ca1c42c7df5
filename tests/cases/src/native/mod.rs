//! The native engine: the runtime's VM without the wasm, over a host in memory.
//!
//! [`Native`] and [`World`] serve any test that wants a module's behaviour without Envoy.

mod clusters;
mod flow;
mod host;
mod response;
mod world;

pub use clusters::Clusters;
pub use flow::Native;
pub use world::{Part, Shared, World};

use portcullis_runtime::host::Level;
use portcullis_runtime::module::Definition;

use crate::case::Case;
use crate::engine::{Engine, Run, Unable, load_lines};
use crate::prepared::SECOND;

/// Runs cases on modules in this process.
pub struct NativeEngine {
    modules: Vec<Definition>,
}

impl NativeEngine {
    /// An engine with these modules.
    #[must_use]
    pub fn new(modules: &[Definition]) -> Self {
        NativeEngine { modules: modules.to_vec() }
    }
}

impl Engine for NativeEngine {
    fn name(&self) -> &'static str {
        "native"
    }

    fn run(&self, case: &Case) -> Result<Run, Unable> {
        let module = self.modules.iter().find(|module| module.name == case.module);
        let module = module.ok_or_else(|| {
            Unable::Failure(format!("{}: no module is called `{}`", case.name, case.module))
        })?;
        let prepared = case.prepare().map_err(Unable::Failure)?;
        let world = World::default();
        world.set_now(prepared.start);
        world.set_minor(case.minor());
        let mut native = Native::new(&world, *module);
        let environment = |name: &str| prepared.env.get(name).cloned();
        let accepted = native.configure(&prepared.configuration, &environment);
        let text = |log: Vec<(Level, String)>| log.into_iter().map(|(_, line)| line);
        let lines: Vec<String> = text(world.log()).collect();
        let (refused, warned) = load_lines(module.name, lines.iter().map(String::as_str));
        let mut exchanges = Vec::new();
        if accepted {
            let mut clusters = Clusters::new(&prepared.documents);
            native.tick();
            clusters.answer(&mut native);
            for request in &prepared.requests {
                // While a request waited, time passed for those that follow too.
                let at = request.at.saturating_add(clusters.waited);
                if at / SECOND != world.now() / SECOND {
                    world.set_now(at);
                    native.tick();
                    clusters.answer(&mut native);
                }
                world.set_now(at);
                if request.shared_data_down {
                    world.break_down(Part::SharedData);
                }
                let observed = native.send(request);
                // An upstream that takes its time takes it from all.
                clusters.waited += world.now().saturating_sub(at);
                exchanges.push(clusters.wait(&mut native, observed));
            }
        }
        let refused = (!accepted).then_some(refused);
        let metrics = case.metrics.keys().map(|name| (name.clone(), native.count(name))).collect();
        Ok(Run { refused, warned, exchanges, metrics, log: text(world.log()).collect(), prepared })
    }
}
