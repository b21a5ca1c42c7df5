//! `verify_signature` as Envoy's BoringSSL answers it: SPKI keys in DER, PKCS#1 v1.5 and ECDSA in DER.

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::pkcs8::DecodePublicKey;
use rsa::{Pkcs1v15Sign, RsaPublicKey};
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use crate::abi::Status;
use crate::proto;

/// Takes `VerifySignatureArguments`, gives `VerifySignatureResult`, both serialised. Like Envoy before
/// 1.37 it has no `public_key_pem`; a field it does not know is skipped, as protobuf says.
///
/// # Errors
/// BadArgument where the argument is no such message, or has no key.
pub(crate) fn verify_signature(argument: &[u8]) -> Result<Vec<u8>, Status> {
    let fields = proto::fields(argument).ok_or(Status::BAD_ARGUMENT)?;
    let mut values: [&[u8]; 5] = [&[]; 5];
    for field in &fields {
        if let Some(slot) =
            usize::try_from(field.number).ok().and_then(|number| values.get_mut(number))
        {
            // A field of the wrong wire type is an unknown one.
            *slot = field.bytes().unwrap_or(slot);
        }
    }
    let [_, hash, key, signature, text] = values;
    if key.is_empty() {
        return Err(Status::BAD_ARGUMENT);
    }
    // hash_function is a string: protobuf refuses one that is not UTF-8.
    let hash = std::str::from_utf8(hash).map_err(|_| Status::BAD_ARGUMENT)?;
    let mut out = Vec::new();
    match verify(hash, key, signature, text) {
        Ok(()) => out.extend([0x08, 0x01]),
        // proto3 leaves a false out.
        Err(error) => proto::put_bytes(&mut out, 2, error.as_bytes()),
    }
    Ok(out)
}

/// A DER value without whatever follows it, which BoringSSL does not look at.
fn first_value(der: &[u8]) -> &[u8] {
    let length = match der {
        [_, length @ ..=0x7f, ..] => 2 + usize::from(*length),
        [_, 0x81, length, ..] => 3 + usize::from(*length),
        [_, 0x82, high, low, ..] => 4 + usize::from(u16::from_be_bytes([*high, *low])),
        _ => der.len(),
    };
    der.get(..length).unwrap_or(der)
}

fn verify(hash: &str, key: &[u8], signature: &[u8], text: &[u8]) -> Result<(), String> {
    if !["sha1", "sha224", "sha256", "sha384", "sha512"]
        .contains(&hash.to_ascii_lowercase().as_str())
    {
        return Err(format!("{hash} is not supported."));
    }
    let key = first_value(key);
    let wrong = || Err("Failed to verify digest. Error code: 0".to_owned());
    if let Ok(key) = RsaPublicKey::from_public_key_der(key) {
        let (digest, scheme) = match hash.to_ascii_lowercase().as_str() {
            "sha1" => (Sha1::digest(text).to_vec(), Pkcs1v15Sign::new::<Sha1>()),
            "sha224" => (Sha224::digest(text).to_vec(), Pkcs1v15Sign::new::<Sha224>()),
            "sha256" => (Sha256::digest(text).to_vec(), Pkcs1v15Sign::new::<Sha256>()),
            "sha384" => (Sha384::digest(text).to_vec(), Pkcs1v15Sign::new::<Sha384>()),
            "sha512" => (Sha512::digest(text).to_vec(), Pkcs1v15Sign::new::<Sha512>()),
            _ => return Err(format!("{hash} is not supported.")),
        };
        return key.verify(scheme, &digest, signature).or_else(|_| wrong());
    }
    let digest = || {
        Ok(match hash.to_ascii_lowercase().as_str() {
            "sha1" => Sha1::digest(text).to_vec(),
            "sha224" => Sha224::digest(text).to_vec(),
            "sha256" => Sha256::digest(text).to_vec(),
            "sha384" => Sha384::digest(text).to_vec(),
            "sha512" => Sha512::digest(text).to_vec(),
            _ => return Err(format!("{hash} is not supported.")),
        })
    };
    macro_rules! curve {
        ($curve:ident, $bytes:literal) => {
            if let Ok(key) = $curve::ecdsa::VerifyingKey::from_public_key_der(key) {
                // A hash shorter than the field is the same number with zeros before it, which is how
                // the primitive wants it.
                let digest = digest()?;
                let mut padded = vec![0; usize::saturating_sub($bytes, digest.len())];
                padded.extend(digest);
                let Ok(signature) = $curve::ecdsa::DerSignature::try_from(signature) else {
                    return wrong();
                };
                return key.verify_prehash(&padded, &signature).or_else(|_| wrong());
            }
        };
    }
    curve!(p256, 32);
    curve!(p384, 48);
    curve!(p521, 66);
    Err("Failed to initialize digest verify.".to_owned())
}
