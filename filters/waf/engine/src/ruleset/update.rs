//! `SecRuleUpdateTargetBy…` and `SecRuleUpdateActionById`: a rule of somebody else's set is changed, not copied.

use portcullis_waf_seclang::syntax::{ActionUpdate, Link, Location, Selection, Target};

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
        for rule in self.rules_mut(|rule| selected.has(rule)) {
            changed = true;
            if let Some((head, chained)) = rule.links.split_first_mut() {
                replace(head, update);
                // What is not to be looked at is not to be looked at in the chain either.
                let excluded =
                    update.targets.iter().filter(|new| matches!(new, Target::Exclude(_)));
                for link in chained {
                    link.targets.extend(excluded.clone().cloned());
                }
            }
        }
        if !changed {
            findings.warn(location, "changes nothing: no rule before it is meant");
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

/// The new targets come in the place of the old one, or behind all.
fn replace(link: &mut Link, update: &Selection) {
    let new = update.targets.iter().cloned();
    match &update.instead_of {
        None => link.targets.extend(new),
        Some(old) => {
            let targets: Vec<Target> = std::mem::take(&mut link.targets);
            for target in targets {
                if target == *old {
                    link.targets.extend(new.clone())
                } else {
                    link.targets.push(target)
                }
            }
        }
    }
}
