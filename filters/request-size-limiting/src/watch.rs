//! What is looked at while a body passes, beside how long it is: its parts, and what it decompresses to.

use portcullis_control::content_encoding::codings;
use portcullis_control::exchange::Exchange;
use portcullis_control::headers::HeaderMap;
use portcullis_control::media_type::boundary;

use crate::inflate::{Fault, Format, Inflation};
use crate::parts::Parts;
use crate::reason::Refused;

/// Limits on what is within a body; each is absent unless configured.
#[derive(Debug, Default)]
pub(crate) struct Within {
    pub(crate) multipart_parts: Option<u64>,
    pub(crate) decompressed: Option<Decompressed>,
}

/// How much a compressed body may decompress to.
#[derive(Debug)]
pub(crate) struct Decompressed {
    /// Bytes.
    pub(crate) limit: u64,
    /// What cannot be decompressed here passes unseen.
    pub(crate) pass_others: bool,
}

/// What is watched of one body.
#[derive(Default)]
pub(crate) struct Watch {
    parts: Option<Parts>,
    inflation: Option<Box<Inflation>>,
}

impl Within {
    /// What is to be watched of a body that comes under these headers.
    pub(crate) fn begin(&self, exchange: &Exchange) -> Result<Watch, Refused> {
        let mut watch = Watch::default();
        if let Some(most) = self.multipart_parts {
            watch.parts = parts(exchange.request_headers(), most)?;
        }
        if let Some(decompressed) = &self.decompressed {
            watch.inflation = inflation(exchange.request_headers(), decompressed)?;
        }
        Ok(watch)
    }
}

fn parts(headers: &HeaderMap, most: u64) -> Result<Option<Parts>, Refused> {
    const MULTIPART: &[u8] = b"multipart/";
    let is_multipart = |field: &[u8]| {
        field.windows(MULTIPART.len()).any(|text| text.eq_ignore_ascii_case(MULTIPART))
    };
    if !headers.all("content-type").any(is_multipart) {
        return Ok(None);
    }
    if codings(headers).next().is_some() {
        return Err(Refused::UnknownEncoding);
    }
    // Whoever reads it otherwise sees other parts than we do.
    let field = headers.only("content-type").map(<[u8]>::trim_ascii_start);
    let first = field.filter(|field| {
        field.get(..MULTIPART.len()).is_some_and(|start| start.eq_ignore_ascii_case(MULTIPART))
    });
    let boundary = first.and_then(boundary).ok_or(Refused::BadMultipart)?;
    Ok(Some(Parts::new(&boundary, most)))
}

fn inflation(
    headers: &HeaderMap,
    decompressed: &Decompressed,
) -> Result<Option<Box<Inflation>>, Refused> {
    let mut encodings = codings(headers);
    let Some(encoding) = encodings.next() else { return Ok(None) };
    let format = match encoding.as_slice() {
        b"gzip" | b"x-gzip" => Some(Format::Gzip),
        b"deflate" => Some(Format::Zlib),
        _ => None,
    };
    match format.filter(|_| encodings.next().is_none()) {
        Some(format) => Ok(Some(Inflation::new(format, decompressed.limit))),
        None if decompressed.pass_others => Ok(None),
        None => Err(Refused::UnknownEncoding),
    }
}

impl Watch {
    /// True if the bytes of the body are of interest.
    pub(crate) const fn is_on(&self) -> bool {
        self.parts.is_some() || self.inflation.is_some()
    }

    /// The bytes that have come.
    pub(crate) fn take(&mut self, exchange: &Exchange) -> Result<(), Refused> {
        for piece in exchange.request_chunk() {
            let piece = piece.ok_or(Refused::Unreadable)?;
            if self.parts.as_mut().is_some_and(|parts| !parts.take(&piece)) {
                return Err(Refused::TooManyParts);
            }
            if let Some(inflation) = &mut self.inflation {
                inflation.take(&piece).map_err(|fault| match fault {
                    Fault::TooLarge => Refused::DecompressedTooLarge,
                    Fault::Broken => Refused::BadCompression,
                })?;
            }
        }
        Ok(())
    }
}
