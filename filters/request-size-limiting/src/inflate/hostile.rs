//! Streams of blocks and members that bring nothing: what they cost is bounded, and no encoder comes near the bound.

use super::deflate::{BYTES_PER_CODES, SPARE_CODES};
use super::tests::member;
use super::*;
use miniz_oxide::deflate::core::{CompressorOxide, create_comp_flags_from_zip_params};
use miniz_oxide::deflate::stream::deflate;
use miniz_oxide::{DataFormat, MZFlush};

/// Bits as DEFLATE packs them: the lowest of each byte first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    count: usize,
}

impl Bits {
    fn push(&mut self, bits: u32, size: u32) {
        for place in 0..size {
            if self.count.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let bit = u8::try_from(bits >> place & 1).unwrap();
            *self.bytes.last_mut().unwrap() |= bit << (self.count % 8);
            self.count += 1;
        }
    }

    /// A block with the fixed codes, and nothing but its end.
    fn fixed(&mut self, last: bool) {
        self.push(u32::from(last) | 1 << 1, 3);
        self.push(0, 7);
    }

    /// A block with codes of its own, and nothing but its end.
    fn dynamic(&mut self, last: bool) {
        self.push(u32::from(last) | 2 << 1, 3);
        // 257 literals and lengths, one distance, and the lengths of 18 symbols, in their odd order.
        self.push(14 << 10, 14);
        for symbol in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1] {
            self.push(if symbol == 18 { 1 } else { u32::from(symbol < 2) * 2 }, 3);
        }
        // 138 and 118 times no word; a word for the end of the block; none for the distance; and that end.
        for (bits, size) in [(0, 1), (127, 7), (0, 1), (107, 7), (3, 2), (1, 2), (0, 1)] {
            self.push(bits, size);
        }
    }
}

/// A stream of these blocks; the last of them is the last one.
fn stream(blocks: u64, block: impl Fn(&mut Bits, bool)) -> Vec<u8> {
    let mut bits = Bits::default();
    (1..=blocks).for_each(|number| block(&mut bits, number == blocks));
    bits.bytes
}

/// How often codes are built for a body, and what comes out; in whatever parts it comes.
fn cost(format: Format, body: &[u8]) -> Result<(u64, u64), Fault> {
    let costs = [7, 65_536].map(|size| {
        let mut inflation = Inflation::new(format, u64::MAX);
        for part in body.chunks(size) {
            inflation.take(part)?;
        }
        assert!(inflation.is_whole());
        Ok((inflation.data.codes(), inflation.total()))
    });
    assert_eq!(costs[0], costs[1]);
    costs[1]
}

/// A zlib stream around a DEFLATE stream.
fn zlib(deflated: &[u8]) -> Vec<u8> {
    [&[0x78, 0x9c], deflated, &[0; 4]].concat()
}

#[test]
fn fixed_codes_are_built_once_for_a_million_empty_blocks() {
    let body = zlib(&stream(838_860, Bits::fixed));
    assert!(body.len() > 1 << 20);
    assert_eq!(cost(Format::Zlib, &body), Ok((1, 0)));
}

#[test]
fn empty_members_share_the_fixed_codes() {
    let empty = member(&stream(1, Bits::fixed));
    assert_eq!(cost(Format::Gzip, &empty.repeat(50_000)), Ok((1, 0)));
}

#[test]
fn codes_for_nothing_are_built_so_often_and_not_once_more() {
    let most = SPARE_CODES;
    assert_eq!(cost(Format::Zlib, &zlib(&stream(most, Bits::dynamic))), Ok((most, 0)));
    let one_more = stream(most + 1, Bits::dynamic);
    assert_eq!(cost(Format::Zlib, &zlib(&one_more)), Err(Fault::Broken));
    // Bytes that came out before pay for it: a stored block.
    let size = u8::try_from(BYTES_PER_CODES).unwrap();
    let paid = |size: u8| {
        let bytes = vec![b'a'; size.into()];
        zlib(&[&[0, size, 0, !size, 0xff], bytes.as_slice(), &one_more].concat())
    };
    assert_eq!(cost(Format::Zlib, &paid(size)), Ok((most + 1, BYTES_PER_CODES)));
    assert_eq!(cost(Format::Zlib, &paid(size - 1)), Err(Fault::Broken));
}

#[test]
fn neither_another_member_nor_another_kind_of_block_begins_the_count_anew() {
    let one = member(&stream(1, Bits::dynamic));
    let (most, times) = (SPARE_CODES, usize::try_from(SPARE_CODES).unwrap());
    assert_eq!(cost(Format::Gzip, &one.repeat(times)), Ok((most, 0)));
    assert_eq!(cost(Format::Gzip, &one.repeat(times + 1)), Err(Fault::Broken));
    let mixed = |pairs| {
        zlib(&stream(pairs, |bits, last| {
            bits.dynamic(false);
            bits.fixed(last);
        }))
    };
    assert_eq!(cost(Format::Zlib, &mixed(most / 2)), Ok((most, 0)));
    assert_eq!(cost(Format::Zlib, &mixed(most / 2 + 1)), Err(Fault::Broken));
}

#[test]
fn a_stream_that_is_flushed_behind_every_message_passes() {
    let mut rng = fastrand::Rng::with_seed(5);
    for (size, own_codes) in [(1, false), (20, false), (60, true)] {
        let flags = create_comp_flags_from_zip_params(6, 15, 0);
        let mut compressor = Box::new(CompressorOxide::new(flags));
        compressor.set_format_and_level(DataFormat::Zlib, 6);
        let (mut body, mut plain, mut buffer) = (Vec::new(), 0, vec![0; 4_096]);
        for number in 1..=10_000 {
            let message: Vec<u8> = (0..size).map(|_| rng.u8(b'0'..=b'9')).collect();
            let flush = if number == 10_000 { MZFlush::Finish } else { MZFlush::Sync };
            let done = deflate(&mut compressor, &message, &mut buffer, flush);
            assert_eq!(done.bytes_consumed, message.len());
            body.extend_from_slice(&buffer[..done.bytes_written]);
            plain += size;
        }
        let (codes, total) = cost(Format::Zlib, &body).unwrap();
        assert_eq!(total, plain);
        assert_eq!(codes > SPARE_CODES, own_codes, "{codes} times for messages of {size} bytes");
    }
}
