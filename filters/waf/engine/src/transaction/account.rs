//! What a transaction tells of the request itself, for those who write it down: as the rules saw it.

use portcullis_waf_seclang::syntax::Variable;

use super::Transaction;
use super::matched::Matched;
use crate::program::{LinkedRule, List, Store};

/// What stands before the names of values that an earlier part of a chain matched.
const AGAIN: &[u8] = b"MATCHED_VARS:";

/// Names of what a rule matched that are kept, at most; of what comes behind them only the variable is.
const MAX_TARGETS: usize = 16;

impl Transaction {
    /// The names and values of a variable of the request or response (`REQUEST_HEADERS`).
    pub fn values_of(&self, variable: Variable) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.values.named(List::of(variable))
    }

    /// `SecComponentSignature` of its rules, in order.
    #[must_use]
    pub fn signatures(&self) -> &[String] {
        self.program.signatures()
    }

    /// What of the request or response made a rule match, by name: without it, the rule would not have matched. Of a chain
    /// that looked at its matches again, those that it still found; else what the first part that looked at the request
    /// found.
    pub(super) fn targets(&self, store: &Store, linked: &LinkedRule) -> Vec<Vec<u8>> {
        let name = |matched: &Matched| matched.name(&self.values, store);
        let all = &self.matches_of_chain;
        // How often its names were looked at again, and what they were called at first.
        let depth = |matched: &Matched| {
            let name = name(matched);
            let mut rest = name.as_slice();
            let mut depth = 0_usize;
            while let Some(inner) = rest.strip_prefix(AGAIN) {
                (rest, depth) = (inner, depth.saturating_add(1));
            }
            (depth, rest.to_vec())
        };
        let depths: Vec<(usize, Vec<u8>)> = all.iter().map(depth).collect();
        let deepest = depths.iter().map(|(depth, _)| *depth).max().unwrap_or_default();
        let mut found = Vec::new();
        let mut take = |name: Vec<u8>| {
            let full = found.len() >= MAX_TARGETS;
            let name = if full { variable_of(&name).to_vec() } else { name };
            if !found.contains(&name) {
                found.push(name);
            }
        };
        if deepest > 0 {
            let deep = depths.into_iter().filter(|(depth, _)| *depth == deepest);
            deep.for_each(|(_, name)| take(self.profile.log_data.name(&name)));
            return found;
        }
        let own = |matched: &&Matched| list_of(matched).is_some_and(|list| !list.is_dynamic());
        let Some(first) = all.iter().find(own).and_then(list_of) else { return found };
        let link = linked.links.iter().find(|link| looks_at(link, first));
        let of_link = |matched: &&Matched| {
            let list = list_of(matched);
            list.is_some_and(|list| link.is_some_and(|link| looks_at(link, list)))
        };
        all.iter()
            .skip_while(|m| !own(m))
            .take_while(of_link)
            .for_each(|m| take(self.profile.log_data.name(&name(m))));
        found
    }
}

/// The list of a match in what the request or response holds.
fn list_of(matched: &Matched) -> Option<List> {
    match matched {
        Matched::Item(list, ..) => Some(*list),
        _ => None,
    }
}

fn looks_at(link: &crate::program::LinkedLink, list: List) -> bool {
    link.targets.iter().any(|target| target.point.list == list)
}

/// `ARGS` of `ARGS:q`.
fn variable_of(name: &[u8]) -> &[u8] {
    name.split(|byte| *byte == b':').next().unwrap_or_default()
}
