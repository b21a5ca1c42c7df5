//! Rules with everything found that they name.

use std::rc::Rc;

use portcullis_waf_seclang::syntax::{AssignmentKind, Control, Link, Rule, Target, TargetRemoval};

use super::{Expr, Files, Op, PipelineId, Point, Store, ViewId};
use crate::ruleset::{Fault, Selected};

/// A rule that is ready to run.
#[derive(Debug)]
pub(crate) struct LinkedRule {
    /// What it was made of: metadata, messages, what becomes of the request.
    pub(crate) rule: Rc<Rule>,
    /// The head and its chain.
    pub(crate) links: Vec<LinkedLink>,
}

/// One rule of a chain.
#[derive(Debug)]
pub(crate) struct LinkedLink {
    pub(crate) targets: Vec<LinkedTarget>,
    pub(crate) excluded: Vec<Point>,
    pub(crate) op: Op,
    pub(crate) negated: bool,
    /// What is looked at of each value: the end of the pipeline, or with `multiMatch` every stage, 'none' first.
    pub(crate) stages: Vec<PipelineId>,
    /// What a value must have, by its number in the program's prefilter.
    pub(crate) condition: Option<usize>,
    pub(crate) capture: bool,
    pub(crate) assignments: Vec<LinkedAssignment>,
    /// Whom `ctl:ruleRemoveTarget…` takes what from, in the order of the link's controls.
    pub(crate) removed: Vec<Point>,
}

/// One target.
#[derive(Debug)]
pub(crate) struct LinkedTarget {
    pub(crate) point: Point,
    /// `&…`
    pub(crate) count: bool,
    /// Its list through each stage.
    pub(crate) views: Vec<ViewId>,
}

/// `setvar`.
#[derive(Debug)]
pub(crate) struct LinkedAssignment {
    pub(crate) name: Expr,
    /// The slot, where the name has no macros.
    pub(crate) slot: Option<usize>,
    pub(crate) change: Change,
}

/// What becomes of the variable.
#[derive(Debug)]
pub(crate) enum Change {
    Set(Expr),
    Add(Expr),
    Subtract(Expr),
    Remove,
}

impl LinkedRule {
    pub(super) fn link(
        rule: &Rc<Rule>,
        store: &mut Store,
        files: &Files<'_>,
        faults: &mut Vec<Fault>,
    ) -> Option<LinkedRule> {
        let mut links = Vec::with_capacity(rule.links.len());
        let mut whole = true;
        for link in &rule.links {
            match LinkedLink::link(link, store, files) {
                Ok(linked) => links.push(linked),
                Err(text) => {
                    whole = false;
                    let id = rule.metadata.id;
                    faults.push(Fault {
                        location: link.location.clone(),
                        rule: (id != 0).then_some(id),
                        text,
                    });
                }
            }
        }
        whole.then(|| LinkedRule { rule: Rc::clone(rule), links })
    }
}

impl LinkedLink {
    fn link(link: &Link, store: &mut Store, files: &Files<'_>) -> Result<LinkedLink, String> {
        let mut targets = Vec::new();
        let mut excluded = Vec::new();
        for target in &link.targets {
            match target {
                Target::Values(reference) => targets.push(LinkedTarget {
                    point: Point::link(reference, store)?,
                    count: false,
                    views: Vec::new(),
                }),
                Target::Count(reference) => targets.push(LinkedTarget {
                    point: Point::link(reference, store)?,
                    count: true,
                    views: Vec::new(),
                }),
                Target::Exclude(reference) => excluded.push(Point::link(reference, store)?),
            }
        }
        let op = Op::link(&link.test.operator, store, files)?;
        let mut intern = |sequence: &[_]| {
            store.pipelines.intern(sequence).ok_or_else(|| {
                "there are more sequences of transformations than can be told apart".to_owned()
            })
        };
        let length = link.transformations.len();
        let first = if link.multi_match { 0 } else { length };
        let stages = (first..=length)
            .map(|end| intern(link.transformations.get(..end).unwrap_or_default()))
            .collect::<Result<Vec<_>, _>>()?;
        // Each list of values through each pipeline is looked at once, for all rules together.
        for target in targets.iter_mut().filter(|target| !target.count) {
            let list = target.point.list;
            target.views = stages.iter().map(|stage| store.view(list, *stage)).collect();
        }
        let assignments = link.assignments.iter().map(|assignment| {
            let name = Expr::link(&assignment.name, store)?;
            let slot = match &name {
                Expr::Literal(name, _) => Some(store.slot(name)),
                _ => None,
            };
            let change = match &assignment.kind {
                AssignmentKind::Set(value) => Change::Set(Expr::link(value, store)?),
                AssignmentKind::Add(value) => Change::Add(Expr::link(value, store)?),
                AssignmentKind::Subtract(value) => Change::Subtract(Expr::link(value, store)?),
                AssignmentKind::Remove => Change::Remove,
            };
            Ok(LinkedAssignment { name, slot, change })
        });
        let assignments = assignments.collect::<Result<_, String>>()?;
        let mut removed = Vec::new();
        for control in &link.controls {
            match control {
                Control::Remove(removal) => drop(Selected::try_of(removal)?),
                Control::RemoveTarget(TargetRemoval { rules, target }) => {
                    drop(Selected::try_of(rules)?);
                    removed.push(Point::link(target, store)?);
                }
                _ => {}
            }
        }
        Ok(LinkedLink {
            targets,
            excluded,
            op,
            negated: link.test.negated,
            stages,
            condition: link.condition.and_then(|number| usize::try_from(number).ok()),
            capture: link.capture,
            assignments,
            removed,
        })
    }
}
