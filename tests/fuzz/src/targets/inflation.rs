//! Compressed bodies: no decoder gets more out of them than was counted, in whatever pieces they come.

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_PARSE_ZLIB_HEADER, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};
use portcullis_request_size_limiting::inflate::{Fault, Format, Inflation};

/// What the decoder may write; a stream that becomes more is compared up to there.
const MOST: usize = 1 << 16;

/// The first byte chooses the size of the pieces, the rest is the body.
pub(super) fn run(data: &[u8]) -> u64 {
    let Some((first, body)) = data.split_first() else { return 0 };
    let piece = usize::from(*first).max(1);
    let mut shown = Vec::new();
    for format in [Format::Zlib, Format::Gzip] {
        let whole = take(format, body, body.len().max(1), u64::MAX);
        assert_eq!(take(format, body, piece, u64::MAX), whole, "in pieces of {piece}");
        if let Ok((total, _)) = whole {
            assert_eq!(take(format, body, piece, total), whole, "at the limit");
            if let Some(less) = total.checked_sub(1) {
                assert_eq!(take(format, body, piece, less), Err(Fault::TooLarge));
            }
        }
        shown.push(whole.map(|(total, end)| (total.min(300), end)).map_err(|_| ()));
    }
    against_a_decoder(body);
    super::shown(shown)
}

fn take(format: Format, body: &[u8], piece: usize, limit: u64) -> Result<(u64, bool), Fault> {
    let mut inflation = Inflation::new(format, limit);
    for part in body.chunks(piece) {
        inflation.take(part)?;
    }
    Ok((inflation.total(), inflation.is_whole()))
}

fn against_a_decoder(body: &[u8]) {
    let mut out = vec![0; MOST];
    let flags = TINFL_FLAG_PARSE_ZLIB_HEADER | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let (status, read, count) = decompress(&mut DecompressorOxide::new(), body, &mut out, 0, flags);
    let count = u64::try_from(count).expect("a small number");
    match take(Format::Zlib, body, body.len().max(1), u64::MAX) {
        Ok((total, whole)) => {
            assert!(count <= total, "{count} came out, and {total} were counted");
            let done = matches!(status, TINFLStatus::Done | TINFLStatus::Adler32Mismatch);
            assert!(!done || count == total, "{count} came out, and {total} were counted");
            assert!(!whole || done || status == TINFLStatus::HasMoreOutput, "{status:?}");
        }
        Err(_) => assert!(status != TINFLStatus::Done || read < body.len(), "a good stream"),
    }
}
