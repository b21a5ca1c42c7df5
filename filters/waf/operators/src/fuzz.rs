//! Any bytes as what operators are given, and as values, and what must hold whatever they are.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::address::Networks;
use crate::bytes::ByteSet;
use crate::libinjection::{detect_sqli, detect_xss, sqli_needs, xss_needs};
use crate::pattern::{Case, LONG, Pattern, Span};
use crate::phrases::Phrases;
use crate::{number, text, validate};

/// The first line is a pattern, the rest a value. A pattern that is taken compiles alike however often it is read, and
/// both ways of asking say the same.
pub fn fuzz_pattern(data: &[u8]) {
    let (text, value) = first_line(data);
    for case in [Case::Sensitive, Case::Insensitive] {
        let Ok(pattern) = Pattern::new(text, case) else { continue };
        let again = Pattern::translated(pattern.as_translated());
        assert_eq!(pattern.compile(), again.compile(), "it was taken, and is another");
        if pattern.compile().is_err() {
            continue;
        }
        let mut groups: [Option<Span>; 10] = [const { None }; 10];
        let found = pattern.captures(value, &mut groups);
        assert_eq!(found, pattern.is_match(value), "captures and match differ");
        // Long values are gone through in another way.
        let long = value.repeat(LONG / value.len().max(1) + 1);
        let found_in_long = pattern.captures(&long, &mut []);
        assert_eq!(found_in_long, pattern.is_match(&long), "of a long value");
        if let Ok(Some(end)) = pattern.any_end(&long) {
            let mut shown: [Option<Span>; 10] = [const { None }; 10];
            assert_eq!(pattern.show(&long, end, &mut shown), Ok(true), "a match that is not shown");
            assert!(shown.iter().flatten().all(|group| long.get(group.clone()).is_some()));
            assert!(shown.first().is_some_and(Option::is_some), "its groups, and not itself");
        }
        let [whole, rest @ ..] = &groups;
        match found {
            Ok(true) => assert!(whole.is_some(), "a match that is nowhere"),
            _ => assert!(groups.iter().all(Option::is_none), "groups of no match"),
        }
        for group in rest.iter().flatten().chain(whole.iter()) {
            assert!(value.get(group.clone()).is_some(), "{group:?} is not in the value");
        }
    }
}

/// The first line has phrases with spaces between them, the rest is a value. What is found is a phrase, none ends before
/// it, and a table that was written down finds the same.
pub fn fuzz_phrases(data: &[u8]) {
    let (line, value) = first_line(data);
    let words: Vec<Vec<u8>> = line
        .split(|byte| *byte == b' ')
        .filter(|word| !word.is_empty())
        .map(<[u8]>::to_ascii_lowercase)
        .collect();
    let (Ok(phrases), Ok(table)) = (Phrases::new(&words), Phrases::table(&words)) else { return };
    let found = phrases.find(value);
    let lower = value.to_ascii_lowercase();
    let ends = |end: &usize| {
        let before = lower.get(..*end).unwrap_or_default();
        words.iter().any(|word| before.ends_with(word))
    };
    let first = (0..=value.len()).find(ends);
    assert_eq!(found.as_ref().map(|range| range.end), first, "another one ends first");
    if let Some(range) = &found {
        let text = lower.get(range.clone()).unwrap_or_default();
        assert!(words.iter().any(|word| word == text), "{range:?} is no phrase");
    }
    let read = Phrases::from_table(table).map(|phrases| phrases.find(value));
    assert_eq!(read, Some(found), "the table is another");
    // A table of any bytes is none, or ends.
    if let Some(any) = Phrases::from_table(data.to_vec()) {
        let _ = any.find(value);
    }
}

/// Verdicts of any value: what has none of the bytes that an injection needs is none.
pub fn fuzz_libinjection(data: &[u8]) {
    let bytes = ByteSet::of(data);
    let sqli = detect_sqli(data);
    assert!(sqli.is_none() || bytes.meets(&sqli_needs()), "a word is an injection");
    assert!(!detect_xss(data) || bytes.meets(&xss_needs()), "a text without marks is a script");
    assert_eq!(detect_sqli(data).is_some(), sqli.is_some(), "asked twice");
}

