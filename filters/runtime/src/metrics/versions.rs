//! Gauges that are 1 while what they name runs: the version of a rule set, such as Prometheus' `info` metrics.

use portcullis_control::program::Program;

use super::full_name;
use crate::host::Host;

/// Versions that a configuration tells, at most: a gauge is there for ever.
const MAX_VERSIONS: usize = 16;

/// Bytes of a version that its gauge's name has, at most.
const MAX_VERSION: usize = 64;

/// The gauges of a configuration.
#[derive(Default)]
pub(super) struct Versions(Vec<u32>);

impl Versions {
    /// Defines and sets them; one that the host refuses is left out.
    pub(super) fn define(host: &dyn Host, program: &Program) -> Self {
        let mut names: Vec<String> = Vec::new();
        for slot in program.chains.iter().flat_map(|chain| chain.slots()) {
            for (kind, version) in slot.policy.versions() {
                let name = full_name(&[slot.kind.name, kind, &harmless(&version)]);
                if names.len() < MAX_VERSIONS && !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        let ids = names.iter().filter_map(|name| host.define_gauge(name).ok()).collect();
        let versions = Versions(ids);
        versions.tell(host);
        versions
    }

    /// Says that they run. Said again on each tick: another configuration that ran the same may just have ended.
    pub(super) fn tell(&self, host: &dyn Host) {
        self.set(host, 1);
    }

    /// Says that they do not.
    pub(super) fn end(&self, host: &dyn Host) {
        self.set(host, 0);
    }

    fn set(&self, host: &dyn Host, value: u64) {
        for gauge in &self.0 {
            let _ = host.set_gauge(*gauge, value);
        }
    }
}

/// A version as a part of a metric's name.
fn harmless(version: &str) -> String {
    let kept = |letter: char| letter.is_ascii_alphanumeric() || "./-_".contains(letter);
    let letters = version.chars().take(MAX_VERSION);
    letters.map(|letter| if kept(letter) { letter } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn a_version_is_bounded_and_has_no_byte_that_a_metric_may_not_have() {
        assert_eq!(harmless("OWASP_CRS/4.29.0-dev"), "OWASP_CRS/4.29.0-dev");
        assert_eq!(harmless("a b:c\u{e4}"), "a_b_c_");
        assert_eq!([harmless(&"a".repeat(64)).len(), harmless(&"a".repeat(65)).len()], [64, 64]);
    }
}
