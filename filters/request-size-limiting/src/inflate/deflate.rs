//! How much a DEFLATE stream (RFC 1951) decompresses to, without decompressing it: matches are counted and not copied,
//! so that there is no window, and a stream that waits costs a few kilobytes.

use super::Fault;
use super::code::{Code, MAX_SYMBOLS, Word};

/// Symbols of both codes of a block together, at most.
const MAX_LENGTHS: usize = MAX_SYMBOLS + 32;

/// Literals and lengths, and distances, of which a block may have words.
const MAX_LITERALS: u32 = 286;
const MAX_DISTANCES: u32 = 30;

const END_OF_BLOCK: u16 = 256;

/// How often codes may be built for nothing. Each time costs as much as hundreds of bytes, and a block that brings none
/// has a dozen: so many take some hundredths of a second, which a request may have.
pub(super) const SPARE_CODES: u64 = 4_096;

/// For so many bytes that come out they may be built once more. An encoder that looks at what it gains gives a block its
/// own codes from twenty bytes on, and writes less with the fixed ones, also where each message is flushed.
pub(super) const BYTES_PER_CODES: u64 = 8;

/// How far back a match may reach.
const WINDOW: u64 = 32_768;

/// In which order the lengths of the code of lengths come.
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// Least length and further bits, by symbol from 257 on.
const LENGTHS: [(u16, u8); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];

/// Least distance and further bits, by symbol.
const DISTANCES: [(u16, u8); 30] = [
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 0),
    (5, 1),
    (7, 1),
    (9, 2),
    (13, 2),
    (17, 3),
    (25, 3),
    (33, 4),
    (49, 4),
    (65, 5),
    (97, 5),
    (129, 6),
    (193, 6),
    (257, 7),
    (385, 7),
    (513, 8),
    (769, 8),
    (1_025, 9),
    (1_537, 9),
    (2_049, 10),
    (3_073, 10),
    (4_097, 11),
    (6_145, 11),
    (8_193, 12),
    (12_289, 12),
    (16_385, 13),
    (24_577, 13),
];

/// Where a stream stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Before a block.
    Block,
    /// Before the length of a stored block.
    Stored,
    /// Within a stored block, so many bytes before its end.
    Copy(u32),
    /// Before the sizes of a block's codes.
    Sizes,
    /// Within the lengths of the code of lengths.
    Order { literals: u32, distances: u32, order: u32, have: u32 },
    /// Within the lengths of both codes.
    Lengths { literals: u32, distances: u32, have: u32 },
    /// Within a block's data.
    Data,
    /// Behind the last block.
    Done,
}

/// What one step came to.
enum Step {
    /// On to the next.
    On,
    /// More input is needed for it; nothing was taken.
    More,
}

/// One stream behind the other, as far as they have come.
pub(super) struct Deflate {
    bits: u64,
    count: u32,
    stage: Stage,
    last: bool,
    lengths: [u8; MAX_LENGTHS],
    literals: Code,
    distances: Code,
    /// True if the codes are those of fixed blocks, which are the same in all of them.
    fixed: bool,
    /// How often codes were built, in all streams.
    codes: u64,
    /// Bytes that all streams have decompressed to.
    total: u64,
    /// Bytes of it from the streams before this one, into which no match may reach.
    before: u64,
}

impl Deflate {
    pub(super) const fn new() -> Self {
        Deflate {
            bits: 0,
            count: 0,
            stage: Stage::Block,
            last: false,
            lengths: [0; MAX_LENGTHS],
            literals: Code::new(),
            distances: Code::new(),
            fixed: false,
            codes: 0,
            total: 0,
            before: 0,
        }
    }

    /// Another stream begins. The memory and the fixed codes stay, so that a stream of nothing costs nothing.
    pub(super) const fn restart(&mut self) {
        self.bits = 0;
        self.count = 0;
        self.stage = Stage::Block;
        self.last = false;
        self.before = self.total;
    }

    /// Bytes that all streams have decompressed to.
    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    /// How often codes were built.
    #[cfg(test)]
    pub(super) const fn codes(&self) -> u64 {
        self.codes
    }

    /// True if the last block has ended.
    pub(super) fn is_done(&self) -> bool {
        self.stage == Stage::Done
    }

