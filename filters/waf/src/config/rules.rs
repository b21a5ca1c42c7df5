//! The rules of a program, in the order in which they are loaded.

use std::collections::BTreeMap;
use std::rc::Rc;

use portcullis_control::config::{Node, Section};
use portcullis_waf_engine::{Fault, Program, RuleSet, Settings, Tables};
use portcullis_waf_seclang::syntax::{AssignmentKind, Directive, Setting, Statement};
use portcullis_waf_seclang::{Source, parse};

use super::settings::TxFields;
use crate::rulesets::{Choice, with_vm};

/// The rules and what they look up.
pub(super) struct Rules {
    pub(super) set: RuleSet,
    /// What the directives say about the engine, before fields say otherwise.
    pub(super) settings: Settings,
    data: BTreeMap<String, Vec<u8>>,
    prefilter: Option<Rc<Tables>>,
}

/// Bytes of one data file, at most.
const MAX_DATA: usize = 1 << 20;

/// Reads `ruleset`, `setup`, `directives_before`, `directives` and `data_files`.
pub(super) fn read(section: &mut Section<'_>, tx: &TxFields) -> Option<Rules> {
    let choice = section.or("ruleset", Choice::DEFAULT, |node| {
        let choice = node
            .word(&[("crs", Choice::Crs), ("base", Choice::Base), ("none", Choice::None)])?;
        if choice == Choice::Crs && !Choice::HAS_CRS {
            node.fault("this module carries no CRS: load waf-crs.wasm or gateway-crs.wasm, which `make crs` builds");
        }
        Some(choice)
    });
    let setup = section.optional("setup");
    if let Some(node) = setup.as_ref().filter(|_| choice != Choice::Crs) {
        node.fault("expected `ruleset: crs` beside it: it stands for the setup of CRS");
    }
    let limits: Vec<&'static str> = LIMITS
        .iter()
        .filter(|(field, _)| section.has(field))
        .map(|(_, directive)| *directive)
        .collect();
    let mut own = |name| section.optional(name).map(|node| directives(&node, name, tx, &limits));
    let (before, after) = (own("directives_before"), own("directives"));
    let setup = setup.map(|node| directives(&node, "setup", tx, &limits));
    let data = section.optional("data_files").map(|node| data_files(&node)).unwrap_or_default();
    let statements = [setup, before, after].map(Option::unwrap_or_default);
    let [setup, before, after] = statements;
    let node = section.node().clone();
    let (set, prefilter) = with_vm(|vm| {
        let mut set = vm.recommended.clone();
        let chosen = vm.set(choice);
        let prefilter = chosen.and_then(|chosen| chosen.prefilter.clone());
        let extend = |set: &mut RuleSet, statements: Vec<Statement>| match set.extend(statements) {
            Ok(warnings) => {
                for warning in warnings {
                    let location = &warning.location;
                    node.warn(format!("{}:{}: {}", location.file, location.line, warning.text));
                }
            }
            Err(faults) => faults.iter().for_each(|fault| node.fault(place(fault))),
        };
        if setup.is_empty() {
            if let Some(chosen) = chosen {
                set.append(&chosen.setup);
            }
        } else {
            extend(&mut set, setup);
        }
        extend(&mut set, before);
        if let Some(chosen) = chosen {
            set.append(&chosen.rules);
        }
        extend(&mut set, after);
        Some((set, prefilter))
    })?;
    let settings = Settings::of(&set.settings);
    Some(Rules { set, settings, data, prefilter })
}

/// Finds everything that the rules name.
pub(super) fn link(rules: &Rules) -> Result<Program, Vec<Fault>> {
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

/// Where a fault is, and what it says.
pub(super) fn place(fault: &Fault) -> String {
    let rule = fault.rule.map_or(String::new(), |id| format!(" (rule {id})"));
    format!("{}:{}{rule}: {}", fault.location.file, fault.location.line, fault.text)
}

/// Fields that are a directive by another name: both together would leave open which counts.
const LIMITS: [(&str, &str); 5] = [
    ("request_body_limit", "SecRequestBodyLimit"),
    ("request_body_no_files_limit", "SecRequestBodyNoFilesLimit"),
    ("on_limit", "SecRequestBodyLimitAction"),
    ("response_body", "SecResponseBodyAccess"),
    ("response_body_limit", "SecResponseBodyLimit"),
];

fn directives(
    node: &Node<'_>,
    name: &'static str,
    tx: &TxFields,
    limits: &[&'static str],
) -> Vec<Statement> {
    let Some(text) = node.string() else { return Vec::new() };
    let source = Source { name: name.to_owned(), text: text.as_bytes().to_vec() };
    let parsed = match parse(&[source]) {
        Ok(parsed) => parsed,
        Err(faults) => {
            for fault in faults {
                let rule = fault.rule.map_or(String::new(), |id| format!(" (rule {id})"));
                node.fault(format!("line {}{rule}: {}", fault.location.line, fault.text));
            }
            return Vec::new();
        }
    };
    for warning in parsed.warnings {
        node.warn(format!("line {}: {}", warning.location.line, warning.text));
    }
    for statement in &parsed.statements {
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
    parsed.statements
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

/// Variables of TX that a rule sets to a value of its own, in lower case.
fn assigned(statement: &Statement) -> Vec<Vec<u8>> {
    let Directive::Rule(rule) = &statement.directive else { return Vec::new() };
    let assignments = rule.links.iter().flat_map(|link| &link.assignments);
    assignments
        .filter(|assignment| matches!(assignment.kind, AssignmentKind::Set(_)))
        .filter_map(|assignment| Some(assignment.name.literal()?.to_ascii_lowercase()))
        .collect()
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
