//! Actions of rules, right and wrong.

use super::{directive, faults, link, read, rule};
use crate::syntax::{
    Assignment, AssignmentKind, Control, Directive, Disruption, EngineMode, Expression, Flow,
    IdRange, Piece, Removal, Selector, TargetRemoval, Transformation, Variable, VariableRef,
};

fn literal(text: &str) -> Expression {
    Expression(vec![Piece::Literal(text.into())])
}

fn of(variable: Variable, name: &str) -> VariableRef {
    VariableRef { variable, selector: Selector::Name(name.into()) }
}

#[test]
fn commas_and_quotes_within_quotes_split_nothing() {
    for (written, expected) in [
        ("msg:'a, b'", "a, b"),
        ("msg:'it\\'s, so'", "it's, so"),
        ("msg:it's", "it's"),
        ("msg:two words", "two words"),
        ("msg: 'space before'  , t:none", "space before"),
        ("msg:'back\\\\slash'", "back\\\\slash"),
        ("msg:'a\\d'", "a\\d"),
        ("msg:'x:y:z'", "x:y:z"),
        ("msg:'say \\\"so\\\"'", "say \"so\""),
        (",, msg:a ,", "a"),
    ] {
        assert_eq!(link(written).msg, Some(literal(expected)), "{written}");
    }
}

#[test]
fn assignments_are_told_apart() {
    let tx = |name: &str| Expression(vec![Piece::Macro(of(Variable::Tx, name))]);
    for (written, name, kind) in [
        ("setvar:tx.a", literal("a"), AssignmentKind::Set(literal("1"))),
        ("setvar:'tx.a=b c'", literal("a"), AssignmentKind::Set(literal("b c"))),
        ("setvar:TX.A=b", literal("A"), AssignmentKind::Set(literal("b"))),
        ("setvar:tx:a='b,c'", literal("a"), AssignmentKind::Set(literal("b,c"))),
        ("setvar:tx.a=+5", literal("a"), AssignmentKind::Add(literal("5"))),
        ("setvar:'tx.a=+%{tx.b}'", literal("a"), AssignmentKind::Add(tx("b"))),
        ("setvar:tx.a=-%{TX.B}", literal("a"), AssignmentKind::Subtract(tx("b"))),
        ("setvar:tx.a=-5", literal("a"), AssignmentKind::Subtract(literal("5"))),
        ("setvar:tx.a=+-5", literal("a"), AssignmentKind::Add(literal("-5"))),
        (
            "setvar:tx.a=+1%{tx.b}",
            literal("a"),
            AssignmentKind::Add(Expression([literal("1").0, tx("b").0].concat())),
        ),
        ("setvar:!tx.a", literal("a"), AssignmentKind::Remove),
        ("setvar:'!tx.a'", literal("a"), AssignmentKind::Remove),
        ("setvar:tx.a=", literal("a"), AssignmentKind::Set(Expression::default())),
        ("setvar:tx.a=b=c", literal("a"), AssignmentKind::Set(literal("b=c"))),
        (
            "setvar:'tx.p_%{ARGS.x=y}=1'",
            Expression(vec![
                Piece::Literal(b"p_".to_vec()),
                Piece::Macro(of(Variable::Args, "x=y")),
            ]),
            AssignmentKind::Set(literal("1")),
        ),
    ] {
        assert_eq!(link(written).assignments, [Assignment { name, kind }], "{written}");
    }
}

#[test]
fn controls_are_told_apart() {
    let ids = |first, last| Removal::Ids(vec![IdRange { first, last }]);
    let target = |rules| {
        Control::RemoveTarget(TargetRemoval { rules, target: of(Variable::Args, "password") })
    };
    for (written, expected) in [
        ("ruleEngine=Off", Control::RuleEngine(EngineMode::Off)),
        ("ruleEngine=detectiononly", Control::RuleEngine(EngineMode::DetectionOnly)),
        ("ruleRemoveById=941000-942999", Control::Remove(ids(941_000, 942_999))),
        ("ruleRemoveByTag=attack-sqli", Control::Remove(Removal::Tag("attack-sqli".into()))),
        ("ruleRemoveByMsg='SQL, found'", Control::Remove(Removal::Msg("SQL, found".into()))),
        ("ruleRemoveTargetById=942100;ARGS:Password", target(ids(942_100, 942_100))),
        ("ruleRemoveTargetByTag=OWASP_CRS;ARGS:password", target(Removal::Tag("OWASP_CRS".into()))),
        ("ruleRemoveTargetByMsg=a b ; ARGS:password", target(Removal::Msg("a b".into()))),
        ("requestBodyAccess=Off", Control::RequestBodyAccess(false)),
        ("responseBodyAccess=On", Control::ResponseBodyAccess(true)),
        ("forceRequestBodyVariable=On", Control::ForceRequestBodyVariable(true)),
        ("requestBodyProcessor=xml", Control::RequestBodyProcessor("XML".into())),
        ("auditEngine=Off", Control::Ignored("auditEngine=Off".into())),
    ] {
        assert_eq!(link(&format!("ctl:{written}")).controls, [expected], "{written}");
    }
    assert_eq!(link("ctl:ruleRemoveTargetById=1;ARGS:a|ARGS:b").controls.len(), 2);
}

