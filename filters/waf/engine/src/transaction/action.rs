//! What a match does at once: captures, variables, controls.

use std::rc::Rc;

use portcullis_waf_bodies::Processor;
use portcullis_waf_seclang::syntax::{Control, TargetRemoval};

use super::evaluate::Running;
use super::tx::{Full, TxValue};
use super::{EngineError, Transaction, lower};
use crate::program::{CAPTURES, Change, Expr, LinkedAssignment};

impl Transaction {
    /// TX.0 to TX.9: what was captured, and nothing of an earlier match.
    pub(super) fn capture(&mut self, captures: Vec<Rc<[u8]>>) {
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
        let link = running.rule.links.get(running.depth);
        for control in link.map_or(&[][..], |link| &link.controls) {
            match control {
                Control::RuleEngine(mode) => self.engine = lower(*mode, self.profile.ceiling),
                Control::Remove(removal) => self.removed.unite(&running.program.selected(removal)),
                Control::RemoveTarget(TargetRemoval { rules, .. }) => {
                    if let Some(point) = targets.next() {
                        self.excluded.add(&running.program.selected(rules), point);
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

    fn assign(&mut self, running: &Running<'_>, assignment: &LinkedAssignment) -> Result<(), Full> {
        let name = match assignment.slot {
            Some(_) => Vec::new(),
            None => {
                let name =
                    self.expand(running.store, running.rule, &assignment.name).ok_or(Full)?;
                let mut name = name.into_owned();
                name.make_ascii_lowercase();
                name
            }
        };
        let slot = assignment.slot.or_else(|| running.store.known_slot(&name));
        let held = || {
            let held = match slot {
                Some(slot) => self.tx.get(slot),
                None => self.tx.get_other(&name),
            };
            held.map_or(0, TxValue::number)
        };
        let value = match &assignment.change {
            Change::Set(value) => Some(self.assigned(running, value).ok_or(Full)?),
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
            None => self.tx.set_other(&name, value),
        }
    }

    /// What is to be set; `None` where it is too long.
    fn assigned(&self, running: &Running<'_>, value: &Expr) -> Option<TxValue> {
        Some(match value {
            Expr::Literal(literal) if literal.is_number => TxValue::Number(literal.number),
            Expr::Literal(literal) => TxValue::Text(Rc::clone(&literal.text)),
            _ => TxValue::Text(self.expand(running.store, running.rule, value)?.as_ref().into()),
        })
    }
}
