//! Heads of rules that single values decide, and which of them a value may make match: most rules of most requests have no
//! such value, and are passed over by one look at a set of bits.

mod of_list;
#[cfg(test)]
mod tests;

use std::cell::{Cell, OnceCell, RefCell};

use super::view::Views;
use super::{Expr, LinkedLink, LinkedTarget, List, Op, Pipelines, PointSelector, SetId};
use crate::bits::{set, unite};
use crate::known::Known;
use of_list::{Entry, OfList};

pub(crate) use of_list::Met;

/// One request in so many remembers what does not match: a client that is seen often is seen by one of them soon, and the
/// others do not pay for it.
const LEARNING: u32 = 16;

/// A head's number in a VM: rules that programs have in common are there once.
pub(crate) type HeadId = u16;

/// The heads of a VM's rules.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    /// By their numbers; none where the rule is no longer there.
    heads: Vec<Option<Head>>,
    /// Numbers to be given again.
    free: Vec<HeadId>,
    lists: Vec<OfList>,
    /// Heads came or went since the tables were made.
    is_unfinished: bool,
    /// Which heads a value may make match, for values that recur.
    known: OnceCell<Known>,
    /// Which heads anything may make match before something of a request is known.
    starts: RefCell<Vec<Start>>,
    /// Requests so far.
    turn: Cell<u32>,
}

#[derive(Debug)]
struct Head {
    /// The set of its views, where it has a condition.
    set: Option<SetId>,
    /// Whether a value makes it match is a matter of this value alone.
    is_pure: bool,
}

#[derive(Debug)]
struct Start {
    /// Whose conditions they are, and how many sets were familiar.
    of: Sets,
    open: Vec<u64>,
}

/// Which prefilter tells what values meet, and how many familiar sets of views they are shown to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sets {
    pub(crate) prefilter: u32,
    pub(crate) familiar: u32,
}

impl Heads {
    /// Gives the head of a rule a number, if single values decide it.
    pub(super) fn add(&mut self, link: &LinkedLink, pipelines: &Pipelines) -> Option<HeadId> {
        let is_seen = |target: &LinkedTarget| {
            !target.point.list.is_dynamic() && (!target.count || !is_met_by_none(link))
        };
        if link.targets.is_empty() || !link.targets.iter().all(is_seen) {
            return None;
        }
        let is_remade = link.stages.iter().any(|stage| pipelines.remakes(*stage));
        let counts = link.targets.iter().any(|target| target.count);
        let head = match self.free.pop() {
            Some(head) => head,
            None => {
                let head = HeadId::try_from(self.heads.len()).ok()?;
                self.heads.push(None);
                head
            }
        };
        if let Some(held) = self.heads.get_mut(usize::from(head)) {
            let set = link.guard.map(|guard| guard.set);
            *held = Some(Head { set, is_pure: !counts && is_pure(&link.op) });
        }
        self.is_unfinished = true;
        self.lists.resize_with(List::COUNT, OfList::default);
        for target in &link.targets {
            let Some(of) = self.lists.get_mut(target.point.list.index()) else { continue };
            let name = match &target.point.selector {
                PointSelector::Name(name) => Some(name.as_slice().into()),
                _ => None,
            };
            set(&mut of.all, head.into());
            let entry = Entry { head, name };
            match link.guard {
                Some(guard) if is_remade => of.remade.entries.push((guard.condition, entry)),
                Some(guard) => of.guarded.entries.push((guard.condition, entry)),
                None => of.any.push(entry),
            }
        }
        Some(head)
    }

    /// Keeps the heads of rules that are still there.
    pub(super) fn retain(&mut self, is_live: impl Fn(HeadId) -> bool) {
        for (number, head) in (0..).zip(&mut self.heads) {
            if head.is_some() && !is_live(number) {
                *head = None;
                self.free.push(number);
                self.is_unfinished = true;
            }
        }
        self.lists.iter_mut().for_each(|of| of.retain(&is_live));
        self.finish();
    }

    /// Makes the tables anew, and forgets what was remembered, where heads came or went.
    pub(super) fn finish(&mut self) {
        if !std::mem::take(&mut self.is_unfinished) {
            return;
        }
        self.lists.iter_mut().for_each(OfList::finish);
        self.known.take();
        self.starts.get_mut().clear();
    }

    /// Made when the first value is remembered: what is linked again and again takes no room for it.
    fn known(&self) -> &Known {
        self.known.get_or_init(|| Known::new(self.words()))
    }

    /// Words of a set.
    fn words(&self) -> usize {
        self.heads.len().div_ceil(64)
    }

    /// True if no value of a list matters.
    pub(crate) fn ignore(&self, list: List) -> bool {
        self.of(list).is_none_or(|of| of.all.is_empty())
    }

