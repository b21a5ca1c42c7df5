//! Counters `portcullis.<control>.<outcome>[.<reason>]`: a closed set of names, defined at load.

use std::cell::Cell;

use portcullis_control::policy::{Common, Kind};
use portcullis_control::record::Outcome;

use crate::host::Host;

struct Counter {
    control: &'static str,
    outcome: Option<Outcome>,
    name: &'static str,
    id: u32,
    pending: Cell<u64>,
}

/// All counters of a module. Outcomes that are rare are counted at once; what every request counts is collected and
/// handed over on ticks, as each increment is a call into the host.
pub(crate) struct Metrics {
    counters: Vec<Counter>,
}

/// The name under which an allowed request counts.
const ALLOWED: &str = "allowed";

impl Metrics {
    /// Defines the counters of these kinds; one that the host refuses is left out.
    pub(crate) fn define(host: &dyn Host, module: &'static str, kinds: &[Kind]) -> Self {
        let mut metrics = Metrics { counters: Vec::new() };
        for kind in kinds {
            metrics.add(host, kind.name, None, ALLOWED);
            metrics.add(host, kind.name, Some(Outcome::Answered), "");
            for reason in kind.reasons {
                metrics.add(host, kind.name, Some(Outcome::Refused), reason.label);
                metrics.add(host, kind.name, Some(Outcome::WouldRefuse), reason.label);
            }
            for counter in kind.counters {
                metrics.add(host, kind.name, None, counter);
            }
        }
        for reason in Common::ALL {
            metrics.add(host, module, Some(Outcome::Refused), reason.label);
            metrics.add(host, module, Some(Outcome::WouldRefuse), reason.label);
        }
        metrics
    }

    fn add(
        &mut self,
        host: &dyn Host,
        control: &'static str,
        outcome: Option<Outcome>,
        name: &'static str,
    ) {
        let parts = ["portcullis", control, outcome.map_or("", Outcome::name), name];
        let full =
            parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(".");
        if let Ok(id) = host.define_counter(&full) {
            self.counters.push(Counter { control, outcome, name, id, pending: Cell::new(0) });
        }
    }

    fn find(&self, control: &str, outcome: Option<Outcome>, name: &str) -> Option<&Counter> {
        self.counters.iter().find(|counter| {
            counter.outcome == outcome && counter.control == control && counter.name == name
        })
    }

    /// Counts a refusal or reply at once.
    pub(crate) fn count_outcome(
        &self,
        host: &dyn Host,
        control: &str,
        outcome: Outcome,
        reason: &str,
    ) {
        let name = if outcome == Outcome::Answered { "" } else { reason };
        if let Some(counter) = self.find(control, Some(outcome), name) {
            let _ = host.increment(counter.id, 1);
        }
    }

    /// Counts one of a control's own counters, to be handed over on the next tick.
    pub(crate) fn count(&self, control: &str, name: &str) {
        if let Some(counter) = self.find(control, None, name) {
            counter.pending.set(counter.pending.get().saturating_add(1));
        }
    }

    /// Counts that a control let a request pass.
    pub(crate) fn count_allowed(&self, control: &str) {
        self.count(control, ALLOWED);
    }

    /// Hands over what was collected.
    pub(crate) fn flush(&self, host: &dyn Host) {
        for counter in &self.counters {
            let pending = counter.pending.take();
            if pending > 0 && host.increment(counter.id, pending).is_err() {
                counter.pending.set(pending);
            }
        }
    }
}
