//! One request on its way through the five phases.

mod account;
mod action;
mod body;
mod evaluate;
mod exclusions;
mod expand;
mod fill;
mod matched;
mod outcome;
mod run;
mod secluded;
mod shown;
mod tx;
mod values;

use std::rc::Rc;

use portcullis_waf_bodies::Processor;
use portcullis_waf_seclang::syntax::{EngineMode, Variable};

use crate::bits::Bits;
use crate::log::Match;
use crate::profile::Profile;
use crate::program::{List, Program};
use exclusions::Exclusions;
use matched::Matched;
pub(crate) use outcome::Outcome;
pub(crate) use tx::Tx;
pub(crate) use values::{Blank, Values};

/// What is known of the connection before a byte of the request is read.
#[derive(Clone, Debug, Default)]
pub struct Connection<'c> {
    /// REMOTE_ADDR: the client's address as text.
    pub remote_addr: &'c [u8],
    /// REMOTE_PORT
    pub remote_port: u16,
    /// SERVER_ADDR
    pub server_addr: &'c [u8],
    /// SERVER_PORT
    pub server_port: u16,
    /// UNIQUE_ID: random.
    pub unique_id: &'c [u8],
}

/// What the rules decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intervention {
    /// Refused.
    Deny {
        /// The rule's own `status`, if it has one.
        status: Option<u16>,
        /// The rule.
        rule: u32,
    },
    /// The stream is closed.
    Drop {
        /// The rule.
        rule: u32,
    },
    /// The client is sent elsewhere.
    Redirect {
        /// 301, 302, 303 or 307.
        status: u16,
        /// Where to; without control bytes.
        location: Vec<u8>,
        /// The rule.
        rule: u32,
    },
}

/// Why something was not judged: refused unless the configuration lets it through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineError {
    /// A rule's operator could not be run to its end.
    Operator {
        /// The rule.
        rule: u32,
    },
    /// TX has as many entries as it may have, or would have got a text that is too long.
    TxFull {
        /// The rule that would have set one.
        rule: u32,
    },
    /// The request's body could not be read as what it says it is, or has more than is allowed.
    Body {
        /// REQBODY_ERROR_MSG
        text: String,
    },
}

/// How much of the rules `allow` left to run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Allowed {
    #[default]
    Nothing,
    Phase,
    Request,
    All,
}

/// One request and its response.
pub struct Transaction {
    program: Rc<Program>,
    profile: Rc<Profile>,
    values: Values,
    tx: Tx,
    engine: EngineMode,
    allowed: Allowed,
    /// Which rules it came past, if it is watched.
    passed: Option<Bits>,
    /// Rules that `ctl:ruleRemoveBy…` took out.
    removed: Bits,
    /// Targets that `ctl:ruleRemoveTargetBy…` took out.
    excluded: Exclusions,
    matched: Matched,
    /// MATCHED_VARS of the chain that runs.
    matches_of_chain: Vec<Matched>,
    /// The rule that runs could not be asked about some value.
    undecided: bool,
    /// Where the pattern that matched last ended in that value, if it was one.
    ended: Option<usize>,
    /// What does not match is remembered.
    learns: bool,
    highest_severity: Option<u8>,
    force_body: bool,
    body_access: bool,
    response_access: bool,
    processor: Option<Processor>,
    content_type: Vec<u8>,
    log: Vec<Match>,
    errors: Vec<EngineError>,
    intervention: Option<Intervention>,
    /// What would have been decided under `DetectionOnly`: the first of it.
    detected: Option<Intervention>,
}

impl Transaction {
    /// A request of which only the connection is known.
    #[must_use]
    pub fn new(program: &Rc<Program>, profile: &Rc<Profile>, connection: &Connection<'_>) -> Self {
        let settings = program.settings();
        let (values, tx) = program.store.borrow().begin(program);
        let mut transaction = Transaction {
            values,
            tx,
            engine: lower(settings.rule_engine, profile.ceiling),
            allowed: Allowed::Nothing,
            passed: program.watch.begin(),
            removed: Bits::default(),
            excluded: Exclusions::default(),
            matched: Matched::default(),
            matches_of_chain: Vec::new(),
            undecided: false,
            ended: None,
            learns: program.store.borrow().heads.learns(),
            highest_severity: None,
            force_body: false,
            body_access: settings.request_body_access,
            response_access: settings.response_body_access,
            processor: None,
            content_type: Vec::new(),
            log: Vec::new(),
            errors: Vec::new(),
            intervention: None,
            detected: None,
            program: Rc::clone(program),
            profile: Rc::clone(profile),
        };
        for (slot, value) in &profile.tx {
            // A configuration has fewer fields than TX has room.
            let _ = transaction.tx.set(*slot, Some(tx::TxValue::Text(Rc::clone(value))));
        }
        transaction.exclude_as(profile);
        transaction.fill_connection(connection);
        transaction
    }

