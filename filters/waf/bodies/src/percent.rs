//! `%hh` and `+`, as forms, queries and `filename*` write them.

/// What a hexadecimal digit stands for.
fn digit(byte: Option<&u8>) -> Option<u8> {
    char::from(*byte?).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Decodes `%hh` once; a broken escape stays as it is, and a `+` is a plus, as in a path.
#[must_use]
pub fn percent_decode(text: &[u8]) -> Vec<u8> {
    decode(text, false).0
}

/// Decodes `%hh`, and `+` if it is a space here; a broken escape stays as it is. True if there was one.
pub(crate) fn decode(text: &[u8], plus_is_space: bool) -> (Vec<u8>, bool) {
    let (mut out, mut is_broken, mut rest) = (Vec::with_capacity(text.len()), false, text);
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        let byte = match byte {
            b'%' => match (digit(behind.first()), digit(behind.get(1))) {
                (Some(high), Some(low)) => {
                    rest = behind.get(2..).unwrap_or_default();
                    high << 4 | low
                }
                _ => {
                    is_broken = true;
                    b'%'
                }
            },
            b'+' if plus_is_space => b' ',
            byte => *byte,
        };
        out.push(byte);
    }
    (out, is_broken)
}
