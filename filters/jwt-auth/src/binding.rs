//! Tokens that only the holder of a certificate's key may present (RFC 8705 §3).

use std::rc::Rc;

use portcullis_control::certificate::Fingerprint;
use portcullis_control::exchange::Exchange;
use portcullis_control::identity::Certificate;
use serde_json::{Map, Value};

use crate::base64url;

/// Characters of 32 bytes in base64url without padding, which RFC 7515 §2 leaves out.
const THUMBPRINT_CHARS: usize = 43;

/// Why the client may not present the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unbound {
    /// It says of no certificate that it is bound to it.
    NoThumbprint,
    /// The client presented no certificate.
    NoCertificate,
    /// The client presented another one.
    OtherCertificate,
}

impl Unbound {
    /// The word for it in the decision record.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Unbound::NoThumbprint => "no_thumbprint",
            Unbound::NoCertificate => "no_certificate",
            Unbound::OtherCertificate => "other_certificate",
        }
    }
}

/// The certificate of the client: the one that an earlier control accepted, which may be one that a trusted proxy
/// forwarded, else that of the connection, whoever has signed it (RFC 8705 §3 asks for no more than its key). Of the
/// latter the fingerprint alone counts: the client may have chosen the names itself.
pub(crate) fn presented(exchange: &Exchange) -> Option<Rc<Certificate>> {
    let accepted = exchange.identity().and_then(|identity| identity.certificate.as_ref());
    accepted.map(Rc::clone).or_else(|| {
        let fingerprint = Some(exchange.peer_certificate().fingerprint()?);
        Some(Rc::new(Certificate { fingerprint, ..Certificate::default() }))
    })
}

/// Whether a token with these claims is bound to this certificate.
pub(crate) fn judge(
    claims: &Map<String, Value>,
    presented: Option<Fingerprint>,
) -> Result<(), Unbound> {
    let bound_to = thumbprint(claims).ok_or(Unbound::NoThumbprint)?;
    let presented = presented.ok_or(Unbound::NoCertificate)?;
    // Both are public, so nothing is learnt from the time that it takes.
    if bound_to == presented.bytes() { Ok(()) } else { Err(Unbound::OtherCertificate) }
}

/// `x5t#S256` of the claim `cnf` (§3.1): SHA-256 of the certificate in DER.
fn thumbprint(claims: &Map<String, Value>) -> Option<Vec<u8>> {
    let text = claims.get("cnf")?.get("x5t#S256")?.as_str()?;
    (text.len() == THUMBPRINT_CHARS).then(|| base64url::decode(text.as_bytes()))?
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_one_text_of_the_certificates_digest_binds() {
        // RFC 8705 appendix A: the digest of its certificate.
        let text = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0";
        let digest: String = base64url::decode(text.as_bytes())
            .unwrap()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let own = Fingerprint::parse(digest.as_bytes());
        let other = Fingerprint::parse("a".repeat(64).as_bytes());
        assert!(own.is_some() && other.is_some());
        for (cnf, certificate, expected) in [
            (json!({"x5t#S256": text}), own, Ok(())),
            (json!({"x5t#S256": text, "jkt": "x"}), own, Ok(())),
            (json!({"x5t#S256": text}), other, Err(Unbound::OtherCertificate)),
            (json!({"x5t#S256": text}), None, Err(Unbound::NoCertificate)),
            (json!({"x5t#S256": format!("{text}=")}), own, Err(Unbound::NoThumbprint)),
            (json!({"x5t#S256": text.replace('0', "1")}), own, Err(Unbound::NoThumbprint)),
            (json!({"x5t#S256": text.strip_suffix('0').unwrap()}), own, Err(Unbound::NoThumbprint)),
            (json!({"x5t#S256": digest}), own, Err(Unbound::NoThumbprint)),
            (json!({"x5t#S256": [text]}), own, Err(Unbound::NoThumbprint)),
            (json!({"x5t#s256": text}), own, Err(Unbound::NoThumbprint)),
            (json!({"jkt": text}), own, Err(Unbound::NoThumbprint)),
            (json!(text), own, Err(Unbound::NoThumbprint)),
            (json!(null), own, Err(Unbound::NoThumbprint)),
        ] {
            let Value::Object(claims) = json!({"cnf": cnf}) else { panic!() };
            assert_eq!(judge(&claims, certificate), expected, "{cnf}");
        }
        assert_eq!(judge(&Map::new(), own), Err(Unbound::NoThumbprint));
    }
}
