//! What the prefilter sees of values: each text is looked at once, and each list through a pipeline once for all rules.

use std::rc::Rc;

use portcullis_waf_operators::prefilter::Scan;

use crate::prefilter::Prefilter;
use crate::program::ViewId;

/// Which conditions the texts of a transaction meet.
#[derive(Debug, Default)]
pub(super) struct Sight {
    prefilter: Option<Rc<Prefilter>>,
    scan: Scan,
    /// Words of a set of conditions.
    width: usize,
    /// A set for each form that was looked at, one behind the other.
    met: Vec<u64>,
    /// Where a form's set begins.
    rows: Vec<u32>,
    /// What all values of a view meet together.
    unions: Vec<u64>,
    /// How many values of its list a view has looked at; of a list with one value, its number and one.
    seen: Vec<u32>,
    /// When a view last looked at all of its list.
    stamps: Vec<u32>,
}

/// Not looked at yet.
const UNSEEN: u32 = u32::MAX;

impl Sight {
    pub(super) fn new(prefilter: Option<Rc<Prefilter>>, views: usize) -> Self {
        let width = prefilter.as_ref().map_or(0, |prefilter| prefilter.width());
        let unions = vec![0; width.saturating_mul(views)];
        let seen = if width == 0 { Vec::new() } else { vec![0; views] };
        let stamps = vec![0; seen.len()];
        Sight { prefilter, width, unions, seen, stamps, ..Sight::default() }
    }

    /// True if a view has looked at all of its list at this time.
    pub(super) fn is_fresh(&self, view: ViewId, now: u32) -> bool {
        self.stamps.get(usize::from(view)) == Some(&now)
    }

    pub(super) fn stamp(&mut self, view: ViewId, now: u32) {
        if let Some(stamp) = self.stamps.get_mut(usize::from(view)) {
            *stamp = now;
        }
    }

    /// True if there is something to look for.
    pub(super) fn is_on(&self) -> bool {
        self.width > 0
    }

    pub(super) fn needs(&self, form: u32) -> bool {
        self.width > 0 && self.rows.get(form as usize).is_none_or(|row| *row == UNSEEN)
    }

    /// Looks at a text.
    pub(super) fn look(&mut self, form: u32, text: &[u8]) {
        let Some(prefilter) = &self.prefilter else { return };
        let form = form as usize;
        if self.rows.len() <= form {
            self.rows.resize(form.saturating_add(1), UNSEEN);
        }
        if let (Some(row), Ok(start)) = (self.rows.get_mut(form), u32::try_from(self.met.len())) {
            *row = start;
            prefilter.look(text, &mut self.scan, &mut self.met);
            self.met.resize((start as usize).saturating_add(self.width), 0);
        }
    }

    /// True if a form meets a condition; also where nothing is known of it.
    pub(super) fn form_has(&self, form: u32, condition: usize) -> bool {
        let Some(row) = self.rows.get(form as usize).filter(|row| **row != UNSEEN) else {
            return true;
        };
        self.met
            .get((*row as usize).saturating_add(condition / 64))
            .is_none_or(|word| word >> (condition % 64) & 1 == 1)
    }

    pub(super) fn seen(&self, view: ViewId) -> usize {
        self.seen.get(usize::from(view)).map_or(0, |seen| *seen as usize)
    }

    pub(super) fn set_seen(&mut self, view: ViewId, count: usize) {
        if let (Some(seen), Ok(count)) =
            (self.seen.get_mut(usize::from(view)), u32::try_from(count))
        {
            *seen = count;
        }
    }

    /// Adds what a form meets to a view.
    pub(super) fn add(&mut self, view: ViewId, form: u32) {
        let Some(row) = self.rows.get(form as usize).map(|row| *row as usize) else { return };
        let start = usize::from(view).saturating_mul(self.width);
        let union =
            self.unions.get_mut(start..start.saturating_add(self.width)).unwrap_or_default();
        let met = self.met.get(row..row.saturating_add(self.width)).unwrap_or_default();
        for (word, more) in union.iter_mut().zip(met) {
            *word |= more;
        }
    }

    /// A view has nothing that it looked at.
    pub(super) fn empty(&mut self, view: ViewId) {
        let start = usize::from(view).saturating_mul(self.width);
        let union = self.unions.get_mut(start..start.saturating_add(self.width));
        union.unwrap_or_default().fill(0);
    }

    /// True if some value of a view meets a condition; also where nothing is known of it.
    pub(super) fn union_has(&self, view: ViewId, condition: usize) -> bool {
        let start = usize::from(view).saturating_mul(self.width);
        self.width == 0
            || self
                .unions
                .get(start.saturating_add(condition / 64))
                .is_none_or(|word| word >> (condition % 64) & 1 == 1)
    }
}
