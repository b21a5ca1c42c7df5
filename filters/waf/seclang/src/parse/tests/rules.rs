//! Rules, chains and the lines that they are written in.

use super::{directive, read, rule, rules};
use crate::syntax::{
    Directive, EngineMode, IdRange, LimitAction, Operator, Phase, Removal, Selector, Setting,
    Target, Variable, VariableRef,
};

#[test]
fn a_rule_is_read_however_its_lines_are_broken() {
    let expected = rule("SecRule ARGS \"@rx a b\" \"id:1,phase:1,deny\"");
    for written in [
        "SecRule ARGS \"@rx a b\" 'id:1,phase:1,deny'",
        "  secrule  ARGS\t\"@rx a b\"   \"id:1, phase:1, deny\"  ",
        "SecRule ARGS \"@rx a b\" \"phase:'1',id:'1',deny\"",
        "SecRule \"ARGS\" \"a b\" \"id:1,phase:1,deny\"",
        "\u{feff}SecRule ARGS 'a b' id:1,phase:1,deny",
        "SecRule ARGS \"@rx a b\" \\\n    \"id:1,\\\n    phase:1,\\\n    deny\"",
        "SecRule ARGS \"@rx a b\" \\\r\n    \"id:1,\\\r\n    phase:1,\\\r\n    deny\"\r\n",
        "SecRule ARGS \"@rx a \\\nb\" \"id:1,phase:1,deny\"\\",
    ] {
        let mut found = rule(written);
        found.links[0].location.line = 1;
        assert_eq!(found, expected, "{written}");
    }
}

