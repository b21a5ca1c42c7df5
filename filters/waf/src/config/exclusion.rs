//! `exclusions`: rules that a route leaves out, whole or for a target, in addition to what is left out already.

use portcullis_control::config::Node;
use portcullis_control::route::RouteMatch;
use portcullis_waf_engine::Exclusion;
use portcullis_waf_seclang::syntax::{IdRange, Removal, VariableRef};

/// Exclusions, each list with the requests that it is for; `None`: all.
pub(super) type Exclusions = Vec<(Option<RouteMatch>, Vec<Exclusion>)>;

pub(super) fn read(node: &Node<'_>) -> Exclusions {
    let items = node.list().unwrap_or_default();
    items.iter().filter_map(read_one).collect()
}

fn read_one(node: &Node<'_>) -> Option<(Option<RouteMatch>, Vec<Exclusion>)> {
    node.section(|section| {
        let found = section.optional("match").map(|node| RouteMatch::read(&node));
        let mut rules = Vec::new();
        if let Some(node) = section.optional("rules") {
            let ranges: Vec<IdRange> = node.list()?.iter().filter_map(read_range).collect();
            if !ranges.is_empty() {
                rules.push(Removal::Ids(ranges));
            }
        }
        if let Some(node) = section.optional("tags") {
            rules.extend(node.texts()?.into_iter().map(|tag| Removal::Tag(tag.to_owned())));
        }
        if rules.is_empty() {
            section.node().fault("expected `rules` or `tags`: what is left out");
        }
        let targets = match section.optional("targets") {
            None => None,
            Some(node) => {
                Some(node.list()?.iter().filter_map(read_target).collect::<Vec<VariableRef>>())
            }
        };
        let exclusions = match targets {
            None => rules.into_iter().map(|rules| Exclusion { rules, target: None }).collect(),
            Some(targets) => rules
                .iter()
                .flat_map(|rules| {
                    targets.iter().map(|target| Exclusion {
                        rules: rules.clone(),
                        target: Some(target.clone()),
                    })
                })
                .collect(),
        };
        match found {
            None => Some((None, exclusions)),
            Some(found) => Some((Some(found?), exclusions)),
        }
    })
}

/// `942100`, or `"942100-942999"`.
fn read_range(node: &Node<'_>) -> Option<IdRange> {
    const LARGEST: u64 = u32::MAX as u64;
    if let Some(text) = node.value().as_str() {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        if let (Ok(first), Ok(last)) = (first.trim().parse(), last.trim().parse())
            && first <= last
        {
            return Some(IdRange { first, last });
        }
        node.fault(format!(
            "expected a rule's id or a range such as `942100-942999`, but found `{text}`"
        ));
        return None;
    }
    let id = u32::try_from(node.integer(1..=LARGEST)?).ok()?;
    Some(IdRange { first: id, last: id })
}

fn read_target(node: &Node<'_>) -> Option<VariableRef> {
    let text = node.text()?;
    match portcullis_waf_seclang::parse_variable(text) {
        Ok(reference) => Some(reference),
        Err(error) => {
            node.fault(format!(
                "expected a target such as `ARGS:password`, but found `{text}`: {error}"
            ));
            None
        }
    }
}
