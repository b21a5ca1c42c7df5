//! What a match does at once: captures, variables, controls.

use portcullis_waf_bodies::Processor;
use portcullis_waf_seclang::syntax::{Control, TargetRemoval};

use super::evaluate::Running;
use super::tx::TxValue;
use super::{EngineError, Transaction, lower};
use crate::program::{CAPTURES, Change, Expr, LinkedAssignment};

impl Transaction {
    /// TX.0 to TX.9: what was captured, and nothing of an earlier match.
    pub(super) fn capture(&mut self, captures: Vec<Vec<u8>>) {
        let mut captures = captures.into_iter();
        for slot in 0..CAPTURES {
            // Captures have their room always.
            let _ = self.tx.set(slot, captures.next().map(TxValue::Text));
        }
    }

    pub(super) fn act(&mut self, running: &Running<'_>) {
        for assignment in &running.link.assignments {
            if self.assign(running, assignment).is_err() {
                self.error(EngineError::TxFull { rule: running.rule.metadata.id });
            }
        }
        let mut targets = running.link.removed.iter();
        for control in running.controls {
            match control {
                Control::RuleEngine(mode) => self.engine = lower(*mode, self.profile.ceiling),
                Control::Remove(removal) => self.removed.unite(&running.program.selected(removal)),
                Control::RemoveTarget(TargetRemoval { rules, .. }) => {
                    if let Some(point) = targets.next() {
                        self.exclude(running.program.selected(rules), point.clone());
                    }
                }
                Control::RequestBodyAccess(on) => self.body_access = *on,
                Control::ResponseBodyAccess(on) => self.response_access = *on,
                Control::ForceRequestBodyVariable(on) => self.force_body = *on,
                Control::RequestBodyProcessor(name) => {
                    self.choose_processor(Processor::named(name));
                }
                Control::Ignored(_) => {}
            }
        }
    }

    /// A rule that matches many values says it many times; once is enough.
    fn exclude(&mut self, rules: std::rc::Rc<crate::bits::Bits>, point: crate::program::Point) {
        /// More than all exclusions that rules could say of one request.
        const MAX_EXCLUSIONS: usize = 1000;
        let same = |(known, held): &(std::rc::Rc<_>, crate::program::Point)| {
            std::rc::Rc::ptr_eq(known, &rules) && held.same_as(&point)
        };
        if self.excluded.len() < MAX_EXCLUSIONS && !self.excluded.iter().any(same) {
            self.excluded.push((rules, point));
        }
    }

    fn assign(
        &mut self,
        running: &Running<'_>,
        assignment: &LinkedAssignment,
    ) -> Result<(), super::tx::Full> {
        let name = match assignment.slot {
            Some(_) => Vec::new(),
            None => {
                let name = self.expand(running.store, running.rule, &assignment.name);
                name.to_ascii_lowercase()
            }
        };
        let slot = assignment.slot.or_else(|| running.store.known_slot(&name));
        let held = match slot {
            Some(slot) => self.tx.get(slot),
            None => self.tx.get_other(&name),
        };
        let held = || held.map_or(0, TxValue::number);
        let value = match &assignment.change {
            Change::Set(value) => Some(self.assigned(running, value)),
            Change::Add(value) => {
                Some(TxValue::Number(held().saturating_add(self.number(running.store, value))))
            }
            Change::Subtract(value) => {
                Some(TxValue::Number(held().saturating_sub(self.number(running.store, value))))
            }
            Change::Remove => None,
        };
        match slot {
            Some(slot) => self.tx.set(slot, value),
            None => self.tx.set_other(name, value),
        }
    }

    fn assigned(&self, running: &Running<'_>, value: &Expr) -> TxValue {
        match value {
            Expr::Literal(text, number) if number.to_string().as_bytes() == text.as_slice() => {
                TxValue::Number(*number)
            }
            _ => TxValue::Text(self.expand(running.store, running.rule, value).into_owned()),
        }
    }
}
