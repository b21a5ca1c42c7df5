//! The rules of a program, in the order in which they are loaded.

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use portcullis_control::config::{Node, Section};
use portcullis_waf_engine::{Fault, Prefilter, Program, RuleSet, Settings, Step};
use portcullis_waf_seclang::syntax::{
    Assignment, Control, Directive, Flow, Location, Removal, Setting, Statement, TargetRemoval,
};
use portcullis_waf_seclang::{Source, parse};

use super::bundle;
use super::defaults::{self, Defaults};
use super::settings::TxFields;
use crate::rulesets::{Choice, with_vm};

/// The rules and what they look up.
pub(super) struct Rules<'v> {
    pub(super) set: RuleSet,
    /// What the directives say about the engine, before fields say otherwise.
    pub(super) settings: Settings,
    data: BTreeMap<String, Vec<u8>>,
    prefilter: Option<Rc<Prefilter>>,
    written: Vec<(&'static str, Node<'v>)>,
    /// Which rules there are beside those that are written.
    pub(super) choice: Choice,
}

/// Bytes of one data file, at most.
const MAX_DATA: usize = 1 << 20;

/// The variable without which CRS says that it is not set up.
const SETUP: &str = "tx.crs_setup_version";

/// Reads `ruleset`, `bundle`, `setup`, `directives_before`, `directives` and `data_files`.
pub(super) fn read<'v>(section: &mut Section<'v>, tx: &TxFields<'_>) -> Option<Rules<'v>> {
    let bundle = section.optional("bundle");
    let otherwise = if bundle.is_some() { Choice::None } else { Choice::DEFAULT };
    let choice = section.or("ruleset", otherwise, |node| {
        let choice = node
            .word(&[("crs", Choice::Crs), ("base", Choice::Base), ("none", Choice::None)])?;
        if choice == Choice::Crs && !Choice::HAS_CRS {
            node.fault("this module carries no CRS: load waf-crs.wasm or gateway-crs.wasm, which `make crs` builds");
        }
        if choice != Choice::None && bundle.is_some() {
            node.fault("expected `none` beside `bundle`, which is a rule set of its own");
        }
        Some(choice)
    });
    let setup = section.optional("setup");
    let own_setup = setup.is_some();
    if let Some(node) = setup.as_ref().filter(|_| choice == Choice::Base) {
        node.fault("expected `ruleset: crs` beside it: it stands for the setup of CRS");
    }
    if choice == Choice::Base {
        tx.refuse_levels();
    }
    if let Some(node) = setup.as_ref().filter(|_| choice == Choice::Crs)
        && node.value().as_str().is_some_and(|text| !text.to_ascii_lowercase().contains(SETUP))
    {
        node.fault(
            "expected a rule that sets `tx.crs_setup_version`, as 900990 of CRS's `crs-setup.conf.example` does: \
             without it CRS answers 500 to every request",
        );
    }
    let limits: Vec<&'static str> = LIMITS
        .iter()
        .filter(|(field, _)| section.has(field))
        .map(|(_, directive)| *directive)
        .collect();
    let before = section.optional("directives_before");
    let after = section.optional("directives");
    let data = section.optional("data_files").map(|node| data_files(&node)).unwrap_or_default();
    let written: Vec<(&'static str, Node<'v>)> = [
        ("setup", setup),
        ("directives_before", before),
        ("bundle", bundle),
        ("directives", after),
    ]
    .into_iter()
    .filter_map(|(name, node)| Some((name, node?)))
    .collect();
    let mut texts = texts(&written, tx, &limits)?;
    let node = section.node().clone();
    let (set, prefilter) = with_vm(|vm| {
        let mut set = vm.recommended.clone();
        let allowances = vm.allowances.clone();
        let chosen = vm.set(choice);
        let prefilter = chosen.and_then(|chosen| chosen.prefilter.clone());
        let mut extend = |set: &mut RuleSet, name| {
            let statements = texts.statements.remove(name).unwrap_or_default();
            let (warnings, faults) = match set.extend(statements) {
                Ok(warnings) => (warnings, Vec::new()),
                Err(faults) => (Vec::new(), faults),
            };
            for warning in warnings {
                let (line, text) = (warning.location.line, warning.text);
                of(&written, &warning.location, &node).warn(format!("line {line}: {text}"));
            }
            for fault in faults {
                of(&written, &fault.location, &node).fault(told(&fault));
            }
        };
        if let Some(chosen) = chosen.filter(|_| !own_setup) {
            set.append(&chosen.setup);
        }
        extend(&mut set, "setup");
        extend(&mut set, "directives_before");
        if choice == Choice::Crs {
            set.append(&allowances);
        }
        if let Some(chosen) = chosen {
            let mut rules = chosen.rules.clone();
            texts.defaults.apply(&mut rules);
            set.append(&rules);
        }
        extend(&mut set, "bundle");
        extend(&mut set, "directives");
        Some((set, prefilter))
    })?;
    for (location, name) in lost_jumps(&set) {
        let line = location.line;
        let text =
            format!("line {line}: `skipAfter:{name}`: no marker or rule behind it is called so");
        match written.iter().find(|(field, _)| *field == location.file) {
            // Somebody else's rules, which do elsewhere what they do here: they end the phase.
            Some(("bundle", node)) => node.warn(text),
            Some((_, node)) => node.fault(text),
            None => {}
        }
    }
    for (location, rule) in vain_controls(&set) {
        if let Some((_, node)) = written.iter().find(|(field, _)| *field == location.file) {
            let line = location.line;
            node.warn(format!(
                "line {line} (rule {rule}): `ctl:ruleRemove…` leaves nothing out: no rule is meant"
            ));
        }
    }
    let settings = Settings::of(&set.settings);
    Some(Rules { set, settings, data, prefilter, written, choice })
}

