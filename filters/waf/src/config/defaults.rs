//! `SecDefaultAction` of the user's own directives, worked into the `block` of an embedded set, which was read long before.

use std::rc::Rc;

use portcullis_waf_engine::{RuleSet, Step};
use portcullis_waf_seclang::Source;
use portcullis_waf_seclang::syntax::{Directive, Disruption, Phase, Statement};

/// The name of the text that finds out what holds.
pub(super) const PROBE: &str = " probe";

/// One rule of each phase that says `block`: what the parser makes of it is what holds there. The marker in front ends a
/// chain that goes on.
pub(super) fn probe() -> Source {
    let mut text = "SecMarker probe\n".to_owned();
    for phase in 1..=5 {
        text += &format!("SecAction \"id:{},phase:{phase},block\"\n", FIRST + phase);
    }
    Source { name: PROBE.to_owned(), text: text.into_bytes() }
}

/// In the range of this module's own rules.
const FIRST: u32 = 10_430_900;

/// What `block` is, by phase.
#[derive(Clone, Debug, Default)]
pub(super) struct Defaults(Vec<(Phase, Disruption, Option<u16>)>);

impl Defaults {
    /// What the probe came to.
    pub(super) fn of(probed: &[Statement]) -> Self {
        let rules = probed.iter().filter_map(|statement| match &statement.directive {
            Directive::Rule(rule) => Some((rule.phase, rule.disruption.clone(), rule.status)),
            _ => None,
        });
        Self(rules.filter(|(_, disruption, _)| *disruption != Disruption::Pass).collect())
    }

    /// Makes the rules that say `block` do so. Where nobody said anything nothing is copied.
    pub(super) fn apply(&self, rules: &mut RuleSet) {
        for step in &mut rules.steps {
            let Step::Rule(rule) = step else { continue };
            let found = self.0.iter().find(|(phase, ..)| *phase == rule.phase && rule.blocks);
            if let Some((_, disruption, status)) = found {
                let rule = Rc::make_mut(rule);
                rule.disruption = disruption.clone();
                rule.status = rule.status.or(*status);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use portcullis_waf_seclang::parse;

    use super::*;

    fn defaults(text: &str) -> Defaults {
        let own = Source { name: "own".to_owned(), text: text.as_bytes().to_vec() };
        let mut parsed = parse(&[own, probe()]).unwrap().statements;
        parsed.retain(|statement| statement.location.file == PROBE);
        Defaults::of(&parsed)
    }

    #[test]
    fn a_default_makes_block_of_its_phase_what_it_says() {
        let text = "SecRule ARGS \"@rx a\" \"id:1,phase:2,block\"\nSecRule ARGS \"@rx a\" \"id:2,phase:1,block\"\n\
                    SecRule ARGS \"@rx a\" \"id:3,phase:2,pass\"\nSecRule ARGS \"@rx a\" \"id:4,phase:2,block,status:418\"";
        let source = Source { name: "set".to_owned(), text: text.as_bytes().to_vec() };
        let mut set = RuleSet::default();
        set.extend(parse(&[source]).unwrap().statements).unwrap();
        let before = set.clone();
        defaults("").apply(&mut set);
        defaults("SecDefaultAction \"phase:2,log,pass\"").apply(&mut set);
        assert_eq!(set, before);
        defaults("SecDefaultAction \"phase:2,log,deny,status:406\"").apply(&mut set);
        let got: Vec<_> = set.rules().map(|rule| (rule.disruption.clone(), rule.status)).collect();
        let deny = |status| (Disruption::Deny, Some(status));
        let pass = (Disruption::Pass, None);
        assert_eq!(got, [deny(406), pass.clone(), pass, deny(418)]);
    }
}
