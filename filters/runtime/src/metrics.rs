//! Counters `portcullis.<control>.<outcome>[.<reason>]`: a closed set of names, defined at load.

mod members;
mod versions;

use std::cell::Cell;

use portcullis_control::counter::CounterFamily;

use portcullis_control::inspection::Uninspected;
use portcullis_control::policy::Common;
use portcullis_control::program::Program;
use portcullis_control::record::Outcome;
use portcullis_control::refusal::Reason;

use crate::host::Host;
use members::Members;
use versions::Versions;

struct Counter {
    control: &'static str,
    name: &'static str,
    id: u32,
    pending: Cell<u64>,
}

/// All counters of a module. Outcomes that are rare are counted at once; what every request counts is collected and
/// handed over on ticks, as each increment is a call into the host.
#[derive(Default)]
pub(crate) struct Metrics {
    /// One a control, looked through on every request: a list of its own keeps that short.
    allowed: Vec<Counter>,
    /// Controls' own counters.
    own: Vec<Counter>,
    /// Refusals of alternatives after which another one was asked: for some, every request has one.
    tried: Vec<Counter>,
    /// Refusals and replies.
    outcomes: Vec<(Outcome, Counter)>,
    members: Members,
    versions: Versions,
}

impl Metrics {
    /// Defines the counters of a program's controls; one that the host refuses is left out.
    pub(crate) fn define(host: &dyn Host, module: &'static str, program: &Program) -> Self {
        let mut metrics = Metrics::default();
        for kind in &program.kinds {
            metrics.allowed.extend(define(host, kind.name, None, "allowed"));
            metrics.add_outcome(host, kind.name, Outcome::Answered, "");
            metrics.add_reasons(host, kind.name, kind.reasons);
            for counter in kind.counters {
                metrics.own.extend(define(host, kind.name, None, counter));
            }
            if program.inspects_responses(kind) {
                metrics.add_reasons(host, kind.name, Uninspected::ALL);
                for passed in Uninspected::COUNTERS {
                    metrics.own.extend(define(host, kind.name, None, passed));
                }
            }
            if program.has_alternative(kind) {
                let tried = |reason: &&'static Reason| {
                    define(host, kind.name, Some(Outcome::Tried), reason.label)
                };
                metrics.tried.extend(kind.reasons.iter().chain(Common::ALL).filter_map(tried));
            }
        }
        metrics.add_reasons(host, module, Common::ALL);
        metrics.versions = Versions::define(host, program);
        metrics
    }

    fn add_reasons(&mut self, host: &dyn Host, control: &'static str, reasons: &[&'static Reason]) {
        for reason in reasons {
            self.add_outcome(host, control, Outcome::Refused, reason.label);
            self.add_outcome(host, control, Outcome::WouldRefuse, reason.label);
        }
    }

    fn add_outcome(
        &mut self,
        host: &dyn Host,
        control: &'static str,
        outcome: Outcome,
        name: &'static str,
    ) {
        let counter = define(host, control, Some(outcome), name);
        self.outcomes.extend(counter.map(|counter| (outcome, counter)));
    }

    /// Counts a refusal or reply at once.
    pub(crate) fn count_outcome(
        &self,
        host: &dyn Host,
        control: &str,
        outcome: Outcome,
        reason: &str,
    ) {
        let found = self.outcomes.iter().find(|(candidate, counter)| {
            *candidate == outcome && counter.control == control && counter.name == reason
        });
        if let Some((_, counter)) = found {
            let _ = host.increment(counter.id, 1);
        }
    }

    /// Counts one of a control's own counters, to be handed over on the next tick.
    pub(crate) fn count(&self, control: &str, name: &str) {
        let mut own = self.own.iter();
        collect(own.find(|counter| counter.name == name && counter.control == control));
    }

    /// Counts a member of one of a control's families, to be handed over on the next tick.
    pub(crate) fn count_member(
        &self,
        host: &dyn Host,
        control: &'static str,
        family: &'static CounterFamily,
        member: &str,
    ) {
        self.members.count(host, control, family, member);
    }

    /// Counts that an alternative refused and another one was asked, to be handed over on the next tick.
    pub(crate) fn count_tried(&self, control: &str, reason: &str) {
        let mut tried = self.tried.iter();
        collect(tried.find(|counter| counter.name == reason && counter.control == control));
    }

    /// Counts that a control let a request pass, to be handed over on the next tick.
    pub(crate) fn count_allowed(&self, control: &str) {
        // Every request of every control comes here, and a name is nearly always this very text.
        let is_it = |name: &str| std::ptr::eq(name, control) || name == control;
        collect(self.allowed.iter().find(|counter| is_it(counter.control)));
    }

    /// Hands over what was collected.
    pub(crate) fn flush(&self, host: &dyn Host) {
        for counter in self.allowed.iter().chain(&self.own).chain(&self.tried) {
            let pending = counter.pending.take();
            if pending > 0 && host.increment(counter.id, pending).is_err() {
                counter.pending.set(pending);
            }
        }
        self.members.flush(host);
        self.versions.tell(host);
    }

    /// The configuration runs no longer.
    pub(crate) fn end(&self, host: &dyn Host) {
        self.flush(host);
        self.versions.end(host);
    }
}

fn collect(counter: Option<&Counter>) {
    if let Some(counter) = counter {
        counter.pending.set(counter.pending.get().saturating_add(1));
    }
}

fn define(
    host: &dyn Host,
    control: &'static str,
    outcome: Option<Outcome>,
    name: &'static str,
) -> Option<Counter> {
    let full = full_name(&[control, outcome.map_or("", Outcome::name), name]);
    let id = host.define_counter(&full).ok()?;
    Some(Counter { control, name, id, pending: Cell::new(0) })
}

/// The metric's name: `portcullis` and all parts that are not empty.
fn full_name(parts: &[&str]) -> String {
    let parts = std::iter::once("portcullis").chain(parts.iter().copied());
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".")
}
