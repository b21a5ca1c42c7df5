//! Against miniz_oxide, which decompresses, on good, cut, spoilt and hostile streams.

use super::*;
use miniz_oxide::deflate::{compress_to_vec, compress_to_vec_zlib};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_PARSE_ZLIB_HEADER, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

/// A gzip member around a DEFLATE stream.
pub(super) fn member(deflated: &[u8]) -> Vec<u8> {
    [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255], deflated, &[0; 8]].concat()
}

/// What is made of a body in parts of this size.
fn take(format: Format, body: &[u8], size: usize, limit: u64) -> Result<(u64, bool), Fault> {
    let mut inflation = Inflation::new(format, limit);
    for part in body.chunks(size.max(1)) {
        inflation.take(part)?;
    }
    Ok((inflation.total(), inflation.is_whole()))
}

/// Bodies of different kinds: matches near and far, literals of all sorts, nothing at all.
fn plain() -> Vec<Vec<u8>> {
    let mut rng = fastrand::Rng::with_seed(7);
    let mut bytes =
        |count: usize, most: u8| -> Vec<u8> { (0..count).map(|_| rng.u8(..=most)).collect() };
    let mut bodies = vec![
        Vec::new(),
        b"a".to_vec(),
        b"hello hello hello hello".to_vec(),
        vec![0; 300_000],
        bytes(70_000, 255),
        bytes(50_000, 3),
        bytes(1_000, 127),
        br#"{"items":[{"id":1,"name":"one"},{"id":2,"name":"two"}]}"#.repeat(500),
    ];
    let far = bytes(32_768, 255);
    bodies.push([far.clone(), far].concat());
    bodies
}

#[test]
fn what_is_counted_is_what_comes_out_in_parts_of_any_size() {
    for body in plain() {
        let expected = u64::try_from(body.len()).unwrap();
        for level in [0, 1, 6, 9] {
            let zlib = compress_to_vec_zlib(&body, level);
            let gzip = member(&compress_to_vec(&body, level));
            for size in [1, 2, 3, 7, 64, 1_000, usize::MAX] {
                if size < 7 && body.len() > 60_000 {
                    continue;
                }
                let label = format!("{expected} bytes, level {level}, parts of {size}");
                let all = Ok((expected, true));
                assert_eq!(take(Format::Zlib, &zlib, size, expected), all, "{label}");
                assert_eq!(take(Format::Gzip, &gzip, size, expected), all, "{label}");
                if let Some(less) = expected.checked_sub(1) {
                    let fault = Err(Fault::TooLarge);
                    assert_eq!(take(Format::Zlib, &zlib, size, less), fault, "{label}");
                    assert_eq!(take(Format::Gzip, &gzip, size, less), fault, "{label}");
                }
            }
        }
    }
}

#[test]
fn members_of_gzip_add_up() {
    let one = member(&compress_to_vec(&[b'a'; 100], 6));
    let three = one.repeat(3);
    for size in [1, 5, usize::MAX] {
        assert_eq!(take(Format::Gzip, &three, size, 300), Ok((300, true)));
        assert_eq!(take(Format::Gzip, &three, size, 299), Err(Fault::TooLarge));
    }
    let behind = [one.as_slice(), b"\0"].concat();
    assert_eq!(take(Format::Gzip, &behind, 9, 300), Err(Fault::Broken));
}

#[test]
fn a_gzip_header_may_have_all_its_parts() {
    let data = compress_to_vec(&[b'a'; 100], 6);
    let extra: &[u8] = &[3, 0, 1, 2, 3];
    for (flags, parts) in [
        (4, vec![extra]),
        (8, vec![b"name\0".as_slice()]),
        (16, vec![b"comment\0"]),
        (2, vec![b"hc"]),
        (31, vec![extra, b"name\0", b"\0", b"hc"]),
        (4, vec![&[0, 0]]),
    ] {
        let header = [0x1f, 0x8b, 8, flags, 1, 2, 3, 4, 2, 3];
        let body = [&header, parts.concat().as_slice(), &data, &[9; 8]].concat();
        for size in [1, 4, usize::MAX] {
            assert_eq!(take(Format::Gzip, &body, size, 100), Ok((100, true)), "{flags}");
        }
    }
}

