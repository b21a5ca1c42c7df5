//! Protobuf, as far as the few messages of Envoy's go that are spoken: a library would be larger than they are.

use portcullis_control::surroundings::{Hash, SignatureCheck};

/// `envoy.source.extensions.common.wasm.VerifySignatureArguments`.
pub(crate) fn verify_signature_arguments(check: &SignatureCheck<'_>) -> Vec<u8> {
    let hash: &[u8] = match check.hash {
        Hash::Sha256 => b"sha256",
        Hash::Sha384 => b"sha384",
        Hash::Sha512 => b"sha512",
    };
    let texts = [hash, check.public_key, check.signature, check.message];
    let mut message =
        Vec::with_capacity(texts.iter().map(|text| text.len().saturating_add(8)).sum());
    for (field, text) in (1_u8..).zip(texts) {
        push_bytes(&mut message, field, text);
    }
    message
}

/// The `result` of `VerifySignatureResult`; `None` if the message is none. An absent field is false.
pub(crate) fn verify_signature_result(message: &[u8]) -> Option<bool> {
    let mut result = false;
    for field in fields(message) {
        if let (1, Field::Varint(value)) = field? {
            result = value != 0;
        }
    }
    Some(result)
}

/// `envoy.config.core.v3.GrpcService{envoy_grpc: {cluster_name}}`: a bare name could parse as another message, and
/// then Envoy aborts.
pub(crate) fn grpc_service(cluster: &str) -> Vec<u8> {
    let mut envoy_grpc = Vec::new();
    push_bytes(&mut envoy_grpc, 1, cluster.as_bytes());
    let mut service = Vec::new();
    push_bytes(&mut service, 1, &envoy_grpc);
    service
}

fn push_bytes(message: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    message.push(field << 3 | 2);
    let mut length = bytes.len();
    loop {
        let low = u8::try_from(length & 0x7f).unwrap_or(0);
        length >>= 7;
        if length == 0 {
            message.push(low);
            break;
        }
        message.push(low | 0x80);
    }
    message.extend_from_slice(bytes);
}

/// A field's value, as far as its wire type tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Field<'a> {
    /// Wire type 0.
    Varint(u64),
    /// Wire type 1.
    Double(f64),
    /// Wire type 2.
    Bytes(&'a [u8]),
}

/// The fields of a message with their numbers; `None` where it stops being one.
pub(crate) fn fields(message: &[u8]) -> impl Iterator<Item = Option<(u64, Field<'_>)>> {
    let mut rest = Some(message);
    std::iter::from_fn(move || {
        let bytes = rest.take().filter(|bytes| !bytes.is_empty())?;
        let field = field(bytes);
        rest = field.map(|(_, _, tail)| tail);
        Some(field.map(|(number, value, _)| (number, value)))
    })
}

fn field(bytes: &[u8]) -> Option<(u64, Field<'_>, &[u8])> {
    let (tag, rest) = varint(bytes)?;
    let (value, rest) = match tag & 7 {
        0 => {
            let (value, rest) = varint(rest)?;
            (Field::Varint(value), rest)
        }
        1 => {
            let (double, rest) = rest.split_first_chunk::<8>()?;
            (Field::Double(f64::from_le_bytes(*double)), rest)
        }
        2 => {
            let (length, rest) = varint(rest)?;
            let (text, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
            (Field::Bytes(text), rest)
        }
        _ => return None,
    };
    Some((tag >> 3, value, rest))
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().enumerate().take(10) {
        let shift = u32::try_from(index.saturating_mul(7)).ok()?;
        value |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(index.saturating_add(1)..)?));
        }
    }
    None
}

/// Reads any bytes as fields, which end; a message that we write is read as it was written.
#[doc(hidden)]
pub fn fuzz_protobuf(data: &[u8]) {
    let read: Vec<_> = fields(data).collect();
    assert!(read.len() <= data.len());
    let whole = read.iter().all(Option::is_some);
    assert_eq!(verify_signature_result(data).is_some(), whole);
    let mut message = Vec::new();
    push_bytes(&mut message, 1, data);
    push_bytes(&mut message, 15, data);
    let bytes = Field::Bytes(data);
    assert!(fields(&message).eq([Some((1, bytes)), Some((15, bytes))]));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_as_protobuf_writes_them() {
        let check = SignatureCheck {
            hash: Hash::Sha256,
            public_key: b"k",
            signature: b"s",
            message: &[b'm'; 300],
        };
        let message = verify_signature_arguments(&check);
        assert!(message.starts_with(b"\x0a\x06sha256\x12\x01k\x1a\x01s\x22\xac\x02mmm"));
        assert_eq!(message.len(), 8 + 3 + 3 + 3 + 300);
        assert_eq!(grpc_service("users"), b"\x0a\x07\x0a\x05users");
    }

    #[test]
    fn results_are_read_and_nonsense_is_not() {
        for (message, expected) in [
            (&b""[..], Some(false)),
            (b"\x08\x01", Some(true)),
            (b"\x08\x00", Some(false)),
            (b"\x12\x03bad", Some(false)),
            (b"\x08\x01\x12\x00", Some(true)),
            (b"\x08", None),
            (b"\x12\x05bad", None),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", None),
            (b"\x09\x00", None),
        ] {
            assert_eq!(verify_signature_result(message), expected, "{message:?}");
        }
    }
}
