//! Why a key is not taken: the fault and the way out, never a byte of the key.

use std::fmt;

/// Why a key is not taken. The text is for an operator's log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "each fault has its sentence, and the fields are named for what they hold"
)]
pub enum KeyFault {
    /// A member is missing or is no string.
    Member { name: &'static str },
    /// A member is no base64url, or of the wrong length.
    Encoding { name: &'static str },
    /// A kind of key that no algorithm here takes.
    UnknownKind { name: &'static str, value: String },
    /// `use` says something other than `sig`.
    NotForSignatures { value: String },
    /// `key_ops` lacks `verify`.
    NotForVerifying,
    /// `alg` is of another kind than the key, or the algorithm asked for is.
    OtherAlgorithm { algorithm: &'static str },
    /// A private key, where a public one belongs.
    Private,
    /// The modulus is too short to trust.
    RsaTooShort { bits: usize },
    /// The modulus is too long to compute with on every request.
    RsaTooLong { bits: usize },
    /// The modulus is even.
    RsaModulusEven,
    /// The exponent is even, below 3 or too long.
    RsaExponent,
    /// The point is not on its curve, or of small order, or of the wrong length.
    NotOnCurve { curve: &'static str },
    /// Shorter than the output of the hash.
    SecretTooShort { bytes: usize, needed: usize },
    /// `secret_is_base64` and it isn't.
    SecretNotBase64,
    /// A PEM text with another label.
    PemLabel { label: String },
    /// No PEM, or more than one.
    PemForm,
    /// The PEM's content is no key of this kind.
    PemContent,
    /// A key set is an object with an array `keys`.
    SetForm,
    /// A key set has too many keys.
    SetTooLong { keys: usize, limit: usize },
}

impl KeyFault {
    /// True for a key that is sound but meant for something else, such as the encryption keys that many identity
    /// providers publish in the same set (RFC 7517 §5 says to ignore those).
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        matches!(
            self,
            KeyFault::UnknownKind { .. }
                | KeyFault::NotForSignatures { .. }
                | KeyFault::NotForVerifying
        )
    }
}

impl fmt::Display for KeyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyFault::Member { name } => write!(f, "`{name}` is missing or of the wrong type"),
            KeyFault::Encoding { name } => {
                write!(f, "`{name}` is not base64url of the length that RFC 7518 asks for")
            }
            KeyFault::UnknownKind { name, value } => write!(
                f,
                "`{name}` is `{value}`, which is not supported; use RSA, EC with P-256, P-384 or P-521, OKP with \
                 Ed25519, or oct"
            ),
            KeyFault::NotForSignatures { value } => {
                write!(f, "`use` is `{value}`, but only `sig` verifies signatures; leave this key out")
            }
            KeyFault::NotForVerifying => {
                f.write_str("`key_ops` lacks `verify`; add it or leave this key out")
            }
            KeyFault::OtherAlgorithm { algorithm } => write!(
                f,
                "the key can't verify {algorithm}; give a key of the kind, curve and `alg` that it takes, or \
                 another algorithm"
            ),
            KeyFault::Private => f.write_str(
                "a private key; a gateway needs only the public one (`openssl pkey -in key.pem -pubout`), and this \
                 one should count as disclosed",
            ),
            KeyFault::RsaTooShort { bits } => {
                write!(f, "an RSA key of {bits} bits is too weak; use at least {}", super::MIN_RSA_BITS)
            }
            KeyFault::RsaTooLong { bits } => write!(
                f,
                "an RSA key of {bits} bits is too slow for every request; use at most {}",
                super::MAX_RSA_BITS
            ),
            KeyFault::RsaModulusEven => f.write_str("the RSA modulus is even, so this is no RSA key"),
            KeyFault::RsaExponent => write!(
                f,
                "the RSA exponent is even, below 3 or longer than {} bits; use 65537",
                super::MAX_RSA_EXPONENT_BITS
            ),
            KeyFault::NotOnCurve { curve } => {
                write!(f, "the point is not a usable public key on {curve}; export the key again")
            }
            KeyFault::SecretTooShort { bytes, needed } => write!(
                f,
                "a secret of {bytes} bytes is too weak; use at least {needed} random ones (`openssl rand -base64 \
                 {needed}` with `secret_is_base64: true`)"
            ),
            KeyFault::SecretNotBase64 => f.write_str(
                "the secret is neither base64 nor base64url; correct it or set `secret_is_base64: false`",
            ),
            KeyFault::PemLabel { label } => write!(
                f,
                "PEM `{label}` is not taken; give a `PUBLIC KEY` (of a certificate: `openssl x509 -pubkey -noout`)"
            ),
            KeyFault::PemForm => f.write_str(
                "not exactly one PEM; give one from `-----BEGIN PUBLIC KEY-----` to `-----END PUBLIC KEY-----`, and \
                 nothing around it",
            ),
            KeyFault::PemContent => f.write_str(
                "the PEM holds no RSA, P-256, P-384, P-521 or Ed25519 public key; export it again with `openssl \
                 pkey -pubout`",
            ),
            KeyFault::SetForm => f.write_str("a key set is an object with an array `keys`"),
            KeyFault::SetTooLong { keys, limit } => {
                write!(f, "{keys} keys in one set; use at most {limit}")
            }
        }
    }
}

/// What a user wrote, cut so that no log line grows with it.
pub(crate) fn quoted(text: &str) -> String {
    const MOST_CHARS: usize = 40;
    text.chars().take(MOST_CHARS).map(|c| if c.is_control() { '?' } else { c }).collect()
}
