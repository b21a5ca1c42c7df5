//! The tables of a rule set's conditions, and what they said of texts that recur, for all programs of a VM.

mod known;

use portcullis_waf_operators::bytes::ByteSet;
use portcullis_waf_operators::prefilter::{Like, Scan, Tables};

use known::Known;
pub(crate) use known::LONGEST_KNOWN;

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
        let tables = Tables::new(tables)?;
        let known = || Known::new(tables.len().div_ceil(64));
        Some(Prefilter { known: known(), values: known(), tables })
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
