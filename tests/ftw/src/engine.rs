//! Our engine behind the runner's trait.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use portcullis_waf_embedded::{Embedded, Sources, build, source};
use portcullis_waf_engine::{
    Connection, EngineMode, Exclusion, Intervention, LogData, Prefilter as Tables, Profile,
    Program, RulePhase, Settings, Store, Transaction,
};
use portcullis_waf_seclang::syntax::{IdRange, Removal};
use portcullis_waf_seclang::{Source, parse_variable};

use crate::{Outcome, Request, Response, Waf};

/// The engine with a rule set.
pub struct Engine {
    /// What runs.
    pub program: Rc<Program>,
    /// With nothing left out.
    pub profile: Rc<Profile>,
    /// Every request remembers what does not match, and not just some.
    pub learns: bool,
}

/// Whether values that can't match are kept from the operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefilter {
    /// As in a module.
    On,
    /// Every operator sees every value.
    Off,
}

/// Which rules are behind our recommended ones.
#[derive(Clone, Copy, Debug)]
pub enum RuleSet<'p> {
    /// Our own.
    Base,
    /// The release of OWASP CRS in this folder, with its setup.
    Crs(&'p Path),
}

/// A rule set as a module carries it. `directives` stand in front of it, behind its setup.
///
/// # Errors
/// What can't be read or built.
pub fn embedded(set: RuleSet<'_>, directives: &str) -> Result<Embedded<'static>, String> {
    let rulesets = repository().join("filters/waf/src/rulesets");
    let mut sources = match set {
        RuleSet::Base => Sources::of_folder(&rulesets.join("base"))?,
        RuleSet::Crs(crs) => Sources::of_release(crs, None)?,
    };
    sources.prefilter = true;
    sources.setup.insert(0, source(&rulesets.join("recommended.conf"))?);
    sources.setup.push(Source { name: "setup".into(), text: directives.into() });
    Embedded::decode(&build(&sources)?).ok_or_else(|| "what was built can't be decoded".to_owned())
}

/// The engine with a rule set.
///
/// # Errors
/// What can't be read, built or linked.
pub fn load(set: RuleSet<'_>, directives: &str, prefilter: Prefilter) -> Result<Engine, String> {
    let embedded = embedded(set, directives)?;
    let mut set = embedded.setup;
    set.append(&embedded.rules);
    let mut store = Store::new();
    for (names, table) in &embedded.phrases {
        store.take_phrases(names, table);
    }
    let tables = match prefilter {
        Prefilter::On => Some(Rc::new(Tables::new(embedded.prefilter).ok_or("no tables")?)),
        Prefilter::Off => None,
    };
    let settings = Settings::of(&set.settings);
    let store = Rc::new(RefCell::new(store));
    let program = Program::link(&set, settings, &store, &|_| None, tables)
        .map_err(|faults| faults.iter().map(|fault| format!("{fault:?}\n")).collect::<String>())?;
    let profile = Profile::new(&program, EngineMode::On, &[], &[], LogData::Full)?;
    Ok(Engine { program: Rc::new(program), profile: Rc::new(profile), learns: false })
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

impl Engine {
    /// The same rules without what is excluded.
    ///
    /// # Errors
    /// What is wrong with an exclusion.
    pub fn excluding(&self, exclusions: &[Exclusion]) -> Result<Self, String> {
        let profile = Profile::new(&self.program, EngineMode::On, &[], exclusions, LogData::Full)?;
        let (program, profile) = (Rc::clone(&self.program), Rc::new(profile));
        Ok(Engine { program, profile, learns: self.learns })
    }

    /// The same rules, none of which is passed over by what earlier requests made of TX: something of it is excluded.
    ///
    /// # Errors
    /// What is wrong with the exclusion.
    pub fn without_outcomes(&self) -> Result<Self, String> {
        let rules = Removal::Ids(vec![IdRange { first: 1, last: 1 }]);
        let target = parse_variable("TX:nobody_sets_it").map_err(|fault| format!("{fault:?}"))?;
        self.excluding(&[Exclusion { rules, target: Some(target) }])
    }
}

impl Waf for Engine {
    fn run(&mut self, request: &Request, backend: &mut dyn FnMut(&Request) -> Response) -> Outcome {
        let connection = Connection {
            remote_addr: b"127.0.0.1",
            remote_port: 50_000,
            server_addr: b"127.0.0.1",
            server_port: 80,
            unique_id: b"0123456789abcdef0123456789abcdef",
        };
        let mut transaction = Transaction::new(&self.program, &self.profile, &connection);
        if self.learns {
            transaction.learn();
        }
        transaction.request_line(&request.method, &request.uri, &request.version);
        for (name, value) in &request.headers {
            transaction.request_header(name, value);
        }
        transaction.run(RulePhase::RequestHeaders);
        for (name, value) in &request.trailers {
            transaction.request_trailer(name, value);
        }
        transaction.request_body(&request.body, true);
        transaction.run(RulePhase::RequestBody);
        let refused = refused(&transaction);
        let response = match refused {
            Some(status) => Response { status, headers: Vec::new(), body: Vec::new() },
            None => backend(request),
        };
        if refused.is_none() {
            respond(&mut transaction, &response);
        }
        transaction.run(RulePhase::Logging);
        let lines = transaction.logged().map(|one| one.line(&request.uri, transaction.unique_id()));
        Outcome {
            status: response.status,
            lines: lines.collect(),
            body: Some(response.body),
            failure: None,
        }
    }
}

/// The status of what the rules decided, if they did; a module has it from `block` where they name none.
fn refused(transaction: &Transaction) -> Option<u16> {
    match transaction.intervention()? {
        Intervention::Deny { status, .. } => Some(status.unwrap_or(FORBIDDEN)),
        Intervention::Redirect { status, .. } => Some(*status),
        Intervention::Drop { .. } => Some(FORBIDDEN),
    }
}

const FORBIDDEN: u16 = 403;

/// The phases of a response.
fn respond(transaction: &mut Transaction, response: &Response) {
    transaction.response_line(response.status);
    for (name, value) in &response.headers {
        transaction.response_header(name, value);
    }
    transaction.run(RulePhase::ResponseHeaders);
    let content_type =
        response.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(b"content-type"));
    if content_type.is_some_and(|(_, value)| transaction.wants_response_body(value)) {
        transaction.response_body(&response.body, true);
    }
    transaction.run(RulePhase::ResponseBody);
}