    /// Remembers what of this request does not match, as one request in sixteen does unasked.
    pub fn learn(&mut self) {
        self.learns = true;
    }

    /// What matched so far and says so in the log or, with `nolog,auditlog`, to the audit alone; in order.
    #[must_use]
    pub fn matches(&self) -> &[Match] {
        &self.log
    }

    /// Those of them that have a line of the log.
    pub fn logged(&self) -> impl Iterator<Item = &Match> {
        self.log.iter().filter(|one| one.rule.log)
    }

    /// What could not be judged so far.
    #[must_use]
    pub fn errors(&self) -> &[EngineError] {
        &self.errors
    }

    /// What the rules decided, once they have.
    #[must_use]
    pub fn intervention(&self) -> Option<&Intervention> {
        self.intervention.as_ref()
    }

    /// What the rules would have decided first, were the engine not in `DetectionOnly`.
    #[must_use]
    pub fn detected(&self) -> Option<&Intervention> {
        self.detected.as_ref()
    }

    /// `SecRuleEngine` as the ceiling and `ctl:ruleEngine` left it.
    #[must_use]
    pub fn engine(&self) -> EngineMode {
        self.engine
    }

    /// True if the rules want to see the request's body: what `allow:phase` ends in the first phase goes on in the second.
    #[must_use]
    pub fn wants_request_body(&self) -> bool {
        self.body_access
            && self.engine != EngineMode::Off
            && matches!(self.allowed, Allowed::Nothing | Allowed::Phase)
    }

    /// True if the rules want to see the body of a response of this type (`Content-Type` as it came).
    #[must_use]
    pub fn wants_response_body(&self, content_type: &[u8]) -> bool {
        let essence = content_type.split(|byte| *byte == b';').next().unwrap_or_default();
        let essence = essence.trim_ascii();
        let types = &self.program.settings().response_mime_types;
        self.response_access
            && self.engine != EngineMode::Off
            && self.allowed != Allowed::All
            // `null` stands for a response without a type.
            && types.iter().any(|known| match essence {
                b"" => known == "null",
                _ => known.as_bytes().eq_ignore_ascii_case(essence),
            })
    }

    /// UNIQUE_ID.
    #[must_use]
    pub fn unique_id(&self) -> &[u8] {
        let mut values = self.values.named(List::of(Variable::UniqueId));
        values.next().map_or(&[], |(_, value)| value)
    }

    /// Bytes of arguments, which are what a body holds beside files.
    #[must_use]
    pub fn other_than_files(&self) -> usize {
        let arguments = self.values.named(List::of(Variable::ArgsPost));
        arguments.map(|(name, value)| name.len().saturating_add(value.len())).sum()
    }

    /// Leaves out what another profile of the same program leaves out, too.
    pub fn exclude_as(&mut self, profile: &Profile) {
        self.removed.unite(&profile.removed);
        profile.targets.iter().for_each(|(rules, point)| self.excluded.add(rules, point));
    }

    /// The number that TX holds under a name (`blocking_inbound_anomaly_score`), 0 where there is none.
    #[must_use]
    pub fn score(&self, name: &str) -> i64 {
        let store = self.program.store.borrow();
        let slot = store.known_slot(name.as_bytes());
        slot.and_then(|slot| self.tx.get(slot)).map_or(0, tx::TxValue::number)
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        // Where a program is being linked the buffers just go.
        if let Ok(store) = self.program.store.try_borrow() {
            if let Some(passed) = &self.passed {
                store.came_past(&self.program, passed);
            }
            store.take_back(std::mem::take(&mut self.values), std::mem::take(&mut self.tx));
        }
    }
}

/// The weaker of two modes.
fn lower(one: EngineMode, other: EngineMode) -> EngineMode {
    let strength = |mode| match mode {
        EngineMode::Off => 0,
        EngineMode::DetectionOnly => 1,
        EngineMode::On => 2,
    };
    if strength(one) <= strength(other) { one } else { other }
}