#[test]
fn quotes_within_quotes_are_a_part_of_the_text() {
    for (written, expected) in [
        (r#""@rx a\"b""#, r#"a"b"#),
        (r#""@rx a\\b""#, r"a\\b"),
        (r#""@rx a\\""#, r"a\\"),
        (r#""@rx a\d'b""#, r"a\d'b"),
        (r#"'@rx a"b\'c'"#, r#"a"b'c"#),
        (r#"a\"b"#, r#"a\"b"#),
    ] {
        let rule = rule(&format!("SecRule ARGS {written} \"id:1\""));
        assert_eq!(rule.links[0].test.operator, Operator::Rx(expected.into()), "{written}");
    }
}

#[test]
fn comments_and_empty_lines_say_nothing_and_do_not_go_on() {
    let parsed = read(
        "# SecAction \"id:1\"\n\n  # a comment \\\nSecAction \"id:2\"\n   \nSecAction \"id:3\"",
    );
    let lines: Vec<u32> = parsed.statements.iter().map(|one| one.location.line).collect();
    assert_eq!(lines, [4, 6]);
    assert_eq!(read(""), super::Parsed::default());
}

#[test]
fn a_rule_has_defaults() {
    let rule = rule("SecRule ARGS a id:1");
    assert_eq!((rule.phase, rule.log, rule.status), (Phase::RequestBody, true, None));
    assert_eq!(rule.links.len(), 1);
}

#[test]
fn phases_have_numbers_and_names() {
    for (written, phase) in [
        ("1", Phase::RequestHeaders),
        ("2", Phase::RequestBody),
        ("request", Phase::RequestBody),
        ("3", Phase::ResponseHeaders),
        ("Response", Phase::ResponseBody),
        ("4", Phase::ResponseBody),
        ("logging", Phase::Logging),
        ("5", Phase::Logging),
    ] {
        assert_eq!(rule(&format!("SecAction id:1,phase:{written}")).phase, phase, "{written}");
    }
}

#[test]
fn a_chain_is_one_rule() {
    let parsed = read(
        "SecRule ARGS a \"id:1,phase:1,deny,chain,setvar:tx.a=1\"\n\
         \n# between\n\
         SecRule REQUEST_URI b \"chain,t:lowercase,tag:'of the second',severity:3\"\n\
         SecAction \"chain\"\n\
         SecRule &ARGS \"@eq 0\"\n\
         SecAction id:2\n",
    );
    let [one, two] = &rules(&parsed)[..] else { panic!("{parsed:?}") };
    let lines: Vec<u32> = one.links.iter().map(|link| link.location.line).collect();
    assert_eq!((lines, two.metadata.id), (vec![1, 4, 5, 6], 2));
    assert_eq!((one.metadata.tags.len(), one.metadata.severity), (1, Some(3)));
    assert_eq!(parsed.statements[0].location.line, 1);
}

#[test]
fn directives_are_read() {
    let target = |name: &str| VariableRef {
        variable: Variable::ArgsNames,
        selector: Selector::Name(name.into()),
    };
    let range = |first, last| IdRange { first, last };
    for (written, expected) in [
        ("SecMarker END-X", Directive::Marker("END-X".into())),
        ("SecMarker \"END X\"", Directive::Marker("END X".into())),
        (
            "SecComponentSignature \"OWASP_CRS/4.0\"",
            Directive::ComponentSignature("OWASP_CRS/4.0".into()),
        ),
        (
            "SecRuleRemoveById 1 2-3 \"4,5-6\"",
            Directive::Remove(Removal::Ids(vec![
                range(1, 1),
                range(2, 3),
                range(4, 4),
                range(5, 6),
            ])),
        ),
        ("SecRuleRemoveByTag \"attack-.*\"", Directive::Remove(Removal::Tag("attack-.*".into()))),
        ("SecRuleRemoveByMsg 'a b'", Directive::Remove(Removal::Msg("a b".into()))),
        (
            "SecRuleEngine detectionOnly",
            Directive::Setting(Setting::RuleEngine(EngineMode::DetectionOnly)),
        ),
        ("SecRequestBodyAccess On", Directive::Setting(Setting::RequestBodyAccess(true))),
        ("SecRequestBodyLimit 1", Directive::Setting(Setting::RequestBodyLimit(1))),
        (
            "SecRequestBodyNoFilesLimit 131072",
            Directive::Setting(Setting::RequestBodyNoFilesLimit(131_072)),
        ),
        (
            "SecRequestBodyLimitAction processpartial",
            Directive::Setting(Setting::RequestBodyLimitAction(LimitAction::ProcessPartial)),
        ),
        (
            "SecRequestBodyJsonDepthLimit 512",
            Directive::Setting(Setting::RequestBodyJsonDepthLimit(512)),
        ),
        ("SecArgumentsLimit 1000", Directive::Setting(Setting::ArgumentsLimit(1000))),
        ("SecResponseBodyAccess Off", Directive::Setting(Setting::ResponseBodyAccess(false))),
        ("SecResponseBodyLimit 524288", Directive::Setting(Setting::ResponseBodyLimit(524_288))),
        (
            "SecResponseBodyLimitAction Reject",
            Directive::Setting(Setting::ResponseBodyLimitAction(LimitAction::Reject)),
        ),
        (
            "SecResponseBodyMimeType text/plain \"Text/HTML text/xml\"",
            Directive::Setting(Setting::ResponseBodyMimeTypes(
                ["text/plain", "text/html", "text/xml"].map(str::to_owned).to_vec(),
            )),
        ),
        ("SecResponseBodyMimeTypesClear", Directive::Setting(Setting::ResponseBodyMimeTypesClear)),
    ] {
        assert_eq!(directive(written), expected, "{written}");
    }
    let Directive::UpdateTargets(update) =
        directive("SecRuleUpdateTargetById 930120 !ARGS_NAMES:json.profile")
    else {
        panic!("no update")
    };
    assert_eq!(update.rules, Removal::Ids(vec![range(930_120, 930_120)]));
    assert_eq!(update.targets, [Target::Exclude(target("json.profile"))]);
    let Directive::UpdateTargets(update) =
        directive("SecRuleUpdateTargetByTag a \"ARGS_NAMES:a|ARGS_NAMES:b\" \"ARGS_NAMES:c\"")
    else {
        panic!("no update")
    };
    assert_eq!(update.targets.len(), 2);
    assert_eq!(update.instead_of, Some(Target::Values(target("c"))));
}
