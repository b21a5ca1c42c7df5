//! Variables with their selectors.

use super::super::target::{parse_variable, read_list};
use crate::syntax::{Selector, Target, Variable, VariableRef};

fn all(variable: Variable) -> VariableRef {
    VariableRef { variable, selector: Selector::All }
}

fn name(variable: Variable, name: &str) -> VariableRef {
    VariableRef { variable, selector: Selector::Name(name.into()) }
}

fn pattern(variable: Variable, pattern: &str) -> VariableRef {
    VariableRef { variable, selector: Selector::Pattern(pattern.into()) }
}

#[test]
fn lists_are_split_outside_of_patterns_and_quotes() {
    use Target::{Count, Exclude, Values};
    use Variable::{Args, ArgsNames, RequestCookies, RequestHeaders, RequestUri, Tx, Xml};
    let xml = |selector| Values(VariableRef { variable: Xml, selector });
    for (written, expected) in [
        ("ARGS", vec![Values(all(Args))]),
        ("args:Pass Word", vec![Values(name(Args, "pass word"))]),
        ("REQUEST_URI|ARGS", vec![Values(all(RequestUri)), Values(all(Args))]),
        ("REQUEST_URI, ARGS", vec![Values(all(RequestUri)), Values(all(Args))]),
        (
            "ARGS|!ARGS:a|&ARGS:b",
            vec![Values(all(Args)), Exclude(name(Args, "a")), Count(name(Args, "b"))],
        ),
        ("ARGS:/a|b,c/|ARGS_NAMES", vec![Values(pattern(Args, "a|b,c")), Values(all(ArgsNames))]),
        ("ARGS:'/a|b/'|ARGS_NAMES", vec![Values(pattern(Args, "a|b")), Values(all(ArgsNames))]),
        ("ARGS:'a|b'|ARGS_NAMES", vec![Values(name(Args, "a|b")), Values(all(ArgsNames))]),
        ("!ARGS_NAMES:/^a\\/b$/", vec![Exclude(pattern(ArgsNames, "^a/b$"))]),
        ("ARGS:/a\\\\/|ARGS_NAMES", vec![Values(pattern(Args, "a\\\\")), Values(all(ArgsNames))]),
        ("XML:/*|XML://@*", vec![xml(Selector::XmlText), xml(Selector::XmlAttributes)]),
        ("xml://@*|ARGS:/a/", vec![xml(Selector::XmlAttributes), Values(pattern(Args, "a"))]),
        ("REQUEST_HEADERS:X.Filename", vec![Values(name(RequestHeaders, "x.filename"))]),
        (
            "REQUEST_COOKIES:/\\x22?\\x24Version/",
            vec![Values(pattern(RequestCookies, "\\x22?\\x24Version"))],
        ),
        ("TX:/MULTIPART_*/", vec![Values(pattern(Tx, "MULTIPART_*"))]),
        ("ARGS:a:b", vec![Values(name(Args, "a:b"))]),
        ("ARGS:json.a.0", vec![Values(name(Args, "json.a.0"))]),
        ("ARGS:a/b/c|ARGS:it's", vec![Values(name(Args, "a/b/c")), Values(name(Args, "it's"))]),
        ("MULTIPART_SEMICOLON_MISSING", vec![Values(all(Variable::MultipartMissingSemicolon))]),
    ] {
        assert_eq!(read_list(written.as_bytes()), Ok(expected), "{written}");
    }
}

#[test]
fn a_bad_target_says_what_was_expected() {
    for (written, part) in [
        ("", "found none"),
        ("ARGS|", "found none"),
        ("ARGS||ARGS", "found none"),
        ("ARG", "unknown variable `ARG`"),
        ("GEO:COUNTRY", "`GEO` is not supported: there is no database of places"),
        ("IP:a", "`IP` is not supported: collections that outlive"),
        ("TIME_HOUR", "`TIME_HOUR` is not supported: rules have no clock"),
        ("ENV:PATH", "`ENV` is not supported"),
        ("ARGS:", "a name behind the colon"),
        ("ARGS://", "a pattern in"),
        ("ARGS:/a", "expected `/` at the end"),
        // Else everything behind it would be a part of the name, and not looked at.
        ("ARGS:/a|ARGS_NAMES", "expected `/` at the end"),
        ("ARGS:'a|ARGS_NAMES", "expected `'` at the end"),
        ("ARGS:/a/x", "expected `/` at the end"),
        ("ARGS:'a'x", "expected `'` at the end"),
        ("REQUEST_URI:a", "is one value"),
        ("XML", "expected `XML:/*`"),
        ("XML:/a/b", "expected `XML:/*`"),
        ("!&ARGS", "unknown variable"),
        ("!!ARGS", "unknown variable"),
    ] {
        let fault = read_list(written.as_bytes()).expect_err(written);
        assert!(fault.contains(part), "{written}: {fault}");
    }
    assert!(read_list(b"ARGS:\xff").is_err());
}

#[test]
fn every_variable_is_found_by_its_name() {
    for variable in Variable::ALL {
        let name = variable.name().to_ascii_lowercase();
        assert_eq!(Variable::named(&name), Some(*variable));
        if *variable != Variable::Xml {
            assert_eq!(parse_variable(&name), Ok(all(*variable)));
        }
    }
}
