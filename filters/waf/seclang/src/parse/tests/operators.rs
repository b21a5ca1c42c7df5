//! Operators and their arguments.

use super::super::operator::read;
use crate::syntax::{Expression, Operator, Piece, Selector, Variable, VariableRef};

fn literal(text: &str) -> Expression {
    Expression(vec![Piece::Literal(text.into())])
}

#[test]
fn operators_are_read_with_their_arguments() {
    let tx = Expression(vec![Piece::Macro(VariableRef {
        variable: Variable::Tx,
        selector: Selector::Name(b"limit".to_vec()),
    })]);
    let nets = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    for (written, negated, operator) in [
        ("@rx ^a|b$", false, Operator::Rx("^a|b$".into())),
        ("^a", false, Operator::Rx("^a".into())),
        ("!^a", true, Operator::Rx("^a".into())),
        ("!@rx a", true, Operator::Rx("a".into())),
        (" ! @RX a", true, Operator::Rx("a".into())),
        ("@rx a ", false, Operator::Rx("a ".into())),
        ("@pm a B  c", false, Operator::Pm(vec![b"a".to_vec(), b"B".to_vec(), b"c".to_vec()])),
        ("@pm a|41 0a|b |7c|", false, Operator::Pm(vec![b"aA\nb".to_vec(), b"|".to_vec()])),
        ("@pmf a.data b.data", false, Operator::PmFromFile(vec!["a.data".into(), "b.data".into()])),
        ("@pmFromFile a.data", false, Operator::PmFromFile(vec!["a.data".into()])),
        ("!@eq 0", true, Operator::Eq(literal("0"))),
        ("@ge -5 ", false, Operator::Ge(literal("-5"))),
        ("@gt %{tx.limit}", false, Operator::Gt(tx.clone())),
        ("@le 1", false, Operator::Le(literal("1"))),
        ("@lt 1", false, Operator::Lt(literal("1"))),
        ("@streq a b", false, Operator::StrEq(literal("a b"))),
        ("@contains %{", false, Operator::Contains(literal("%{"))),
        ("@containsWord a", false, Operator::ContainsWord(literal("a"))),
        ("@beginsWith /a", false, Operator::BeginsWith(literal("/a"))),
        ("@endsWith a", false, Operator::EndsWith(literal("a"))),
        ("!@within %{tx.limit}", true, Operator::Within(tx)),
        ("@strmatch %{tx.limit}", false, Operator::StrMatch(b"%{tx.limit}".to_vec())),
        (
            "@ipMatch 127.0.0.1, ::1,10.0.0.0/8",
            false,
            Operator::IpMatch(nets(&["127.0.0.1/32", "::1/128", "10.0.0.0/8"])),
        ),
        ("@ipMatchF a", false, Operator::IpMatchFromFile(vec!["a".into()])),
        ("@detectSQLi", false, Operator::DetectSqli),
        ("@detectXSS", false, Operator::DetectXss),
        (
            "@validateByteRange 9, 10,32-126",
            false,
            Operator::ValidateByteRange(vec![(9, 9), (10, 10), (32, 126)]),
        ),
        ("@validateUrlEncoding", false, Operator::ValidateUrlEncoding),
        ("@validateUtf8Encoding", false, Operator::ValidateUtf8Encoding),
        ("@unconditionalMatch", false, Operator::UnconditionalMatch),
        ("!@noMatch", true, Operator::NoMatch),
    ] {
        let test = read(written.as_bytes()).unwrap_or_else(|fault| panic!("{written}: {fault}"));
        assert_eq!((test.negated, test.operator), (negated, operator), "{written}");
    }
}

#[test]
fn bytes_that_are_no_utf8_stay_bytes() {
    for (written, expected) in [
        (&b"@rx [\xff\xbc]"[..], "[\\xff\\xbc]"),
        (b"@rx a\\\xff", "a\\xff"),
        (b"@rx a\\\\\xff", "a\\\\\\xff"),
        ("@rx é".as_bytes(), "é"),
    ] {
        let operator = read(written).map(|test| test.operator);
        assert_eq!(operator, Ok(Operator::Rx(expected.into())), "{written:?}");
    }
    let raw = read(b"@contains \xff\xfe").map(|test| test.operator);
    assert_eq!(raw, Ok(Operator::Contains(Expression(vec![Piece::Literal(vec![0xff, 0xfe])]))));
    assert_eq!(read(b"@pm \xff").map(|test| test.operator), Ok(Operator::Pm(vec![vec![0xff]])));
    assert!(read(b"@rx \\Q\xff\\E").is_err());
}

#[test]
fn a_bad_operator_says_what_was_expected() {
    for (written, part) in [
        ("@", "unknown operator ``"),
        ("@rxx a", "unknown operator `rxx`"),
        ("@geoLookup", "`geoLookup` is not supported: there is no database"),
        ("@RBL a.example", "`rbl` is not supported"),
        ("@inspectFile /a.lua", "`inspectFile` is not supported"),
        ("@pm ", "at least one phrase"),
        ("@pm a|b", "a second `|`"),
        ("@pm |4|", "`|7c|`"),
        ("@pm |+1|", "`|7c|`"),
        ("@pm ||", "`|7c|`"),
        ("@pmFromFile", "name of a data file"),
        ("@pmFromFile https://a/b", "data comes with the configuration"),
        ("@eq a", "a whole number"),
        ("@eq", "a whole number"),
        ("@eq +1", "a whole number"),
        ("@ge 99999999999999999999", "a whole number"),
        ("@gt %{tx", "a whole number"),
        ("@gt %{nobody}", "unknown variable `nobody`"),
        ("@ipMatch 1.2.3", "an address or a network"),
        ("@ipMatch 10.0.0.0/33", "an address or a network"),
        ("@ipMatch ,", "found none"),
        ("@validateByteRange 9-1", "bytes such as"),
        ("@validateByteRange 256", "bytes such as"),
        ("@validateByteRange", "found none"),
        ("@rx ^%{tx.allowed}$", "a pattern has no macros"),
        ("%{REQUEST_HEADERS:Host}", "a pattern has no macros"),
    ] {
        let fault = read(written.as_bytes()).expect_err(written);
        assert!(fault.contains(part), "{written}: {fault}");
    }
}
