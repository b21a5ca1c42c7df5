//! One strict reading of base64url, for tokens and for keys: two texts of the same bytes would be two tokens.

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Bits behind the last byte are zero (RFC 4648 §3.5), so that a value has one text.
const BARE: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(false)
    .with_decode_padding_mode(DecodePaddingMode::RequireNone);
const PADDED: GeneralPurposeConfig =
    BARE.with_decode_padding_mode(DecodePaddingMode::RequireCanonical);
static URL_BARE: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, BARE);
static URL_PADDED: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, PADDED);
static STANDARD_BARE: GeneralPurpose = GeneralPurpose::new(&STANDARD, BARE);
static STANDARD_PADDED: GeneralPurpose = GeneralPurpose::new(&STANDARD, PADDED);

/// The bytes of a base64url text (RFC 4648 §5), without padding or with all of it, as Kong takes it; `None` for anything
/// else.
#[must_use]
pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let reading = if is_padded(text) { &URL_PADDED } else { &URL_BARE };
    reading.decode(text).ok()
}

/// The bytes of a text in either alphabet of RFC 4648, as people paste secrets; a mixture is neither.
#[must_use]
pub fn decode_either(text: &[u8]) -> Option<Vec<u8>> {
    let standard = if is_padded(text) { &STANDARD_PADDED } else { &STANDARD_BARE };
    decode(text).or_else(|| standard.decode(text).ok())
}

fn is_padded(text: &[u8]) -> bool {
    text.last() == Some(&b'=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_one_text_for_each_value_but_for_whole_padding() {
        for (text, bytes) in [
            ("", Some(&b""[..])),
            ("Zg", Some(b"f")),
            ("Zg==", Some(b"f")),
            ("Zm8", Some(b"fo")),
            ("Zm8=", Some(b"fo")),
            ("_-8", Some(b"\xff\xef")),
            ("Zg=", None),
            ("Zm8==", None),
            ("Z", None),
            // The same byte with bits behind it: RFC 4648 §3.5.
            ("Zh", None),
            ("Zm9", None),
            ("/+8", None),
            ("Zm9v ", None),
            ("Zm9v\n", None),
            ("Zm=9v", None),
            ("Zm9v====", None),
            ("Zm9v\u{0}", None),
            ("Zmé", None),
        ] {
            assert_eq!(decode(text.as_bytes()).as_deref(), bytes, "{text:?}");
        }
        assert_eq!(decode_either(b"/+8").as_deref(), Some(&b"\xff\xef"[..]));
        assert_eq!(decode_either(b"/-8"), None);
    }
}
