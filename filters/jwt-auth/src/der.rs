//! The little DER (X.690 §10) that keys and signatures need: definite and shortest lengths, nothing else.

/// Tags of the values that occur.
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;

/// Reads values one behind the other.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Reader { rest: bytes }
    }

    /// True when nothing follows.
    pub(crate) fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    /// The content of the next value, if it has this tag and its length is written in the shortest way.
    pub(crate) fn value(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (&[found, first], mut rest) = self.rest.split_first_chunk::<2>()?;
        if found != tag {
            return None;
        }
        let length = match first {
            0..=0x7f => usize::from(first),
            0x81 => {
                let (&[low], behind) = rest.split_first_chunk::<1>()?;
                rest = behind;
                usize::from(low).checked_sub(0x80)?.checked_add(0x80)?
            }
            0x82 => {
                let (&pair, behind) = rest.split_first_chunk::<2>()?;
                rest = behind;
                let length = usize::from(u16::from_be_bytes(pair));
                (length > 0xff).then_some(length)?
            }
            // Longer than 65,535 bytes, or of indefinite length: no key is.
            _ => return None,
        };
        let (value, behind) = rest.split_at_checked(length)?;
        self.rest = behind;
        Some(value)
    }

    /// A sequence, as a reader of what is in it.
    pub(crate) fn sequence(&mut self) -> Option<Reader<'a>> {
        self.value(SEQUENCE).map(Reader::new)
    }

    /// A positive integer as big-endian bytes without leading zeros.
    pub(crate) fn positive_integer(&mut self) -> Option<&'a [u8]> {
        match self.value(INTEGER)? {
            // A zero in front is there to keep the sign off the next byte, and for nothing else.
            [0, rest @ ..] if rest.first().is_some_and(|byte| byte & 0x80 != 0) => Some(rest),
            value @ [first, ..] if (1..0x80).contains(first) => Some(value),
            _ => None,
        }
    }

    /// A bit string of whole bytes.
    pub(crate) fn bit_string(&mut self) -> Option<&'a [u8]> {
        match self.value(BIT_STRING)? {
            [0, bytes @ ..] => Some(bytes),
            _ => None,
        }
    }
}

/// A value with its tag and length; `content` is at most 65,535 bytes, which every caller's bound on keys keeps.
pub(crate) fn write(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len().saturating_add(4));
    out.push(tag);
    let [.., high, low] = content.len().to_be_bytes();
    match content.len() {
        0..=0x7f => out.push(low),
        0x80..=0xff => out.extend_from_slice(&[0x81, low]),
        _ => out.extend_from_slice(&[0x82, high, low]),
    }
    out.extend_from_slice(content);
    out
}

/// A positive integer from big-endian bytes, which may have zeros in front.
pub(crate) fn write_positive_integer(bytes: &[u8]) -> Vec<u8> {
    let trimmed = without_leading_zeros(bytes);
    if trimmed.first().is_none_or(|byte| byte & 0x80 != 0) {
        let mut padded = Vec::with_capacity(trimmed.len().saturating_add(1));
        padded.push(0);
        padded.extend_from_slice(trimmed);
        return write(INTEGER, &padded);
    }
    write(INTEGER, trimmed)
}

/// Big-endian bytes from the first that is not zero on.
pub(crate) fn without_leading_zeros(mut bytes: &[u8]) -> &[u8] {
    while let [0, rest @ ..] = bytes {
        bytes = rest;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_it_reads_at_every_border_of_length() {
        for length in [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x101, 0xffff] {
            let content = vec![7; length];
            let der = write(SEQUENCE, &content);
            let mut reader = Reader::new(&der);
            assert_eq!(reader.value(SEQUENCE), Some(&content[..]), "{length}");
            assert!(reader.is_done());
        }
    }

    #[test]
    fn refuses_a_length_that_could_be_written_shorter_or_runs_past_the_end() {
        for der in [
            &[][..],
            &[0x30],
            &[0x30, 1],
            &[0x30, 0x80, 0, 0],
            &[0x30, 0x81, 1, 7],
            &[0x30, 0x81],
            &[0x30, 0x82, 0, 1, 7],
            &[0x30, 0x82, 0],
            &[0x30, 0x83, 0, 0, 1, 7],
            &[0x30, 0xff],
            &[0x31, 0],
        ] {
            assert_eq!(Reader::new(der).value(SEQUENCE), None, "{der:?}");
        }
    }

    #[test]
    fn integers_are_positive_and_shortest() {
        for (der, value) in [
            (&[2, 1, 1][..], Some(&[1][..])),
            (&[2, 2, 0, 0x80], Some(&[0x80])),
            (&[2, 1, 0x80], None),
            (&[2, 2, 0, 1], None),
            (&[2, 1, 0], None),
            (&[2, 0], None),
        ] {
            assert_eq!(Reader::new(der).positive_integer(), value, "{der:?}");
        }
        assert_eq!(write_positive_integer(&[0, 0, 0x80]), [2, 2, 0, 0x80]);
        assert_eq!(write_positive_integer(&[0, 0x7f]), [2, 1, 0x7f]);
        assert_eq!(write_positive_integer(&[0, 0]), [2, 1, 0]);
    }
}
