//! Nothing that is new is left out, and what is known is not told again.

use std::collections::HashSet;

use fastrand::Rng;

use super::*;

fn told(text: &[u8], old: &[u8]) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    news(text, old, |part| parts.push(part));
    parts
}

/// Every text of at most [`MAX_ATOM`] bytes that occurs is in a part that is told or in the old text; how many bytes are
/// told.
fn check(text: &[u8], old: &[u8]) -> usize {
    let parts = told(text, old);
    let (text_lower, old_lower) = (text.to_ascii_lowercase(), old.to_ascii_lowercase());
    for length in 1..=MAX_ATOM {
        let mut known: HashSet<&[u8]> = old_lower.windows(length).collect();
        for part in &parts {
            known.extend(text_lower[part.clone()].windows(length));
        }
        for found in text_lower.windows(length) {
            let shown = || (found.escape_ascii(), text.escape_ascii(), old.escape_ascii());
            assert!(known.contains(found), "{:?} is left out", shown());
        }
    }
    assert!(parts.windows(2).all(|two| two[0].end <= two[1].end), "{parts:?} out of order");
    parts.iter().map(Range::len).sum()
}

/// Words, so that places differ; some of them capital.
fn words(random: &mut Rng, length: usize) -> Vec<u8> {
    let mut text = Vec::new();
    while text.len() < length {
        let word = random.u64(..);
        text.extend_from_slice(format!("{word:X} ").as_bytes());
    }
    text.truncate(length);
    text
}

#[test]
fn the_same_text_has_nothing_new() {
    let text = words(&mut Rng::with_seed(1), 2000);
    assert!(told(&text, &text).is_empty());
    assert!(told(&text.to_ascii_lowercase(), &text).is_empty());
    assert!(told(&text[..900], &text).is_empty());
    assert!(told(b"", &text).is_empty());
    assert_eq!(told(&text, b"").last().map(|part| part.end), Some(2000));
    assert_eq!(check(&text, b""), 2000);
}

#[test]
fn around_a_change_is_told_as_far_as_an_atom_reaches() {
    let old = words(&mut Rng::with_seed(2), 3000);
    for at in [100, 1000, 1001, 2900] {
        let (before, behind) = old.split_at(at);
        for (text, new) in [
            ([before, b"!", behind].concat(), 1),
            ([before, b"!", &behind[1..]].concat(), 1),
            ([before, &behind[1..]].concat(), 0),
            ([before, &behind[6..]].concat(), 0),
            ([before, &[b'!'; NEAR], behind].concat(), NEAR),
        ] {
            assert_eq!(check(&text, &old), new + 2 * REACH, "at {at}");
        }
        // What was taken out, as far as it is looked for.
        if let Some(behind) = behind.get(FAR - SAME_FAR..) {
            assert_eq!(check(&[before, behind].concat(), &old), 2 * REACH, "at {at}");
        }
    }
    assert_eq!(check(&[b"name=", &old[..]].concat(), &old), 5 + REACH);
    assert_eq!(check(&[&old[..], b"!"].concat(), &old), 1 + REACH);
}

#[test]
fn many_small_changes_are_found_behind_each_other() {
    let old = words(&mut Rng::with_seed(3), 10_000);
    // Every other blank is gone, or doubled, or another byte.
    let mut blanks = 0;
    let mut changed = |to: &[u8]| -> Vec<u8> {
        let each = |byte: &u8| {
            blanks += usize::from(*byte == b' ');
            if *byte == b' ' && blanks % 4 == 0 { to.to_vec() } else { vec![*byte] }
        };
        old.iter().flat_map(each).collect()
    };
    for text in [changed(b""), changed(b"_"), changed(b"  "), changed(b"%20")] {
        assert!(check(&text, &old) < text.len() / 3);
    }
}

#[test]
fn a_text_with_little_in_common_is_told_once_and_whole() {
    let mut random = Rng::with_seed(4);
    let (text, old) = (words(&mut random, 5000), words(&mut random, 5000));
    let parts = told(&text, &old);
    assert_eq!((parts.len(), check(&text, &old)), (1, 5000));
    // Only the beginning is common.
    let text = [&old[..2000], &text[..]].concat();
    assert!(check(&text, &old) < 5000 + 3 * REACH);
}

#[test]
fn whatever_two_texts_are_nothing_is_left_out() {
    let mut random = Rng::with_seed(5);
    for round in 0..600 {
        let letters = if round % 2 == 0 { 3 } else { 200 };
        let letter = |random: &mut Rng| b'@' + random.u8(0..letters) % 90;
        let length = random.usize(0..1500);
        let old: Vec<u8> = (0..length).map(|_| letter(&mut random)).collect();
        let mut text = old.clone();
        for _ in 0..random.usize(0..12) {
            let at = random.usize(0..=text.len());
            let until = (at + random.usize(0..30)).min(text.len());
            let new: Vec<u8> = (0..random.usize(0..30)).map(|_| letter(&mut random)).collect();
            text.splice(at..until, new);
        }
        if random.bool() {
            text.make_ascii_lowercase();
        }
        check(&text, &old);
    }
}
