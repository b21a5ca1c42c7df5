//! The tables of a rule set's conditions, and what they said of texts that recur, for all programs of a VM.

use std::cell::RefCell;
use std::collections::HashMap;

use portcullis_waf_operators::prefilter::{Scan, Tables};

/// Bytes of a text that is remembered from request to request: names of headers and arguments, and what browsers say of
/// themselves, come with each. A longer one costs more to compare, and is seldom sent twice.
const LONGEST_KNOWN: usize = 160;

/// Texts that are remembered, at most; past it all are forgotten, so that a client that sends new ones only loses others
/// a microsecond. A quarter of a megabyte at the most.
const MOST_KNOWN: usize = 1024;

/// Which conditions recurring texts meet, whoever sends them.
#[derive(Debug, Default)]
struct Known(RefCell<HashMap<Box<[u8]>, Met>>);

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

/// What tells values apart that no rule of a set can match.
#[derive(Debug)]
pub struct Prefilter {
    tables: Tables,
    known: Known,
}

impl Prefilter {
    /// Over the tables that were made with a set; `None` where the bytes are none.
    #[must_use]
    pub fn new(tables: &'static [u8]) -> Option<Self> {
        Some(Prefilter { tables: Tables::new(tables)?, known: Known::default() })
    }

    /// Words of a set of conditions.
    pub(crate) fn width(&self) -> usize {
        self.tables.len().div_ceil(64)
    }

    /// Appends the conditions that a text meets.
    pub(crate) fn look(&self, text: &[u8], scan: &mut Scan, met: &mut Vec<u64>) {
        let recurs = text.len() <= LONGEST_KNOWN;
        if recurs && self.known.recall(text, met) {
            return;
        }
        self.tables.scan(text, scan);
        met.extend_from_slice(scan.survivors());
        if recurs {
            self.known.remember(text, scan.survivors());
        }
    }
}
