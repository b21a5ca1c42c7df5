//! `jsDecode`: the escapes of JavaScript's strings.

use std::borrow::Cow;

use crate::escape::{control, octal};
use crate::hex;
use crate::rewrite::rewrite;

/// Decodes `\uhhhh`, `\xhh`, `\ooo` up to `\377`, and `\n` and its like; any other escape loses its backslash.
pub(crate) fn decode(value: &[u8]) -> Cow<'_, [u8]> {
    rewrite(value, *b"\\", |rest, out| {
        let [_, escape, behind @ ..] = rest else { return 0 };
        let coded = match escape {
            b'u' => hex::unit(behind).map(|byte| (byte, 6)),
            b'x' => hex::pair(behind).map(|byte| (byte, 4)),
            _ => octal(rest.get(1..).unwrap_or_default(), b'3')
                .map(|(byte, count)| (byte, 1 + count)),
        };
        let (byte, taken) = coded.unwrap_or((control(*escape).unwrap_or(*escape), 2));
        out.push(byte);
        taken
    })
}