#[test]
fn none_takes_away_what_came_before() {
    use Transformation::{Lowercase, NormalizePath, Trim};
    let default = "SecDefaultAction \"phase:2,pass,t:trim\"\n";
    for (written, expected) in [
        ("log", vec![Trim]),
        ("t:lowercase", vec![Trim, Lowercase]),
        ("t:lowercase,t:none,t:normalisePath", vec![NormalizePath]),
        ("t:none", vec![]),
    ] {
        let rule = rule(&format!("{default}SecRule ARGS a \"id:1,{written}\""));
        assert_eq!(rule.links[0].transformations, expected, "{written}");
    }
}

#[test]
fn the_last_word_on_logging_counts() {
    for (written, log, audit) in [
        ("pass", true, true),
        ("nolog", false, false),
        ("nolog,auditlog", false, true),
        ("auditlog,nolog", false, false),
        ("noauditlog", true, false),
        ("noauditlog,log", true, true),
        ("log,noauditlog", true, false),
    ] {
        let rule = rule(&format!("SecAction \"id:1,{written}\""));
        assert_eq!((rule.log, rule.audit_log), (log, audit), "{written}");
    }
}

#[test]
fn severities_have_names_and_numbers() {
    for (written, expected) in
        [("CRITICAL", 2), ("'critical'", 2), ("2", 2), ("EMERGENCY", 0), ("7", 7), ("debug", 7)]
    {
        let rule = rule(&format!("SecAction \"id:1,severity:{written}\""));
        assert_eq!(rule.metadata.severity, Some(expected), "{written}");
    }
}

#[test]
fn what_becomes_of_the_transaction_and_the_rules_is_told() {
    let to = Disruption::Redirect(Expression(vec![
        Piece::Literal(b"http://".to_vec()),
        Piece::Macro(of(Variable::RequestHeaders, "host")),
        Piece::Literal(b"/".to_vec()),
    ]));
    for (written, expected) in [
        ("pass", Disruption::Pass),
        ("DENY", Disruption::Deny),
        ("drop", Disruption::Drop),
        ("allow", Disruption::Allow),
        ("allow:phase", Disruption::AllowPhase),
        ("allow:Request", Disruption::AllowRequest),
        ("deny,pass", Disruption::Pass),
        ("redirect:'http://%{request_headers.host}/'", to),
    ] {
        let rule = rule(&format!("SecAction \"id:1,{written}\""));
        assert_eq!((rule.disruption, rule.blocks), (expected, false), "{written}");
    }
    for (written, expected) in [
        ("log", Flow::Next),
        ("skip:3", Flow::Skip(3)),
        ("skipAfter:END-X", Flow::SkipAfter("END-X".into())),
    ] {
        assert_eq!(rule(&format!("SecAction \"id:1,{written}\"")).flow, expected, "{written}");
    }
}

#[test]
fn block_does_what_the_phase_says() {
    let text = "SecAction \"id:1,block\"\n\
        SecDefaultAction \"phase:2,log,noauditlog,deny,status:406,tag:'by default'\"\n\
        SecAction \"id:2,block,status:500,auditlog\"\n\
        SecAction \"id:3,tag:own\"\n\
        SecAction \"id:4,pass\"\n\
        SecAction \"id:5,phase:1,block\"\n";
    let parsed = read(text);
    let rules = super::rules(&parsed);
    let found: Vec<_> = rules
        .iter()
        .map(|rule| (rule.disruption.clone(), rule.blocks, rule.status, rule.audit_log))
        .collect();
    let expected = [
        (Disruption::Pass, true, None, true),
        (Disruption::Deny, true, Some(500), true),
        (Disruption::Deny, true, Some(406), false),
        (Disruption::Pass, false, Some(406), false),
        (Disruption::Pass, true, None, true),
    ];
    assert_eq!(found, expected);
    assert_eq!(rules[2].metadata.tags, [literal("by default"), literal("own")]);
    assert_eq!(parsed.defaults.len(), 1);
}

