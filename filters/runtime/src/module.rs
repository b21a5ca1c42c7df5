//! One plugin configuration of a VM: its compiled program, counters and log.

use std::rc::Rc;

use portcullis_control::config::{Environment, Faults, Variables};
use portcullis_control::control::Control;
use portcullis_control::policy::Kind;
use portcullis_control::program::{Program, Settings};
use portcullis_control::surroundings::HostVersion;

use crate::host::{Host, Level};
use crate::jobs::{Desk, Jobs};
use crate::journal::Journal;
use crate::metrics::Metrics;

/// Compiles a plugin configuration.
pub type Load = fn(&[u8], &Environment<'_>) -> Result<Program, Faults>;

/// What a module is called and how its configuration is read.
#[derive(Clone, Copy)]
pub struct Definition {
    /// Name of the module (`jwt-auth`, `gateway`).
    pub name: &'static str,
    /// How it is configured.
    pub load: Load,
}

/// The name of a control's own module.
#[must_use]
pub const fn name_of<C: Control>() -> &'static str {
    C::NAME
}

/// Compiles the configuration of a control's own module.
///
/// # Errors
/// Every fault, with its path.
pub fn load_of<C: Control>(
    configuration: &[u8],
    environment: &Environment<'_>,
) -> Result<Program, Faults> {
    portcullis_control::load::module(Kind::of::<C>(), configuration, environment)
}

/// A configured module. Streams hold it, so a replaced configuration serves its last streams to their end.
pub struct Module {
    pub(crate) name: &'static str,
    pub(crate) host: HostVersion,
    pub(crate) program: Program,
    pub(crate) metrics: Metrics,
    pub(crate) journal: Journal,
    pub(crate) jobs: Jobs,
}

impl Module {
    /// What its jobs are done with.
    pub(crate) fn desk<'a>(&'a self, host: &'a dyn Host) -> Desk<'a> {
        Desk { host, metrics: &self.metrics }
    }

    /// Compiles a configuration, or writes all its faults into the host's log.
    #[must_use]
    pub fn configure(
        host: &dyn Host,
        definition: Definition,
        configuration: &[u8],
        variables: &Variables<'_>,
    ) -> Option<Rc<Self>> {
        let json = crate::wire::structure::to_json(configuration);
        let version = HostVersion::of(host);
        let environment = Environment { variables, host: version };
        match (definition.load)(json.as_deref().unwrap_or(configuration), &environment) {
            Ok(program) => {
                for warning in &program.warnings {
                    host.log(Level::Warn, &format!("portcullis {}: {warning}", definition.name));
                }
                let metrics = Metrics::define(host, definition.name, &program);
                let journal = Journal::new(host);
                let jobs = Jobs::new(&program);
                let name = definition.name;
                Some(Rc::new(Module { name, host: version, program, metrics, journal, jobs }))
            }
            Err(faults) => {
                for line in faults.to_string().lines() {
                    host.log(
                        Level::Error,
                        &format!("portcullis {}: configuration refused: {line}", definition.name),
                    );
                }
                None
            }
        }
    }

    pub(crate) fn settings(&self) -> Rc<Settings> {
        Rc::clone(&self.program.settings)
    }

    /// Background work and what was collected since the last tick.
    pub fn tick(&self, host: &dyn Host) {
        self.metrics.flush(host);
        self.journal.refresh(host);
        self.journal.flush(host);
    }
}