    /// Takes input until it ends, the stream does, or the total is over the limit; says what of the input is left.
    pub(super) fn take<'i>(&mut self, mut input: &'i [u8], limit: u64) -> Result<&'i [u8], Fault> {
        let whole = input;
        while !self.is_done() {
            input = match self.stage {
                Stage::Copy(left) => self.copy(left, input),
                _ => self.fill(input),
            };
            let step = self.step()?;
            if self.total > limit {
                return Err(Fault::TooLarge);
            }
            if matches!(step, Step::More) && input.is_empty() {
                return Ok(input);
            }
        }
        // Whole bytes that were taken too many belong to what follows; they came with this input, as what was there
        // before was not enough for the last step.
        let unread = usize::try_from(self.count / 8).unwrap_or_default();
        let taken = whole.len().saturating_sub(input.len()).saturating_sub(unread);
        Ok(whole.get(taken..).unwrap_or_default())
    }

    fn fill<'i>(&mut self, mut input: &'i [u8]) -> &'i [u8] {
        while self.count <= u64::BITS - 8
            && let Some((byte, rest)) = input.split_first()
        {
            self.bits |= u64::from(*byte) << self.count;
            self.count += 8;
            input = rest;
        }
        input
    }

    /// So many bits from `at` on, if they are there.
    const fn peek(&self, at: u32, size: u32) -> Option<u32> {
        if at + size > self.count {
            return None;
        }
        #[allow(clippy::cast_possible_truncation, reason = "no field has more than 32 bits")]
        let bits = (self.bits >> at & ((1_u64 << size) - 1)) as u32;
        Some(bits)
    }

    const fn drop_bits(&mut self, size: u32) {
        self.bits >>= size;
        self.count -= size;
    }

    /// Bytes of a stored block that are not among the bits any more.
    fn copy<'i>(&mut self, left: u32, input: &'i [u8]) -> &'i [u8] {
        if self.count > 0 {
            return input;
        }
        let size = input.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        self.copied(u32::try_from(size).unwrap_or_default(), left);
        input.get(size..).unwrap_or_default()
    }

    fn copied(&mut self, size: u32, left: u32) {
        self.total += u64::from(size);
        self.stage = Stage::Copy(left.saturating_sub(size));
    }

    fn step(&mut self) -> Result<Step, Fault> {
        match self.stage {
            Stage::Block => self.block(),
            Stage::Stored => self.stored(),
            Stage::Copy(0) => Ok(self.end_block()),
            Stage::Copy(left) => {
                if self.count < 8 {
                    return Ok(Step::More);
                }
                self.drop_bits(8);
                self.copied(1, left);
                Ok(Step::On)
            }
            Stage::Sizes => self.sizes(),
            Stage::Order { literals, distances, order, have } => {
                self.order(literals, distances, order, have)
            }
            Stage::Lengths { literals, distances, have } => {
                self.code_lengths(literals, distances, have)
            }
            Stage::Data => self.data(),
            Stage::Done => Ok(Step::On),
        }
    }

    const fn end_block(&mut self) -> Step {
        self.stage = if self.last { Stage::Done } else { Stage::Block };
        Step::On
    }

    fn block(&mut self) -> Result<Step, Fault> {
        let Some(header) = self.peek(0, 3) else { return Ok(Step::More) };
        self.drop_bits(3);
        self.last = header & 1 == 1;
        self.stage = match header >> 1 {
            0 => {
                // The rest of the byte means nothing.
                self.drop_bits(self.count % 8);
                Stage::Stored
            }
            1 => {
                self.fixed_codes()?;
                Stage::Data
            }
            2 => Stage::Sizes,
            _ => return Err(Fault::Broken),
        };
        Ok(Step::On)
    }

    fn stored(&mut self) -> Result<Step, Fault> {
        let (Some(length), Some(inverse)) = (self.peek(0, 16), self.peek(16, 16)) else {
            return Ok(Step::More);
        };
        self.drop_bits(32);
        if length != inverse ^ 0xffff {
            return Err(Fault::Broken);
        }
        self.stage = Stage::Copy(length);
        Ok(Step::On)
    }

    /// Codes are about to be built; a fault if that happens too often for what comes out.
    const fn spend_codes(&mut self) -> Result<(), Fault> {
        self.codes = self.codes.saturating_add(1);
        if self.codes > SPARE_CODES.saturating_add(self.total / BYTES_PER_CODES) {
            return Err(Fault::Broken);
        }
        Ok(())
    }

    fn fixed_codes(&mut self) -> Result<(), Fault> {
        if self.fixed {
            return Ok(());
        }
        self.spend_codes()?;
        let mut lengths = [8_u8; MAX_SYMBOLS];
        for (symbol, length) in lengths.iter_mut().enumerate() {
            *length = match symbol {
                144..=255 => 9,
                256..=279 => 7,
                _ => 8,
            };
        }
        // Both are complete, so they can be built.
        self.literals.build(&lengths);
        self.distances.build(&[5; 32]);
        self.fixed = true;
        Ok(())
    }

    fn sizes(&mut self) -> Result<Step, Fault> {
        let Some(sizes) = self.peek(0, 14) else { return Ok(Step::More) };
        self.drop_bits(14);
        let (literals, distances, order) =
            ((sizes & 31) + 257, (sizes >> 5 & 31) + 1, (sizes >> 10) + 4);
        if literals > MAX_LITERALS || distances > MAX_DISTANCES {
            return Err(Fault::Broken);
        }
        self.spend_codes()?;
        self.fixed = false;
        self.lengths = [0; MAX_LENGTHS];
        self.stage = Stage::Order { literals, distances, order, have: 0 };
        Ok(Step::On)
    }

    fn order(
        &mut self,
        literals: u32,
        distances: u32,
        order: u32,
        have: u32,
    ) -> Result<Step, Fault> {
        if have < order {
            let Some(length) = self.peek(0, 3) else { return Ok(Step::More) };
            self.drop_bits(3);
            let place = usize::try_from(have).ok().and_then(|have| ORDER.get(have));
            if let Some(slot) = place.and_then(|place| self.lengths.get_mut(*place)) {
                *slot = u8::try_from(length).unwrap_or_default();
            }
            self.stage = Stage::Order { literals, distances, order, have: have + 1 };
            return Ok(Step::On);
        }
        // Until its own code is there, that of literals is the code of lengths. It has to be complete.
        let lengths = self.lengths.get(..ORDER.len()).unwrap_or_default();
        let words = lengths.iter().filter(|length| **length > 0).count();
        if words < 2 || !self.literals.build(lengths) {
            return Err(Fault::Broken);
        }
        self.lengths = [0; MAX_LENGTHS];
        self.stage = Stage::Lengths { literals, distances, have: 0 };
        Ok(Step::On)
    }

    fn code_lengths(&mut self, literals: u32, distances: u32, have: u32) -> Result<Step, Fault> {
        if have == literals + distances {
            return self.dynamic_codes(literals, distances);
        }
        let (symbol, size) = match self.literals.next(self.bits, self.count) {
            Word::Symbol(symbol, size) => (symbol, size),
            Word::More => return Ok(Step::More),
            Word::None => return Err(Fault::Broken),
        };
        let (least, further) = match symbol {
            16 => (3, 2),
            17 => (3, 3),
            18 => (11, 7),
            _ => (1, 0),
        };
        let Some(more) = self.peek(size, further) else { return Ok(Step::More) };
        self.drop_bits(size + further);
        let have = usize::try_from(have).unwrap_or(usize::MAX);
        let length = match symbol {
            16 => {
                let before = have.checked_sub(1).and_then(|place| self.lengths.get(place));
                *before.ok_or(Fault::Broken)?
            }
            17 | 18 => 0,
            _ => u8::try_from(symbol).unwrap_or_default(),
        };
        let end = have + usize::try_from(least + more).unwrap_or_default();
        if end > usize::try_from(literals + distances).unwrap_or_default() {
            return Err(Fault::Broken);
        }
        self.lengths.get_mut(have..end).unwrap_or_default().fill(length);
        let have = u32::try_from(end).unwrap_or(u32::MAX);
        self.stage = Stage::Lengths { literals, distances, have };
        Ok(Step::On)
    }

    fn dynamic_codes(&mut self, literals: u32, distances: u32) -> Result<Step, Fault> {
        let literals = usize::try_from(literals).unwrap_or_default();
        let distances = usize::try_from(distances).unwrap_or_default();
        let (of_literals, rest) = self.lengths.split_at_checked(literals).ok_or(Fault::Broken)?;
        let of_distances = rest.get(..distances).ok_or(Fault::Broken)?;
        // Without its end a block could not end.
        let ends = of_literals.get(usize::from(END_OF_BLOCK)).is_some_and(|length| *length > 0);
        if !ends || !self.literals.build(of_literals) || !self.distances.build(of_distances) {
            return Err(Fault::Broken);
        }
        self.stage = Stage::Data;
        Ok(Step::On)
    }

    /// A literal, the end, or a match with its distance: at most 48 bits, taken at once or not at all.
    fn data(&mut self) -> Result<Step, Fault> {
        let (symbol, size) = match self.literals.next(self.bits, self.count) {
            Word::Symbol(symbol, size) => (symbol, size),
            Word::More => return Ok(Step::More),
            Word::None => return Err(Fault::Broken),
        };
        if symbol < END_OF_BLOCK {
            self.drop_bits(size);
            self.total += 1;
            return Ok(Step::On);
        }
        if symbol == END_OF_BLOCK {
            self.drop_bits(size);
            return Ok(self.end_block());
        }
        let place = usize::from(symbol - END_OF_BLOCK - 1);
        let (least, further) = *LENGTHS.get(place).ok_or(Fault::Broken)?;
        let Some(more) = self.peek(size, further.into()) else { return Ok(Step::More) };
        let length = u32::from(least) + more;
        let at = size + u32::from(further);
        let (symbol, size) = match self.distances.next(self.bits >> at, self.count - at) {
            Word::Symbol(symbol, size) => (symbol, size),
            Word::More => return Ok(Step::More),
            Word::None => return Err(Fault::Broken),
        };
        let (least, further) = *DISTANCES.get(usize::from(symbol)).ok_or(Fault::Broken)?;
        let Some(more) = self.peek(at + size, further.into()) else { return Ok(Step::More) };
        let distance = u64::from(u32::from(least) + more);
        if distance > self.total.saturating_sub(self.before).min(WINDOW) {
            return Err(Fault::Broken);
        }
        self.drop_bits(at + size + u32::from(further));
        self.total += u64::from(length);
        Ok(Step::On)
    }
}
