//! As much of the protobuf wire format as foreign functions and gRPC targets need.

/// One field of a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Field {
    pub(crate) number: u64,
    value: Value,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Value {
    Varint,
    Fixed,
    Bytes(Vec<u8>),
}

impl Field {
    /// The bytes of a length-delimited field.
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        match &self.value {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

/// The fields of a message, or nothing where it cannot be parsed.
pub(crate) fn fields(mut bytes: &[u8]) -> Option<Vec<Field>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let number = tag >> 3;
        if number == 0 || number > 0x1fff_ffff {
            return None;
        }
        let value = match tag & 7 {
            0 => varint(&mut bytes).map(|_| Value::Varint)?,
            1 => take(&mut bytes, 8).map(|_| Value::Fixed)?,
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                Value::Bytes(take(&mut bytes, length)?.to_vec())
            }
            5 => take(&mut bytes, 4).map(|_| Value::Fixed)?,
            // Groups: a start needs its end of the same number, fields in between.
            3 => {
                group(&mut bytes, number)?;
                Value::Fixed
            }
            _ => return None,
        };
        found.push(Field { number, value });
    }
    Some(found)
}

fn group(bytes: &mut &[u8], number: u64) -> Option<()> {
    loop {
        let tag = varint(bytes)?;
        match (tag >> 3, tag & 7) {
            (0, _) => return None,
            (end, 4) => return (end == number).then_some(()),
            (_, 0) => _ = varint(bytes)?,
            (_, 1) => _ = take(bytes, 8)?,
            (_, 2) => {
                let length = usize::try_from(varint(bytes)?).ok()?;
                take(bytes, length)?;
            }
            (inner, 3) => group(bytes, inner)?,
            (_, 5) => _ = take(bytes, 4)?,
            _ => return None,
        }
    }
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in 0..10 {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f).checked_shl(7 * shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (part, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(part)
}

/// Writes a length-delimited field.
pub(crate) fn put_bytes(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    out.push(number << 3 | 2);
    let mut length = bytes.len();
    while length >= 0x80 {
        out.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cluster_names_that_happen_to_be_messages_parse() {
        // These abort a real Envoy when given to grpc_call as they are.
        for name in ["users", "authz-svc", "hi", ""] {
            assert!(fields(name.as_bytes()).is_some(), "{name}");
        }
        for name in ["ratelimit", "redis"] {
            assert!(fields(name.as_bytes()).is_none(), "{name}");
        }
    }

    #[test]
    fn a_written_field_reads_back() {
        let mut out = Vec::new();
        put_bytes(&mut out, 4, &[7; 300]);
        let found = fields(&out).unwrap();
        assert_eq!((found[0].number, found[0].bytes()), (4, Some(&[7; 300][..])));
    }
}