#[test]
fn an_update_of_actions_says_what_changes_alone() {
    let Directive::UpdateActions(update) =
        directive("SecRuleUpdateActionById 949110 \"t:none,redirect:'http://a/'\"")
    else {
        panic!("no update")
    };
    assert_eq!((update.id, update.link), (949_110, 0));
    assert_eq!(update.disruption, Some(Disruption::Redirect(literal("http://a/"))));
    assert_eq!(update.transformations, Some(Vec::new()));
    assert_eq!((update.log, update.status, update.severity), (None, None, None));
    let Directive::UpdateActions(update) =
        directive("SecRuleUpdateActionById \"12:1\" \"setvar:tx.a=1,capture\"")
    else {
        panic!("no update")
    };
    assert_eq!((update.id, update.link, update.assignments.len()), (12, 1, 1));
    assert!(update.capture && update.transformations.is_none());
}

#[test]
fn block_in_an_update_is_that_of_the_rules_phase() {
    let parsed = read(
        "SecDefaultAction \"phase:1,deny,status:410\"\nSecAction \"id:1,phase:1,pass\"\n\
         SecRuleUpdateActionById 1 \"block\"\n",
    );
    let Some(Directive::UpdateActions(update)) =
        parsed.statements.last().map(|statement| &statement.directive)
    else {
        panic!("no update")
    };
    assert_eq!((&update.disruption, update.status), (&Some(Disruption::Deny), Some(410)));
}

#[test]
fn a_bad_action_is_told_with_its_rule() {
    for (written, part) in [
        ("phase:6", "expected 1 to 5"),
        ("phase", "expected a value behind a colon"),
        ("pass:1", "expected no value"),
        ("severity:8", "CRITICAL"),
        ("severity:loud", "CRITICAL"),
        ("status:99", "from 200 to 599"),
        ("status:600", "from 200 to 599"),
        ("skip:0", "from 1"),
        ("skip:-1", "from 1"),
        ("allow:never", "`phase` or `request`"),
        ("maturity:10", "from 0 to 9"),
        ("t:rot13", "unknown transformation `rot13`"),
        ("id:2", "one id"),
        ("setvar:a=1", "variable of TX"),
        ("setvar:ip.a=1", "variable of TX"),
        ("setvar:tx.", "variable of TX"),
        ("setvar:!tx.a=1", "expected no value"),
        ("setvar:tx.a==5", "expected one `=` before the value, but found `==5`"),
        ("setvar:'tx.a==%{tx.b}'", "expected one `=`"),
        ("setvar:tx.a==", "expected one `=`"),
        ("setvar:tx.a=+abc", "expected a whole number or a macro behind `+`, but found `abc`"),
        ("setvar:tx.a=-abc", "a macro behind `-`"),
        ("setvar:tx.a=+", "a whole number"),
        ("setvar:tx.a=+=5", "a whole number"),
        ("setvar:tx.a=-5x", "a whole number"),
        ("setvar:tx.a=+%{tx.b", "a whole number"),
        ("setvar:tx.a=%{nobody}", "unknown variable `nobody`"),
        ("ctl:ruleEngine", "name and a value"),
        ("ctl:ruleEngine=Maybe", "On, Off or DetectionOnly"),
        ("ctl:ruleRemoveById=x", "id or a range"),
        ("ctl:ruleRemoveById=9-1", "id or a range"),
        ("ctl:ruleRemoveByTag=", "expected a value"),
        ("ctl:ruleRemoveTargetById=1", "rules and a target"),
        ("ctl:ruleRemoveTargetById=1;!ARGS:a", "without `!`"),
        ("ctl:ruleRemoveTargetByTag=;ARGS:a", "every rule"),
        ("ctl:requestBodyProcessor=LUA", "URLENCODED"),
        ("ctl:requestBodyLimit=5", "not supported"),
        ("ctl:magic=5", "unknown control `magic`"),
        ("exec:/bin/true", "action `exec` is not supported"),
        ("expirevar:tx.a=5", "action `expirevar` is not supported"),
        ("frobnicate", "unknown action `frobnicate`"),
        ("msg:'open", "expected `'`"),
        ("msg:'a'b", "expected a comma"),
        ("msg:'%{GEO.COUNTRY}'", "variable `GEO` is not supported"),
    ] {
        let found = faults(format!("\nSecRule ARGS a \"id:7,{written}\""));
        assert_eq!(found.len(), 1, "{written}: {found:?}");
        assert!(found[0].text.contains(part), "{written}: {}", found[0].text);
        assert_eq!(found[0].location.line, 2, "{written}");
        assert_eq!(found[0].rule, Some(7), "{written}");
    }
}
