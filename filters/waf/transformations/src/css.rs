//! `cssDecode`: the escapes of CSS 2.

use std::borrow::Cow;

use crate::hex;
use crate::rewrite::rewrite;
use crate::space::is_space;

/// Digits of the longest escape.
const MOST_DIGITS: usize = 6;

/// Decodes a backslash and up to six digits, with one space behind them, to ASCII for full-width forms, else to the low
/// byte; a backslash before a line end or the value's end goes with it; before anything else it goes alone.
pub(crate) fn decode(value: &[u8]) -> Cow<'_, [u8]> {
    rewrite(value, *b"\\", |rest, out| {
        let Some((first, behind)) = rest.get(1..).and_then(<[u8]>::split_first) else { return 1 };
        let text = rest.get(1..).unwrap_or_default();
        let digits = || text.iter().take(MOST_DIGITS).map_while(|byte| hex::digit(*byte));
        let count = digits().count();
        if count == 0 {
            if *first != b'\n' {
                out.push(*first);
            }
            return 2;
        }
        let code = digits().fold(0_u32, |code, digit| (code << 4) | u32::from(digit));
        let [_, plane, high, low] = code.to_be_bytes();
        // As the engines do, the fifth digit counts and what is before it does not.
        let is_basic = count < 5 || (count == 5 && plane == 0) || (count == 6 && plane < 0x10);
        out.push(if is_basic { hex::narrow(high, low) } else { low });
        let space = behind.get(count - 1).is_some_and(|byte| is_space(*byte));
        1 + count + usize::from(space)
    })
}
