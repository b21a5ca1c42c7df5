//! What the prefilter sees of values: each text is looked at once, and each list through a pipeline once for all rules.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use portcullis_waf_operators::prefilter::{Scan, Tables};

use crate::program::ViewId;

/// Bytes of a text that is remembered from request to request: names of headers and arguments, and what browsers say of
/// themselves, come with each. A longer one costs more to compare, and is seldom sent twice.
const LONGEST_KNOWN: usize = 160;

/// Texts that are remembered, at most; past it all are forgotten, so that a client that sends new ones only loses others
/// a microsecond. A quarter of a megabyte at the most.
const MOST_KNOWN: usize = 1024;

/// Which conditions recurring texts meet, whoever sends them.
#[derive(Debug, Default)]
pub(crate) struct Known(RefCell<HashMap<Box<[u8]>, Met>>);

/// A set of conditions.
type Met = Box<[u64]>;

impl Known {
    /// Appends what a text meets, if that is known.
    fn recall(&self, text: &[u8], met: &mut Vec<u64>) -> bool {
        let known = self.0.borrow();
        let found = known.get(text);
        if let Some(words) = found {
            met.extend_from_slice(words);
        }
        found.is_some()
    }

    fn remember(&self, text: &[u8], met: &[u64]) {
        let mut known = self.0.borrow_mut();
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        known.insert(text.into(), met.into());
    }
}

/// Which conditions the texts of a transaction meet.
#[derive(Debug, Default)]
pub(super) struct Sight {
    tables: Option<Rc<Tables>>,
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
    known: Option<Rc<Known>>,
}

/// Not looked at yet.
const UNSEEN: u32 = u32::MAX;

impl Sight {
    pub(super) fn new(tables: Option<Rc<Tables>>, known: &Rc<Known>, views: usize) -> Self {
        let width = tables.as_ref().map_or(0, |tables| tables.len().div_ceil(64));
        let unions = vec![0; width.saturating_mul(views)];
        let seen = if width == 0 { Vec::new() } else { vec![0; views] };
        let stamps = vec![0; seen.len()];
        let known = Some(Rc::clone(known));
        Sight { tables, width, unions, seen, stamps, known, ..Sight::default() }
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
        let Some(tables) = &self.tables else { return };
        let form = form as usize;
        if self.rows.len() <= form {
            self.rows.resize(form.saturating_add(1), UNSEEN);
        }
        if let (Some(row), Ok(start)) = (self.rows.get_mut(form), u32::try_from(self.met.len())) {
            *row = start;
            let known = self.known.as_ref().filter(|_| text.len() <= LONGEST_KNOWN);
            if known.is_some_and(|known| known.recall(text, &mut self.met)) {
                return;
            }
            tables.scan(text, &mut self.scan);
            self.met.extend_from_slice(self.scan.survivors());
            self.met.resize((start as usize).saturating_add(self.width), 0);
            if let Some(known) = known {
                known.remember(text, self.scan.survivors());
            }
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