impl Rules<'_> {
    /// Tells a fault at the field that it comes from.
    pub(super) fn fault(&self, fault: &Fault, otherwise: &Node<'_>) {
        match self.written.iter().find(|(name, _)| *name == fault.location.file) {
            Some((_, node)) => node.fault(told(fault)),
            None => otherwise.fault(format!("{}:{}", fault.location.file, told(fault))),
        }
    }

    /// Warns at `node` of what a removal means if that is nothing; a pattern that is none is a fault.
    pub(super) fn try_out(&self, removal: &Removal, node: &Node<'_>) {
        match self.set.has_what(removal) {
            Ok(true) => {}
            Ok(false) => node.warn("leaves nothing out: no rule is meant"),
            Err(text) => node.fault(text),
        }
    }
}

/// True if a rule has `ctl:responseBodyAccess=On`.
pub(super) fn turn_responses_on(set: &RuleSet) -> bool {
    let links = set.rules().flat_map(|rule| &rule.links);
    let mut controls = links.flat_map(|link| &link.controls);
    controls.any(|control| *control == Control::ResponseBodyAccess(true))
}

/// The rules behind which nothing has the name that they jump to, with the name: they end their phase, with all that it
/// would have judged.
fn lost_jumps(set: &RuleSet) -> Vec<(&Location, &str)> {
    let mut behind = HashSet::new();
    let mut lost = Vec::new();
    for step in set.steps.iter().rev() {
        let name = match step {
            Step::Marker(name) => name.clone(),
            Step::Rule(rule) => {
                if let (Flow::SkipAfter(name), Some(head)) = (&rule.flow, rule.links.first())
                    && !behind.contains(name)
                {
                    lost.push((&head.location, name.as_str()));
                }
                rule.metadata.id.to_string()
            }
        };
        behind.insert(name);
    }
    lost.reverse();
    lost
}

/// Where a `ctl` takes something out of rules that are not there, and the rule's id. A pattern that is none is told when
/// the rules are linked.
fn vain_controls(set: &RuleSet) -> impl Iterator<Item = (&Location, u32)> {
    let is_vain = |control: &&Control| match control {
        Control::Remove(rules) | Control::RemoveTarget(TargetRemoval { rules, .. }) => {
            set.has_what(rules) == Ok(false)
        }
        _ => false,
    };
    let links = set.rules().flat_map(|rule| rule.links.iter().map(move |link| (rule, link)));
    links.flat_map(move |(rule, link)| {
        let vain = link.controls.iter().filter(is_vain);
        vain.map(move |_| (&link.location, rule.metadata.id))
    })
}

/// The field whose text a place is in.
fn of<'n, 'v>(
    written: &'n [(&'static str, Node<'v>)],
    location: &Location,
    otherwise: &'n Node<'v>,
) -> &'n Node<'v> {
    let found = written.iter().find(|(name, _)| *name == location.file);
    found.map_or(otherwise, |(_, node)| node)
}

fn told(fault: &Fault) -> String {
    let rule = fault.rule.map_or(String::new(), |id| format!(" (rule {id})"));
    format!("line {}{rule}: {}", fault.location.line, fault.text)
}

/// Finds everything that the rules name.
pub(super) fn link(rules: &Rules<'_>) -> Result<Program, Vec<Fault>> {
    let linked = with_vm(|vm| {
        vm.store.borrow_mut().prune();
        let files = |name: &str| rules.data.get(name).cloned();
        Some(Program::link(
            &rules.set,
            rules.settings.clone(),
            &vm.store,
            &files,
            rules.prefilter.clone(),
        ))
    });
    linked.unwrap_or_else(|| Err(Vec::new()))
}

/// Fields that are a directive by another name: both together would leave open which counts.
const LIMITS: [(&str, &str); 5] = [
    ("request_body_limit", "SecRequestBodyLimit"),
    ("request_body_no_files_limit", "SecRequestBodyNoFilesLimit"),
    ("on_limit", "SecRequestBodyLimitAction"),
    ("response_body", "SecResponseBodyAccess"),
    ("response_body_limit", "SecResponseBodyLimit"),
];

