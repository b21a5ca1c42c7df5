//! The tables of a rule set's conditions, and what they said of texts that recur, for all programs of a VM.

use std::sync::atomic::{AtomicU32, Ordering};

use portcullis_waf_operators::bytes::ByteSet;
use portcullis_waf_operators::prefilter::{Like, Scan, Tables};

use crate::known::{Known, LONGEST_KNOWN};

/// What tells values apart that no rule of a set can match.
#[derive(Debug)]
pub struct Prefilter {
    /// Tells it from others: what is remembered of values by its conditions is not taken for another one's.
    id: u32,
    tables: Tables,
    known: Known,
}

impl Prefilter {
    /// Over the tables that were made with a set; `None` where the bytes are none.
    #[must_use]
    pub fn new(tables: &'static [u8]) -> Option<Self> {
        let tables = Tables::new(tables)?;
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Some(Prefilter { id, known: Known::new(tables.len().div_ceil(64)), tables })
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.id
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
}
