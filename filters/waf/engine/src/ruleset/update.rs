//! `SecRuleUpdateTargetBy…` and `SecRuleUpdateActionById`: a rule of somebody else's set is changed, not copied.

use portcullis_waf_seclang::syntax::{ActionUpdate, Location, Rule, Selection, Target};

use super::{Findings, RuleSet, Selected};

impl RuleSet {
    pub(super) fn update_targets(
        &mut self,
        update: &Selection,
        location: &Location,
        findings: &mut Findings,
    ) {
        let Some(selected) = Selected::of(&update.rules, location, findings) else { return };
        let mut changed = false;
        for rule in self.rules_mut(|rule| selected.has(rule) && has_place(rule, update)) {
            changed = true;
            let Some((head, chained)) = rule.links.split_first_mut() else { continue };
            match &update.instead_of {
                None => head.targets.extend(update.targets.iter().cloned()),
                Some(old) => {
                    let targets = replaced(&head.targets, old, &update.targets);
                    // A rule without targets would be a `SecAction`.
                    if looks(&head.targets) && !looks(&targets) {
                        findings.fault(
                            location,
                            Some(rule.metadata.id),
                            "expected a variable without `!` in the place of the old one: the rule looks at nothing",
                        );
                        continue;
                    }
                    head.targets = targets;
                }
            }
            // What is not to be looked at is not to be looked at in the chain either.
            let excluded = update.targets.iter().filter(|new| matches!(new, Target::Exclude(_)));
            for link in chained {
                link.targets.extend(excluded.clone().cloned());
            }
        }
        if !changed {
            let meant = self.rules().any(|rule| selected.has(rule));
            let why = if meant {
                "the target to be replaced is in no rule that is meant"
            } else {
                "no rule before it is meant"
            };
            findings.warn(location, format!("changes nothing: {why}"));
        }
    }

    pub(super) fn update_actions(
        &mut self,
        update: ActionUpdate,
        location: &Location,
        findings: &mut Findings,
    ) {
        let id = update.id;
        let Some(rule) = self.rules_mut(|rule| rule.metadata.id == id).next() else {
            findings.warn(location, format!("changes nothing: there is no rule {id} before it"));
            return;
        };
        let depth = rule.links.len();
        let Some(link) = rule.links.get_mut(update.link) else {
            findings.fault(
                location,
                Some(id),
                format!("the rule's chain has {depth} links; count from 0, its head"),
            );
            return;
        };
        if let Some(transformations) = update.transformations {
            link.transformations = transformations;
        }
        link.capture |= update.capture;
        link.assignments.extend(update.assignments);
        link.controls.extend(update.controls);
        link.msg = update.msg.or(link.msg.take());
        link.logdata = update.logdata.or(link.logdata.take());
        rule.metadata.tags.extend(update.tags);
        rule.metadata.severity = update.severity.or(rule.metadata.severity);
        rule.status = update.status.or(rule.status);
        rule.log = update.log.unwrap_or(rule.log);
        rule.audit_log = update.audit_log.unwrap_or(rule.audit_log);
        if let Some(disruption) = update.disruption {
            rule.disruption = disruption;
            rule.blocks = false;
        }
        if let Some(flow) = update.flow {
            rule.flow = flow;
        }
    }
}

/// True if the new targets have a place in a rule: that of the old one, where one is named.
fn has_place(rule: &Rule, update: &Selection) -> bool {
    let Some(old) = &update.instead_of else { return true };
    rule.links.first().is_some_and(|head| head.targets.contains(old))
}

/// The new targets come in the place of the old one.
fn replaced(targets: &[Target], old: &Target, new: &[Target]) -> Vec<Target> {
    let each = targets.iter();
    each.flat_map(|target| if target == old { new } else { std::slice::from_ref(target) })
        .cloned()
        .collect()
}

/// True if there is something to look at.
fn looks(targets: &[Target]) -> bool {
    targets.iter().any(|target| !matches!(target, Target::Exclude(_)))
}

#[cfg(test)]
mod tests {
    use portcullis_waf_seclang::{Source, parse};

    use super::super::{Fault, Warning};
    use super::*;

    type Told = Result<Vec<Warning>, Vec<Fault>>;

    /// The targets of all links of the rules, in order, after an update, and what was told of it.
    fn targets(rules: &str, update: &str) -> (Vec<Vec<Target>>, Told) {
        let text = format!("{rules}\n{update}\n").into_bytes();
        let parsed = parse(&[Source { name: "rules".to_owned(), text }]);
        let parsed = parsed.unwrap_or_else(|faults| panic!("{update}: {faults:?}"));
        let mut set = RuleSet::default();
        let told = set.extend(parsed.statements);
        let links = set.rules().flat_map(|rule| &rule.links);
        (links.map(|link| link.targets.clone()).collect(), told)
    }

