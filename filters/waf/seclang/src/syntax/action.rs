//! What a rule does when it matched.

use serde::{Deserialize, Serialize};

use super::{Expression, IdRange, VariableRef};

/// What becomes of the transaction.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Disruption {
    /// Goes on.
    Pass,
    /// What the phase's `SecDefaultAction` says.
    Block,
    /// Refused with `status`, 403 where none is given.
    Deny,
    /// The stream is closed where the host can, else 403.
    Drop,
    /// 302, or the rule's `status` of 301, 302, 303, 307.
    Redirect(Expression),
    /// No further rule of any phase but 5.
    Allow,
    /// No further rule of this phase (`allow:phase`).
    AllowPhase,
    /// No further rule of phases 1 and 2 (`allow:request`).
    AllowRequest,
}

/// What becomes of the rules that follow.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Flow {
    /// The next one.
    Next,
    /// This many rules are left out (`skip`).
    Skip(u32),
    /// Goes on behind the marker or the rule of this id (`skipAfter`).
    SkipAfter(String),
}

/// `setvar`, of TX alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Assignment {
    /// The variable's name in TX; compared in lower case.
    pub name: Expression,
    /// What becomes of it.
    pub kind: AssignmentKind,
}

/// What `setvar` does.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AssignmentKind {
    /// `tx.a=…`; without a value: `1`.
    Set(Expression),
    /// `tx.a=+…`
    Add(Expression),
    /// `tx.a=-…`
    Subtract(Expression),
    /// `!tx.a`
    Remove,
}

/// `SecRuleEngine`, `ctl:ruleEngine`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EngineMode {
    /// `On`
    On,
    /// `Off`
    Off,
    /// `DetectionOnly`
    DetectionOnly,
}

/// Which rules an exclusion means.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Removal {
    /// Rules of these ids.
    Ids(Vec<IdRange>),
    /// Rules with a tag that this pattern matches, unanchored.
    Tag(String),
    /// Rules whose msg this pattern matches, unanchored.
    Msg(String),
}

/// Which targets an exclusion takes from which rules.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TargetRemoval {
    /// The rules.
    pub rules: Removal,
    /// The target.
    pub target: VariableRef,
}

/// `ctl:…`, for the rest of this transaction.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Control {
    /// `ruleEngine`
    RuleEngine(EngineMode),
    /// `ruleRemoveById`, `ruleRemoveByTag`, `ruleRemoveByMsg`
    Remove(Removal),
    /// `ruleRemoveTargetById`, `…ByTag`, `…ByMsg`
    RemoveTarget(TargetRemoval),
    /// `requestBodyAccess`
    RequestBodyAccess(bool),
    /// `responseBodyAccess`
    ResponseBodyAccess(bool),
    /// `forceRequestBodyVariable`
    ForceRequestBodyVariable(bool),
    /// `requestBodyProcessor`, in upper case: `URLENCODED`, `MULTIPART`, `JSON`, `XML`.
    RequestBodyProcessor(String),
    /// `auditEngine`, `auditLogParts`, `debugLogLevel`: accepted, nothing happens.
    Ignored(String),
}
