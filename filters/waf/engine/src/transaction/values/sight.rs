//! What the prefilter sees of values: each text is looked at once, and each view of them once for all rules.

use std::rc::Rc;

use portcullis_waf_operators::bytes::ByteSet;
use portcullis_waf_operators::prefilter::{Like, Scan};

use super::LONG;
use crate::prefilter::Prefilter;
use crate::program::{SetId, Store, ViewId};

/// Which conditions the texts of a transaction meet.
#[derive(Debug, Default)]
pub(super) struct Sight {
    prefilter: Option<Rc<Prefilter>>,
    scan: Scan,
    /// Words of a set of conditions: of a row.
    width: usize,
    /// Rows, one behind the other: the first one is empty, the others are of forms, and of several forms together.
    met: Vec<u64>,
    /// Where a form's row begins.
    rows: Vec<u32>,
    /// Long forms that were looked at, and in the same order what occurs in them, each as long as the others.
    long: Vec<u32>,
    atoms: Vec<u64>,
    views: Vec<Seen>,
    /// When all views of a set were last looked at.
    sets: Vec<u32>,
}

/// What all values of a view meet together. Most have one value, or the same as another view: they share its row.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// The version of the list that was looked at.
    version: u32,
    row: u32,
    /// The row is no other's.
    is_own: bool,
}

/// Long forms of which is kept what occurs in them: a large value has some twenty forms, and of many large values each
/// would have to be compared with all.
const MOST_LONG: usize = 64;

/// The row that meets nothing.
const NO_ROW: u32 = 0;

/// Not looked at yet.
const UNSEEN: u32 = u32::MAX;

impl Sight {
    /// Forgets the texts, and what they met: rules may have grown since, or be others.
    pub(super) fn begin(&mut self, prefilter: Option<&Rc<Prefilter>>, store: &Store) {
        let same = match (&self.prefilter, prefilter) {
            (Some(held), Some(given)) => Rc::ptr_eq(held, given),
            (held, given) => held.is_none() && given.is_none(),
        };
        if !same {
            *self = Sight { prefilter: prefilter.cloned(), ..Sight::default() };
            self.width = prefilter.map_or(0, |prefilter| prefilter.width());
        }
        self.met.clear();
        self.met.resize(self.width, 0);
        self.rows.clear();
        self.long.clear();
        self.atoms.clear();
        if self.width > 0 {
            let (views, sets) = store.views.counts();
            self.views.resize(views.max(self.views.len()), Seen::default());
            self.sets.resize(sets.max(self.sets.len()), 0);
        }
    }

    /// Adds what a form meets to a row of several; anything where it was not looked at.
    pub(super) fn add_to(&self, row: &mut Vec<u64>, form: u32) {
        row.resize(self.width, 0);
        let start = self.rows.get(form as usize).map_or(UNSEEN as usize, |row| *row as usize);
        let own = self.met.get(start..start.saturating_add(self.width));
        match own {
            Some(own) => row.iter_mut().zip(own).for_each(|(word, own)| *word |= own),
            None => row.fill(u64::MAX),
        }
    }

    /// Bytes that it holds on to.
    pub(super) fn held(&self) -> usize {
        (self.met.capacity() + self.atoms.capacity()) * size_of::<u64>()
            + self.views.capacity() * size_of::<Seen>()
            + (self.rows.capacity() + self.sets.capacity() + self.long.capacity())
                * size_of::<u32>()
    }

    /// True if there is something to look for.
    pub(super) fn is_on(&self) -> bool {
        self.width > 0
    }

    pub(super) fn needs(&self, form: u32) -> bool {
        self.width > 0 && self.rows.get(form as usize).is_none_or(|row| *row == UNSEEN)
    }

    /// The first of these forms that is a long one which was looked at.
    pub(super) fn long_of(&self, mut forms: impl Iterator<Item = u32>) -> Option<u32> {
        forms.find(|form| self.long.contains(form))
    }

    /// The long form that was looked at last.
    pub(super) fn last_long(&self) -> Option<u32> {
        self.long.last().copied()
    }

