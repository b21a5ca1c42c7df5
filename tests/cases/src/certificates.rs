//! Client certificates of tables: minted so that every engine has the same one, byte for byte.
//!
//! `[certificates.name]` of a file says what stands in it; a request presents it by its name, and a configuration knows it
//! by `{{fingerprint:name}}`. `{{xfcc:name}}` is what Envoy would forward of it.

use std::fmt::Write;
use std::str::FromStr;
use std::time::Duration;

use p256::ecdsa::{DerSignature, SigningKey};
use p256::pkcs8::EncodePrivateKey;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{self, Builder, CertificateBuilder};
use x509_cert::certificate::TbsCertificate;
use x509_cert::der::asn1::Ia5String;
use x509_cert::der::{Encode, pem::LineEnding};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, SubjectAltName};
use x509_cert::ext::{Extension, ToExtension};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{SubjectPublicKeyInfo, SubjectPublicKeyInfoRef};
use x509_cert::time::{Time, Validity};

/// What stands in a certificate.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The subject as Envoy shows it, RFC 2253 text; empty for a certificate without.
    #[serde(default)]
    pub subject: String,
    /// Alternative names that are URIs.
    #[serde(default)]
    pub uris: Vec<String>,
    /// Alternative names that are DNS names.
    #[serde(default)]
    pub dns: Vec<String>,
    /// False: an authority has signed it that nobody trusts.
    #[serde(default = "yes")]
    pub trusted: bool,
}

fn yes() -> bool {
    true
}

/// A certificate with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minted {
    /// DER.
    pub certificate: Vec<u8>,
    /// PKCS #8, DER.
    pub key: Vec<u8>,
    /// SHA-256 of `certificate`, lower-case hexadecimal.
    pub fingerprint: String,
    /// As [`Spec::subject`].
    pub subject: String,
    /// As [`Spec::uris`].
    pub uris: Vec<String>,
    /// As [`Spec::dns`].
    pub dns: Vec<String>,
    /// As [`Spec::trusted`].
    pub trusted: bool,
}

const TRUSTED: &str = "CN=portcullis test authority";
const OTHER: &str = "CN=portcullis other authority";

/// Seconds since the epoch: 2020-01-01, and 2049-01-01, as the certificates are the same in every run.
const VALID: (u64, u64) = (1_577_836_800, 2_493_072_000);

/// The profile of what is minted: no extensions but these.
struct Plain {
    issuer: String,
    subject: String,
    extensions: Vec<Extension>,
}

impl BuilderProfile for Plain {
    fn get_issuer(&self, _subject: &Name) -> Name {
        name(&self.issuer)
    }

    fn get_subject(&self) -> Name {
        name(&self.subject)
    }

    fn build_extensions(
        &self,
        _key: SubjectPublicKeyInfoRef<'_>,
        _issuer_key: SubjectPublicKeyInfoRef<'_>,
        _certificate: &TbsCertificate,
    ) -> builder::Result<Vec<Extension>> {
        Ok(self.extensions.clone())
    }
}

fn name(text: &str) -> Name {
    if text.is_empty() {
        return Name::default();
    }
    Name::from_str(text).unwrap_or_else(|error| panic!("{text} is no name: {error}"))
}

/// A key that is known by what it is for.
fn key(of: &str) -> SigningKey {
    SigningKey::from_slice(&Sha256::digest(of)).expect("a number below the group's order")
}

fn sign(profile: Plain, subject_key: &SigningKey, issuer_key: &SigningKey) -> Vec<u8> {
    let serial = Sha256::digest(format!("{}\n{}", profile.issuer, profile.subject));
    let serial = SerialNumber::new(&serial[..8]).expect("a number");
    let time = |seconds| Time::try_from(time(seconds)).expect("a time");
    let validity = Validity::new(time(VALID.0), time(VALID.1));
    let key = SubjectPublicKeyInfo::from_key(subject_key.verifying_key()).expect("a key");
    let builder = CertificateBuilder::new(profile, serial, validity, key).expect("a certificate");
    let certificate = builder.build::<_, DerSignature>(issuer_key).expect("a signature");
    certificate.to_der().expect("DER")
}

