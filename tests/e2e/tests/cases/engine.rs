//! The Envoy engine: which cases it can express, which share an Envoy, and what a border of time means.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use portcullis_cases::case::Case;
use portcullis_cases::compare::judge;
use portcullis_cases::documents::Document;
use portcullis_cases::engine::{Engine, Run, Unable};
use portcullis_e2e::{envoy_version, within};

use crate::group::Group;
use crate::listener::{Place, proxy_line};
use crate::sent::left_out;

/// Cases that share an Envoy at most: each that counts has VMs of its own.
const GROUP: usize = 60;

/// What must be left of a second when a case starts: windows and tokens change with full seconds, and most cases are
/// over before the next one.
const LEFT: Duration = Duration::from_millis(300);

/// Attempts for a case that a full second fell into.
const ATTEMPTS: usize = 3;

/// Runs cases on real Envoys, which start when their first case does and end with the engine.
pub(crate) struct EnvoyEngine {
    groups: Vec<Shared>,
    /// The group of a case by its name.
    place: BTreeMap<String, usize>,
}

struct Shared {
    cases: Vec<Case>,
    group: OnceLock<Mutex<Group>>,
}

impl EnvoyEngine {
    /// Puts the cases into groups: of one module, with environments that do not contradict each other.
    pub(crate) fn new(cases: &[Case]) -> Self {
        let mut groups: Vec<Shared> = Vec::new();
        let mut place = BTreeMap::new();
        for case in cases {
            if expressible(case).is_err() {
                continue;
            }
            let fits = |group: &Shared| {
                group.cases.len() < GROUP
                    && group.cases.iter().all(|other| {
                        other.module == case.module
                            && agree(other, case)
                            && have_one_world(other, case)
                    })
            };
            let index = groups.iter().position(fits).unwrap_or_else(|| {
                groups.push(Shared { cases: Vec::new(), group: OnceLock::new() });
                groups.len() - 1
            });
            groups[index].cases.push(case.clone());
            place.insert(case.name.clone(), index);
        }
        Self { groups, place }
    }
}

/// True if one environment serves both: no variable has two values, and none is there that the other one misses.
fn agree(one: &Case, other: &Case) -> bool {
    let names = |case: &Case, name: &str| {
        let text = case.config.as_ref().map(ToString::to_string).unwrap_or_default();
        let quoted = format!("\"{name}\"");
        text.contains(&quoted)
            || case.config_text.as_ref().is_some_and(|text| text.contains(&quoted))
    };
    let serves = |one: &Case, other: &Case| {
        one.env.iter().all(|(name, value)| match other.env.get(name) {
            Some(same) => same == value,
            None => !names(other, name),
        })
    };
    serves(one, other) && serves(other, one)
}

/// True if clusters of one name have the same documents in both.
fn have_one_world(one: &Case, other: &Case) -> bool {
    let of = |case: &Case, cluster: &str| -> Vec<Document> {
        case.documents.iter().filter(|document| document.cluster == cluster).cloned().collect()
    };
    let mut clusters = one.documents.iter().map(|document| document.cluster.as_str());
    clusters.all(|cluster| {
        let others = of(other, cluster);
        others.is_empty() || others == of(one, cluster)
    })
}

/// Whether a real Envoy can be made to be what the case says.
fn expressible(case: &Case) -> Result<(), Unable> {
    let skip = |reason: &str| Err(Unable::Skip(reason.to_owned()));
    if let Some(only) =
        case.only.as_ref().filter(|only| !only.engines.iter().any(|name| name == "envoy"))
    {
        return skip(&only.reason);
    }
    if case.documents.iter().any(|document| document.from > 0.0) {
        return skip("a document that changes as time passes");
    }
    if case.envoys.is_some_and(|envoys| !envoys.has(envoy_version().minor)) {
        return skip("about other Envoys than this one");
    }
    let prepared = case.prepare_moved(now().as_secs())?;
    for request in &prepared.requests {
        if Place::of(request).is_none() {
            return skip("a property that no listener gives");
        }
        if proxy_line(&request.client).is_none() {
            return skip("a client address that the PROXY protocol cannot tell");
        }
        if request.answer.pause > 0 {
            return skip("an upstream that takes its time");
        }
        if request.shared_data_down {
            return skip("shared data that is down");
        }
        // Without one of its requests, a case that counts would say something else.
        if let Some(reason) = left_out(request).filter(|_| case.counts()) {
            return skip(reason);
        }
    }
    Ok(())
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970")
}

/// The second that has begun, once enough of it is left.
fn second() -> u64 {
    let early = || {
        let left =
            Duration::from_secs(1).checked_sub(Duration::from_nanos(now().subsec_nanos().into()));
        left.is_some_and(|left| left >= LEFT).then(|| now().as_secs())
    };
    within(Duration::from_secs(5), early).expect("a second begins every second")
}

impl Engine for EnvoyEngine {
    fn name(&self) -> &'static str {
        "envoy"
    }

    fn run(&self, case: &Case) -> Result<Run, Unable> {
        expressible(case)?;
        let shared = &self.groups[self.place[&case.name]];
        let group =
            shared.group.get_or_init(|| Mutex::new(Group::start(&shared.cases, now().as_secs())));
        let group = group.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut run, mut crossed) = attempt(&group, case)?;
        for _ in 1..ATTEMPTS {
            if !crossed || judge(self.name(), case, &run).is_ok() {
                break;
            }
            // Where requests count, what the first attempt counted would count twice.
            (run, crossed) = if case.counts() {
                attempt(&Group::start(std::slice::from_ref(case), now().as_secs()), case)?
            } else {
                attempt(&group, case)?
            };
        }
        Ok(run)
    }
}

/// Runs a case once; true beside it if a full second fell into it.
fn attempt(group: &Group, case: &Case) -> Result<(Run, bool), Unable> {
    let start = second();
    let run = group.run(case, case.prepare_moved(start)?)?;
    Ok((run, now().as_secs() != start))
}