    /// Looks at a text, of whose bytes somebody may know already. `like` is a long form, and its text, of which this may
    /// be made.
    pub(super) fn look(
        &mut self,
        form: u32,
        text: &[u8],
        bytes: Option<ByteSet>,
        like: Option<(u32, &[u8])>,
    ) {
        let Some(prefilter) = &self.prefilter else { return };
        let like = like.and_then(|(form, text)| {
            let place = self.long.iter().position(|long| *long == form)?;
            let width = self.scan.atoms().len();
            Some(Like { text, atoms: self.atoms.get(place * width..(place + 1) * width)? })
        });
        let form = form as usize;
        if self.rows.len() <= form {
            self.rows.resize(form.saturating_add(1), UNSEEN);
        }
        if let (Some(row), Ok(start)) = (self.rows.get_mut(form), u32::try_from(self.met.len())) {
            *row = start;
            prefilter.look(text, bytes, like, &mut self.scan, &mut self.met);
            self.met.resize((start as usize).saturating_add(self.width), 0);
            if text.len() >= LONG && self.long.len() < MOST_LONG {
                self.long.push(form as u32);
                self.atoms.extend_from_slice(self.scan.atoms());
            }
        }
    }

    /// True if a form meets a condition; also where nothing is known of it.
    pub(super) fn form_has(&self, form: u32, condition: usize) -> bool {
        let Some(row) = self.rows.get(form as usize).filter(|row| **row != UNSEEN) else {
            return true;
        };
        self.has(*row, condition)
    }

    fn has(&self, row: u32, condition: usize) -> bool {
        self.met
            .get((row as usize).saturating_add(condition / 64))
            .is_none_or(|word| word >> (condition % 64) & 1 == 1)
    }

    /// True if a view has looked at its list as it is in this version. If not, it has nothing that it looked at from now
    /// on, and is to be shown its values.
    pub(super) fn is_fresh(&mut self, view: ViewId, version: u32) -> bool {
        let Some(seen) = self.views.get_mut(usize::from(view)) else { return true };
        let is_fresh = seen.version == version;
        if !is_fresh {
            *seen = Seen { version, row: NO_ROW, is_own: false };
        }
        is_fresh
    }

    /// Adds what a form meets to a view.
    pub(super) fn add(&mut self, view: ViewId, form: u32) {
        let (Some(seen), Some(row)) =
            (self.views.get_mut(usize::from(view)), self.rows.get(form as usize))
        else {
            return;
        };
        // What was not looked at may meet anything.
        if seen.row == NO_ROW || *row == UNSEEN {
            (seen.row, seen.is_own) = (*row, false);
        }
        if seen.row == *row || seen.row == UNSEEN {
            return;
        }
        let Ok(next) = u32::try_from(self.met.len()) else { return };
        for place in 0..self.width {
            let word = |row: u32| self.met.get((row as usize).saturating_add(place)).copied();
            let both = word(seen.row).unwrap_or_default() | word(*row).unwrap_or_default();
            if !seen.is_own {
                self.met.push(both);
            } else if let Some(word) = self.met.get_mut((seen.row as usize).saturating_add(place)) {
                *word = both;
            }
        }
        if !seen.is_own {
            (seen.row, seen.is_own) = (next, true);
        }
    }

    /// Gives a view what another one has.
    pub(super) fn share(&mut self, view: ViewId, from: ViewId) {
        let row = self.views.get(usize::from(from)).map_or(NO_ROW, |seen| seen.row);
        if let Some(seen) = self.views.get_mut(usize::from(view)) {
            seen.row = row;
        }
    }

    /// True if some value of a view meets a condition; also where nothing is known of it.
    pub(super) fn view_has(&self, view: ViewId, condition: usize) -> bool {
        self.views.get(usize::from(view)).is_none_or(|seen| self.has(seen.row, condition))
    }

    /// True if the views of a set were fresh at this time. If not, they are to be shown their values.
    pub(super) fn is_set_fresh(&mut self, set: SetId, now: u32) -> bool {
        let stamp = self.sets.get_mut(usize::from(set));
        stamp.is_some_and(|stamp| std::mem::replace(stamp, now) == now)
    }
}
