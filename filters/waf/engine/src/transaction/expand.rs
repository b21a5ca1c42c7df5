//! Macros: text with the values of this transaction in it.

use std::borrow::Cow;
use std::rc::Rc;

use portcullis_waf_operators::number::number;
use portcullis_waf_seclang::syntax::{Expression, Piece, Rule, Selector, Variable};

use super::Transaction;
use super::matched::Matched;
use super::tx::TxValue;
use crate::program::{Expr, List, Part, Point, PointSelector, Store};

/// The longest text that macros may make; a rule that repeats a value must not fill the memory. As long as the longest
/// value that is looked at whole. A message is cut there; what rules go on with is an error, as behind the cut an attack
/// may stand.
const MAX_EXPANDED: usize = 128 << 10;

/// A value that rules made: its name, and its text.
pub(super) type Named = (Rc<[u8]>, Rc<[u8]>);

/// What `RULE` has of the rule that runs.
pub(super) const RULE_MEMBERS: [&[u8]; 8] =
    [b"id", b"rev", b"ver", b"severity", b"maturity", b"accuracy", b"msg", b"logdata"];

/// HIGHEST_SEVERITY before anything matched (ModSecurity).
const NO_SEVERITY: i64 = 255;

impl Transaction {
    /// A text, ready; `None` where it would be too long.
    pub(super) fn expand<'e>(
        &'e self,
        store: &Store,
        rule: &Rule,
        expression: &'e Expr,
    ) -> Option<Cow<'e, [u8]>> {
        if let Expr::Literal(literal) = expression {
            return Some(Cow::Borrowed(&literal.text));
        }
        if let Some(text) = self.held(expression) {
            return Some(Cow::Borrowed(text));
        }
        let text = written(expression, |point, text| self.append(store, rule, point, text));
        text.map(Cow::Owned)
    }

    /// What TX holds where an expression is one slot of it and nothing else.
    fn held(&self, expression: &Expr) -> Option<&[u8]> {
        match expression {
            Expr::Single(Point { selector: PointSelector::Slot(slot), .. }) => {
                match self.tx.get(*slot)? {
                    TxValue::Text(text) => Some(text),
                    TxValue::Number(_) => None,
                }
            }
            _ => None,
        }
    }

    /// A text as a number.
    pub(super) fn number(&self, store: &Store, expression: &Expr) -> i64 {
        match expression {
            Expr::Literal(literal) => literal.number,
            Expr::Single(Point { selector: PointSelector::Slot(slot), .. }) => {
                self.tx.get(*slot).map_or(0, TxValue::number)
            }
            // No number is so long.
            _ => written(expression, |point, text| self.append_plain(store, point, text))
                .map_or(0, |text| number(&text)),
        }
    }

    fn append(&self, store: &Store, rule: &Rule, point: &Point, text: &mut Vec<u8>) {
        if point.list == List::of(Variable::Rule) {
            if let PointSelector::Name(name) = &point.selector {
                text.extend_from_slice(&self.of_rule(store, rule, name));
            }
        } else {
            self.append_plain(store, point, text);
        }
    }

    /// Adds the first value that a point means.
    pub(super) fn append_plain(&self, store: &Store, point: &Point, text: &mut Vec<u8>) {
        text.extend_from_slice(&self.plain(store, point));
    }

    /// The first value that a point means.
    pub(super) fn plain(&self, store: &Store, point: &Point) -> Cow<'_, [u8]> {
        if let PointSelector::Slot(slot) = &point.selector {
            return self.tx.get(*slot).map_or(Cow::Borrowed(&[]), TxValue::as_text);
        }
        if point.list.variable() == Variable::MatchedVar {
            return self.matched.text(&self.values);
        }
        if point.list.is_dynamic() {
            let first = self.dynamic(store, point).into_iter().next();
            return first.map_or(Cow::Borrowed(&[]), |(_, value)| Cow::Owned(value.to_vec()));
        }
        let mut named = self.values.named(point.list);
        let found = named.find(|(name, _)| point.means(name, false));
        Cow::Borrowed(found.map_or(&[], |(_, value)| value))
    }

    /// `%{rule.id}` and the like.
    pub(super) fn of_rule(&self, store: &Store, rule: &Rule, name: &[u8]) -> Vec<u8> {
        if let Some(own) = own_text(rule, name) {
            return self.expand_without_rule(store, own);
        }
        let metadata = &rule.metadata;
        let number = |number: Option<u8>| number.map_or(Vec::new(), |n| n.to_string().into_bytes());
        match name {
            b"id" => metadata.id.to_string().into_bytes(),
            b"rev" => metadata.rev.clone().into_bytes(),
            b"ver" => metadata.ver.clone().into_bytes(),
            b"severity" => number(metadata.severity),
            b"maturity" => number(metadata.maturity),
            b"accuracy" => number(metadata.accuracy),
            _ => Vec::new(),
        }
    }

    /// A message: expanded from its source, as only what matched is logged.
    pub(super) fn expand_syntax(
        &self,
        store: &Store,
        rule: &Rc<Rule>,
        expression: &Expression,
    ) -> Vec<u8> {
        self.expand_pieces(store, expression, |reference, text| {
            if reference.variable == Variable::Rule
                && let Selector::Name(name) = &reference.selector
            {
                text.extend_from_slice(&self.of_rule(store, rule, name));
                return true;
            }
            false
        })
    }

    fn expand_without_rule(&self, store: &Store, expression: &Expression) -> Vec<u8> {
        self.expand_pieces(store, expression, |_, _| false)
    }

    pub(super) fn expand_pieces(
        &self,
        store: &Store,
        expression: &Expression,
        mut own: impl FnMut(&portcullis_waf_seclang::syntax::VariableRef, &mut Vec<u8>) -> bool,
    ) -> Vec<u8> {
        let mut text = Vec::new();
        for piece in &expression.0 {
            match piece {
                Piece::Literal(literal) => text.extend_from_slice(literal),
                Piece::Macro(reference) if own(reference, &mut text) => {}
                Piece::Macro(reference) => {
                    if let Some(point) = known_point(store, reference) {
                        self.append_plain(store, &point, &mut text);
                    }
                }
            }
            if text.len() > MAX_EXPANDED {
                text.truncate(MAX_EXPANDED);
                break;
            }
        }
        text
    }

    /// The values that rules make, by name.
    pub(super) fn dynamic(&self, store: &Store, point: &Point) -> Vec<Named> {
        let one = |value: Rc<[u8]>| vec![(Rc::from([]), value)];
        match point.list.variable() {
            Variable::Tx => match &point.selector {
                PointSelector::Slot(slot) => {
                    let value = self.tx.get(*slot).into_iter();
                    value.map(|value| (store.shared_name(*slot), value.text())).collect()
                }
                PointSelector::Slots(slots) => {
                    let matching = slots.matching(store);
                    let of_slots = matching.iter().filter_map(|slot| {
                        let value = self.tx.get(*slot)?;
                        Some((store.shared_name(*slot), value.text()))
                    });
                    let others = self.tx.others().filter(|(name, _)| slots.means(name, true));
                    let others = others.map(|(name, value)| (Rc::clone(name), value.text()));
                    of_slots.chain(others).collect()
                }
                _ => self
                    .tx
                    .all(store)
                    .filter(|(name, _)| point.means(name, true))
                    .map(|(name, value)| (name, value.text()))
                    .collect(),
            },
            Variable::MatchedVar => one(self.matched.value(&self.values)),
            Variable::MatchedVarName => one(self.matched.name(&self.values, store).into()),
            Variable::MatchedVars => {
                self.of_chain(store, point, |_, matched| matched.value(&self.values))
            }
            Variable::MatchedVarsNames => self.of_chain(store, point, |name, _| Rc::clone(name)),
            Variable::HighestSeverity => {
                let severity = self.highest_severity.map_or(NO_SEVERITY, i64::from);
                one(TxValue::Number(severity).text())
            }
            _ => Vec::new(),
        }
    }

    fn of_chain(
        &self,
        store: &Store,
        point: &Point,
        pick: impl Fn(&Rc<[u8]>, &Matched) -> Rc<[u8]>,
    ) -> Vec<Named> {
        let all = self.matches_of_chain.iter();
        let named = all.map(|matched| (Rc::from(matched.name(&self.values, store)), matched));
        named
            .filter(|(name, _)| point.means(name, true))
            .map(|(name, matched)| {
                let text = pick(&name, matched);
                (name, text)
            })
            .collect()
    }
}

