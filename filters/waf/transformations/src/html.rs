//! `htmlEntityDecode`: numeric entities, and the five names that ModSecurity knows.

use std::borrow::Cow;

use crate::hex;
use crate::rewrite::rewrite;

/// A space that does not break, in Latin-1.
pub(crate) const NBSP: u8 = 0xa0;

/// Decodes entities to one byte each, with or without the semicolon; of a number beyond a byte, the low byte counts.
pub(crate) fn decode(value: &[u8]) -> Cow<'_, [u8]> {
    rewrite(value, *b"&", |rest, out| {
        let (byte, behind) = match rest {
            [_, b'#', b'x' | b'X', text @ ..] => number(text, 16),
            [_, b'#', text @ ..] => number(text, 10),
            [_, text @ ..] => named(text),
            [] => (None, rest),
        };
        let Some(byte) = byte else { return 0 };
        out.push(byte);
        let semicolon = behind.first() == Some(&b';');
        rest.len() - behind.len() + usize::from(semicolon)
    })
}

/// The byte of a number, and what is behind it. A number past all others is the highest, as `strtol` has it.
fn number(text: &[u8], base: u8) -> (Option<u8>, &[u8]) {
    let digits = || text.iter().map_while(|byte| hex::digit(*byte).filter(|digit| *digit < base));
    let code = digits().fold(0_i64, |code, digit| {
        code.saturating_mul(i64::from(base)).saturating_add(i64::from(digit))
    });
    let count = digits().count();
    let [.., low] = code.to_be_bytes();
    ((count > 0).then_some(low), text.get(count..).unwrap_or_default())
}

/// The longest name of [`named`]: what is longer is none of them, however long it goes on.
const LONGEST_NAME: usize = 4;

fn named(text: &[u8]) -> (Option<u8>, &[u8]) {
    let count =
        text.iter().take(LONGEST_NAME + 1).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let (name, behind) = text.split_at_checked(count).unwrap_or_default();
    let names: [(&[u8], u8); 5] =
        [(b"quot", b'"'), (b"amp", b'&'), (b"lt", b'<'), (b"gt", b'>'), (b"nbsp", NBSP)];
    let found = names.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    (found.map(|(_, byte)| *byte), behind)
}
