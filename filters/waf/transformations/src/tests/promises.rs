//! What all transformations promise: borrowed when unchanged, sound masks and bounded growth.

use std::borrow::Cow;

use portcullis_waf_operators::bytes::ByteSet;
use portcullis_waf_seclang::syntax::Transformation as T;

use crate::{MOST_DIGEST, MOST_GROWTH, apply, fuzz_transformations, identity_mask};

/// Pieces of what attackers write, so that random values are not random noise alone.
const PIECES: &[&[u8]] = &[
    b"%",
    b"%u",
    b"%uff1c",
    b"%41",
    b"+",
    b"\\",
    b"\\x",
    b"\\u00",
    b"\\12",
    b"&",
    b"&#",
    b"&#x3c",
    b"&lt",
    b";",
    b"/*",
    b"*/",
    b"<!--",
    b"-->",
    b"--",
    b"#",
    b"/",
    b"..",
    b".",
    b"0x",
    b"41",
    b" ",
    b"\t\r\n",
    b"\x00",
    b"\xa0",
    b"\xc3\xa4",
    b"\xe2\x82",
    b"\xf0\x9f\x98\x80",
    b"\xff",
    b"abc",
    b"XYZ",
    b"'",
    b"\"",
    b"^",
    b"(",
    b"QUJD",
    b"=",
];

#[test]
fn what_is_promised_of_all_holds_for_random_and_for_hostile_values() {
    let mut random = fastrand::Rng::with_seed(6);
    for round in 0..20_000 {
        let mut value = Vec::new();
        for _ in 0..random.usize(0..8) {
            if round % 4 == 0 {
                value.push(random.u8(..));
            } else {
                value.extend_from_slice(PIECES[random.usize(..PIECES.len())]);
            }
        }
        fuzz_transformations(&value);
    }
    for piece in PIECES {
        fuzz_transformations(&piece.repeat(1_000));
        for end in 0..=piece.len() {
            fuzz_transformations(&piece[..end]);
        }
    }
    for byte in 0..=255 {
        fuzz_transformations(&[byte]);
    }
}

#[test]
fn a_mask_holds_no_byte_that_changes_nothing_anywhere() {
    // Of each masked byte, some value with it changes, or the mask says too much.
    let contexts: &[(&[u8], &[u8])] = &[
        (b"", b""),
        (b"%", b""),
        (b"/", b"x"),
        (b"-", b"-"),
        (b"", b"-"),
        (b"0", b"41"),
        (b"", b"41"),
        (b"", b"lt"),
        (b"a", b" b"),
        (b"", b"\xa4"),
        (b"", b"\x80\xa4"),
        (b"", b"\x80\x80\xa4"),
        (b"", b"/.."),
    ];
    for transformation in T::ALL.iter().filter(|it| identity_mask(**it) != ByteSet::FULL) {
        for byte in (0..=255).filter(|byte| identity_mask(*transformation).contains(*byte)) {
            let changes = contexts.iter().any(|(before, after)| {
                let value = [before, &[byte][..], after].concat();
                matches!(apply(*transformation, &value), Cow::Owned(_))
            });
            assert!(changes, "{} of {byte:#x}", transformation.name());
        }
    }
}

#[test]
fn growth_is_at_most_what_is_said_and_reaches_it() {
    let longest = |value: &[u8]| {
        T::ALL.iter().map(|transformation| apply(*transformation, value).len()).max().unwrap()
    };
    assert_eq!(longest(&b"\xc3\xa4".repeat(500)), 1_000 * MOST_GROWTH);
    assert_eq!(longest(&b"\xff".repeat(1_000)), 1_000 * MOST_GROWTH);
    assert_eq!(longest(b""), MOST_DIGEST);
}
