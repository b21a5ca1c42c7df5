//! How much a compressed body decompresses to, as it passes: gzip (RFC 1952) and zlib (RFC 1950), which HTTP calls
//! `deflate`.
//!
//! What decoders could read differently is a fault: whatever the upstream's decoder is, it gets what was counted.

mod code;
mod deflate;

use deflate::Deflate;

/// What a body is compressed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `gzip`: one member behind the other.
    Gzip,
    /// `deflate`: one zlib stream. Some decoders also take raw DEFLATE for it, which is a fault here.
    Zlib,
}

/// Why a body may not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It decompresses to more than the limit.
    TooLarge,
    /// It is not what its encoding says, or made of blocks that bring next to nothing and cost all the more.
    Broken,
}

/// Bytes of checksum and size behind a gzip member, and of checksum behind a zlib stream.
const GZIP_TRAILER: u32 = 8;
const ZLIB_TRAILER: u32 = 4;

/// Flags of a gzip header (RFC 1952 §2.3.1).
const HEADER_CHECKSUM: u8 = 2;
const EXTRA: u8 = 4;
const NAME: u8 = 8;
const COMMENT: u8 = 16;
const RESERVED: u8 = 0xe0;

/// Where a body stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Within the fixed part of a gzip header, behind so many bytes.
    Gzip(u32),
    /// Before the size of a gzip header's extra field, and between its two bytes.
    ExtraSize,
    ExtraSizeHigh(u8),
    /// Within something of a gzip header that means nothing here, so many bytes before its end.
    Skip(u32),
    /// Within a text of a gzip header.
    Text,
    /// Within a zlib header, behind so many bytes.
    Zlib(u32),
    /// Within the compressed data.
    Data,
    /// Within what follows it, so many bytes before its end.
    Trailer(u32),
    /// Behind all of it.
    End,
}

/// A body as far as it has come.
pub struct Inflation {
    format: Format,
    limit: u64,
    stage: Stage,
    /// Flags of the gzip header whose parts are still to come, or the first byte of a zlib header.
    flags: u8,
    data: Deflate,
}

impl Inflation {
    /// A body of which nothing has come yet, that may decompress to so many bytes.
    #[must_use]
    pub fn new(format: Format, limit: u64) -> Box<Self> {
        let stage = match format {
            Format::Gzip => Stage::Gzip(0),
            Format::Zlib => Stage::Zlib(0),
        };
        Box::new(Inflation { format, limit, stage, flags: 0, data: Deflate::new() })
    }

    /// Bytes that it has decompressed to.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.data.total()
    }

    /// True if all that began has ended.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        matches!(self.stage, Stage::End | Stage::Gzip(0))
    }

    /// The next bytes of the body.
    ///
    /// # Errors
    /// Why it may not pass. Nothing that comes later changes that.
    pub fn take(&mut self, mut input: &[u8]) -> Result<(), Fault> {
        while let Some((byte, rest)) = input.split_first() {
            if self.stage == Stage::Data {
                input = self.data.take(input, self.limit)?;
                if self.data.is_done() {
                    self.stage = Stage::Trailer(match self.format {
                        Format::Gzip => GZIP_TRAILER,
                        Format::Zlib => ZLIB_TRAILER,
                    });
                }
                continue;
            }
            self.stage = self.next(*byte)?;
            input = rest;
        }
        Ok(())
    }

    fn next(&mut self, byte: u8) -> Result<Stage, Fault> {
        let fit = |fits: bool, stage: Stage| if fits { Ok(stage) } else { Err(Fault::Broken) };
        match self.stage {
            Stage::Gzip(0) => fit(byte == 0x1f, Stage::Gzip(1)),
            Stage::Gzip(1) => fit(byte == 0x8b, Stage::Gzip(2)),
            Stage::Gzip(2) => fit(byte == 8, Stage::Gzip(3)),
            Stage::Gzip(3) => {
                self.flags = byte;
                fit(byte & RESERVED == 0, Stage::Gzip(4))
            }
            // Time, system and how hard it tried: nobody needs them.
            Stage::Gzip(9) => Ok(self.rest_of_header()),
            Stage::Gzip(behind) => Ok(Stage::Gzip(behind.saturating_add(1))),
            Stage::ExtraSize => Ok(Stage::ExtraSizeHigh(byte)),
            Stage::ExtraSizeHigh(low) => match u16::from_le_bytes([low, byte]) {
                0 => Ok(self.rest_of_header()),
                size => Ok(Stage::Skip(size.into())),
            },
            Stage::Skip(0 | 1) => Ok(self.rest_of_header()),
            Stage::Skip(left) => Ok(Stage::Skip(left.saturating_sub(1))),
            Stage::Text if byte == 0 => Ok(self.rest_of_header()),
            Stage::Text => Ok(Stage::Text),
            Stage::Zlib(0) => {
                self.flags = byte;
                fit(byte & 15 == 8 && byte >> 4 <= 7, Stage::Zlib(1))
            }
            Stage::Zlib(_) => {
                let whole = u16::from_be_bytes([self.flags, byte]);
                // A dictionary that both sides know would be needed.
                fit(whole.is_multiple_of(31) && byte & 0x20 == 0, Stage::Data)
            }
            Stage::Trailer(0 | 1) => {
                self.data.restart();
                Ok(match self.format {
                    Format::Gzip => Stage::Gzip(0),
                    Format::Zlib => Stage::End,
                })
            }
            Stage::Trailer(left) => Ok(Stage::Trailer(left.saturating_sub(1))),
            Stage::Data | Stage::End => Err(Fault::Broken),
        }
    }

    /// The next part of a gzip header that its flags announce.
    fn rest_of_header(&mut self) -> Stage {
        for (flag, stage) in [
            (EXTRA, Stage::ExtraSize),
            (NAME, Stage::Text),
            (COMMENT, Stage::Text),
            (HEADER_CHECKSUM, Stage::Skip(2)),
        ] {
            if self.flags & flag != 0 {
                self.flags &= !flag;
                return stage;
            }
        }
        Stage::Data
    }
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
