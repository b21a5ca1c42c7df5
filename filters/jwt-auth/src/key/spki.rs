//! SubjectPublicKeyInfo (RFC 5280 §4.1.2.7), the form in which the host takes a public key: read, and written anew.

use crate::algorithm::Curve;
use crate::der::{BIT_STRING, OBJECT_IDENTIFIER, Reader, SEQUENCE, write, write_positive_integer};
use crate::key::{Key, KeyFault};

/// 1.2.840.113549.1.1.1 (RFC 8017 §A.1).
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// 1.2.840.10045.2.1 (RFC 5480 §2.1.1).
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// 1.3.101.112 (RFC 8410 §3).
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const NULL: u8 = 0x05;

/// The named curves of RFC 5480 §2.1.1.1.
const fn curve_identifier(curve: Curve) -> &'static [u8] {
    match curve {
        Curve::P256 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
        Curve::P384 => &[0x2b, 0x81, 0x04, 0x00, 0x22],
        Curve::P521 => &[0x2b, 0x81, 0x04, 0x00, 0x23],
    }
}

/// The key in a SubjectPublicKeyInfo.
pub(crate) fn parse(der: &[u8]) -> Result<Key, KeyFault> {
    let (identifier, parameters, key) = split(der).ok_or(KeyFault::PemContent)?;
    if identifier == RSA_ENCRYPTION {
        return parse_rsa(key);
    }
    if identifier == ED25519 && parameters.is_done() {
        return Key::ed25519(key);
    }
    if identifier == EC_PUBLIC_KEY {
        let mut parameters = parameters;
        let named = parameters.value(OBJECT_IDENTIFIER).filter(|_| parameters.is_done());
        let curve = [Curve::P256, Curve::P384, Curve::P521]
            .into_iter()
            .find(|curve| named == Some(curve_identifier(*curve)))
            .ok_or(KeyFault::PemContent)?;
        return Key::ec(curve, key);
    }
    Err(KeyFault::PemContent)
}

/// The key in an RSAPublicKey (RFC 8017 §A.1.1).
pub(crate) fn parse_rsa(der: &[u8]) -> Result<Key, KeyFault> {
    let numbers = || {
        let mut outer = Reader::new(der);
        let mut inner = outer.sequence()?;
        let pair = (inner.positive_integer()?, inner.positive_integer()?);
        (inner.is_done() && outer.is_done()).then_some(pair)
    };
    let (modulus, exponent) = numbers().ok_or(KeyFault::PemContent)?;
    Key::rsa(modulus, exponent)
}

fn split(der: &[u8]) -> Option<(&[u8], Reader<'_>, &[u8])> {
    let mut outer = Reader::new(der);
    let mut info = outer.sequence()?;
    let mut algorithm = info.sequence()?;
    let identifier = algorithm.value(OBJECT_IDENTIFIER)?;
    let key = info.bit_string()?;
    (info.is_done() && outer.is_done()).then_some((identifier, algorithm, key))
}

fn info(algorithm: &[Vec<u8>], key: &[u8]) -> Vec<u8> {
    let mut bits = Vec::with_capacity(key.len().saturating_add(1));
    bits.push(0);
    bits.extend_from_slice(key);
    write(SEQUENCE, &[write(SEQUENCE, &algorithm.concat()), write(BIT_STRING, &bits)].concat())
}

pub(crate) fn of_rsa(modulus: &[u8], exponent: u64) -> Vec<u8> {
    let numbers =
        [write_positive_integer(modulus), write_positive_integer(&exponent.to_be_bytes())].concat();
    info(&[write(OBJECT_IDENTIFIER, RSA_ENCRYPTION), write(NULL, &[])], &write(SEQUENCE, &numbers))
}

pub(crate) fn of_ec(curve: Curve, point: &[u8]) -> Vec<u8> {
    let identifiers =
        [EC_PUBLIC_KEY, curve_identifier(curve)].map(|value| write(OBJECT_IDENTIFIER, value));
    info(&identifiers, point)
}
