//! Rule sets that are read, checked and translated when a module is built: loading one is decoding it.
//!
//! [`build`] is what a build script calls; [`Embedded::decode`] is its other end, in the module.

mod build;
mod conditions;
mod packed;
mod release;

use portcullis_waf_engine::RuleSet;
use serde::{Deserialize, Serialize};

pub use build::{Sources, build};
pub use release::{SPOOFABLE, source};

/// A rule set with all that its rules name.
#[derive(Debug, Serialize, Deserialize)]
pub struct Embedded<'b> {
    /// `SecComponentSignature` of the set, or what stands for it.
    pub version: String,
    /// What can be replaced as a whole (`setup`): `crs-setup.conf`.
    pub setup: RuleSet,
    /// The rules.
    pub rules: RuleSet,
    /// Automata of the data files, by the names that an operator has.
    #[serde(borrow)]
    pub phrases: Vec<(Vec<String>, &'b [u8])>,
    /// The prefilter's tables; the numbers of links are in them.
    pub prefilter: &'b [u8],
}

impl Embedded<'static> {
    /// Reads what [`build`] wrote; `None` where it is something else, which a module's own tests would see. Its tables are
    /// there to the end of the program, as they would be if they lay in its file unpacked: a set is read once.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes(packed::unpack(bytes)?.leak()).ok()
    }
}