#[test]
fn what_is_no_gzip_or_zlib_is_broken() {
    let zlib = compress_to_vec_zlib(b"hello", 6);
    let raw = compress_to_vec(&[b'a'; 1_000], 6);
    let gzip = member(&raw);
    let changed = |body: &[u8], place: usize, to: u8| {
        let mut body = body.to_vec();
        body[place] = to;
        body
    };
    for (format, body) in [
        (Format::Gzip, zlib.clone()),
        (Format::Gzip, raw.clone()),
        (Format::Gzip, b"plain text".to_vec()),
        (Format::Gzip, changed(&gzip, 2, 7)),
        (Format::Gzip, changed(&gzip, 3, 0x20)),
        (Format::Zlib, gzip.clone()),
        (Format::Zlib, raw),
        (Format::Zlib, b"plain text".to_vec()),
        (Format::Zlib, changed(&zlib, 0, 0x88)),
        (Format::Zlib, changed(&zlib, 1, 0xbb)),
        (Format::Zlib, [zlib.as_slice(), b"x"].concat()),
        (Format::Zlib, zlib.repeat(2)),
    ] {
        assert_eq!(take(format, &body, 3, 10_000), Err(Fault::Broken), "{format:?} {body:?}");
    }
}

#[test]
fn a_bomb_is_stopped_at_the_limit() {
    let bomb = compress_to_vec_zlib(&vec![0; 50_000_000], 9);
    assert!(bomb.len() < 60_000);
    assert_eq!(take(Format::Zlib, &bomb, 1_000, 1_000_000), Err(Fault::TooLarge));
    let mut inflation = Inflation::new(Format::Zlib, 1_000_000);
    assert_eq!(inflation.take(&bomb), Err(Fault::TooLarge));
    // One step past the limit at most.
    assert!(inflation.total() <= 1_000_000 + 258);
}

#[test]
fn a_stream_that_is_cut_is_not_whole() {
    let body = compress_to_vec_zlib(&plain()[7], 6);
    for end in [0, 1, 2, 3, 50, body.len() - 1] {
        let (total, whole) = take(Format::Zlib, &body[..end], 5, u64::MAX).unwrap();
        assert!(!whole && total <= 27_500, "{end}");
    }
    assert_eq!(take(Format::Gzip, b"", 1, 0), Ok((0, true)));
}

/// Whatever the bytes: no decoder gets more out of them than was counted, and what a decoder takes is counted right.
#[test]
fn spoilt_streams_never_give_more_than_was_counted() {
    let mut rng = fastrand::Rng::with_seed(11);
    let bodies = plain();
    for round in 0..5_000 {
        let body = &bodies[1 + round % 3 * 3 % (bodies.len() - 1)];
        let body = &body[..body.len().min(3_000)];
        let mut stream = compress_to_vec_zlib(body, [0, 1, 6, 9][round % 4]);
        for _ in 0..rng.usize(..4) {
            let place = rng.usize(2..stream.len());
            stream[place] ^= 1 << rng.u8(..8);
        }
        if rng.bool() {
            stream.truncate(rng.usize(..stream.len()));
        }
        compare(&stream);
    }
}

fn compare(stream: &[u8]) {
    let counted = take(Format::Zlib, stream, 1 + stream.len() / 3, u64::MAX);
    let mut out = vec![0; 1 << 17];
    let flags = TINFL_FLAG_PARSE_ZLIB_HEADER | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let (status, read, count) =
        decompress(&mut DecompressorOxide::new(), stream, &mut out, 0, flags);
    let count = u64::try_from(count).unwrap();
    match counted {
        Ok((total, whole)) => {
            assert!(count <= total, "{count} came out, and {total} were counted");
            // A wrong checksum is the decoder's business.
            let done = matches!(status, TINFLStatus::Done | TINFLStatus::Adler32Mismatch);
            assert!(!whole || (done && count == total), "{status:?}, {count} of {total}");
        }
        Err(fault) => {
            assert_eq!(fault, Fault::Broken);
            let whole = status == TINFLStatus::Done && read == stream.len();
            assert!(!whole, "{count} bytes came out of what is called broken: {stream:02x?}");
        }
    }
}
