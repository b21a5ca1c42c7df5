//! Tables of what a translated pattern means, and of what is refused.

use regex_automata::hybrid::dfa;
use regex_automata::nfa::thompson::{self, pikevm::PikeVM};
use regex_automata::{Input, MatchKind};

use super::*;

fn matches(pattern: &str, value: &[u8]) -> bool {
    let pattern = Pattern::new(pattern.as_bytes(), Case::Sensitive)
        .unwrap_or_else(|e| panic!("{pattern}: {e}"));
    let matched = pattern.is_match(value).unwrap();
    let mut groups = [None; 1];
    assert_eq!(pattern.captures(value, &mut groups), Ok(matched), "{pattern:?}");
    assert_eq!(groups[0].is_some(), matched);
    matched
}

/// A pattern, what it matches, what it doesn't.
type Row<'t> = (&'t str, &'t [&'t [u8]], &'t [&'t [u8]]);

fn table(rows: &[Row<'_>]) {
    for (pattern, yes, no) in rows {
        for value in *yes {
            assert!(matches(pattern, value), "{pattern} on {:?}", value.escape_ascii().to_string());
        }
        for value in *no {
            assert!(
                !matches(pattern, value),
                "{pattern} not on {:?}",
                value.escape_ascii().to_string()
            );
        }
    }
}

#[test]
fn escapes_mean_bytes() {
    table(&[
        (r"^\x{c2}$", &[b"\xc2"], &[b"\xc3\x82", b"\xc2\x82"]),
        (r"^[\x{bc}\x{be}]$", &[b"\xbc", b"\xbe"], &[b"\xc2\xbc", b"\xc2"]),
        (r"^[\x{80}-\x{ff}]$", &[b"\x80", b"\xff"], &[b"\x7f"]),
        (r"^\xe9$", &[b"\xe9"], &[b"\xc3\xa9"]),
        (r"^\x4$", &[b"\x04"], &[b"4"]),
        (r"^a\x$", &[b"a\0"], &[b"ax"]),
        (r"^\x{000041}$", &[b"A"], &[b"a"]),
        (r"^\0\012$", &[b"\0\n"], &[]),
        (r"^[\0-\037]$", &[b"\0", b"\x1f"], &[b" "]),
        (r"^\o{101}$", &[b"A"], &[]),
        (r"^\e\a\cA\c[$", &[b"\x1b\x07\x01\x1b"], &[]),
        (r"^\<\>\_\/\-\ \'$", &[b"<>_/- '"], &[]),
        (r"^\Qa.b[\E.$", &[b"a.b[x"], &[b"axb[x"]),
        (r"^\Qa.b", &[b"a.b"], &[b"axb"]),
        (r"^é+$", &[b"\xc3\xa9", b"\xc3\xa9\xa9"], &[b"\xc3\xa9\xc3\xa9"]),
        (r"^[é]$", &[b"\xc3", b"\xa9"], &[b"\xc3\xa9"]),
    ]);
}

#[test]
fn kinds_of_bytes_are_those_of_ascii_and_of_lines() {
    table(&[
        (r"^\v$", &[b"\n", b"\x0b", b"\x0c", b"\r", b"\x85"], &[b" ", b"v"]),
        (r"^\V$", &[b" ", b"v"], &[b"\n", b"\x85"]),
        (r"^\h$", &[b" ", b"\t", b"\xa0"], &[b"\n", b"h"]),
        (r"^\H$", &[b"h", b"\n"], &[b" "]),
        (r"^[\v\h]$", &[b"\x0b", b"\xa0"], &[b"v", b"h"]),
        (r"^[^\v]$", &[b"v"], &[b"\r"]),
        (r"^\R$", &[b"\r\n", b"\r", b"\n", b"\x0b"], &[b"\n\r"]),
        (r"^\N$", &[b"\r"], &[b"\n"]),
        (r"^\s$", &[b"\x0b", b" "], &[b"\xa0", b"\x85"]),
        (r"^\w\W\d\D\S$", &[b"_\xe91x\0"], &[b"\xe9_1x\0"]),
        (r"\bselect\b", &[b"a select b", b"\xe9select\xe9"], &[b"selects"]),
        (r"^[\b]$", &[b"\x08"], &[b"b"]),
    ]);
}

#[test]
fn braces_that_are_no_quantifier_are_braces() {
    table(&[
        (r"^${$", &[], &[b"${"]),
        (r"^\${$", &[b"${"], &[]),
        (r"^{a}$", &[b"{a}"], &[]),
        (r"^a{2}$", &[b"aa"], &[b"a{2}"]),
        (r"^a{2,}$", &[b"aaa"], &[b"a"]),
        (r"^a{,2}$", &[b"a{,2}"], &[b"aa"]),
        (r"^a{2,x}$", &[b"a{2,x}"], &[]),
        (r"^a{1,2}?b{$", &[b"aab{"], &[]),
        (r"^a{{2}}$", &[b"a{{}"], &[]),
    ]);
}

#[test]
fn classes_hold_bytes_and_no_classes() {
    table(&[
        (r"^[a[b]$", &[b"a", b"[", b"b"], &[b"]"]),
        (r"^[[]$", &[b"["], &[]),
        (r"^[]a]$", &[b"]", b"a"], &[]),
        (r"^[^]a]$", &[b"b"], &[b"]"]),
        (r"^[a&&b]$", &[b"a", b"&", b"b"], &[]),
        (r"^[a~~b]$", &[b"~", b"b"], &[]),
        (r"^[!--]$", &[b"!", b"#", b"-"], &[b"."]),
        (r"^[+--]$", &[b"+", b",", b"-"], &[b"."]),
        (r"^[\w-.]$", &[b"-", b".", b"a"], &[b",", b"/"]),
        (r"^[-a]$", &[b"-"], &[]),
        (r"^[a-]$", &[b"-"], &[]),
        (r"^[a-\x63]$", &[b"b"], &[b"-"]),
        (r"^[a-c-e]$", &[b"-", b"e", b"b"], &[b"d"]),
        (r"^[[:alpha:][:^space:]]$", &[b"a", b"1"], &[b" "]),
        (r"^[[:word:]-]$", &[b"_", b"-"], &[b":"]),
        (r"^[[:x]$", &[b"[", b":", b"x"], &[]),
        (r"^[\[\]]$", &[b"[", b"]"], &[b"\\"]),
        (r"^[\Q^]\E]$", &[b"^", b"]"], &[b"Q"]),
        (r"^[#\s]$", &[b"#"], &[]),
        (r"^(?i)[^a]$", &[b"b"], &[b"a", b"A"]),
        (r"^(?i)[[:upper:]]$", &[b"b", b"B"], &[b"1"]),
        (r"^[^\x00-\xff]$", &[], &[b"", b"a"]),
        (r"^[^\d\D]$", &[], &[b"", b"a"]),
    ]);
}

#[test]
fn flags_are_those_of_modsecurity() {
    table(&[
        (r"a.b", &[b"a\nb", b"a\xffb"], &[]),
        (r"a$", &[b"a", b"\na"], &[b"a\n", b"a\nb"]),
        (r"a\Z", &[b"a", b"a\n"], &[b"a\nb"]),
        (r"a\z", &[b"a"], &[b"a\n"]),
        (r"^a", &[b"a"], &[b"\na"]),
        (r"(?m)^a$", &[b"b\na\nb"], &[]),
        (r"(?-s)a.b", &[b"axb"], &[b"a\nb"]),
        (r"(?i)straSSe", &[b"STRASSE"], &[b"stra\xdfe", b"\xc5\xbftraSSe"]),
        (r"(?i:a)b", &[b"Ab"], &[b"AB"]),
        (r"a(?i)b", &[b"aB"], &[b"AB"]),
        (r"(a(?i)b|c)d", &[b"aBd", b"Cd"], &[b"aBD"]),
        (
            r"(?x)a b # c
           [ ]",
            &[b"ab "],
            &[b"a b "],
        ),
        (r"(?x: a \  +)b ", &[b"a  b "], &[b"a b"]),
        (r"^\101\60(\12)\0101$", &[b"A0\n\x081"], &[]),
        (r"^(((((((((a)))))))))\12$", &[b"a\n"], &[b"aa2"]),
        (r"^[\1\60-\71\377][\018]$", &[b"\x018", b"5\x01", b"\xff8"], &[b"18x", b"a8"]),
        (r"a(?#comment)b", &[b"ab"], &[]),
        (r"(?<name>a)(?P<other>b)(?'third'c)", &[b"abc"], &[]),
        (r"(?)a", &[b"a"], &[]),
        (r"", &[b"", b"a"], &[]),
    ]);
}

#[test]
fn case_of_a_selector_is_not_looked_at() {
    let pattern = Pattern::new(b"^TX_[a-c]$", Case::Insensitive).unwrap();
    assert_eq!(pattern.is_match(b"tx_B"), Ok(true));
    assert_eq!(Pattern::new(b"^TX_", Case::Sensitive).unwrap().is_match(b"tx_b"), Ok(false));
}

#[test]
fn what_needs_to_go_back_is_refused_by_its_name() {
    for (pattern, why) in [
        (r"a(?=b)", "a lookahead"),
        (r"a(?!b)", "a lookahead"),
        (r"(?<=b)a", "a lookbehind"),
        (r"(?<!b)a", "a lookbehind"),
        (r"(?>a)", "an atomic group"),
        (r"a++", "a possessive quantifier"),
        (r"a{2}+", "a possessive quantifier"),
        (r"a*+", "a possessive quantifier"),
        (r"a?+", "a possessive quantifier"),
        (r"(a)\1", "a back reference"),
        (r"a\1", "a back reference"),
        (r"\91", "a back reference"),
        (r"((((((((((a))))))))))\10", "a back reference"),
        (r"(a)\g{1}", "a back reference"),
        (r"(?<n>a)\k<n>", "a back reference"),
        (r"(?<n>a)(?P=n)", "a back reference"),
        (r"a\Kb", r"\K"),
        (r"(?|a|b)", "a branch reset"),
        (r"(?(1)a|b)", "a conditional"),
        (r"(?R)", "recursion"),
        (r"(?1)", "recursion"),
        (r"(?-1)", "recursion"),
        (r"(*UTF8)a", "a verb"),
    ] {
        let error = translate(pattern.as_bytes(), Case::Sensitive);
        assert_eq!(error, Err(PatternError::Backtracking(why)), "{pattern}");
    }
}

#[test]
fn what_is_wrong_is_refused() {
    for pattern in [
        "a\\", "[a", "[", "[]", "[^]", "(a", "a)", "(?i", "(?<n", "(?#a", "[z-a]", "[a--]",
        r"[a-\d-\", r"\x{100}", r"\x{zz}", r"\x{41", r"\o{400}", r"\o", r"\y", r"\p{L}", r"\X",
        r"\u0041", r"[\B]", r"[\R]", r"[\8]", r"[\400]", r"\400", r"[\K]", "[[:no:]]", "[[.a.]]",
        "[[=a=]]", "(?q)", "(?J)", "*a", "+", "a{3,2}", r"\c", "(?--i)a",
    ] {
        let pattern = Pattern::new(pattern.as_bytes(), Case::Sensitive);
        assert!(pattern.is_err(), "{pattern:?}");
    }
}

#[test]
fn a_pattern_may_be_so_long_and_so_deep() {
    let long = vec![b'a'; translate::MAX_PATTERN];
    assert!(translate(&long, Case::Sensitive).is_ok());
    assert_eq!(translate(&[&long[..], b"a"].concat(), Case::Sensitive), Err(PatternError::TooLong));
    let deep = |groups: usize| format!("{}a{}", "(".repeat(groups), ")".repeat(groups));
    assert!(Pattern::new(deep(127).as_bytes(), Case::Sensitive).is_ok());
    assert!(Pattern::new(deep(129).as_bytes(), Case::Sensitive).is_err());
}

#[test]
fn a_pattern_that_is_too_large_is_neither_a_match_nor_none() {
    let pattern = Pattern::translated("(?:(?:[a-z]{100}){100}){100}");
    assert_eq!(pattern.is_match(b"a"), Err(Exhausted));
    assert_eq!(pattern.captures(b"a", &mut []), Err(Exhausted));
    assert_eq!(pattern.compile(), Err(PatternError::TooLarge));
}

#[test]
fn nothing_is_compiled_before_it_is_needed() {
    let pattern = Pattern::new(b"a+b", Case::Sensitive).unwrap();
    assert!(!pattern.is_compiled());
    let loaded = pattern.memory_usage();
    assert_eq!(pattern.is_match(b"aab"), Ok(true));
    assert!(pattern.is_compiled() && pattern.memory_usage() > loaded);
}

#[test]
fn groups_are_those_of_the_first_match() {
    let pattern = Pattern::new(br"(a+)(?:b|(c))(?<tail>d?)", Case::Sensitive).unwrap();
    let mut groups = vec![None; MAX_GROUPS];
    assert_eq!(pattern.captures(b"xaab aacd", &mut groups), Ok(true));
    assert_eq!(groups[..4], [Some(1..4), Some(1..3), None, Some(4..4)]);
    assert_eq!(pattern.captures(b"xyz", &mut groups), Ok(false));
    assert!(groups.iter().all(Option::is_none));
    let mut whole = [None];
    assert_eq!(pattern.captures(b"  aacd", &mut whole), Ok(true));
    assert_eq!(whole, [Some(2..6)]);
    assert_eq!(pattern.captures(b"  aacd", &mut []), Ok(true));
}

#[test]
fn a_pattern_that_is_one_group_has_it_where_the_match_is() {
    let groups_of = |pattern: &str, value: &[u8]| {
        let mut groups = vec![None; 3];
        let pattern = Pattern::new(pattern.as_bytes(), Case::Sensitive).unwrap();
        assert_eq!(pattern.captures(value, &mut groups), Ok(true));
        groups
    };
    assert_eq!(groups_of("((?:a|b){3})", b"xxabax"), [Some(2..5), Some(2..5), None]);
    assert_eq!(groups_of("((a|b){3})", b"xxabax"), [Some(2..5), Some(2..5), Some(4..5)]);
    assert_eq!(groups_of("(a)", b"xa"), [Some(1..2), Some(1..2), None]);
    assert_eq!(groups_of("(a)?", b"xa"), [Some(0..0), None, None]);
    assert_eq!(groups_of("^(a)$", b"a"), [Some(0..1), Some(0..1), None]);
    assert_eq!(groups_of("()", b"a"), [Some(0..0), Some(0..0), None]);
    let mut whole = [None];
    let pattern = Pattern::new(b"(a+)", Case::Sensitive).unwrap();
    assert_eq!(pattern.captures(b"xaa", &mut whole), Ok(true));
    assert_eq!(whole, [Some(1..3)]);
    assert_eq!(pattern.captures(b"xaa", &mut []), Ok(true));
}

/// The first match and its groups, by the engine that goes through a pattern thread by thread.
fn by_threads(translated: &str, value: &[u8]) -> Vec<Option<Span>> {
    let config = thompson::Config::new().utf8(false);
    let hir = parse(translated).unwrap();
    let nfa = thompson::Compiler::new().configure(config).build_from_hir(&hir).unwrap();
    let vm = PikeVM::new_from_nfa(nfa).unwrap();
    let mut found = vm.create_captures();
    vm.captures(&mut vm.create_cache(), value, &mut found);
    let group = |index| found.get_group(index).map(|span| span.start..span.end);
    (0..MAX_GROUPS).map(group).collect()
}

#[test]
fn a_match_and_its_groups_are_the_first_ones_in_short_and_in_long_values() {
    let mut random = fastrand::Rng::with_seed(5);
    let known =
        ["a.+b", "(a|ab)(c|bcd)(d*)", "(?:ab?)+|b.*c", r"\ba+\b(x)?", "(a+?)(a*)(b|c)", "(.+)$"];
    let made: Vec<String> = (0..150).map(|_| any_pattern(&mut random)).collect();
    for pattern in known.into_iter().chain(made.iter().map(String::as_str)) {
        let pattern = Pattern::translated(pattern);
        for length in [random.usize(0..40), LONG - 1, LONG, LONG + random.usize(1..300)] {
            let value = any_value(&mut random, length);
            let mut groups = vec![None; MAX_GROUPS];
            let found = pattern.captures(&value, &mut groups);
            let expected = by_threads(pattern.as_translated(), &value);
            assert_eq!(groups, expected, "{} in {length} bytes", pattern.as_translated());
            assert_eq!(found, Ok(expected[0].is_some()));
            assert_eq!(pattern.is_match(&value), found);
        }
    }
}

/// A pattern of a few letters, nested and repeated.
pub(super) fn any_pattern(random: &mut fastrand::Rng) -> String {
    alternatives(random, 3)
}

/// Bytes that such a pattern speaks of, many or few of them.
pub(super) fn any_value(random: &mut fastrand::Rng, length: usize) -> Vec<u8> {
    let rare = random.usize(1..60);
    let letter = |random: &mut fastrand::Rng| match random.usize(0..rare) {
        0 => b"bc <;"[random.usize(0..5)],
        _ => b'a',
    };
    (0..length).map(|_| letter(random)).collect()
}

fn alternatives(random: &mut fastrand::Rng, depth: usize) -> String {
    let one = |random: &mut fastrand::Rng| -> String {
        (0..random.usize(1..4)).map(|_| piece(random, depth)).collect()
    };
    (0..random.usize(1..3)).map(|_| one(random)).collect::<Vec<String>>().join("|")
}

fn piece(random: &mut fastrand::Rng, depth: usize) -> String {
    const LOOKS: [&str; 4] = [r"\b", r"\B", "$", "^"];
    const BYTES: [&str; 8] = ["a", "b", "c", "[^b]", "[ab<]", ".", " ", ";"];
    const REPEATS: [&str; 8] = ["", "", "*", "+", "?", "{2,9}", "*?", "+?"];
    let atom = match random.usize(0..if depth > 0 { 4 } else { 3 }) {
        0 if random.bool() => return LOOKS[random.usize(0..4)].to_owned(),
        3 => format!("{}{})", ["(?:", "("][random.usize(0..2)], alternatives(random, depth - 1)),
        _ => BYTES[random.usize(0..8)].to_owned(),
    };
    atom + REPEATS[random.usize(0..8)]
}

#[test]
fn edges_are_seen_from_within_a_match() {
    // The groups are looked for in the match alone: what stands around it must still count for `\b` and `$`.
    let pattern = Pattern::new(br"\b(b+)\b", Case::Sensitive).unwrap();
    let mut groups = [None, None];
    assert_eq!(pattern.captures(b"abb bbb", &mut groups), Ok(true));
    assert_eq!(groups, [Some(4..7), Some(4..7)]);
    let pattern = Pattern::new(br"(b+)$", Case::Sensitive).unwrap();
    assert_eq!(pattern.captures(b"bb abb", &mut groups), Ok(true));
    assert_eq!(groups, [Some(4..6), Some(4..6)]);
}

#[test]
fn values_that_defeat_the_cache_get_the_same_answer() {
    let pattern = Pattern::new(br"[ab]*a[ab]{14}c|x(y)$", Case::Sensitive).unwrap();
    let mut random = fastrand::Rng::with_seed(7);
    let mut value: Vec<u8> = (0..20_000).map(|_| if random.bool() { b'a' } else { b'b' }).collect();
    assert_eq!(pattern.is_match(&value), Ok(false));
    value.extend_from_slice(b"xy");
    let mut groups = [None, None];
    assert_eq!(pattern.is_match(&value), Ok(true));
    assert_eq!(pattern.captures(&value, &mut groups), Ok(true));
    assert_eq!(groups, [Some(20_000..20_002), Some(20_001..20_002)]);
}

#[test]
fn a_pattern_that_is_too_large_is_refused_before_a_value_needs_it() {
    for (pattern, taken) in [
        ("^.{0,20000}$", false),
        ("(?:a{1,1000}){1,1000}", false),
        ("(?:(?:[a-z]{90}){90}){90}", false),
        ("^.{0,1000}$", true),
        (r"\x{41}\x{42}\x{43}(?:ab){2,20}", true),
    ] {
        let refused = Pattern::new(pattern.as_bytes(), Case::Sensitive).err();
        assert_eq!(refused, (!taken).then_some(PatternError::TooLarge), "{pattern}");
    }
}

#[test]
fn a_place_where_a_match_ends_is_told_whatever_finds_it() {
    let mut random = fastrand::Rng::with_seed(9);
    for _ in 0..200 {
        let pattern = Pattern::translated(any_pattern(&mut random));
        if pattern.compile() == Err(PatternError::TooLarge) {
            continue;
        }
        for length in [random.usize(0..40), LONG - 1, LONG, LONG + random.usize(1..300)] {
            let value = any_value(&mut random, length);
            let end = pattern.any_end(&value).unwrap();
            let matches = by_threads(pattern.as_translated(), &value)[0].is_some();
            assert_eq!(end.is_some(), matches, "{} in {length} bytes", pattern.as_translated());
            let Some(end) = end else { continue };
            // Another engine finds one that ends there.
            let hir = parse(pattern.as_translated()).unwrap();
            let config = thompson::Config::new().utf8(false);
            let nfa = thompson::Compiler::new().configure(config).build_from_hir(&hir).unwrap();
            let all = dfa::Config::new().match_kind(MatchKind::All);
            let dfa = dfa::DFA::builder().configure(all).build_from_nfa(nfa).unwrap();
            let until = Input::new(&value).range(..end);
            let last = dfa.try_search_fwd(&mut dfa.create_cache(), &until).unwrap();
            let last = last.map(|half| half.offset());
            assert_eq!(last, Some(end), "{} in {length} bytes", pattern.as_translated());
        }
    }
}

#[test]
fn what_is_shown_of_a_short_value_is_all_that_it_has() {
    let pattern = Pattern::new(b"(a+)(b?).*", Case::Sensitive).unwrap();
    let mut value = vec![b'.'; LONG - 1];
    value[10..13].copy_from_slice(b"aab");
    let (mut shown, mut captured) = ([None, None, None], [None, None, None]);
    let end = pattern.any_end(&value).unwrap().unwrap();
    assert_eq!(pattern.show(&value, end, &mut shown), Ok(true));
    assert_eq!(pattern.captures(&value, &mut captured), Ok(true));
    assert_eq!(shown, captured);
    assert_eq!(shown, [Some(10..LONG - 1), Some(10..12), Some(12..13)]);
}

#[test]
fn what_is_shown_of_a_long_value_lies_around_the_end_of_a_match() {
    let mut value = vec![b'.'; 4 * LONG];
    value[2000..2003].copy_from_slice(b"aab");
    let pattern = Pattern::new(b"(a+)(b)(.*)", Case::Sensitive).unwrap();
    let end = pattern.any_end(&value).unwrap();
    assert_eq!(end, Some(2003));
    let mut groups = vec![Some(0..1); MAX_GROUPS];
    assert_eq!(pattern.show(&value, 2003, &mut groups), Ok(true));
    let last = 2003 + SHOWN_BEHIND;
    let expected = [Some(2000..last), Some(2000..2002), Some(2002..2003), Some(2003..last)];
    assert_eq!(groups[..4], expected);
    assert!(groups[4..].iter().all(Option::is_none));
    // What began before is shown from there on.
    let between = |start: usize| {
        let mut value = vec![b'.'; 4 * LONG];
        (value[start], value[3000]) = (b'<', b'>');
        let pattern = Pattern::new(b"<([^<]*)>", Case::Sensitive).unwrap();
        let end = pattern.any_end(&value).unwrap().unwrap();
        let mut groups = [None, None];
        assert_eq!(pattern.show(&value, end, &mut groups), Ok(true));
        groups
    };
    let first = 3001 - SHOWN_BEFORE;
    assert_eq!(between(first), [Some(first..3001), Some(first + 1..3000)]);
    assert_eq!(between(first - 1), [Some(first..3001), None]);
    // At the ends of the value there is less to show, and words there are seen to end.
    for place in [0, 4 * LONG - 3] {
        let mut value = vec![b' '; 4 * LONG];
        value[place..place + 3].copy_from_slice(b"abc");
        let pattern = Pattern::new(br"\b(?:\w+)\b", Case::Sensitive).unwrap();
        let end = pattern.any_end(&value).unwrap().unwrap();
        let mut whole = [None];
        assert_eq!(pattern.show(&value, end, &mut whole), Ok(true));
        assert_eq!(whole, [Some(place..place + 3)]);
    }
    // A place that the value does not have shows nothing.
    assert_eq!(pattern.show(&value, 5 * LONG, &mut groups), Ok(false));
    assert!(groups.iter().all(Option::is_none));
}