/// The text of a member of `RULE` that has macros.
pub(super) fn own_text<'r>(rule: &'r Rule, name: &[u8]) -> Option<&'r Expression> {
    let mut links = rule.links.iter();
    match name {
        b"msg" => links.find_map(|link| link.msg.as_ref()),
        b"logdata" => links.find_map(|link| link.logdata.as_ref()),
        _ => None,
    }
}

/// An expression with its macros written by somebody who knows their values; `None` where it would be too long.
fn written(expression: &Expr, mut write: impl FnMut(&Point, &mut Vec<u8>)) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    match expression {
        Expr::Literal(literal) => text.extend_from_slice(&literal.text),
        Expr::Single(point) => write(point, &mut text),
        Expr::Parts(parts) => {
            text.reserve(parts.iter().map(Part::room).sum());
            for part in parts {
                match part {
                    Part::Literal(literal) => text.extend_from_slice(literal),
                    Part::Macro(point) => write(point, &mut text),
                }
                if text.len() > MAX_EXPANDED {
                    return None;
                }
            }
        }
    }
    Some(text)
}

/// The point of a macro whose names are known; what no rule ever set is nowhere.
pub(super) fn known_point(
    store: &Store,
    reference: &portcullis_waf_seclang::syntax::VariableRef,
) -> Option<Point> {
    let list = List::of(reference.variable);
    let selector = match &reference.selector {
        Selector::Name(name) if reference.variable == Variable::Tx => {
            PointSelector::Slot(store.known_slot(&name.to_ascii_lowercase())?)
        }
        Selector::Name(name) => PointSelector::Name(name.clone()),
        Selector::All | Selector::XmlText => PointSelector::All,
        Selector::XmlAttributes | Selector::Pattern(_) => return None,
    };
    Some(Point { list, selector })
}
