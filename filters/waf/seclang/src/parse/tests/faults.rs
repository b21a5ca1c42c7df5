//! Mistakes: all of them, with their places.

use super::{faults, parse, source};

#[test]
fn a_mistake_has_a_line_a_rule_and_a_way_out() {
    for (written, line, rule, part) in [
        ("SecRule ARGS a", 1, None, "expected the action `id`"),
        ("SecAction pass", 1, None, "expected the action `id`"),
        ("SecAction id:0", 1, None, "expected a number from 1 to 4294967295"),
        ("SecAction id:4294967296", 1, None, "expected a number from 1 to 4294967295"),
        ("SecAction id:+5", 1, None, "expected a number from 1"),
        ("\nSecRule ARGS \"a\nSecAction id:1", 2, None, "expected the text to end with \""),
        ("SecRule ARGS", 1, None, "but found 1 arguments"),
        ("SecRule ARGS a b c", 1, None, "but found 4 arguments"),
        ("SecRule ARGS a \"id:1\" \\\n \\\n extra", 1, None, "but found 4 arguments"),
        ("SecAction", 1, None, "expected one list of actions"),
        ("SecRule !ARGS:a a id:9", 1, Some(9), "looks at nothing"),
        ("SecRule NOBODY a id:9", 1, Some(9), "unknown variable `NOBODY`"),
        ("SecRule ARGS @nobody id:9", 1, Some(9), "unknown operator `nobody`"),
        ("SecMarker", 1, None, "in `SecMarker`: expected one argument"),
        ("SecMarker \"\"", 1, None, "expected a name"),
        ("SecRuleEngine Maybe", 1, None, "in `SecRuleEngine`: expected On, Off or DetectionOnly"),
        ("SecRuleEngine On Off", 1, None, "expected one argument, but found 2"),
        ("SecRequestBodyLimit 0", 1, None, "a whole number from 1"),
        ("SecRequestBodyLimit 1k", 1, None, "a whole number from 1"),
        ("SecRequestBodyLimitAction Drop", 1, None, "Reject or ProcessPartial"),
        ("SecResponseBodyMimeType html", 1, None, "a type such as `text/html`"),
        ("SecResponseBodyMimeTypesClear now", 1, None, "expected no argument"),
        ("SecRuleRemoveById", 1, None, "in `SecRuleRemoveById`: expected the id of a rule"),
        ("SecRuleRemoveById a-b", 1, None, "an id or a range"),
        ("SecRuleRemoveByTag", 1, None, "expected one pattern"),
        ("SecRuleRemoveByMsg \"\"", 1, None, "that would mean every rule"),
        ("SecRuleUpdateTargetById 1", 1, None, "but found 1 arguments"),
        ("SecRuleUpdateTargetById 1 NOBODY", 1, None, "unknown variable"),
        ("SecRuleUpdateTargetById 1 ARGS ARGS|FILES", 1, None, "one target in whose place"),
        ("SecRuleUpdateActionById 1", 1, None, "but found 1 arguments"),
        ("SecRuleUpdateActionById a pass", 1, None, "expected a number from 1"),
        ("SecRuleUpdateActionById 1:a pass", 1, None, "such as `12345:1`"),
        ("SecRuleUpdateActionById 1 id:2", 1, Some(1), "`id` can't be changed"),
        ("SecRuleUpdateActionById 1 phase:2", 1, Some(1), "`phase` can't be changed"),
        ("SecRuleUpdateActionById 1 chain", 1, Some(1), "`chain` can't be changed"),
        ("SecRuleUpdateActionById 1 multiMatch", 1, Some(1), "`multimatch` can't be changed"),
        ("SecRuleUpdateActionById 1 t:lowercase", 1, Some(1), "expected `t:none` before"),
        ("SecRuleUpdateActionById 1:1 deny", 1, Some(1), "in the first rule of the chain"),
        ("SecRuleUpdateActionById 1 \"\"", 1, Some(1), "expected actions"),
        ("SecDefaultAction pass", 1, None, "expected the action `phase`"),
        ("SecDefaultAction phase:1", 1, None, "expected what `block` is to do"),
        ("SecDefaultAction phase:1,block", 1, None, "expected what `block` is to do"),
        ("SecDefaultAction phase:1,pass,id:1", 1, None, "`id` has no place in the defaults"),
        ("SecDefaultAction phase:1,pass,setvar:tx.a=1", 1, None, "`setvar` has no place"),
    ] {
        let found = faults(written);
        let [fault] = &found[..] else { panic!("{written}: {found:?}") };
        assert_eq!((fault.location.line, fault.rule), (line, rule), "{written}");
        assert!(fault.text.contains(part), "{written}: {}", fault.text);
    }
}

