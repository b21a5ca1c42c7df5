//! The certificates of `envoy/certs.sh`: the demo's, which tests use too.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::binary::repository;

/// The certificates, made by the script where they are missing or old.
#[derive(Debug)]
pub struct Certificates(PathBuf);

/// What a client shows: its certificate, with others that lead to a root, and the key.
#[derive(Clone, Debug)]
pub struct Shown {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: Arc<PrivateKeyDer<'static>>,
}

/// The certificates in the repository's `.demo/`. The script is asked once in a process.
///
/// # Panics
/// When it fails, with its own words.
pub fn certificates() -> &'static Certificates {
    static MADE: OnceLock<Certificates> = OnceLock::new();
    MADE.get_or_init(|| {
        let script = repository().join("envoy/certs.sh");
        let status = Command::new(&script).stdin(Stdio::null()).status();
        let status = status.unwrap_or_else(|error| panic!("{}: {error}", script.display()));
        assert!(status.success(), "{} failed: {status}", script.display());
        Certificates(repository().join(".demo"))
    })
}

impl Certificates {
    /// The path of what Envoy reads: `ca.crt`, `server.crt`, `server.key`.
    #[must_use]
    pub fn path(&self, file: &str) -> PathBuf {
        self.0.join("tls").join(file)
    }

    /// The root of all good ones.
    ///
    /// # Panics
    /// When its file cannot be read.
    #[must_use]
    pub fn authority(&self) -> CertificateDer<'static> {
        let path = self.path("ca.crt");
        CertificateDer::from_pem_file(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    }

    /// A client's certificate by its name in the script.
    ///
    /// # Panics
    /// When there is none of that name.
    #[must_use]
    pub fn client(&self, name: &str) -> Shown {
        Shown::read(self.0.join("clients").join(name))
    }
}

impl Shown {
    /// A certificate and its key (PKCS #8), DER.
    #[must_use]
    pub fn der(certificate: &[u8], key: &[u8]) -> Self {
        let key = PrivateKeyDer::Pkcs8(key.to_vec().into());
        Self { chain: vec![certificate.to_vec().into()], key: Arc::new(key) }
    }

    /// Reads `PATH.crt` and `PATH.key`.
    ///
    /// # Panics
    /// When they cannot be read.
    #[must_use]
    pub fn read(path: PathBuf) -> Self {
        let (certificate, key) = (path.with_extension("crt"), path.with_extension("key"));
        let chain = CertificateDer::pem_file_iter(&certificate).and_then(Iterator::collect);
        let chain = chain.unwrap_or_else(|error| panic!("{}: {error}", certificate.display()));
        let key = PrivateKeyDer::from_pem_file(&key)
            .unwrap_or_else(|error| panic!("{}: {error}", key.display()));
        Self { chain, key: Arc::new(key) }
    }

    /// The certificate itself, DER.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        self.chain.first().expect("a certificate")
    }
}