/// What the fields' texts say.
struct Texts {
    statements: BTreeMap<String, Vec<Statement>>,
    /// `SecDefaultAction` as it stands where the rule set comes.
    defaults: Defaults,
}

/// Reads the texts as one: what `SecDefaultAction` says in one holds in the next.
fn texts(
    written: &[(&'static str, Node<'_>)],
    tx: &TxFields<'_>,
    limits: &[&'static str],
) -> Option<Texts> {
    let mut sources = Vec::new();
    let mut is_whole = true;
    let mut probed = false;
    for (name, node) in written {
        let Some(text) = node.string() else {
            is_whole = false;
            continue;
        };
        let text = match *name {
            "bundle" => match bundle::unpack(text) {
                Ok(text) => text,
                Err(fault) => {
                    node.fault(fault);
                    is_whole = false;
                    continue;
                }
            },
            _ => text.as_bytes().to_vec(),
        };
        if *name == "directives" {
            sources.push(defaults::probe());
            probed = true;
        }
        sources.push(Source { name: (*name).to_owned(), text });
    }
    if !probed {
        sources.push(defaults::probe());
    }
    let parsed = match parse(&sources) {
        Ok(parsed) => parsed,
        Err(faults) => {
            for fault in faults {
                let found = written.iter().find(|(name, _)| *name == fault.location.file);
                if let Some((_, node)) = found {
                    node.fault(told(&Fault {
                        location: fault.location,
                        rule: fault.rule,
                        text: fault.text,
                    }));
                }
            }
            return None;
        }
    };
    for warning in parsed.warnings {
        if let Some((_, node)) = written.iter().find(|(name, _)| *name == warning.location.file) {
            node.warn(format!("line {}: {}", warning.location.line, warning.text));
        }
    }
    let mut statements: BTreeMap<String, Vec<Statement>> = BTreeMap::new();
    for statement in parsed.statements {
        if let Some((_, node)) = written.iter().find(|(name, _)| *name == statement.location.file) {
            contradictions(&statement, node, tx, limits);
        }
        statements.entry(statement.location.file.clone()).or_default().push(statement);
    }
    let probed = statements.remove(defaults::PROBE).unwrap_or_default();
    is_whole.then_some(Texts { statements, defaults: Defaults::of(&probed) })
}

/// A directive beside the field that says the same.
fn contradictions(
    statement: &Statement,
    node: &Node<'_>,
    tx: &TxFields<'_>,
    limits: &[&'static str],
) {
    let line = statement.location.line;
    if let Directive::Setting(setting) = &statement.directive
        && let Some(directive) = directive_of(setting).filter(|name| limits.contains(name))
    {
        node.fault(format!(
            "line {line}: `{directive}` stands beside the field that says the same; keep one"
        ));
    }
    for name in assigned(statement) {
        if let Some(field) = tx.written(&name) {
            node.fault(format!(
                "line {line}: `tx.{}` is set beside the field `{field}`; keep one",
                String::from_utf8_lossy(&name)
            ));
        }
    }
}

fn directive_of(setting: &Setting) -> Option<&'static str> {
    Some(match setting {
        Setting::RequestBodyLimit(_) => "SecRequestBodyLimit",
        Setting::RequestBodyNoFilesLimit(_) => "SecRequestBodyNoFilesLimit",
        Setting::RequestBodyLimitAction(_) => "SecRequestBodyLimitAction",
        Setting::ResponseBodyAccess(_) => "SecResponseBodyAccess",
        Setting::ResponseBodyLimit(_) => "SecResponseBodyLimit",
        _ => return None,
    })
}

/// Variables of TX that a rule sets, counts up or takes away, in lower case.
fn assigned(statement: &Statement) -> Vec<Vec<u8>> {
    let assignments: Vec<&Assignment> = match &statement.directive {
        Directive::Rule(rule) => rule.links.iter().flat_map(|link| &link.assignments).collect(),
        Directive::UpdateActions(update) => update.assignments.iter().collect(),
        _ => Vec::new(),
    };
    let assignments = assignments.into_iter();
    assignments.filter_map(|one| Some(one.name.literal()?.to_ascii_lowercase())).collect()
}

fn data_files(node: &Node<'_>) -> BTreeMap<String, Vec<u8>> {
    let mut data = BTreeMap::new();
    for (name, node) in node.members().unwrap_or_default() {
        let Some(text) = node.string() else { continue };
        if text.len() > MAX_DATA {
            node.fault(format!("expected at most {MAX_DATA} bytes, but found {}", text.len()));
        }
        data.insert(name.to_owned(), text.as_bytes().to_vec());
    }
    data
}
