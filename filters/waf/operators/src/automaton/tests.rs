//! What the automaton finds is what looking for each phrase by itself finds.

use super::*;

/// Every end of a phrase with the phrases that end there, the slow way.
fn expected(phrases: &[Vec<u8>], value: &[u8]) -> Vec<(usize, Vec<u32>)> {
    (1..=value.len())
        .filter_map(|end| {
            let ends = (0_u32..)
                .zip(phrases)
                .filter(|(_, phrase)| {
                    let start = end.checked_sub(phrase.len());
                    !phrase.is_empty()
                        && start.is_some_and(|start| value[start..end].eq_ignore_ascii_case(phrase))
                })
                .map(|(index, _)| index)
                .collect::<Vec<_>>();
            (!ends.is_empty()).then_some((end, ends))
        })
        .collect()
}

fn found(phrases: &[Vec<u8>], value: &[u8]) -> Vec<(usize, Vec<u32>)> {
    let mut lists: Vec<Vec<u32>> = vec![Vec::new()];
    let table = Trie::new(phrases).unwrap().finish(|ends, inherited| {
        let mut list = lists[inherited as usize].clone();
        list.extend_from_slice(ends);
        list.sort_unstable();
        lists.push(list);
        lists.len() as u32 - 1
    });
    let mut all = Vec::new();
    let automaton = Automaton::new(table).unwrap();
    let none: Option<()> = automaton.scan(value, |end, out| {
        all.push((end, lists[out as usize].clone()));
        ControlFlow::Continue(())
    });
    assert_eq!(none, None);
    all
}

#[test]
fn every_phrase_is_found_where_it_ends() {
    for (phrases, value) in [
        (&["he", "she", "his", "hers"][..], "ushers HIS sHe"),
        (&["a"], "aAa b"),
        (&["a", "aa", "aaa"], "aaaa"),
        (&["abcd", "bc"], "abcd abce bc"),
        (&["abcde", "bcdf", "cd"], "abcdf abcde"),
        (&["b", "abc"], "ab abc"),
        (&["ab", "ab", ""], "xab"),
        (&[], "abc"),
        (&["\u{e9}x", "\0\0"], "\u{c9}x \u{e9}X \0\0\0"),
        (&["[", "{"], "[{"),
    ] {
        let phrases: Vec<Vec<u8>> =
            phrases.iter().map(|phrase| phrase.as_bytes().to_vec()).collect();
        let value = value.as_bytes();
        assert_eq!(found(&phrases, value), expected(&phrases, value), "{phrases:?}");
        assert_eq!(found(&phrases, b""), []);
    }
}

#[test]
fn any_phrases_are_found_in_any_value() {
    let mut random = fastrand::Rng::with_seed(3);
    for round in 0..300 {
        let letters = 1 + round % 7;
        let mut text = |most: usize| -> Vec<u8> {
            let length = random.usize(0..=most);
            (0..length).map(|_| b"abAB\xe9z\xff"[random.usize(0..letters)]).collect()
        };
        let phrases: Vec<Vec<u8>> = (0..40).map(|_| text(6)).collect();
        let value = text(300);
        assert_eq!(found(&phrases, &value), expected(&phrases, &value), "{phrases:?} {value:?}");
    }
}

#[test]
fn every_byte_can_be_in_a_phrase() {
    let phrases: Vec<Vec<u8>> =
        (0..=255_u8).flat_map(|a| (0..=255_u8).step_by(5).map(move |b| vec![a, b])).collect();
    let value: Vec<u8> = (0..=255).chain((0..=255).rev()).collect();
    assert_eq!(found(&phrases, &value), expected(&phrases, &value));
}

#[test]
fn a_search_ends_where_it_is_told_to() {
    let table = Trie::new(&["ab"]).unwrap().finish(|_, _| 7);
    let automaton = Automaton::new(table).unwrap();
    assert_eq!(automaton.scan(b"xxab ab", |end, out| ControlFlow::Break((end, out))), Some((4, 7)));
}

#[test]
fn bytes_that_are_no_table_are_refused() {
    let table = Trie::new(&["ab", "c"]).unwrap().finish(|_, _| 1);
    assert!(Automaton::new(table.clone()).is_some());
    assert!(Automaton::new(&[][..]).is_none());
    assert!(Automaton::new(table[..table.len() - 1].to_vec()).is_none());
    assert!(Automaton::new([&table[..], b"x"].concat()).is_none());
    let mut other = table.clone();
    other[0] ^= 1;
    assert!(Automaton::new(other).is_none());
    let mut huge = table;
    huge[4..16].fill(0xff);
    assert!(Automaton::new(huge).is_none());
}

#[test]
fn there_may_be_so_many_bytes_of_phrases() {
    let half = vec![b'a'; MAX_BYTES / 2];
    assert!(Trie::new(&[&half[..], &half[..]]).is_ok());
    assert_eq!(Trie::new(&[&half[..], &half[..], b"a"]).map(|_| ()), Err(TooManyPhrases));
}
