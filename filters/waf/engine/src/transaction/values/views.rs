//! What the prefilter is shown of the values, and what it says of rules.

use std::iter::successors;

use portcullis_waf_operators::bytes::ByteSet;

use super::sight::Sight;
use super::{Form, FormId, LONG, Values};
use crate::program::{Guard, List, Store, ViewId};

/// Bytes that a body has beside its only argument, at most: its name.
const NAME: usize = 64;

impl Values {
    /// False where a rule cannot match, whatever its operator.
    pub(crate) fn passes(&mut self, guard: Guard, store: &Store) -> bool {
        if !self.sight.is_on() {
            return true;
        }
        self.glance.came_to(guard.set, store.views.familiarity(guard.set));
        let views = store.views.set(guard.set);
        if !self.sight.is_set_fresh(guard.set, self.now) {
            views.iter().for_each(|view| self.show_view(*view, store));
        }
        views.iter().any(|view| self.sight.view_has(*view, usize::from(guard.condition)))
    }

    /// False where no value of a view has what a condition asks for.
    pub(crate) fn may_match(&mut self, view: ViewId, condition: usize, store: &Store) -> bool {
        if !self.sight.is_on() {
            return true;
        }
        self.show_view(view, store);
        self.sight.view_has(view, condition)
    }

    /// Shows a view its values, unless it has seen them.
    fn show_view(&mut self, number: ViewId, store: &Store) {
        let Some((view, raw)) = store.views.get(number) else { return };
        // Most lists of most requests have nothing to show.
        if self.sight.is_fresh(number, self.version(view.list)) || self.count(view.list) == 0 {
            return;
        }
        let shows = store.pipelines.node(view.pipeline).map_or(ByteSet::FULL, |node| node.shows);
        // Most pipelines change nothing of most lists.
        if *raw != number && shows != ByteSet::FULL && !self.bytes_of_list(view.list).meets(&shows)
        {
            self.show_view(*raw, store);
            self.sight.share(number, *raw);
            return;
        }
        for place in 0..self.count(view.list) {
            let Some(item) = self.at(view.list, place) else { break };
            if view.name.as_ref().is_some_and(|name| !name.eq_ignore_ascii_case(self.name(item))) {
                continue;
            }
            let Some(raw) = self.raw(item) else { continue };
            let form = match shows == ByteSet::FULL || self.bytes_of(raw).meets(&shows) {
                true => self.through(raw, view.pipeline, &store.pipelines),
                false => raw,
            };
            let form = self.look_at(form);
            self.sight.add(number, form.0);
        }
    }

    /// The bytes of a list's values as they came.
    fn bytes_of_list(&mut self, list: List) -> ByteSet {
        let version = self.version(list);
        let Some(listed) = self.lists.get(list.index()) else { return ByteSet::FULL };
        if listed.bytes.0 == version {
            return listed.bytes.1;
        }
        let mut bytes = ByteSet::EMPTY;
        for place in 0..self.count(list) {
            if let Some(form) = self.at(list, place).and_then(|item| self.raw(item)) {
                bytes = bytes.union(self.bytes_of(form));
            }
        }
        if let Some(listed) = self.lists.get_mut(list.index()) {
            listed.bytes = (version, bytes);
        }
        bytes
    }

    /// False where a form has not what a condition asks for.
    pub(crate) fn form_may_match(&mut self, form: FormId, condition: usize) -> bool {
        let form = self.look_at(form);
        self.sight.form_has(form.0, condition)
    }

    /// Looks at a form, or at the one that stands for it; which that was.
    pub(super) fn look_at(&mut self, form: FormId) -> FormId {
        let form = self.like(form);
        if self.sight.needs(form.0)
            && let Some(found) = self.forms.get(form.0 as usize)
        {
            let text = self.text.get(found.span.clone()).unwrap_or_default();
            let like = akin(&self.sight, &self.forms, &self.text, form);
            self.sight.look(form.0, text, found.bytes, like);
        }
        form
    }
}

/// A long form that was looked at and has much in common with this one, and its text: one that it was made of, or the
/// other one of a body and its only long argument.
fn akin<'t>(
    sight: &Sight,
    forms: &[Form],
    text: &'t [u8],
    form: FormId,
) -> Option<(u32, &'t [u8])> {
    let span = |form: u32| forms.get(form as usize).map(|form| form.span.clone());
    let length = span(form.0)?.len();
    if length < LONG {
        return None;
    }
    let origin = |form: &FormId| {
        let origin = forms.get(form.0 as usize)?.origin;
        (origin != *form).then_some(origin)
    };
    let origins = successors(origin(&form), origin).map(|form| form.0);
    let as_long = |other: &u32| span(*other).is_some_and(|o| o.len().abs_diff(length) <= NAME);
    let found = sight.long_of(origins).or_else(|| sight.last_long().filter(as_long))?;
    Some((found, text.get(span(found)?)?))
}
