//! The tables of a rule set's conditions, and what they said of texts that recur, for all programs of a VM.

use std::cell::RefCell;
use std::hash::Hasher;

use portcullis_waf_operators::bytes::ByteSet;
use portcullis_waf_operators::prefilter::{Like, Scan, Tables};
use rustc_hash::FxHasher;

/// Bytes of a text that is remembered from request to request: names of headers and arguments, and what browsers say of
/// themselves, come with each. A longer one costs more to compare, and is seldom sent twice.
pub(crate) const LONGEST_KNOWN: usize = 160;

/// Places for texts that are remembered, each for one: a client that sends new ones takes others' places, which costs
/// them a microsecond, and finds no way to make a place costly to look at. A quarter of a megabyte at the most.
const PLACES: usize = 1024;

/// Which conditions recurring texts meet, whoever sends them.
#[derive(Debug)]
struct Known(RefCell<Vec<Remembered>>);

/// A text, and a set of conditions; at first neither.
#[derive(Clone, Debug, Default)]
struct Remembered {
    text: Vec<u8>,
    met: Vec<u64>,
}

impl Known {
    fn new() -> Self {
        Known(RefCell::new(vec![Remembered::default(); PLACES]))
    }

    fn place(text: &[u8]) -> usize {
        let mut hasher = FxHasher::default();
        hasher.write(text);
        hasher.finish() as usize % PLACES
    }

    /// Appends what a text meets. False where it is not known.
    fn recall(&self, text: &[u8], met: &mut Vec<u64>) -> bool {
        let known = self.0.borrow();
        let held = known.get(Self::place(text));
        let held = held.filter(|held| held.text == text && !held.met.is_empty());
        held.is_some_and(|held| {
            met.extend_from_slice(&held.met);
            true
        })
    }

    /// Keeps what a text meets.
    fn remember(&self, text: &[u8], met: &[u64]) {
        if let Some(held) = self.0.borrow_mut().get_mut(Self::place(text)) {
            held.text.clear();
            held.text.extend_from_slice(text);
            held.met.clear();
            held.met.extend_from_slice(met);
        }
    }
}

/// What tells values apart that no rule of a set can match.
#[derive(Debug)]
pub struct Prefilter {
    tables: Tables,
    known: Known,
    /// The same of values in all their forms.
    values: Known,
}

impl Prefilter {
    /// Over the tables that were made with a set; `None` where the bytes are none.
    #[must_use]
    pub fn new(tables: &'static [u8]) -> Option<Self> {
        Some(Prefilter { tables: Tables::new(tables)?, known: Known::new(), values: Known::new() })
    }

    /// Words of a set of conditions.
    pub(crate) fn width(&self) -> usize {
        self.tables.len().div_ceil(64)
    }

    /// Appends the conditions that a text meets; `bytes` are those of the text, where they are known, and it may be `like`
    /// one that was looked at.
    pub(crate) fn look(
        &self,
        text: &[u8],
        bytes: Option<ByteSet>,
        like: Option<Like<'_>>,
        scan: &mut Scan,
        met: &mut Vec<u64>,
    ) {
        let is_short = text.len() <= LONGEST_KNOWN;
        if is_short && self.known.recall(text, met) {
            return;
        }
        self.tables.scan(text, bytes, like, scan);
        met.extend_from_slice(scan.survivors());
        if is_short {
            self.known.remember(text, scan.survivors());
        }
    }

    /// Appends what a value meets in all its forms, of which the key tells which they are. False where it is not known.
    pub(crate) fn recall(&self, key: &[u8], met: &mut Vec<u64>) -> bool {
        !key.is_empty() && self.values.recall(key, met)
    }

    /// Keeps that, unless the key is empty.
    pub(crate) fn remember(&self, key: &[u8], met: &[u64]) {
        if !key.is_empty() {
            self.values.remember(key, met);
        }
    }
}
