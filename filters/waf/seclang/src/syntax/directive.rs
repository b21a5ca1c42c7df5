//! Directives: what stands at the beginning of a line.

use serde::{Deserialize, Serialize};

use super::{
    Assignment, Control, Disruption, EngineMode, Flow, Removal, Rule, Target, Transformation,
};

/// Where something stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Location {
    /// The file's name, or what stands for it (`directives`).
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

/// A directive and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Where its first line stands.
    pub location: Location,
    /// What it says.
    pub directive: Directive,
}

/// What a directive says. `SecDefaultAction` is no value of its own: the parser works it into the rules behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Directive {
    /// `SecRule` with its chain, or `SecAction`.
    Rule(Box<Rule>),
    /// `SecMarker`
    Marker(String),
    /// `SecComponentSignature`
    ComponentSignature(String),
    /// `SecRuleRemoveById`, `…ByTag`, `…ByMsg`, of the rules before it.
    Remove(Removal),
    /// `SecRuleUpdateTargetById`, `…ByTag`, `…ByMsg`, of the rules before it.
    UpdateTargets(Selection),
    /// `SecRuleUpdateActionById`: the actions that are given replace the rule's.
    UpdateActions(Box<ActionUpdate>),
    /// A setting of the engine; the last one counts.
    Setting(Setting),
}

/// `SecRuleUpdateTargetBy…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The rules.
    pub rules: Removal,
    /// Targets that are added; exclusions among them.
    pub targets: Vec<Target>,
    /// The target in whose place they come, if given.
    pub instead_of: Option<Target>,
}

/// What the limit's end does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LimitAction {
    /// `Reject`
    Reject,
    /// `ProcessPartial`
    ProcessPartial,
}

/// A setting of the engine.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Setting {
    /// `SecRuleEngine`
    RuleEngine(EngineMode),
    /// `SecRequestBodyAccess`
    RequestBodyAccess(bool),
    /// `SecRequestBodyLimit`: bytes, at least 1.
    RequestBodyLimit(u64),
    /// `SecRequestBodyNoFilesLimit`: bytes, at least 1.
    RequestBodyNoFilesLimit(u64),
    /// `SecRequestBodyLimitAction`
    RequestBodyLimitAction(LimitAction),
    /// `SecRequestBodyJsonDepthLimit`
    RequestBodyJsonDepthLimit(u64),
    /// `SecArgumentsLimit`
    ArgumentsLimit(u64),
    /// `SecResponseBodyAccess`
    ResponseBodyAccess(bool),
    /// `SecResponseBodyLimit`: bytes, at least 1.
    ResponseBodyLimit(u64),
    /// `SecResponseBodyLimitAction`
    ResponseBodyLimitAction(LimitAction),
    /// `SecResponseBodyMimeType`: in lower case, added to those before.
    ResponseBodyMimeTypes(Vec<String>),
    /// `SecResponseBodyMimeTypesClear`
    ResponseBodyMimeTypesClear,
}

/// `SecRuleUpdateActionById`. What is `None` or empty leaves the rule's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActionUpdate {
    /// The rule, and how many links below its head (`12345:1`).
    pub id: u32,
    /// The link in its chain; 0 is the head.
    pub link: usize,
    /// The disruptive action, `block` already replaced.
    pub disruption: Option<Disruption>,
    /// `status`
    pub status: Option<u16>,
    /// `skip`, `skipAfter`
    pub flow: Option<Flow>,
    /// `log`, `nolog`
    pub log: Option<bool>,
    /// `auditlog`, `noauditlog`
    pub audit_log: Option<bool>,
    /// `severity`
    pub severity: Option<u8>,
    /// `msg`
    pub msg: Option<super::Expression>,
    /// `logdata`
    pub logdata: Option<super::Expression>,
    /// `tag`, added.
    pub tags: Vec<super::Expression>,
    /// `t`: replace the rule's.
    pub transformations: Option<Vec<Transformation>>,
    /// `setvar`, added.
    pub assignments: Vec<Assignment>,
    /// `ctl`, added.
    pub controls: Vec<Control>,
    /// `capture`
    pub capture: bool,
}
