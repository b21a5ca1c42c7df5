//! A rule: `SecRule` or `SecAction`, with the chain that hangs on it.

use serde::{Deserialize, Serialize};

use super::{
    Assignment, Control, Disruption, Expression, Flow, Location, Target, Test, Transformation,
};

/// When a rule runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub enum Phase {
    /// 1
    RequestHeaders = 1,
    /// 2, also `request`
    RequestBody = 2,
    /// 3
    ResponseHeaders = 3,
    /// 4, also `response`
    ResponseBody = 4,
    /// 5, also `logging`
    Logging = 5,
}

impl Phase {
    /// By its number or name, in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "1" => Phase::RequestHeaders,
            "2" | "request" => Phase::RequestBody,
            "3" => Phase::ResponseHeaders,
            "4" | "response" => Phase::ResponseBody,
            "5" | "logging" => Phase::Logging,
            _ => return None,
        })
    }
}

/// Ids from the first to the last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct IdRange {
    /// The first.
    pub first: u32,
    /// The last.
    pub last: u32,
}

/// What is said about a rule, and what its head decides for the whole chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Metadata {
    /// `id`; 0 where a `SecAction` has none.
    pub id: u32,
    /// `tag`
    pub tags: Vec<Expression>,
    /// `ver`
    pub ver: String,
    /// `rev`
    pub rev: String,
    /// `severity`: 0 (EMERGENCY) to 7 (DEBUG).
    pub severity: Option<u8>,
    /// `maturity`: 1 to 9.
    pub maturity: Option<u8>,
    /// `accuracy`: 1 to 9.
    pub accuracy: Option<u8>,
}

/// One rule of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Link {
    /// Where it stands.
    pub location: Location,
    /// The targets, in order; empty in a `SecAction`.
    pub targets: Vec<Target>,
    /// The operator; `@unconditionalMatch` in a `SecAction`.
    pub test: Test,
    /// Those of `SecDefaultAction` before them included, unless `t:none` took them away.
    pub transformations: Vec<Transformation>,
    /// `multiMatch`
    pub multi_match: bool,
    /// `capture`
    pub capture: bool,
    /// `setvar`, in order.
    pub assignments: Vec<Assignment>,
    /// `ctl`, in order.
    pub controls: Vec<Control>,
    /// `msg`
    pub msg: Option<Expression>,
    /// `logdata`
    pub logdata: Option<Expression>,
    /// What a value must have before the operator is asked: its number in the tables that were made with the rule set.
    /// Text has none.
    pub condition: Option<u32>,
}

/// A rule with its chain.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rule {
    /// What is said about it.
    pub metadata: Metadata,
    /// When it runs; 2 where it does not say.
    pub phase: Phase,
    /// What becomes of the transaction, `block` already replaced by what `SecDefaultAction` of its phase says.
    pub disruption: Disruption,
    /// True if the rule said `block`: `SecRuleUpdateActionById` and logs tell them apart.
    pub blocks: bool,
    /// `status`
    pub status: Option<u16>,
    /// `skip`, `skipAfter`
    pub flow: Flow,
    /// `log` or `nolog`, of itself or of `SecDefaultAction`.
    pub log: bool,
    /// `auditlog` or `noauditlog`
    pub audit_log: bool,
    /// The head and what is chained to it: at least one.
    pub links: Vec<Link>,
}
