//! Rules with everything found that they name.

use std::rc::Rc;

use portcullis_waf_seclang::syntax::{AssignmentKind, Control, Link, Rule, Target, TargetRemoval};

use super::capture::Capture;
use super::view::View;
use super::{Expr, Files, Guard, HeadId, Op, PipelineId, Point, PointSelector, Store, ViewId};
use crate::ruleset::{Fault, Selected};

/// A rule that is ready to run.
#[derive(Debug)]
pub(crate) struct LinkedRule {
    /// What it was made of: metadata, messages, what becomes of the request.
    pub(crate) rule: Rc<Rule>,
    /// The head and its chain.
    pub(crate) links: Vec<LinkedLink>,
    /// The head's number, if single values decide whether it matches.
    pub(crate) head: Option<HeadId>,
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
    /// What must hold before any value is asked, where all of them are such as the prefilter sees.
    pub(crate) guard: Option<Guard>,
    pub(crate) capture: Capture,
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
    /// Its values through each stage; none where the prefilter does not see them.
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
        whole.then(|| {
            Capture::settle(&mut links, rule.links.iter().map(|link| link.capture));
            let head = links.first().and_then(|link| store.heads.add(link, &store.pipelines));
            LinkedRule { rule: Rc::clone(rule), links, head }
        })
    }
}

impl LinkedTarget {
    /// Each list of values through each pipeline is looked at once, for all rules together. What rules make, and how
    /// many values there are, nobody looks at.
    fn look_through(&mut self, stages: &[PipelineId], store: &mut Store) {
        let list = self.point.list;
        if self.count || list.is_dynamic() {
            return;
        }
        let name = match &self.point.selector {
            PointSelector::Name(name) => Some(name.as_slice().into()),
            _ => None,
        };
        let views = stages
            .iter()
            .map(|&pipeline| store.views.intern(View { list, name: name.clone(), pipeline }));
        self.views = views.collect::<Option<_>>().unwrap_or_default();
    }
}

impl LinkedAssignment {
    /// The texts with macros that it is made of.
    pub(super) fn texts(&self) -> impl Iterator<Item = &Expr> {
        let value = match &self.change {
            Change::Set(value) | Change::Add(value) | Change::Subtract(value) => Some(value),
            Change::Remove => None,
        };
        std::iter::once(&self.name).chain(value)
    }
}

impl LinkedLink {
    /// What its operator compares with, where that is a text with macros.
    pub(super) fn compared(&self) -> Option<&Expr> {
        match &self.op {
            Op::Compare(_, argument) | Op::Text(_, argument) => Some(argument),
            _ => None,
        }
    }

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
        let condition = link.condition.and_then(|number| usize::try_from(number).ok());
        if condition.is_some() {
            targets.iter_mut().for_each(|target| target.look_through(&stages, store));
        }
        let guard = condition.and_then(|condition| {
            let seen = !targets.is_empty() && targets.iter().all(|it| !it.views.is_empty());
            let views = targets.iter().flat_map(|target| target.views.iter().copied());
            let set = seen.then(|| store.views.intern_set(views.collect())).flatten()?;
            Some(Guard { set, condition: u16::try_from(condition).ok()? })
        });
        let assignments = link.assignments.iter().map(|assignment| {
            let name = Expr::link(&assignment.name, store)?;
            let slot = match &name {
                Expr::Literal(name) => Some(store.slot(&name.text)),
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
        let assignments = assignments.collect::<Result<Vec<_>, String>>()?;
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
            condition,
            guard,
            capture: Capture::Nothing,
            assignments,
            removed,
        })
    }
}
