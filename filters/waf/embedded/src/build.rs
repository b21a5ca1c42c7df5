//! What happens once, when a module is built: a mistake in a rule fails the build.

use std::collections::BTreeMap;
use std::rc::Rc;

use portcullis_waf_engine::{RuleSet, Step};
use portcullis_waf_operators::pattern::{Case, translate};
use portcullis_waf_operators::phrases::{Phrases, lines};
use portcullis_waf_operators::prefilter;
use portcullis_waf_seclang::syntax::{Operator, Statement};
use portcullis_waf_seclang::{Fault, Source, parse};

use crate::conditions::Conditions;
use crate::{Embedded, packed};

/// The texts of a rule set.
#[derive(Debug, Default)]
pub struct Sources {
    /// `crs-setup.conf`, or nothing.
    pub setup: Vec<Source>,
    /// The rules, in order.
    pub rules: Vec<Source>,
    /// Data files by name.
    pub data: BTreeMap<String, Vec<u8>>,
    /// Rules that are left out, by id.
    pub left_out: Vec<u32>,
    /// Tables are made that tell what can't match. Of all sets of one program only one may have them: the numbers of its
    /// rules are in its own tables.
    pub prefilter: bool,
}

/// Reads, checks and translates a rule set; the bytes are for [`Embedded::decode`].
///
/// # Errors
/// Every mistake, a line each.
pub fn build(sources: &Sources) -> Result<Vec<u8>, String> {
    let all: Vec<Source> = sources.setup.iter().chain(&sources.rules).cloned().collect();
    let parsed = parse(&all).map_err(|faults| told(&faults))?;
    let of_setup = |statement: &Statement| {
        sources.setup.iter().any(|source| source.name == statement.location.file)
    };
    let (setup, rules): (Vec<_>, Vec<_>) = parsed.statements.into_iter().partition(of_setup);
    let mut setup = set_of(setup, sources)?;
    let mut rules = set_of(rules, sources)?;
    let mut tables = BTreeMap::new();
    for rule in setup.rules().chain(rules.rules()) {
        for link in &rule.links {
            if let Operator::PmFromFile(names) = &link.test.operator {
                tables.insert(names.clone(), table(names, &sources.data)?);
            }
        }
    }
    let mut conditions = Conditions::default();
    for set in [&mut setup, &mut rules] {
        for step in &mut set.steps {
            let Step::Rule(rule) = step else { continue };
            for link in &mut Rc::make_mut(rule).links {
                if sources.prefilter {
                    link.condition = conditions.number(&link.test, &sources.data);
                }
            }
        }
    }
    let prefilter = prefilter::build(&conditions.all).map_err(|error| error.to_string())?;
    let version = rules.signatures.first().cloned().unwrap_or_default();
    let phrases = tables.iter().map(|(names, table)| (names.clone(), table.as_slice()));
    let embedded =
        Embedded { version, setup, rules, phrases: phrases.collect(), prefilter: &prefilter };
    let bytes = postcard::to_allocvec(&embedded).map_err(|error| error.to_string())?;
    packed::pack(&bytes).ok_or_else(|| "the rules and their tables are too large".to_owned())
}

/// A line each.
fn told(faults: &[Fault]) -> String {
    faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n")
}

fn set_of(statements: Vec<Statement>, sources: &Sources) -> Result<RuleSet, String> {
    let mut set = RuleSet::default();
    set.extend(statements).map_err(|faults| told(&faults))?;
    set.steps.retain(|step| match step {
        Step::Rule(rule) => !sources.left_out.contains(&rule.metadata.id),
        Step::Marker(_) => true,
    });
    for step in &mut set.steps {
        let Step::Rule(rule) = step else { continue };
        for link in &mut Rc::make_mut(rule).links {
            if let Operator::Rx(pattern) = &link.test.operator {
                let translated =
                    translate(pattern.as_bytes(), Case::Sensitive).map_err(|error| {
                        format!("{}:{}: {error}", link.location.file, link.location.line)
                    })?;
                portcullis_waf_operators::pattern::Pattern::translated(translated.clone())
                    .compile()
                    .map_err(|error| {
                        format!("{}:{}: {error}", link.location.file, link.location.line)
                    })?;
                link.test.operator = Operator::RxTranslated(translated.into());
            }
        }
    }
    Ok(set)
}

fn table(names: &[String], data: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>, String> {
    let mut phrases: Vec<&[u8]> = Vec::new();
    for name in names {
        let file = data.get(name).ok_or_else(|| format!("the data file `{name}` is missing"))?;
        phrases.extend(lines(file));
    }
    Phrases::table(&phrases).map_err(|error| format!("{}: {error}", names.join(" ")))
}