/// The first line is what a value is compared with, the rest the value. Operators say what looking at every place of it
/// says.
pub fn fuzz_comparisons(data: &[u8]) {
    let (argument, value) = first_line(data);
    let starts: Vec<usize> = (0..=value.len())
        .filter(|at| value.get(*at..).is_some_and(|rest| rest.starts_with(argument)))
        .collect();
    assert_eq!(text::contains(value, argument), !starts.is_empty(), "@contains");
    assert_eq!(text::within(argument, value), !starts.is_empty(), "@within");
    assert_eq!(text::begins_with(value, argument), starts.first() == Some(&0), "@beginsWith");
    let at_end = |start: &usize| start + argument.len() == value.len();
    assert_eq!(text::ends_with(value, argument), starts.last().is_some_and(at_end), "@endsWith");
    let same = starts.first() == Some(&0) && value.len() == argument.len();
    assert_eq!(text::equals(value, argument), same, "@streq");
    let is_word =
        |at: usize| value.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let alone = |start: &usize| {
        !start.checked_sub(1).is_some_and(is_word) && !is_word(start + argument.len())
    };
    let stands = argument.is_empty() || starts.iter().any(alone);
    assert_eq!(text::contains_word(value, argument), stands, "@containsWord");

    let digits: Vec<u8> = value.iter().copied().take_while(u8::is_ascii_digit).collect();
    let read = std::str::from_utf8(&digits).ok().and_then(|text| text.parse::<i64>().ok());
    let expected = if digits.is_empty() { None } else { Some(read.unwrap_or(i64::MAX)) };
    if let Some(expected) = expected {
        assert_eq!(number::number(value), expected, "a number");
        assert_eq!(number::number(&[b" \x0b+", value].concat()), expected, "with a sign");
        let negative = number::number(&[b"-", value].concat());
        assert!(negative == -expected || negative == i64::MIN, "and below zero");
    }

    let (pairs, _) = argument.as_chunks::<2>();
    let ranges: Vec<(u8, u8)> = pairs.iter().map(|[first, last]| (*first, *last)).collect();
    let is_in = |byte: &u8| ranges.iter().any(|(first, last)| first <= byte && byte <= last);
    let outside = !value.iter().all(is_in);
    assert_eq!(validate::is_outside(value, &validate::byte_ranges(&ranges)), outside, "a byte");

    let hex = |at: usize| value.get(at).is_some_and(u8::is_ascii_hexdigit);
    let bad = |(at, byte): (usize, &u8)| *byte == b'%' && !(hex(at + 1) && hex(at + 2));
    let bad = value.iter().enumerate().any(bad);
    assert_eq!(validate::is_badly_url_encoded(value), bad, "@validateUrlEncoding");
    // What is UTF-8 stays so where it is cut between two characters, and nowhere else.
    if let Ok(text) = std::str::from_utf8(value) {
        for at in 0..=value.len() {
            let cut = value.get(..at).unwrap_or_default();
            let well = text.is_char_boundary(at);
            assert_eq!(validate::is_badly_utf8_encoded(cut), !well, "@validateUtf8Encoding");
        }
    } else {
        assert!(validate::is_badly_utf8_encoded(value), "@validateUtf8Encoding");
    }
}

/// The first line has networks with commas between them, the rest is an address. Their ranges say what each of them says,
/// in whatever clothes an address of IPv4 comes.
pub fn fuzz_networks(data: &[u8]) {
    let (line, value) = first_line(data);
    let texts = line.split(|byte| *byte == b',').filter_map(|text| std::str::from_utf8(text).ok());
    let read = |text: &str| text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok();
    let networks: Vec<IpNet> = texts.filter_map(read).collect();
    let Some(list) = Networks::new(&networks) else { return };
    let address = std::str::from_utf8(value).ok().and_then(|text| text.parse::<IpAddr>().ok());
    let Some(address) = address else {
        assert!(list.contain(value).is_err(), "what is no address is in a network");
        return;
    };
    let dressed = match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V6(address.to_ipv6_mapped()),
        IpAddr::V6(address) => IpAddr::V6(address),
    };
    let bare = dressed.to_canonical();
    // A network of IPv6 that is larger than all addresses of IPv4 in its clothes has none of them.
    let has = |network: &IpNet| match network {
        IpNet::V4(_) => network.contains(&bare),
        IpNet::V6(own) if bare.is_ipv4() => own.prefix_len() >= 96 && network.contains(&dressed),
        IpNet::V6(_) => network.contains(&bare),
    };
    let expected = Ok(networks.iter().any(has));
    for spelled in [address, bare, dressed] {
        assert_eq!(list.contain(spelled.to_string().as_bytes()), expected, "{spelled}");
    }
}

fn first_line(data: &[u8]) -> (&[u8], &[u8]) {
    let place = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (line, rest) = data.split_at_checked(place).unwrap_or_default();
    (line, rest.get(1..).unwrap_or_default())
}
