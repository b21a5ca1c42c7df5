//! `exclusions`: rules that a route leaves out, whole or for a target, in addition to what is left out already.

use portcullis_control::config::Node;
use portcullis_control::route::RouteMatch;
use portcullis_waf_engine::Exclusion;
use portcullis_waf_seclang::syntax::{IdRange, Removal, VariableRef};

/// One entry of the list.
pub(super) struct Written<'v> {
    pub(super) node: Node<'v>,
    /// The requests that it is for; `None`: all.
    pub(super) found: Option<RouteMatch>,
    pub(super) rules: Vec<Removal>,
    /// What the rules no longer look at; `None`: they don't run.
    targets: Option<Vec<VariableRef>>,
}

impl Written<'_> {
    /// Each rule with each target.
    pub(super) fn all(&self) -> Vec<Exclusion> {
        let of = |rules: &Removal, target: Option<&VariableRef>| Exclusion {
            rules: rules.clone(),
            target: target.cloned(),
        };
        match &self.targets {
            None => self.rules.iter().map(|rules| of(rules, None)).collect(),
            Some(targets) => self
                .rules
                .iter()
                .flat_map(|rules| targets.iter().map(|target| of(rules, Some(target))))
                .collect(),
        }
    }
}

pub(super) fn read<'v>(node: &Node<'v>) -> Vec<Written<'v>> {
    let items = node.list().unwrap_or_default();
    items.iter().filter_map(read_one).collect()
}

fn read_one<'v>(node: &Node<'v>) -> Option<Written<'v>> {
    node.section(|section| {
        let found = section.optional("match").map(|node| RouteMatch::read(&node));
        let mut rules = Vec::new();
        if let Some(node) = section.optional("rules") {
            let ranges = node.list().unwrap_or_default();
            let ranges = ranges.iter().filter_map(read_range);
            rules.extend(ranges.map(|range| Removal::Ids(vec![range])));
        }
        if let Some(node) = section.optional("tags") {
            let tags = node.texts().unwrap_or_default();
            rules.extend(tags.into_iter().map(|tag| Removal::Tag(tag.to_owned())));
        }
        if rules.is_empty() {
            section.node().fault("expected `rules` or `tags`: what is left out");
        }
        let targets = section.optional("targets").map(|node| {
            let list = node.list();
            if list.as_ref().is_some_and(|list| list.is_empty()) {
                node.fault(
                    "expected a target at least; without `targets` the rules are not run at all",
                );
            }
            list.unwrap_or_default().iter().filter_map(read_target).collect()
        });
        let found = match found {
            None => None,
            Some(found) => Some(found?),
        };
        Some(Written { node: section.node().clone(), found, rules, targets })
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
