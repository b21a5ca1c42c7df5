//! The views that requests came to so far: a glance at a value takes in all of them at once.

use std::rc::Rc;

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
    /// See [`Pipelines::remakes`].
    pub(crate) is_remade: bool,
}

/// Sets of views in the order in which requests came to them. It only grows: a transaction knows by their number which of
/// them all of its values were shown to.
#[derive(Debug, Default)]
pub(crate) struct Familiar {
    sets: u32,
    /// What is taken in of each list.
    lists: Vec<Vec<Glimpse>>,
}

impl Familiar {
    /// How many sets there are.
    pub(crate) fn sets(&self) -> u32 {
        self.sets
    }

    /// All that some set has of a list.
    pub(crate) fn of(&self, list: List) -> &[Glimpse] {
        self.lists.get(list.index()).map_or(&[], Vec::as_slice)
    }

    /// Takes in a set, unless it is there.
    pub(super) fn learn(&mut self, set: SetId, views: &Views, pipelines: &Pipelines) {
        if !views.make_familiar(set, self.sets) {
            return;
        }
        self.sets = self.sets.saturating_add(1);
        self.lists.resize_with(List::COUNT, Vec::new);
        for (view, _) in views.set(set).iter().filter_map(|view| views.get(*view)) {
            let Some(glimpses) = self.lists.get_mut(view.list.index()) else { continue };
            let known = |glimpse: &Glimpse| {
                glimpse.pipeline == view.pipeline
                    && (glimpse.name.is_none() || glimpse.name == view.name)
            };
            if !glimpses.iter().any(known) {
                let shows = pipelines.node(view.pipeline).map_or(ByteSet::FULL, |node| node.shows);
                let name = view.name.clone();
                let is_remade = pipelines.remakes(view.pipeline);
                glimpses.push(Glimpse { name, pipeline: view.pipeline, shows, is_remade });
            }
        }
    }
}
