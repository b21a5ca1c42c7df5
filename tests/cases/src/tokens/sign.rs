//! Signing, for tests only: with published keys, and randomness that is the same each time.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, LazyLock, Mutex};

use hmac::{Hmac, KeyInit, Mac};
use p256::ecdsa::signature::Signer;
use rsa::rand_core::{TryCryptoRng, TryRng};
use rsa::{BoxedUint, Pkcs1v15Sign, Pss, RsaPrivateKey};
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::keys;

/// The signature's bytes.
pub(super) fn sign(algorithm: &str, key: Option<&str>, input: &[u8]) -> Vec<u8> {
    let named = |default: &'static str| key.unwrap_or(default);
    match algorithm {
        "HS256" => mac::<Hmac<Sha256>>(&secret(named("secret64")), input),
        "HS384" => mac::<Hmac<Sha384>>(&secret(named("secret64")), input),
        "HS512" => mac::<Hmac<Sha512>>(&secret(named("secret64")), input),
        "RS256" => pkcs1(named("rsa2048"), Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(input)),
        "RS384" => pkcs1(named("rsa2048"), Pkcs1v15Sign::new::<Sha384>(), &Sha384::digest(input)),
        "RS512" => pkcs1(named("rsa2048"), Pkcs1v15Sign::new::<Sha512>(), &Sha512::digest(input)),
        "PS256" => pss(named("rsa2048"), Pss::<Sha256>::new_with_salt(32), &Sha256::digest(input)),
        "PS384" => pss(named("rsa2048"), Pss::<Sha384>::new_with_salt(48), &Sha384::digest(input)),
        "PS512" => pss(named("rsa2048"), Pss::<Sha512>::new_with_salt(64), &Sha512::digest(input)),
        "ES256" => {
            let key = p256::ecdsa::SigningKey::from_slice(&keys::member(named("p256"), "d"));
            let signature: p256::ecdsa::Signature = key.expect("a key on P-256").sign(input);
            signature.to_bytes().to_vec()
        }
        "ES384" => {
            let key = p384::ecdsa::SigningKey::from_slice(&keys::member(named("p384"), "d"));
            let signature: p384::ecdsa::Signature = key.expect("a key on P-384").sign(input);
            signature.to_bytes().to_vec()
        }
        "ES512" => {
            let key = p521::ecdsa::SigningKey::from_slice(&keys::member(named("p521"), "d"));
            let signature: p521::ecdsa::Signature = key.expect("a key on P-521").sign(input);
            signature.to_bytes().to_vec()
        }
        "EdDSA" => {
            let seed = keys::member(named("ed25519"), "d");
            let seed = seed.as_slice().try_into().expect("32 bytes");
            ed25519_dalek::SigningKey::from_bytes(seed).sign(input).to_bytes().to_vec()
        }
        other => panic!("nothing here signs {other:?}; say how with sign-as, signature or raw"),
    }
}

/// A named secret, or the text of a public key where one is taken for a secret (CVE-2016-10555 and its children).
fn secret(name: &str) -> String {
    match name.strip_prefix("pem:") {
        Some(name) => keys::pem(name).to_owned(),
        None => keys::secret(name),
    }
}

fn mac<M: Mac + KeyInit>(secret: &str, input: &[u8]) -> Vec<u8> {
    let mac = <M as KeyInit>::new_from_slice(secret.as_bytes()).expect("HMAC takes any length");
    mac.chain_update(input).finalize().into_bytes().to_vec()
}

fn pkcs1(name: &str, padding: Pkcs1v15Sign, hashed: &[u8]) -> Vec<u8> {
    rsa(name).sign(padding, hashed).expect("the key is long enough")
}

fn pss<D>(name: &str, padding: Pss<D>, hashed: &[u8]) -> Vec<u8>
where
    Pss<D>: rsa::traits::SignatureScheme,
{
    rsa(name).sign_with_rng(&mut Salt(0x9e37_79b9_7f4a_7c15), padding, hashed).expect("long enough")
}

/// Keys are checked and prepared once: that costs more than a signature.
pub(super) fn rsa(name: &str) -> Arc<RsaPrivateKey> {
    static KEYS: LazyLock<Mutex<BTreeMap<String, Arc<RsaPrivateKey>>>> =
        LazyLock::new(Mutex::default);
    let mut keys = KEYS.lock().expect("no thread panicked with the keys");
    let key = keys.entry(name.to_owned()).or_insert_with(|| {
        let number = |member| BoxedUint::from_be_slice_vartime(&keys::member(name, member));
        let primes = vec![number("p"), number("q")];
        let key = RsaPrivateKey::from_components(number("n"), number("e"), number("d"), primes);
        Arc::new(key.expect("a test key is sound"))
    });
    Arc::clone(key)
}

/// Ecdsa-Sig-Value of a pair, by hand, so that it is right also where what is tested is wrong.
pub(super) fn der(raw: &[u8]) -> Vec<u8> {
    let integer = |half: &[u8]| {
        let first = half.iter().position(|byte| *byte != 0).unwrap_or(half.len() - 1);
        let mut number = half[first..].to_vec();
        if number[0] & 0x80 != 0 {
            number.insert(0, 0);
        }
        [&[2, number.len() as u8], &number[..]].concat()
    };
    let (r, s) = raw.split_at(raw.len() / 2);
    let content = [integer(r), integer(s)].concat();
    let length = content.len() as u8;
    let head = if length < 0x80 { vec![0x30, length] } else { vec![0x30, 0x81, length] };
    [head, content].concat()
}

/// xorshift64*: a salt needs to be there, not to be secret, in a token that a test makes.
struct Salt(u64);

impl TryRng for Salt {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|number| (number >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        Ok(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            let number = self.try_next_u64()?.to_le_bytes();
            chunk.copy_from_slice(&number[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Salt {}
