//! What is told by going through an NFA is what a DFA finds.

use fastrand::Rng;
use regex_automata::Input;
use regex_automata::hybrid::dfa::DFA;
use regex_automata::nfa::thompson::Config;

use super::*;
use crate::pattern::parse;
use crate::pattern::tests::{any_pattern, any_value};

fn nfa(pattern: &str) -> NFA {
    let config = Config::new().utf8(false);
    NFA::compiler().configure(config).build_from_hir(&parse(pattern).unwrap()).unwrap()
}

/// Where a match ends first, by a DFA.
fn by_dfa(nfa: &NFA, value: &[u8]) -> Option<usize> {
    let dfa = DFA::builder().build_from_nfa(nfa.clone()).unwrap();
    let found = dfa.try_search_fwd(&mut dfa.create_cache(), &Input::new(value).earliest(true));
    found.unwrap().map(|half| half.offset())
}

#[test]
fn the_first_end_of_any_pattern_in_any_value_is_found() {
    let mut random = Rng::with_seed(17);
    for _ in 0..1500 {
        let nfa = nfa(&any_pattern(&mut random));
        // One that remembers everything, and one that forgets with nearly every byte.
        let (ample, scarce) = (Simulation::new(), Simulation::with_room(64));
        for _ in 0..6 {
            let length = random.usize(0..80);
            let value = any_value(&mut random, length);
            let expected = by_dfa(&nfa, &value);
            assert_eq!(ample.first_end(&nfa, &value), expected, "{nfa:?} {value:?}");
            assert_eq!(scarce.first_end(&nfa, &value), expected, "{nfa:?} {value:?}");
        }
    }
}

#[test]
fn edges_are_seen_by_the_bytes_around_them() {
    let values: [&[u8]; 12] = [
        b"", b"a", b" a", b"a ", b"ab", b"\na", b"a\n", b"\r\na", b"a\r\n", b"\xe9a", b"-a-", b"_a",
    ];
    for pattern in [
        r"^",
        "$",
        r"\Aa",
        r"a\z",
        r"(?m)^a",
        "(?m)a$",
        r"\ba",
        r"a\b",
        r"\Ba",
        r"a\B",
        r"\b\B",
        "(?R)(?m)^a",
        "(?R)(?m)a$",
        r"(?-u)\b{start}a",
        r"(?-u)a\b{end}",
        r"a|\b",
        r"(?:\b|^)a(?:$|\B)",
    ] {
        let nfa = nfa(pattern);
        let simulation = Simulation::new();
        for value in values {
            let expected = by_dfa(&nfa, value);
            assert_eq!(simulation.first_end(&nfa, value), expected, "{pattern} in {value:?}");
        }
    }
}

#[test]
fn what_looks_for_words_of_unicode_is_not_gone_through() {
    let hir = regex_syntax::parse(r"\bé").unwrap();
    let nfa = NFA::compiler().build_from_hir(&hir).unwrap();
    assert!(!Simulation::fits(&nfa));
    assert!(Simulation::fits(&self::nfa(r"\ba")));
}

#[test]
fn what_is_remembered_is_bounded() {
    const ROOM: usize = 16 * 1024;
    let nfa = nfa(r"(?s)[ab]*a[ab]{400}c|x.{300}y");
    let simulation = Simulation::with_room(ROOM);
    let mut random = Rng::with_seed(3);
    let value: Vec<u8> = (0..20_000).map(|_| b"abx"[random.usize(0..3)]).collect();
    assert_eq!(simulation.first_end(&nfa, &value), None);
    // One byte may have all threads there are found out before it is looked at again.
    let threads = nfa.states().len() * nfa.byte_classes().alphabet_len() * size_of::<Step>();
    assert!(simulation.memory_usage() < ROOM + threads, "{}", simulation.memory_usage());
}
