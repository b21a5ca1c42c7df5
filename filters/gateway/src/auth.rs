//! `auth`: whether all controls that say who is calling have to let a request pass, or one of some of them.

use portcullis_control::config::Node;
use portcullis_control::mode::Mode;
use portcullis_control::policy::Kind;
use portcullis_control::program::{BodyHold, Slot};

/// The name of the field.
pub(crate) const FIELD: &str = "auth";

/// The base, or a route.
pub(crate) struct Here<'h> {
    /// Its controls, as far as nothing is wrong with them.
    pub(crate) slots: &'h [Slot],
    /// How bodies are held.
    pub(crate) body_hold: BodyHold,
    /// True for controls that are configured, right or wrong.
    pub(crate) is_written: &'h dyn Fn(&str) -> bool,
    /// Where faults of a control that is named there are told.
    pub(crate) tell: &'h dyn Fn(&Node<'_>, String),
}

/// `{any_of: […]}` or `{all_of: […]}`, as it is written.
pub(crate) struct Auth<'v> {
    any: bool,
    names: Vec<(&'static str, Node<'v>)>,
}

impl<'v> Auth<'v> {
    /// Reads the field; only a control that says who is calling can be named.
    pub(crate) fn read(node: &Node<'v>, kinds: &[Kind]) -> Option<Self> {
        node.section(|section| {
            let (any_of, all_of) = (section.optional("any_of"), section.optional("all_of"));
            match (any_of, all_of) {
                (Some(list), None) => Some(Auth { any: true, names: read_names(&list, kinds)? }),
                (None, Some(list)) => Some(Auth { any: false, names: read_names(&list, kinds)? }),
                _ => {
                    node.fault("expected either any_of or all_of");
                    None
                }
            }
        })
    }

    /// The controls that are named.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.names.iter().map(|(name, _)| *name)
    }

    /// The alternatives among the controls of the base or a route, in the order in which they are named.
    pub(crate) fn alternatives(&self, here: &Here<'_>) -> Vec<&'static str> {
        let mut alternatives = Vec::new();
        let mut holder = None;
        for (name, node) in &self.names {
            if !(here.is_written)(name) {
                let message =
                    format!("expected a control that is configured here, but `{name}` is not");
                (here.tell)(node, message);
            }
            let slot = here.slots.iter().find(|slot| slot.kind.name == *name);
            let Some(slot) = slot.filter(|slot| self.any && slot.mode != Mode::Off) else {
                continue;
            };
            if slot.policy.lets_anybody_pass() {
                let message = format!(
                    "expected `{name}` without `anonymous`: where one of any_of never refuses, those behind it are \
                     never asked"
                );
                (here.tell)(node, message);
            }
            if let Some(holder) = holder {
                let message = format!(
                    "expected `{holder}` behind `{name}`: with body_hold `stream` headers are gone when it has seen the \
                     body, and what `{name}` says of the caller could not be told"
                );
                (here.tell)(node, message);
            }
            let holds = here.body_hold == BodyHold::Stream && slot.policy.may_hold_request();
            holder = holder.or(holds.then_some(name));
            alternatives.push(*name);
        }
        alternatives
    }
}

fn read_names<'v>(list: &Node<'v>, kinds: &[Kind]) -> Option<Vec<(&'static str, Node<'v>)>> {
    let words: Vec<(&'static str, &'static str)> = kinds
        .iter()
        .filter(|kind| kind.may_be_alternative())
        .map(|kind| (kind.name, kind.name))
        .collect();
    let items = list.list()?;
    if items.len() < 2 {
        list.fault(format!("expected at least two controls, but found {}", items.len()));
    }
    let mut names: Vec<(&'static str, Node<'v>)> = Vec::new();
    for item in items {
        let Some(name) = item.word(&words) else { continue };
        if names.iter().any(|(other, _)| *other == name) {
            item.fault(format!("expected each control once, but `{name}` stands here again"));
            continue;
        }
        names.push((name, item));
    }
    Some(names)
}
