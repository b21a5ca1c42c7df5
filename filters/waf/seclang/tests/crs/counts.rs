//! What is read of release 4.29, counted, beside what a search of its text finds.

use std::collections::BTreeMap;

use portcullis_waf_seclang::syntax::{
    AssignmentKind, Directive, Disruption, Flow, Link, Operator, Selector, Target, Transformation,
    VariableRef,
};

use super::{read, rules, sources};

/// Release 4.29, of which the figures are; another release is read as well, and counted by nobody.
const COUNTED: &str = "OWASP_CRS/4.29";

fn counted() -> Option<portcullis_waf_seclang::Parsed> {
    let sources = sources()?;
    let parsed = read(&sources);
    let is_counted = parsed.statements.iter().any(|statement| {
        matches!(&statement.directive, Directive::ComponentSignature(text) if text.starts_with(COUNTED))
    });
    if !is_counted {
        eprintln!("CRS_DIR is not {COUNTED}: its rules are read, but not counted");
        return None;
    }
    Some(parsed)
}

fn links(parsed: &portcullis_waf_seclang::Parsed) -> Vec<&Link> {
    rules(parsed).into_iter().flat_map(|rule| &rule.links).collect()
}

#[test]
fn every_rule_and_directive_is_read() {
    let Some(parsed) = counted() else { return };
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for statement in &parsed.statements {
        let kind = match &statement.directive {
            Directive::Rule(rule) if rule.links.iter().all(|link| link.targets.is_empty()) => {
                "SecAction"
            }
            Directive::Rule(_) => "SecRule",
            Directive::Marker(_) => "SecMarker",
            Directive::ComponentSignature(_) => "SecComponentSignature",
            Directive::UpdateTargets(_) => "SecRuleUpdateTargetById",
            Directive::Remove(_) => "SecRuleRemove",
            Directive::UpdateActions(_) => "SecRuleUpdateActionById",
            Directive::Setting(_) => "settings",
        };
        *kinds.entry(kind).or_default() += 1;
    }
    let expected = [
        ("SecAction", 8),
        ("SecComponentSignature", 1),
        ("SecMarker", 30),
        ("SecRule", 622),
        ("SecRuleUpdateTargetById", 55),
    ];
    assert_eq!(kinds, BTreeMap::from(expected));
}

#[test]
fn there_are_629_ids_and_that_of_the_setup() {
    let Some(parsed) = counted() else { return };
    let mut ids: Vec<u32> = rules(&parsed).iter().map(|rule| rule.metadata.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 630);
    assert!(ids.contains(&900_990));
}

#[test]
fn phases_are_as_written() {
    let Some(parsed) = counted() else { return };
    let mut phases = [0; 6];
    for rule in rules(&parsed).iter().filter(|rule| rule.metadata.id != 900_990) {
        phases[rule.phase as usize] += 1;
    }
    assert_eq!(phases, [0, 172, 292, 43, 109, 13]);
}

#[test]
fn chains_are_as_long_as_written() {
    let Some(parsed) = counted() else { return };
    let mut depths: BTreeMap<usize, usize> = BTreeMap::new();
    for rule in rules(&parsed) {
        *depths.entry(rule.links.len() - 1).or_default() += 1;
    }
    depths.remove(&0);
    assert_eq!(depths, BTreeMap::from([(1, 41), (2, 11), (3, 2), (4, 1)]));
}

#[test]
fn operators_are_as_written() {
    let Some(parsed) = counted() else { return };
    let mut found: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for link in links(&parsed).iter().filter(|link| !link.targets.is_empty()) {
        let entry = found.entry(name(&link.test.operator)).or_default();
        entry.0 += 1;
        entry.1 += usize::from(link.test.negated);
    }
    let expected = [
        ("rx", (318, 21)),
        ("lt", (190, 1)),
        ("eq", (53, 4)),
        ("ge", (42, 0)),
        ("pmFromFile", (21, 1)),
        ("gt", (15, 0)),
        ("pm", (12, 2)),
        ("streq", (9, 2)),
        ("within", (9, 6)),
        ("endsWith", (6, 3)),
        ("validateByteRange", (6, 1)),
        ("contains", (4, 0)),
        ("ipMatch", (2, 0)),
        ("detectXSS", (2, 0)),
        ("detectSQLi", (2, 0)),
        ("unconditionalMatch", (1, 0)),
        ("validateUtf8Encoding", (1, 0)),
        ("validateUrlEncoding", (1, 0)),
        ("beginsWith", (1, 1)),
    ];
    assert_eq!(found, BTreeMap::from(expected));
}

fn name(operator: &Operator) -> &'static str {
    match operator {
        Operator::Rx(_) => "rx",
        Operator::Lt(_) => "lt",
        Operator::Eq(_) => "eq",
        Operator::Ge(_) => "ge",
        Operator::PmFromFile(_) => "pmFromFile",
        Operator::Gt(_) => "gt",
        Operator::Pm(_) => "pm",
        Operator::StrEq(_) => "streq",
        Operator::Within(_) => "within",
        Operator::EndsWith(_) => "endsWith",
        Operator::ValidateByteRange(_) => "validateByteRange",
        Operator::Contains(_) => "contains",
        Operator::IpMatch(_) => "ipMatch",
        Operator::DetectXss => "detectXSS",
        Operator::DetectSqli => "detectSQLi",
        Operator::UnconditionalMatch => "unconditionalMatch",
        Operator::ValidateUtf8Encoding => "validateUtf8Encoding",
        Operator::ValidateUrlEncoding => "validateUrlEncoding",
        Operator::BeginsWith(_) => "beginsWith",
        other => panic!("the release has no {other:?}"),
    }
}