    fn of(&self, list: List) -> Option<&OfList> {
        self.lists.get(list.index())
    }

    /// True if whether a value makes this head match is a matter of the value alone: what another one was not matched
    /// for, it is not matched for either.
    pub(crate) fn is_pure(&self, head: HeadId) -> bool {
        let head = self.heads.get(usize::from(head)).and_then(Option::as_ref);
        head.is_some_and(|head| head.is_pure)
    }

    /// Adds all heads that look at a list.
    pub(crate) fn add_all(&self, list: List, open: &mut [u64]) {
        unite(open, self.of(list).map_or(&[], |of| &of.all));
    }

    /// Adds the heads that a value of a list may make match, by its name and the conditions that it meets; all of those
    /// where nobody looked.
    pub(crate) fn add_open(&self, list: List, name: &[u8], met: &Met, open: &mut Vec<u64>) {
        open.resize(self.words(), 0);
        let Some(of) = self.of(list) else { return };
        let mut add = |entry: &Entry| {
            if entry.name.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(name)) {
                set(open, entry.head.into());
            }
        };
        of.any.iter().for_each(&mut add);
        of.guarded.for_each_met(&met.plain, &mut add);
        of.remade.for_each_met(&met.plain, &mut add);
        if !met.plain.is_empty() && !met.remade.is_empty() {
            of.remade.for_each_met(&met.remade, &mut add);
        }
    }

    /// True for a request that is to remember which values do not match: one in [`LEARNING`], as the others gain by it.
    pub(crate) fn learns(&self) -> bool {
        let turn = self.turn.get();
        self.turn.set(turn.wrapping_add(1));
        turn.is_multiple_of(LEARNING)
    }

    /// What is remembered of a value under a key, at the end of a set. False where nothing is.
    pub(crate) fn recall(&self, key: &[u8], open: &mut Vec<u64>) -> bool {
        !key.is_empty() && self.known().recall(key, open)
    }

    /// Remembers that, unless the key is empty; from the first time on where the value comes with every request.
    pub(crate) fn remember(&self, key: &[u8], open: &[u64], comes_always: bool) {
        match key {
            [] => {}
            key if comes_always => self.known().keep(key, open),
            key => self.known().remember(key, open),
        }
    }

    /// Remembers that a value does not make a head match, whatever conditions it meets. True if that is new.
    pub(crate) fn refute(&self, key: &[u8], head: HeadId) -> bool {
        !key.is_empty() && self.known().take(key, usize::from(head))
    }

    /// Puts the heads at the beginning of a request into a set, if they are known.
    pub(crate) fn recall_start(&self, of: Sets, open: &mut Vec<u64>) -> bool {
        let starts = self.starts.borrow();
        let start = starts.iter().find(|start| start.of == of);
        if let Some(start) = start {
            open.clone_from(&start.open);
        }
        start.is_some()
    }

    /// The heads that stand at the beginning, before any value is looked at: those that a glance at values says nothing of.
    pub(crate) fn unfamiliar(&self, sets: u32, views: &Views, open: &mut Vec<u64>) {
        open.clear();
        open.resize(self.words(), 0);
        for (number, head) in self.heads.iter().enumerate() {
            let views_of = head.as_ref().and_then(|head| head.set);
            if views_of.is_some_and(|views_of| views.familiarity(views_of) >= sets) {
                set(open, number);
            }
        }
    }

    /// Remembers which heads stand at the beginning, in place of what was known of fewer sets.
    pub(crate) fn remember_start(&self, of: Sets, open: &[u64]) {
        let mut starts = self.starts.borrow_mut();
        starts.retain(|start| start.of.prefilter != of.prefilter);
        starts.push(Start { of, open: open.to_vec() });
    }

    /// Forgets it: less is open than was thought.
    pub(crate) fn forget_starts(&self) {
        self.starts.borrow_mut().clear();
    }
}

/// True if a count of zero values matches.
fn is_met_by_none(link: &LinkedLink) -> bool {
    match &link.op {
        Op::Compare(comparison, Expr::Literal(than)) => {
            comparison.holds(0, than.number) != link.negated
        }
        _ => true,
    }
}

/// True if what an operator says of a value is told by the value alone.
fn is_pure(op: &Op) -> bool {
    match op {
        Op::Compare(_, argument) | Op::Text(_, argument) => matches!(argument, Expr::Literal(_)),
        Op::Rx(_)
        | Op::Phrases(_)
        | Op::Address(_)
        | Op::Sqli
        | Op::Xss
        | Op::OutsideOf(_)
        | Op::UrlEncoding
        | Op::Utf8
        | Op::Always
        | Op::Never => true,
    }
}
