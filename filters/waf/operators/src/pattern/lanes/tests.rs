//! What lanes say is what one search from the beginning to the end says.

use fastrand::Rng;
use regex_automata::nfa::thompson::{Config, NFA};

use super::*;
use crate::pattern::parse;
use crate::pattern::tests::{any_pattern, any_value};

/// More than any search here makes.
const STATES: usize = 100_000;

fn dfa(pattern: &str) -> DFA {
    let config = Config::new().utf8(false);
    let nfa = NFA::compiler().configure(config).build_from_hir(&parse(pattern).unwrap()).unwrap();
    DFA::builder().build_from_nfa(nfa).unwrap()
}

/// What the lanes say, if they say anything; the ordinary search says the same.
fn lanes(dfa: &DFA, value: &[u8]) -> Option<bool> {
    let mut cache = dfa.create_cache();
    let ordinary = dfa.try_search_fwd(&mut cache, &Input::new(value).earliest(true)).unwrap();
    // Of states that are made on the way, and of those that are there.
    let fresh = any_end(dfa, &mut dfa.create_cache(), value, STATES, 1);
    let warm = any_end(dfa, &mut cache, value, STATES, 1);
    for said in [&fresh, &warm].into_iter().flatten() {
        assert_eq!(said.is_some(), ordinary.is_some(), "{} bytes", value.len());
        if let Some(end) = *said {
            let until = Input::new(value).range(..end);
            let found = dfa.try_search_fwd(&mut cache, &until.earliest(true)).unwrap();
            assert!(found.is_some(), "none ends before {end}");
        }
    }
    warm.ok().map(|end| end.is_some())
}

#[test]
fn a_match_is_found_wherever_it_lies() {
    let found = dfa(r"\bunion\s+select\b");
    for length in [LONG, LONG + 1, LONG + 3, 5 * LONG] {
        for place in (0..=length - 12).step_by(length / LONG) {
            let mut value = vec![b' '; length];
            value[place..place + 12].copy_from_slice(b"union select");
            assert_eq!(lanes(&found, &value), Some(true), "at {place} of {length}");
            // Broken at each of its bytes in turn, it is none.
            value[place + place % 12] = b'_';
            if place % 12 != 5 {
                assert_eq!(lanes(&found, &value), Some(false), "broken at {place} of {length}");
            }
        }
    }
}

#[test]
fn a_match_is_found_however_long_it_is() {
    let (between, counted) = (dfa(r"(?s)<[^>]*;"), dfa(r"(?s)<.{300}>"));
    for start in (0..LONG).step_by(17) {
        for end in (start + 1..LONG).step_by(19) {
            let mut value = vec![b'.'; LONG];
            value[start] = b'<';
            value[end] = b';';
            assert_eq!(lanes(&between, &value), Some(true), "{start} to {end}");
            value[end - 1] = b'>';
            assert_eq!(lanes(&between, &value), Some(false), "{start} to {end}");
            value[start] = b'<';
            value[end] = b'>';
            if end - start != 301 && end - start != 302 {
                assert_eq!(lanes(&counted, &value), Some(false), "{start} to {end}");
            }
        }
        if let Some(end) = start.checked_add(301).filter(|end| *end < LONG) {
            let mut value = vec![b'.'; LONG];
            (value[start], value[end]) = (b'<', b'>');
            assert_eq!(lanes(&counted, &value), Some(true), "{start} to {end}");
        }
    }
}

#[test]
fn edges_are_those_of_the_value_and_not_those_of_lanes() {
    let value = vec![b'a'; 2 * LONG];
    for (pattern, expected) in [
        (r"\Aab|b\z", false),
        (r"a\z", true),
        (r"[^a]\z|\Ab", false),
        (r"\Ba\b", true),
        (r"\ba\b", false),
        (r"\b(?:b|a{1000})\b", false),
        (r"(?m)^b|b$", false),
        (r"b|", true),
    ] {
        let said = lanes(&dfa(pattern), &value);
        assert!(said.is_none() || said == Some(expected), "{pattern}: {said:?}");
    }
}

#[test]
fn what_begins_at_the_first_byte_alone_or_skips_to_where_it_begins_has_no_lanes() {
    let value = vec![b'a'; LONG];
    assert!(!fits(&dfa(r"^a*b"), &value));
    assert!(fits(&dfa(r"a*b"), &value));
    assert!(!fits(&dfa(r"a*b"), &value[1..]));
}

#[test]
fn any_pattern_says_the_same_of_any_value() {
    let mut random = Rng::with_seed(11);
    let mut said = 0;
    for _ in 0..400 {
        let found = dfa(&any_pattern(&mut random));
        for _ in 0..4 {
            let length = LONG + random.usize(0..200);
            let value = any_value(&mut random, length);
            said += usize::from(lanes(&found, &value).is_some());
        }
    }
    assert!(said > 800, "lanes said something of {said} of 1,600 values only");
}
