//! What an operator sees of a rule's texts: what the client sent is in them as the profile allows.

use std::rc::Rc;

use portcullis_waf_seclang::syntax::{Expression, Rule, Selector, Variable, VariableRef};

use super::Transaction;
use super::expand::{known_point, own_text};
use super::matched::full_name;
use super::tx::TxValue;
use crate::log::{DataPolicy, LogData};
use crate::program::{Point, PointSelector, Store};

impl Transaction {
    /// The rule's data; nothing of it where nothing is to be shown.
    pub(super) fn expand_data(
        &self,
        store: &Store,
        rule: &Rc<Rule>,
        expression: &Expression,
    ) -> Vec<u8> {
        match &self.profile.log_data {
            LogData::None => Vec::new(),
            _ => self.expand_shown(store, rule, expression),
        }
    }

    /// Its message or a tag: an author's words are shown in any case, and what he counted.
    pub(super) fn expand_shown(
        &self,
        store: &Store,
        rule: &Rc<Rule>,
        expression: &Expression,
    ) -> Vec<u8> {
        let policy = match &self.profile.log_data {
            LogData::Full => return self.expand_syntax(store, rule, expression),
            LogData::Matched(policy) => Some(policy),
            LogData::None => None,
        };
        self.expand_pieces(store, expression, |reference, text| {
            if let (Variable::Rule, Selector::Name(name)) =
                (reference.variable, &reference.selector)
            {
                text.extend_from_slice(&self.shown_of_rule(store, rule, name, policy));
            } else if let Some(point) = known_point(store, reference) {
                self.append_shown(store, reference, &point, policy, text);
            }
            true
        })
    }

    /// As [`Transaction::of_rule`]; a message within a message shows no more than by itself.
    fn shown_of_rule(
        &self,
        store: &Store,
        rule: &Rc<Rule>,
        name: &[u8],
        policy: Option<&DataPolicy>,
    ) -> Vec<u8> {
        let Some(own) = own_text(rule, name) else { return self.of_rule(store, rule, name) };
        self.expand_pieces(store, own, |reference, text| {
            // One that names itself has no end.
            if reference.variable != Variable::Rule
                && let Some(point) = known_point(store, reference)
            {
                self.append_shown(store, reference, &point, policy, text);
            }
            true
        })
    }

    fn append_shown(
        &self,
        store: &Store,
        reference: &VariableRef,
        point: &Point,
        policy: Option<&DataPolicy>,
        text: &mut Vec<u8>,
    ) {
        let counted = match &point.selector {
            PointSelector::Slot(slot) => matches!(self.tx.get(*slot), Some(TxValue::Number(_))),
            _ => reference.variable == Variable::HighestSeverity,
        };
        if counted {
            self.append_plain(store, point, text);
        } else if reference.variable == Variable::MatchedVarName {
            let name = self.plain(store, point);
            text.extend_from_slice(&self.profile.log_data.name(&name));
        } else if let Some(policy) = policy {
            let value = self.plain(store, point);
            let origins = self.origins(store, reference, point);
            policy.append(origins.iter().map(Vec::as_slice), &value, text);
        }
    }

    /// The names of what a value may have come from: a capture is of any match of the chain.
    fn origins(&self, store: &Store, reference: &VariableRef, point: &Point) -> Vec<Vec<u8>> {
        match reference.variable {
            Variable::MatchedVar => vec![self.matched.name(&self.values, store)],
            Variable::Tx | Variable::MatchedVars => {
                let chain = self.matches_of_chain.iter().chain([&self.matched]);
                chain.map(|matched| matched.name(&self.values, store)).collect()
            }
            _ => {
                let mut named = self.values.named(point.list);
                let found = named.find(|(name, _)| point.means(name, false));
                vec![full_name(point.list, found.map_or(&[], |(name, _)| name))]
            }
        }
    }
}
