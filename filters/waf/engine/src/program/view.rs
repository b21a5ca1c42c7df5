//! What the prefilter looks at: a list of values, or those of one name, as a pipeline leaves them; and sets of such views.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use super::{List, PipelineId};

/// A view's number in a VM.
pub(crate) type ViewId = u16;

/// A set's number in a VM.
pub(crate) type SetId = u16;

/// A list of values, or those of one name, as a pipeline leaves them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct View {
    pub(crate) list: List,
    /// In lower case.
    pub(crate) name: Option<Rc<[u8]>>,
    pub(crate) pipeline: PipelineId,
}

/// What must hold for a rule to be asked at all: some value of its views meets its condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Guard {
    pub(crate) set: SetId,
    /// Its number in the program's prefilter.
    pub(crate) condition: u16,
}

/// All views of a VM, and the sets of them that rules look at: many rules have the same.
#[derive(Debug, Default)]
pub(crate) struct Views {
    /// Each with the one of the same values as they came.
    views: Vec<(View, ViewId)>,
    numbers: HashMap<View, ViewId>,
    /// The members of all sets behind each other, as each request goes through them, and where each set's end.
    members: Vec<ViewId>,
    sets: Vec<Set>,
    set_numbers: HashMap<Rc<[ViewId]>, SetId>,
}

/// Views that some rule looks at together.
#[derive(Clone, Debug)]
struct Set {
    /// Where its members end.
    end: usize,
    /// Its place among familiar sets.
    familiar: Cell<u32>,
}

/// Not familiar yet.
const UNFAMILIAR: u32 = u32::MAX;

impl Views {
    /// A view's number; `None` past as many as can be told apart.
    pub(super) fn intern(&mut self, view: View) -> Option<ViewId> {
        if let Some(known) = self.numbers.get(&view) {
            return Some(*known);
        }
        let raw = match view.pipeline {
            0 => None,
            _ => Some(self.intern(View { pipeline: 0, ..view.clone() })?),
        };
        let number = ViewId::try_from(self.views.len()).ok()?;
        self.views.push((view.clone(), raw.unwrap_or(number)));
        self.numbers.insert(view, number);
        Some(number)
    }

    /// A set's number, whatever the order of its views.
    pub(super) fn intern_set(&mut self, mut views: Vec<ViewId>) -> Option<SetId> {
        views.sort_unstable();
        views.dedup();
        if let Some(known) = self.set_numbers.get(views.as_slice()) {
            return Some(*known);
        }
        let number = SetId::try_from(self.sets.len()).ok()?;
        self.members.extend_from_slice(&views);
        let familiar = Cell::new(UNFAMILIAR);
        self.sets.push(Set { end: self.members.len(), familiar });
        self.set_numbers.insert(views.into(), number);
        Some(number)
    }

    /// A view, and the one of the same values as they came.
    pub(crate) fn get(&self, number: ViewId) -> Option<&(View, ViewId)> {
        self.views.get(usize::from(number))
    }

    /// The views of a set.
    pub(crate) fn set(&self, number: SetId) -> &[ViewId] {
        let end = |set: usize| self.sets.get(set).map_or(0, |set| set.end);
        let number = usize::from(number);
        let start = number.checked_sub(1).map_or(0, end);
        self.members.get(start..end(number)).unwrap_or_default()
    }

    /// A set's place among familiar ones: past all where it is none.
    pub(crate) fn familiarity(&self, number: SetId) -> u32 {
        self.sets.get(usize::from(number)).map_or(UNFAMILIAR, |set| set.familiar.get())
    }

    /// Gives a set a place among familiar ones; false if it has one.
    pub(super) fn make_familiar(&self, number: SetId, place: u32) -> bool {
        let set = self.sets.get(usize::from(number));
        set.is_some_and(|set| {
            let is_new = set.familiar.get() == UNFAMILIAR;
            if is_new {
                set.familiar.set(place);
            }
            is_new
        })
    }

    /// How many views there are, and how many sets.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.views.len(), self.sets.len())
    }
}
