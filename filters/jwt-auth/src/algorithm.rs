//! The closed list of signature algorithms: what is not in it does not exist, `none` first of all (RFC 8725 §3.1).

use std::fmt;

use portcullis_control::surroundings::Hash;

/// A signature algorithm of RFC 7518 §3.1 or RFC 8037 §3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are those of RFC 7518")]
pub enum Algorithm {
    Hs256,
    Hs384,
    Hs512,
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    Es512,
    /// EdDSA with Ed25519; Ed448 is not known here.
    EdDsa,
}

/// What kind of key and mathematics an algorithm takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// HMAC with a shared secret.
    Hmac(Hash),
    /// RSASSA-PKCS1-v1_5.
    RsaPkcs1(Hash),
    /// RSASSA-PSS, MGF1 and salt length of the same hash.
    RsaPss(Hash),
    /// ECDSA on exactly this curve.
    Ecdsa(Curve),
    /// Ed25519.
    EdDsa,
}

/// A NIST curve; each goes with one hash (RFC 7518 §3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are those of RFC 7518 §6.2.1.1")]
pub enum Curve {
    P256,
    P384,
    P521,
}

impl Algorithm {
    /// Every algorithm, in the order of their names in the RFC.
    pub const ALL: [Algorithm; 13] = [
        Algorithm::Hs256,
        Algorithm::Hs384,
        Algorithm::Hs512,
        Algorithm::Rs256,
        Algorithm::Rs384,
        Algorithm::Rs512,
        Algorithm::Ps256,
        Algorithm::Ps384,
        Algorithm::Ps512,
        Algorithm::Es256,
        Algorithm::Es384,
        Algorithm::Es512,
        Algorithm::EdDsa,
    ];

    /// The algorithm of exactly this name; names are case-sensitive (RFC 7515 §4.1.1).
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Algorithm::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// The name in a token's header.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Algorithm::Hs256 => "HS256",
            Algorithm::Hs384 => "HS384",
            Algorithm::Hs512 => "HS512",
            Algorithm::Rs256 => "RS256",
            Algorithm::Rs384 => "RS384",
            Algorithm::Rs512 => "RS512",
            Algorithm::Ps256 => "PS256",
            Algorithm::Ps384 => "PS384",
            Algorithm::Ps512 => "PS512",
            Algorithm::Es256 => "ES256",
            Algorithm::Es384 => "ES384",
            Algorithm::Es512 => "ES512",
            Algorithm::EdDsa => "EdDSA",
        }
    }

    /// What it takes to verify.
    #[must_use]
    pub const fn family(self) -> Family {
        match self {
            Algorithm::Hs256 => Family::Hmac(Hash::Sha256),
            Algorithm::Hs384 => Family::Hmac(Hash::Sha384),
            Algorithm::Hs512 => Family::Hmac(Hash::Sha512),
            Algorithm::Rs256 => Family::RsaPkcs1(Hash::Sha256),
            Algorithm::Rs384 => Family::RsaPkcs1(Hash::Sha384),
            Algorithm::Rs512 => Family::RsaPkcs1(Hash::Sha512),
            Algorithm::Ps256 => Family::RsaPss(Hash::Sha256),
            Algorithm::Ps384 => Family::RsaPss(Hash::Sha384),
            Algorithm::Ps512 => Family::RsaPss(Hash::Sha512),
            Algorithm::Es256 => Family::Ecdsa(Curve::P256),
            Algorithm::Es384 => Family::Ecdsa(Curve::P384),
            Algorithm::Es512 => Family::Ecdsa(Curve::P521),
            Algorithm::EdDsa => Family::EdDsa,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Curve {
    /// The name in a JWK.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Curve::P256 => "P-256",
            Curve::P384 => "P-384",
            Curve::P521 => "P-521",
        }
    }

    /// The hash that ECDSA takes on this curve in a JWS.
    #[must_use]
    pub const fn hash(self) -> Hash {
        match self {
            Curve::P256 => Hash::Sha256,
            Curve::P384 => Hash::Sha384,
            Curve::P521 => Hash::Sha512,
        }
    }

    /// Bytes of a coordinate, and of each half of a signature.
    #[must_use]
    pub const fn field_bytes(self) -> usize {
        match self {
            Curve::P256 => 32,
            Curve::P384 => 48,
            Curve::P521 => 66,
        }
    }
}

/// Bytes of a hash's output.
#[must_use]
pub const fn hash_bytes(hash: Hash) -> usize {
    match hash {
        Hash::Sha256 => 32,
        Hash::Sha384 => 48,
        Hash::Sha512 => 64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_its_own_names_and_no_other() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::parse(algorithm.name()), Some(algorithm));
        }
        for name in [
            "", "none", "None", "NONE", "nOnE", "hs256", "HS256 ", " HS256", "HS256\0", "HS1",
            "RS1", "ES256K", "Ed25519", "Ed448", "EDDSA", "eddsa", "RSA-OAEP", "dir", "A128KW",
            "HS2566",
        ] {
            assert_eq!(Algorithm::parse(name), None, "{name:?}");
        }
    }
}