    #[test]
    fn new_targets_come_in_the_place_of_the_old_one() {
        for (before, update, after) in [
            ("ARGS:v|FILES", "\"ARGS:x|ARGS:y\" ARGS:v", "ARGS:x|ARGS:y|FILES"),
            ("ARGS:v|FILES", "!ARGS:x ARGS:v", "!ARGS:x|FILES"),
            ("ARGS:v", "\"!ARGS:x|ARGS\" ARGS:v", "!ARGS:x|ARGS"),
            ("ARGS|!ARGS:v", "!ARGS:x !ARGS:v", "ARGS|!ARGS:x"),
            ("&ARGS:v", "ARGS:x &ARGS:v", "ARGS:x"),
            // Neither a variable's name nor that of a member has a case.
            ("ARGS:Value", "ARGS:x args:vALUE", "ARGS:x"),
            ("ARGS", "!ARGS:x", "ARGS|!ARGS:x"),
        ] {
            let rule = |targets: &str| format!("SecRule {targets} a id:1");
            let (found, told) =
                targets(&rule(before), &format!("SecRuleUpdateTargetById 1 {update}"));
            assert_eq!(told.ok(), Some(Vec::new()), "{before} {update}");
            assert_eq!(found, targets(&rule(after), "").0, "{before} {update}");
        }
    }

    #[test]
    fn a_rule_that_would_look_at_nothing_is_a_fault_of_its_update() {
        let rules = "SecRule ARGS:v a id:1,tag:t\nSecRule ARGS:v|!ARGS:w a id:2,tag:t\n\
                     SecRule ARGS:v|FILES a id:3,tag:t";
        for (update, ids) in [
            ("ById 1 !ARGS:v2 ARGS:v", &[1][..]),
            ("ById 1-3 \"!ARGS:v2|!ARGS:v3\" ARGS:v", &[1, 2]),
            ("ByTag ^t !ARGS:v2 ARGS:V", &[1, 2]),
        ] {
            let (found, told) = targets(rules, &format!("SecRuleUpdateTarget{update}"));
            let faults = told.expect_err(update);
            let told: Vec<_> =
                faults.iter().map(|fault| (fault.location.line, fault.rule)).collect();
            let expected: Vec<_> = ids.iter().map(|id| (4, Some(*id))).collect();
            assert_eq!(told, expected, "{update}");
            assert!(
                faults.iter().all(|fault| fault.text.contains("looks at nothing")),
                "{faults:?}"
            );
            assert!(found.iter().all(|targets| looks(targets)), "{update}: {found:?}");
        }
    }

    #[test]
    fn an_update_that_changes_nothing_is_warned_of_and_does_not() {
        let rules = "SecRule ARGS:v a id:1,tag:t,msg:m,chain\nSecRule FILES a\n\
                     SecRule ARGS:/v/ a id:2\nSecAction id:3";
        let absent = "changes nothing: the target to be replaced is in no rule that is meant";
        let unmeant = "changes nothing: no rule before it is meant";
        for (update, warning) in [
            ("ById 1 !ARGS:x ARGS:w", absent),
            ("ById 1 !ARGS:x &ARGS:v", absent),
            ("ById 1 \"ARGS:x|!ARGS:y\" FILES", absent),
            ("ById 2 ARGS:x ARGS:/V/", absent),
            ("ById 3 ARGS:x ARGS:v", absent),
            ("ByTag t !ARGS:x ARGS", absent),
            ("ByMsg m !ARGS:x ARGS", absent),
            ("ById 4 ARGS:x ARGS:v", unmeant),
            ("ByTag u !ARGS:x", unmeant),
        ] {
            let (found, told) = targets(rules, &format!("SecRuleUpdateTarget{update}"));
            let [warning_told] = &told.expect(update)[..] else { panic!("{update}") };
            assert_eq!((warning_told.location.line, warning_told.text.as_str()), (5, warning));
            assert_eq!(found, targets(rules, "").0, "{update}");
        }
    }

    #[test]
    fn the_chain_of_a_rule_without_the_old_target_stays_as_it_is() {
        let chain = |targets: [&str; 4]| {
            let [a, b, c, d] = targets;
            format!(
                "SecRule {a} a id:1,chain\nSecRule {b} a\nSecRule {c} a id:2,chain\nSecRule {d} a"
            )
        };
        let (found, told) = targets(
            &chain(["ARGS:v|ARGS:w", "FILES", "ARGS:w", "FILES"]),
            "SecRuleUpdateTargetById 1-2 !ARGS:x ARGS:v",
        );
        assert_eq!(told.ok(), Some(Vec::new()));
        let becomes = chain(["!ARGS:x|ARGS:w", "FILES|!ARGS:x", "ARGS:w", "FILES"]);
        assert_eq!(found, targets(&becomes, "").0);
    }
}
