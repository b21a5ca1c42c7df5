//! How often a byte occurs in what people send, to tell which of several conditions says most.

/// Of a million bytes of ordinary values: text, names, numbers, links.
const fn per_million(byte: u8) -> u32 {
    match byte {
        b' ' => 120_000,
        b'e' => 90_000,
        b't' | b'a' | b'o' | b'i' | b'n' => 60_000,
        b's' | b'r' | b'h' | b'l' | b'd' => 45_000,
        b'c' | b'u' | b'm' | b'p' | b'f' | b'g' | b'w' | b'y' | b'b' => 22_000,
        b'v' | b'k' => 10_000,
        b'j' | b'x' | b'q' | b'z' => 3_000,
        b'0'..=b'2' => 15_000,
        b'3'..=b'9' => 9_000,
        b'.' | b'-' | b'/' | b',' => 10_000,
        b'_' | b':' | b'%' | b'+' | b'&' => 3_000,
        b'=' | b'\'' | b'"' | b'(' | b')' | b';' | b'?' | b'@' => 1_500,
        b'!' | b'#' | b'*' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'|' | b'\n' | b'\r' => 500,
        0x80..=0xff => 100,
        b'\\' | b'^' | b'`' | b'~' | b'$' | b'\t' => 150,
        _ => 20,
    }
}

/// The share of bytes that are this one, the two cases of a letter taken together.
pub(super) fn of_byte(byte: u8) -> f64 {
    f64::from(per_million(byte.to_ascii_lowercase())) / 1e6
}

/// About how often the text begins at a place.
pub(super) fn of_text(text: &[u8]) -> f64 {
    // Letters follow one another more often than chance has it.
    text.iter().map(|byte| of_byte(*byte)).product::<f64>() * 1.5_f64.powi(text.len() as i32 - 1)
}