#[test]
fn all_mistakes_of_all_files_are_told() {
    let one = source("a.conf", "SecNobody 1\nSecRule ARGS @nobody \"id:1,frob,t:rot13\"\n");
    let two = source("b.conf", "\nSecAction id:2,exec:a\n");
    let found = parse(&[one, two]).expect_err("mistakes");
    let told: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "a.conf:1: unknown directive `SecNobody`; look for a slip of the pen",
            "a.conf:2: rule 1: unknown action `frob`; look for a slip of the pen",
            "a.conf:2: rule 1: in `t`: unknown transformation `rot13`; look for a slip of the pen",
            "a.conf:2: rule 1: unknown operator `nobody`; look for a slip of the pen",
            "b.conf:2: rule 2: the action `exec` is not supported: a filter starts no processes and asks no other server",
        ]
    );
}

#[test]
fn an_id_that_is_taken_names_both_places() {
    let one = source("a.conf", "\nSecAction id:5,pass\n");
    let two = source("b.conf", "SecRule ARGS a id:6\nSecAction id:5,pass\n");
    let found = parse(&[one, two]).expect_err("a mistake");
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].location.line, found[0].rule), (2, Some(5)));
    assert_eq!(found[0].location.file, "b.conf");
    assert!(found[0].text.contains("a.conf:2"), "{}", found[0].text);
}

#[test]
fn a_chain_that_nothing_follows_is_told_where_it_is_open() {
    let head = "SecRule ARGS a id:1,chain\nSecRule ARGS b chain\n";
    for (behind, found) in [
        ("", "but the file ends"),
        ("# only a comment\n", "but the file ends"),
        ("SecMarker X\n", "but `SecMarker` does"),
        ("SecRuleEngine On\n", "but `SecRuleEngine` does"),
    ] {
        let told = faults(format!("{head}{behind}"));
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!((told[0].location.line, told[0].rule), (2, Some(1)));
        assert!(told[0].text.contains(found), "{}", told[0].text);
    }
    // A chain does not go on in another file.
    let two = [source("a", head), source("b", "SecAction id:2")];
    assert_eq!(parse(&two).expect_err("open").len(), 1);
}

#[test]
fn what_the_head_decides_is_refused_elsewhere() {
    for action in [
        "id:2",
        "phase:2",
        "deny",
        "pass",
        "block",
        "drop",
        "allow",
        "redirect:a",
        "skip:1",
        "skipAfter:a",
        "status:404",
        "ver:1",
        "rev:1",
        "maturity:1",
        "accuracy:1",
    ] {
        let found =
            faults(format!("SecRule ARGS a id:1,chain\nSecRule ARGS b \"t:none,{action}\""));
        let [fault] = &found[..] else { panic!("{action}: {found:?}") };
        assert_eq!((fault.location.line, fault.rule), (2, Some(1)), "{action}");
        assert!(fault.text.contains("first rule of a chain alone"), "{action}: {}", fault.text);
    }
}

#[test]
fn a_chained_rule_that_speaks_of_logging_is_warned() {
    let parsed = super::read("SecRule ARGS a id:1,chain\nSecRule ARGS b nolog");
    assert_eq!(parsed.warnings.len(), 1);
    assert_eq!(parsed.warnings[0].location.line, 2);
}

#[test]
fn one_mistake_in_a_chain_is_one_mistake() {
    for text in [
        "SecRule NOBODY a id:1,deny,chain\nSecRule ARGS b\nSecAction id:2",
        "SecRule ARGS a id:1,deny,chain\nSecRule ARGS @nobody chain\nSecRule ARGS b",
        "SecRule ARGS a id:1,frob,chain\nSecRule ARGS b",
        "SecRule ARGS a id:x,chain\nSecRule ARGS b",
        "SecRule ARGS a id:1,msg:'a'b,chain\nSecRule ARGS b",
        "SecRule ARGS a msg:'a,id:1",
        "SecDefaultAction msg:'a",
    ] {
        assert_eq!(faults(text).len(), 1, "{text}");
    }
}
