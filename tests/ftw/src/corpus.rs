//! Which tests there are, and what they are written for: those of the release in CRS_DIR, or our own.

use std::path::{Path, PathBuf};

use crate::engine::RuleSet;
use crate::setup;
use crate::suite::{self, Suite};
use crate::through_envoy::Setting;

/// Tests and the rule set that they are about.
#[derive(Clone, Debug)]
pub enum Corpus {
    /// A release of OWASP CRS.
    Crs(PathBuf),
    /// Our own rules.
    Own,
}

impl Corpus {
    /// The release in CRS_DIR, where that is set.
    #[must_use]
    pub fn of_environment() -> Self {
        let folder = std::env::var_os("CRS_DIR").filter(|folder| !folder.is_empty());
        folder.map_or(Self::Own, |folder| Self::Crs(folder.into()))
    }

    /// What a run begins with, where it is not what somebody may think.
    #[must_use]
    pub fn told(&self) -> Option<&'static str> {
        let text = "CRS_DIR is not set: our own rules' tests run, and not those of OWASP CRS";
        matches!(self, Self::Own).then_some(text)
    }

    /// The tests.
    pub fn suites(&self) -> Result<Vec<Suite>, String> {
        match self {
            Self::Crs(folder) => suite::read(&folder.join("tests")),
            Self::Own => {
                let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
                suite::read(&root.join("filters/waf/tests/ftw"))
            }
        }
    }

    /// The rules.
    #[must_use]
    pub fn rule_set(&self) -> RuleSet<'_> {
        match self {
            Self::Crs(folder) => RuleSet::Crs(folder),
            Self::Own => RuleSet::Base,
        }
    }

    /// What stands in front of the rules.
    #[must_use]
    pub fn directives(&self) -> &'static str {
        match self {
            Self::Crs(_) => setup::DIRECTIVES,
            Self::Own => setup::OWN_DIRECTIVES,
        }
    }

    /// The module with its configuration.
    #[must_use]
    pub fn setting(&self) -> Setting {
        match self {
            Self::Crs(_) => Setting::default(),
            Self::Own => Setting::own(),
        }
    }
}
