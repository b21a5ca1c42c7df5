//! `bundle`: a rule set of the user's own, packed, as a plugin configuration has no files.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::GeneralPurpose;
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
use miniz_oxide::inflate::decompress_to_vec_with_limit;

/// Bytes of an unpacked bundle, at most: six times OWASP CRS with its data.
pub(super) const MAX_UNPACKED: usize = 4 << 20;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The fixed beginning of gzip (RFC 1952 §2.3): magic, method, flags, time, extra flags, system.
const HEADER: usize = 10;
/// Checksum and length.
const TRAILER: usize = 8;
const EXTRA: u8 = 4;
const NAME: u8 = 8;
const COMMENT: u8 = 16;
const HEADER_CHECK: u8 = 2;

/// Unpacks gzip in Base64; line breaks in the latter, which `base64` makes, are left out.
///
/// # Errors
/// What is wrong with it.
pub(super) fn unpack(text: &str) -> Result<Vec<u8>, String> {
    let text: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let packed = BASE64
        .decode(text)
        .map_err(|_| "expected gzip in Base64, but found what is no Base64".to_owned())?;
    let no_gzip = || "expected gzip in Base64, but found what is no gzip".to_owned();
    let deflated = behind_header(&packed).ok_or_else(no_gzip)?;
    let (deflated, trailer) = deflated
        .len()
        .checked_sub(TRAILER)
        .and_then(|end| deflated.split_at_checked(end))
        .ok_or_else(no_gzip)?;
    let unpacked =
        decompress_to_vec_with_limit(deflated, MAX_UNPACKED).map_err(|error| {
            match error.status {
                miniz_oxide::inflate::TINFLStatus::HasMoreOutput => {
                    format!("expected at most {MAX_UNPACKED} bytes unpacked, but found more")
                }
                _ => "expected gzip in Base64, but found it broken".to_owned(),
            }
        })?;
    let mut told = crc32(&unpacked).to_le_bytes().to_vec();
    let length = u32::try_from(unpacked.len()).unwrap_or(u32::MAX);
    told.extend_from_slice(&length.to_le_bytes());
    if trailer != told {
        return Err("expected gzip in Base64, but its checksum is another".to_owned());
    }
    Ok(unpacked)
}

/// What follows the header; `None` where there is none.
fn behind_header(packed: &[u8]) -> Option<&[u8]> {
    let (header, mut rest) = packed.split_at_checked(HEADER)?;
    let [0x1f, 0x8b, 8, flags, ..] = header else { return None };
    if flags & EXTRA != 0 {
        let (length, behind) = rest.split_first_chunk::<2>()?;
        rest = behind.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for flag in [NAME, COMMENT] {
        if flags & flag != 0 {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = rest.get(end.checked_add(1)?..)?;
        }
    }
    if flags & HEADER_CHECK != 0 { rest.get(2..) } else { Some(rest) }
}

/// The checksum of RFC 1952 §8, a bit at a time: a bundle is read once.
fn crc32(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0xedb8_8320;
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { (crc >> 1) ^ POLYNOMIAL } else { crc >> 1 }
        })
    };
    !bytes.iter().fold(!0, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(bytes: &[u8], flags: u8, between: &[u8]) -> String {
        let mut packed = vec![0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3];
        packed.extend_from_slice(between);
        packed.extend(miniz_oxide::deflate::compress_to_vec(bytes, 6));
        packed.extend(crc32(bytes).to_le_bytes());
        packed.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
        BASE64.encode(packed)
    }

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn gzip_is_unpacked_whatever_its_header_tells_beside() {
        let text = b"SecRuleEngine On".to_vec();
        let between: [(u8, &[u8]); 5] = [
            (0, b""),
            (NAME, b"rules.conf\0"),
            (EXTRA, b"\x02\x00ab"),
            (HEADER_CHECK, b"xx"),
            (EXTRA | NAME | COMMENT | HEADER_CHECK, b"\x00\x00n\0c\0xx"),
        ];
        for (flags, between) in between {
            assert_eq!(unpack(&packed(&text, flags, between)), Ok(text.clone()), "{flags}");
        }
        let lines = packed(&text, 0, b"");
        let (first, second) = lines.split_at(8);
        assert_eq!(unpack(&format!("{first}\n{second}\n")), Ok(text));
    }

    #[test]
    fn what_is_no_bundle_is_refused_with_what_it_lacks() {
        let good = packed(b"SecRuleEngine On", 0, b"");
        let mut bytes = BASE64.decode(&good).unwrap();
        for end in 0..bytes.len() {
            assert!(unpack(&BASE64.encode(&bytes[..end])).is_err(), "{end}");
        }
        let last = bytes.len() - 8;
        bytes[last] ^= 1;
        assert!(unpack(&BASE64.encode(&bytes)).unwrap_err().contains("checksum"));
        assert!(unpack("!").unwrap_err().contains("no Base64"));
        assert!(unpack("").unwrap_err().contains("no gzip"));
        assert!(unpack(&BASE64.encode(b"SecRuleEngine On")).unwrap_err().contains("no gzip"));
    }

    #[test]
    fn a_bomb_ends_at_the_bound() {
        assert_eq!(unpack(&packed(&vec![b'#'; MAX_UNPACKED], 0, b"")).unwrap().len(), MAX_UNPACKED);
        let one_more = packed(&vec![b'#'; MAX_UNPACKED + 1], 0, b"");
        assert!(unpack(&one_more).unwrap_err().contains("at most 4194304 bytes"));
    }
}
