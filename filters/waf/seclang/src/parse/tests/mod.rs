//! The parser as tables: good text and what it means, bad text and what is said about it.

mod actions;
mod bounds;
mod faults;
mod files;
mod hostile;
mod listed;
mod operators;
mod rules;
mod targets;

use super::{Fault, Parsed, Source, parse};
use crate::syntax::{Directive, Link, Rule};

fn source(name: &str, text: impl AsRef<[u8]>) -> Source {
    Source { name: name.to_owned(), text: text.as_ref().to_vec() }
}

fn read(text: impl AsRef<[u8]>) -> Parsed {
    let text = text.as_ref();
    parse(&[source("rules", text)])
        .unwrap_or_else(|faults| panic!("{}: {faults:?}", String::from_utf8_lossy(text)))
}

fn faults(text: impl AsRef<[u8]>) -> Vec<Fault> {
    let text = text.as_ref();
    match parse(&[source("rules", text)]) {
        Ok(parsed) => panic!("read: {} {parsed:?}", String::from_utf8_lossy(text)),
        Err(faults) => faults,
    }
}

fn rules(parsed: &Parsed) -> Vec<Rule> {
    let rules = parsed.statements.iter().filter_map(|statement| match &statement.directive {
        Directive::Rule(rule) => Some((**rule).clone()),
        _ => None,
    });
    rules.collect()
}

fn rule(text: &str) -> Rule {
    let [rule] = &rules(&read(text))[..] else { panic!("expected one rule in {text}") };
    rule.clone()
}

/// The only link of a rule with these actions.
fn link(actions: &str) -> Link {
    rule(&format!("SecRule ARGS \"@rx a\" \"id:1,{actions}\"")).links.remove(0)
}

fn directive(text: &str) -> Directive {
    let mut parsed = read(text);
    assert_eq!(parsed.statements.len(), 1, "{text}");
    parsed.statements.remove(0).directive
}
