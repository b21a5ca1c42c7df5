//! Rules with everything found that they name.

use std::rc::Rc;

use portcullis_waf_seclang::syntax::{AssignmentKind, Control, Link, Rule, Target, TargetRemoval};

use super::{Expr, Files, Op, PipelineId, Point, Store};
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
    pub(crate) pipeline: PipelineId,
    /// With `multiMatch`: every stage of the pipeline, 'none' first; else empty.
    pub(crate) stages: Vec<PipelineId>,
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
                Target::Values(reference) => targets
                    .push(LinkedTarget { point: Point::link(reference, store)?, count: false }),
                Target::Count(reference) => targets
                    .push(LinkedTarget { point: Point::link(reference, store)?, count: true }),
                Target::Exclude(reference) => excluded.push(Point::link(reference, store)?),
            }
        }
        let op = Op::link(&link.test.operator, store, files)?;
        let mut intern = |sequence: &[_]| {
            store.pipelines.intern(sequence).ok_or_else(|| {
                "there are more sequences of transformations than can be told apart".to_owned()
            })
        };
        let pipeline = intern(&link.transformations)?;
        let mut stages = Vec::new();
        if link.multi_match {
            for end in 0..=link.transformations.len() {
                stages.push(intern(link.transformations.get(..end).unwrap_or_default())?);
            }
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
            pipeline,
            stages,
            capture: link.capture,
            assignments,
            removed,
        })
    }
}