fn time(seconds: u64) -> std::time::SystemTime {
    std::time::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// The authority that verified certificates are of, as PEM: what a listener trusts.
///
/// # Panics
/// Never, but for a fault of the library.
#[must_use]
pub fn authority() -> String {
    let constraints = BasicConstraints { ca: true, path_len_constraint: None };
    let extension = constraints.to_extension(&name(TRUSTED), &[]).expect("an extension");
    let own = key(TRUSTED);
    let (issuer, subject) = (TRUSTED.to_owned(), TRUSTED.to_owned());
    pem("CERTIFICATE", &sign(Plain { issuer, subject, extensions: vec![extension] }, &own, &own))
}

/// PEM (RFC 7468) of DER.
///
/// # Panics
/// Never, but for a fault of the library.
#[must_use]
pub fn pem(label: &str, der: &[u8]) -> String {
    x509_cert::der::pem::encode_string(label, LineEnding::LF, der).expect("PEM")
}

/// The certificate of a specification, always the same one.
///
/// # Panics
/// If something in it cannot stand in a certificate.
#[must_use]
pub fn mint(spec: &Spec) -> Minted {
    let text =
        |text: &String| Ia5String::new(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let uris = spec.uris.iter().map(|name| GeneralName::UniformResourceIdentifier(text(name)));
    let names: Vec<_> =
        uris.chain(spec.dns.iter().map(|name| GeneralName::DnsName(text(name)))).collect();
    let mut extensions = Vec::new();
    if !names.is_empty() {
        let names = SubjectAltName(names).to_extension(&name(&spec.subject), &[]);
        extensions.push(names.expect("an extension"));
    }
    let issuer = if spec.trusted { TRUSTED } else { OTHER };
    let own = key(&format!("{spec:?}"));
    let profile = Plain { issuer: issuer.to_owned(), subject: spec.subject.clone(), extensions };
    let certificate = sign(profile, &own, &key(issuer));
    let mut fingerprint = String::new();
    for byte in Sha256::digest(&certificate) {
        write!(fingerprint, "{byte:02x}").expect("memory");
    }
    Minted {
        certificate,
        key: own.to_pkcs8_der().expect("a key").as_bytes().to_vec(),
        fingerprint,
        subject: spec.subject.clone(),
        uris: spec.uris.clone(),
        dns: spec.dns.clone(),
        trusted: spec.trusted,
    }
}

impl Minted {
    /// What Envoy writes of it into `x-forwarded-client-cert`, told to name everything but the certificate itself.
    #[must_use]
    pub fn xfcc(&self) -> String {
        let mut text = format!("Hash={};Subject=\"{}\"", self.fingerprint, self.subject);
        for (field, names) in [("URI", &self.uris), ("DNS", &self.dns)] {
            for name in names {
                text += &format!(";{field}={name}");
            }
        }
        text
    }
}

/// The first minor version of Envoy 1 that says whether a certificate was verified.
pub const SAYS_VERIFIED: u32 = 39;

/// What Envoy 1.`minor` says of a connection on which this certificate was presented, by path; in plaintext of one
/// without.
#[must_use]
pub fn properties(presented: Option<&Minted>, minor: u32) -> Vec<(&'static str, Vec<u8>)> {
    let text = |text: &str| text.as_bytes().to_vec();
    let mut found = vec![("connection\0mtls", vec![u8::from(presented.is_some())])];
    if minor >= SAYS_VERIFIED {
        let verified = presented.is_some_and(|minted| minted.trusted);
        found.push(("connection\0peer_certificate_valid", vec![u8::from(verified)]));
    }
    let Some(minted) = presented else { return found };
    found.extend([
        ("connection\0tls_version", text("TLSv1.3")),
        ("connection\0subject_peer_certificate", text(&minted.subject)),
        ("connection\0sha256_peer_certificate_digest", text(&minted.fingerprint)),
    ]);
    let first = [
        ("connection\0uri_san_peer_certificate", &minted.uris),
        ("connection\0dns_san_peer_certificate", &minted.dns),
    ];
    found.extend(first.into_iter().filter_map(|(path, names)| Some((path, text(names.first()?)))));
    found
}

#[cfg(test)]
mod tests {
    use x509_cert::Certificate;
    use x509_cert::der::{Decode, DecodePem};

    use super::*;

    #[test]
    fn a_certificate_is_the_same_each_time_and_has_what_was_asked_for() {
        let spec = Spec {
            subject: "CN=a\\,b,O=Acme".to_owned(),
            uris: vec!["spiffe://td/a".to_owned()],
            dns: vec!["a.example".to_owned()],
            trusted: true,
        };
        let minted = mint(&spec);
        assert_eq!(minted, mint(&spec));
        assert_ne!(minted.certificate, mint(&Spec { trusted: false, ..spec.clone() }).certificate);
        let read = Certificate::from_der(&minted.certificate).unwrap();
        assert_eq!(read.tbs_certificate().subject().to_string(), spec.subject);
        assert_eq!(read.tbs_certificate().issuer().to_string(), TRUSTED);
        let hash = &minted.fingerprint;
        let xfcc =
            format!("Hash={hash};Subject=\"CN=a\\,b,O=Acme\";URI=spiffe://td/a;DNS=a.example");
        assert_eq!(minted.xfcc(), xfcc);
        assert!(Certificate::from_pem(authority()).is_ok());
    }
}