#[test]
fn variables_are_as_written() {
    let Some(parsed) = counted() else { return };
    // All, by a name, by a pattern or path, counted, excluded.
    let mut found: BTreeMap<&str, [usize; 5]> = BTreeMap::new();
    let updates = parsed
        .statements
        .iter()
        .filter(|statement| matches!(statement.directive, Directive::UpdateTargets(_)));
    assert_eq!(updates.count(), 55);
    for target in links(&parsed).iter().flat_map(|link| &link.targets) {
        let (VariableRef { variable, selector }, place) = match target {
            Target::Values(reference) => (reference, None),
            Target::Count(reference) => (reference, Some(3)),
            Target::Exclude(reference) => (reference, Some(4)),
        };
        let entry = found.entry(variable.name()).or_default();
        let by = match selector {
            Selector::All => 0,
            Selector::Name(_) => 1,
            _ => 2,
        };
        entry[by] += 1;
        if let Some(place) = place {
            entry[place] += 1;
        }
    }
    let expected = [
        ("XML", [0, 0, 351, 0, 0]),
        ("TX", [0, 285, 5, 30, 0]),
        ("ARGS", [190, 1, 0, 1, 0]),
        ("ARGS_NAMES", [187, 0, 2, 0, 2]),
        ("REQUEST_HEADERS", [29, 137, 0, 17, 26]),
        ("REQUEST_COOKIES", [165, 0, 1, 0, 0]),
        ("REQUEST_COOKIES_NAMES", [165, 0, 0, 0, 0]),
        ("REQUEST_FILENAME", [61, 0, 0, 0, 0]),
        ("RESPONSE_BODY", [59, 0, 0, 0, 0]),
        ("REQUEST_BODY", [19, 0, 0, 0, 0]),
        ("MATCHED_VARS", [12, 0, 0, 0, 0]),
        ("FILES", [9, 0, 0, 0, 0]),
        ("RESPONSE_HEADERS", [0, 7, 0, 0, 0]),
        ("MULTIPART_PART_HEADERS", [4, 1, 0, 2, 0]),
    ];
    for (name, counts) in expected {
        assert_eq!(found.get(name), Some(&counts), "{name}");
    }
    assert_eq!(found.len(), 33);
}

#[test]
fn actions_are_as_written() {
    let Some(parsed) = counted() else { return };
    let rules = rules(&parsed);
    let rules: Vec<_> = rules.into_iter().filter(|rule| rule.metadata.id != 900_990).collect();
    let links: Vec<&Link> = rules.iter().flat_map(|rule| &rule.links).collect();
    let count = |of: &dyn Fn(&Link) -> usize| links.iter().map(|link| of(link)).sum::<usize>();
    let assigned = |wanted: fn(&AssignmentKind) -> bool| {
        count(&|link| link.assignments.iter().filter(|one| wanted(&one.kind)).count())
    };
    let written = [
        ("tag", rules.iter().map(|rule| rule.metadata.tags.len()).sum(), 3088),
        ("setvar =+", assigned(|kind| matches!(kind, AssignmentKind::Add(_))), 611),
        ("setvar =", assigned(|kind| matches!(kind, AssignmentKind::Set(_))), 72),
        ("ctl", count(&|link| link.controls.len()), 10),
        ("capture", count(&|link| usize::from(link.capture)), 279),
        ("multiMatch", count(&|link| usize::from(link.multi_match)), 8),
        ("msg", count(&|link| usize::from(link.msg.is_some())), 355),
        ("logdata", count(&|link| usize::from(link.logdata.is_some())), 331),
        ("severity", rules.iter().filter(|rule| rule.metadata.severity.is_some()).count(), 346),
        ("ver", rules.iter().filter(|rule| !rule.metadata.ver.is_empty()).count(), 629),
        ("block", rules.iter().filter(|rule| rule.blocks).count(), 345),
        ("deny", rules.iter().filter(|rule| rule.disruption == Disruption::Deny).count(), 6),
        ("status", rules.iter().filter(|rule| rule.status.is_some()).count(), 2),
        (
            "skipAfter",
            rules.iter().filter(|rule| matches!(rule.flow, Flow::SkipAfter(_))).count(),
            206,
        ),
        ("nolog", rules.iter().filter(|rule| !rule.log).count(), 276),
        (
            "urlDecodeUni",
            count(&|link| {
                let all = link.transformations.iter();
                all.filter(|one| **one == Transformation::UrlDecodeUni).count()
            }),
            140,
        ),
    ];
    for (action, found, expected) in written {
        assert_eq!(found, expected, "{action}");
    }
}

#[test]
fn it_warns_of_what_it_does_not_do_and_of_nothing_else() {
    let Some(parsed) = counted() else { return };
    let mut names: Vec<&str> =
        parsed.warnings.iter().filter_map(|warning| warning.text.split('`').nth(1)).collect();
    names.sort_unstable();
    assert_eq!(names, ["auditEngine", "initcol"]);
}
