//! Which matches of a rule leave what they captured in TX.0 to TX.9.

use portcullis_waf_seclang::syntax::Variable;

use super::link::{Change, LinkedAssignment, LinkedTarget};
use super::{CAPTURES, Expr, Op, Point, PointSelector};

/// Whose captures are found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Capture {
    /// Nobody's.
    Nothing,
    /// Each match's, at once.
    Each,
    /// Those of the last match, once all values were asked: nothing reads what earlier ones left, and of a request with
    /// very many values that match, groups would be found for each.
    Last,
}

impl Capture {
    /// What a link with `capture` asks for.
    pub(super) fn of(op: &Op, targets: &[LinkedTarget], assignments: &[LinkedAssignment]) -> Self {
        let concerned = targets.iter().any(|target| concerns(&target.point))
            || assignments.iter().any(|assignment| {
                let own = assignment.slot.is_none_or(|slot| slot < CAPTURES);
                own || match &assignment.change {
                    Change::Set(value) | Change::Add(value) | Change::Subtract(value) => {
                        reads(value)
                    }
                    Change::Remove => false,
                }
            });
        // Others than patterns have found what they capture when they match.
        if matches!(op, Op::Rx(_)) && !concerned { Capture::Last } else { Capture::Each }
    }
}

/// True if captures may be in what a text is made of.
fn reads(expression: &Expr) -> bool {
    expression.macros().any(concerns)
}

/// True if captures may be among the values that a point means; a message may show them, too.
fn concerns(point: &Point) -> bool {
    match point.list.variable() {
        Variable::Tx => !matches!(point.selector, PointSelector::Slot(slot) if slot >= CAPTURES),
        Variable::Rule => true,
        _ => false,
    }
}
