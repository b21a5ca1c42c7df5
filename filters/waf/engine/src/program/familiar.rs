//! The views that requests came to so far: a glance at a value takes in all of them at once.

use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};

use portcullis_waf_operators::bytes::ByteSet;

use super::view::Views;
use super::{List, PipelineId, Pipelines, SetId};

/// What a glance takes in of a list: its values, or those of one name, as a pipeline leaves them.
#[derive(Clone, Debug)]
pub(crate) struct Glimpse {
    /// In lower case.
    pub(crate) name: Option<Rc<[u8]>>,
    pub(crate) pipeline: PipelineId,
    /// See [`Node::shows`](super::pipeline::Node::shows).
    pub(crate) shows: ByteSet,
}

/// Sets of views in the order in which requests came to them. It only grows: a transaction knows by their number which of
/// them all of its values were shown to.
#[derive(Debug)]
pub(crate) struct Familiar {
    /// Which of all it is: what is remembered by the number of its sets must not be taken for another one's.
    id: u32,
    sets: u32,
    lists: Vec<Seen>,
}

/// What is taken in of a list.
#[derive(Debug, Default)]
struct Seen {
    bit: u64,
    glimpses: Vec<Glimpse>,
}

impl Default for Familiar {
    fn default() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        Familiar { id: NEXT.fetch_add(1, Ordering::Relaxed), sets: 0, lists: Vec::new() }
    }
}

impl Familiar {
    /// Tells it from others.
    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    /// How many sets there are.
    pub(crate) fn sets(&self) -> u32 {
        self.sets
    }

    /// All that some set has of a list, and the list's bit.
    pub(crate) fn of(&self, list: List) -> (&[Glimpse], u64) {
        let seen = self.lists.get(list.index());
        seen.map_or((&[], 0), |seen| (&seen.glimpses, seen.bit))
    }

    /// Takes in a set, unless it is there.
    pub(super) fn learn(&mut self, set: SetId, views: &Views, pipelines: &Pipelines) {
        if !views.make_familiar(set, self.sets) {
            return;
        }
        self.sets = self.sets.saturating_add(1);
        self.lists.resize_with(List::COUNT, Seen::default);
        for (view, _) in views.set(set).iter().filter_map(|view| views.get(*view)) {
            let Some(seen) = self.lists.get_mut(view.list.index()) else { continue };
            seen.bit = views.bit(view.list);
            let known = |glimpse: &Glimpse| {
                glimpse.pipeline == view.pipeline
                    && (glimpse.name.is_none() || glimpse.name == view.name)
            };
            if !seen.glimpses.iter().any(known) {
                let shows = pipelines.node(view.pipeline).map_or(ByteSet::FULL, |node| node.shows);
                let name = view.name.clone();
                seen.glimpses.push(Glimpse { name, pipeline: view.pipeline, shows });
            }
        }
    }
}
