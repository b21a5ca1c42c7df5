//! A TLS client: which versions it speaks, which certificate it shows, what it remembers.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, OnceLock};

use rustls::client::{ClientSessionMemoryCache, Resumption, Tls12Resumption};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::ServerName;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{
    ALL_VERSIONS, CipherSuite, ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    SupportedProtocolVersion,
};
use tokio_rustls::TlsConnector;

use super::connection::Connection;
use super::http2::Http2;
use super::reply::{Error, Reply};
use super::request::Request;
use super::stream::{Stream, patient};
use crate::certificates::{Shown, certificates};
use crate::poll::PATIENCE;

/// A name in the certificate that listeners have in tests.
const SERVER: &str = "localhost";

/// Sessions that a client remembers, in the place of none.
const REMEMBERED: usize = 8;

/// How a client asks for a session that it has had before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sessions {
    /// By what the server remembers: an id, in TLS 1.2 alone (RFC 5246).
    Ids,
    /// By what the server handed out: a ticket (RFC 5077, RFC 8446 section 4.6.1).
    Tickets,
}

/// A client of the certificates' authority. It shows no certificate and begins every session anew,
/// unless told otherwise. What it remembers belongs to it as it is configured: a change forgets it.
#[derive(Clone, Debug)]
pub struct TlsClient {
    shown: Option<Shown>,
    versions: Vec<&'static SupportedProtocolVersion>,
    suites: Option<Vec<CipherSuite>>,
    sessions: Option<Sessions>,
    /// Made once, as sessions are part of it.
    config: OnceLock<Arc<ClientConfig>>,
}

impl Default for TlsClient {
    fn default() -> Self {
        Self::new()
    }
}

impl TlsClient {
    /// TLS 1.2 and 1.3, without a certificate.
    #[must_use]
    pub fn new() -> Self {
        Self {
            shown: None,
            versions: ALL_VERSIONS.to_vec(),
            suites: None,
            sessions: None,
            config: OnceLock::new(),
        }
    }

    /// A client that shows a certificate of `envoy/certs.sh`, such as `ada`, good or not.
    #[must_use]
    pub fn showing(name: &str) -> Self {
        Self::new().certificate(certificates().client(name))
    }

    /// Shows this certificate.
    #[must_use]
    pub fn certificate(self, shown: Shown) -> Self {
        Self { shown: Some(shown), config: OnceLock::new(), ..self }
    }

    /// Speaks this version alone, such as `rustls::version::TLS12`.
    #[must_use]
    pub fn version(self, version: &'static SupportedProtocolVersion) -> Self {
        Self { versions: vec![version], config: OnceLock::new(), ..self }
    }

    /// Offers these cipher suites alone.
    #[must_use]
    pub fn suites(self, suites: &[CipherSuite]) -> Self {
        Self { suites: Some(suites.to_vec()), config: OnceLock::new(), ..self }
    }

    /// Remembers sessions, and asks for them again.
    #[must_use]
    pub fn remembering(self, sessions: Sessions) -> Self {
        Self { sessions: Some(sessions), config: OnceLock::new(), ..self }
    }

    /// Connects; the handshake is over on this side.
    ///
    /// # Errors
    /// Those of connecting and of the handshake; see [`Error::alert`].
    ///
    /// # Panics
    /// When the library refuses what the client is told to be.
    pub fn connect(&self, address: SocketAddr) -> Result<Connection, Error> {
        let socket = TcpStream::connect_timeout(&address, PATIENCE).map_err(Error::NoReply)?;
        self.over(socket)
    }

    /// As [`Self::connect`], on a connection that is there already.
    ///
    /// # Errors
    /// Those of the handshake; see [`Error::alert`].
    ///
    /// # Panics
    /// When the library refuses what the client is told to be.
    pub fn over(&self, socket: TcpStream) -> Result<Connection, Error> {
        let stream = self.handshake(socket).map_err(Error::NoReply)?;
        Ok(Connection::over(Stream::Tls(Box::new(stream))))
    }

    /// The handshake alone, for who speaks over the stream by itself.
    ///
    /// # Errors
    /// Those of the handshake.
    ///
    /// # Panics
    /// When the library refuses what the client is told to be.
    pub fn handshake(
        &self,
        socket: TcpStream,
    ) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
        let config = Arc::clone(self.config());
        let mut tls = ClientConnection::new(config, server()).expect("a client");
        let mut socket = patient(socket)?;
        while tls.is_handshaking() {
            tls.complete_io(&mut socket)?;
        }
        Ok(StreamOwned::new(tls, socket))
    }

    /// Connects, agrees on HTTP/2 (ALPN, RFC 7301) and speaks it.
    ///
    /// # Errors
    /// Those of connecting and of the handshakes.
    pub fn connect_http2(&self, address: SocketAddr) -> Result<Http2, Error> {
        let mut config = self.config().as_ref().clone();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let connector = TlsConnector::from(Arc::new(config));
        Http2::over(address, "https", async |stream| {
            let stream = connector.connect(server(), stream).await?;
            match stream.get_ref().1.alpn_protocol() {
                Some(b"h2") => Ok(stream),
                other => Err(io::Error::other(format!("{other:?} was agreed on in place of h2"))),
            }
        })
    }

    /// Sends a request on a connection of its own.
    ///
    /// # Errors
    /// See [`Error`] and [`Error::alert`].
    pub fn send(&self, address: SocketAddr, request: &Request) -> Result<Reply, Error> {
        self.connect(address)?.send(request)
    }

    fn config(&self) -> &Arc<ClientConfig> {
        self.config.get_or_init(|| {
            let mut provider = ring::default_provider();
            if let Some(suites) = &self.suites {
                provider.cipher_suites.retain(|known| suites.contains(&known.suite()));
            }
            Arc::new(self.configured(provider))
        })
    }

    fn configured(&self, provider: CryptoProvider) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(certificates().authority()).expect("a root");
        // As it is given: the library would refuse to show some that a client can have.
        let shown = self.shown.clone().map(|Shown { chain, key }| {
            let key = provider.key_provider.load_private_key(key.clone_key()).expect("a key");
            Arc::new(SingleCertAndKey::from(CertifiedKey::new(chain, key)))
        });
        let builder = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&self.versions)
            .expect("suites of these versions")
            .with_root_certificates(roots);
        let mut config = match shown {
            Some(shown) => builder.with_client_cert_resolver(shown),
            None => builder.with_no_client_auth(),
        };
        let store = || Resumption::store(Arc::new(ClientSessionMemoryCache::new(REMEMBERED)));
        config.resumption = match self.sessions {
            None => Resumption::disabled(),
            Some(Sessions::Ids) => store().tls12_resumption(Tls12Resumption::SessionIdOnly),
            Some(Sessions::Tickets) => store(),
        };
        config
    }
}

fn server() -> ServerName<'static> {
    ServerName::try_from(SERVER).expect("a name")
}
