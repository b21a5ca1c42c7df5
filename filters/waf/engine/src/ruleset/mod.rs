//! What the directives left of the rules: added, removed and changed in the order in which they were read.

mod selection;
mod settings;
mod update;

use std::collections::HashMap;
use std::rc::Rc;

use portcullis_waf_seclang::syntax::{Directive, Location, Removal, Rule, Setting, Statement};
use serde::{Deserialize, Serialize};

pub use portcullis_waf_seclang::{Fault, Warning};
pub(crate) use selection::Selected;
pub use settings::Settings;

/// One thing in the order of evaluation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// A rule with its chain.
    Rule(Rc<Rule>),
    /// Where `skipAfter` goes on.
    Marker(String),
}

/// Rules in order, with the engine's settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleSet {
    /// Rules and markers.
    pub steps: Vec<Step>,
    /// Settings of the engine; the last of a kind counts.
    pub settings: Vec<Setting>,
    /// `SecComponentSignature`, in order.
    pub signatures: Vec<String>,
}

/// What came of statements that were added.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) faults: Vec<Fault>,
    pub(crate) warnings: Vec<Warning>,
}

impl Findings {
    fn fault(&mut self, location: &Location, rule: Option<u32>, text: impl Into<String>) {
        self.faults.push(Fault { location: location.clone(), rule, text: text.into() });
    }

    fn warn(&mut self, location: &Location, text: impl Into<String>) {
        self.warnings.push(Warning { location: location.clone(), text: text.into() });
    }
}

impl RuleSet {
    /// Adds statements behind what is there; removals and updates act on all that came before them.
    ///
    /// # Errors
    /// Every mistake: an id that is there already, a pattern that is none, an update of a rule that is not there.
    pub fn extend(&mut self, statements: Vec<Statement>) -> Result<Vec<Warning>, Vec<Fault>> {
        if statements.is_empty() {
            return Ok(Vec::new());
        }
        let mut findings = Findings::default();
        let mut places: HashMap<u32, Location> = self
            .rules()
            .filter_map(|rule| Some((rule.metadata.id, rule.links.first()?.location.clone())))
            .collect();
        for Statement { location, directive } in statements {
            match directive {
                Directive::Rule(rule) => {
                    let id = rule.metadata.id;
                    match places.get(&id) {
                        Some(first) if id != 0 => findings.fault(
                            &location,
                            Some(id),
                            format!(
                                "the id is taken by the rule in {}:{}; give it another",
                                first.file, first.line
                            ),
                        ),
                        _ => {
                            places.insert(id, location);
                            self.steps.push(Step::Rule(Rc::from(rule)));
                        }
                    }
                }
                Directive::Marker(name) => self.steps.push(Step::Marker(name)),
                Directive::ComponentSignature(text) => self.signatures.push(text),
                Directive::Setting(setting) => self.settings.push(setting),
                Directive::Remove(removal) => {
                    let Some(selected) = Selected::of(&removal, &location, &mut findings) else {
                        continue;
                    };
                    let before = self.steps.len();
                    self.steps.retain(|step| match step {
                        Step::Rule(rule) => !selected.has(rule),
                        Step::Marker(_) => true,
                    });
                    if self.steps.len() == before {
                        findings.warn(&location, "removes nothing: no rule before it is meant");
                    }
                    places = self
                        .rules()
                        .filter_map(|rule| {
                            Some((rule.metadata.id, rule.links.first()?.location.clone()))
                        })
                        .collect();
                }
                Directive::UpdateTargets(update) => {
                    self.update_targets(&update, &location, &mut findings);
                }
                Directive::UpdateActions(update) => {
                    self.update_actions(*update, &location, &mut findings);
                }
            }
        }
        if findings.faults.is_empty() { Ok(findings.warnings) } else { Err(findings.faults) }
    }

    /// True if a removal means one of the rules that are there.
    ///
    /// # Errors
    /// A pattern that is none.
    pub fn has_what(&self, removal: &Removal) -> Result<bool, String> {
        let selected = Selected::try_of(removal)?;
        Ok(self.rules().any(|rule| selected.has(rule)))
    }

    /// Puts another set behind this one.
    pub fn append(&mut self, other: &RuleSet) {
        self.steps.extend(other.steps.iter().cloned());
        self.settings.extend(other.settings.iter().cloned());
        self.signatures.extend(other.signatures.iter().cloned());
    }

    /// The rules, in order.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.steps.iter().filter_map(|step| match step {
            Step::Rule(rule) => Some(rule.as_ref()),
            Step::Marker(_) => None,
        })
    }

    /// Rules that are to be changed: they alone are copied where other sets have them too.
    fn rules_mut(&mut self, wanted: impl Fn(&Rule) -> bool) -> impl Iterator<Item = &mut Rule> {
        self.steps.iter_mut().filter_map(move |step| match step {
            Step::Rule(rule) if wanted(rule) => Some(Rc::make_mut(rule)),
            _ => None,
        })
    }
}
