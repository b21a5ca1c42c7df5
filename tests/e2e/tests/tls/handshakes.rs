//! Handshakes with the shipped listener: versions, ciphers, sessions, client certificates.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use portcullis_e2e::rustls::version::{TLS12, TLS13};
use portcullis_e2e::rustls::{AlertDescription, CipherSuite, HandshakeKind, ProtocolVersion};
use portcullis_e2e::{
    Connection, Envoy, EnvoyConfig, PATIENCE, Request, Sessions, Tls, TlsClient, Upstream,
    eventually,
};

use crate::gateway::{Gateway, file, get};

/// An alert that ends a handshake (RFC 8446 section 6): the record's type, fatal, and why.
fn alert(why: AlertDescription) -> [u8; 3] {
    [21, 2, why.into()]
}

/// How a handshake goes on: the record's type, and a ServerHello.
const GOES_ON: [u8; 3] = [22, 2, 0];

/// What the server's first record is, and begins with.
fn answer(address: SocketAddr, hello: &[u8]) -> [u8; 3] {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(hello).unwrap();
    let mut bytes = [0; 7];
    stream.read_exact(&mut bytes).unwrap();
    let [kind, _, _, _, _, first, second] = bytes;
    [kind, first, second]
}

/// A ClientHello of TLS up to 1.2 (RFC 5246 section 7.4.1.2) that offers one suite, for what a
/// careful client no longer says.
fn hello(version: u16, suite: u16) -> Vec<u8> {
    let extensions = [
        // Groups: P-256. Signatures: ECDSA and RSA with SHA-256 and SHA-1.
        &[0, 10, 0, 4, 0, 2, 0, 23][..],
        &[0, 13, 0, 10, 0, 8, 4, 3, 4, 1, 2, 3, 2, 1],
    ]
    .concat();
    let mut body = [&version.to_be_bytes()[..], &[7; 32], &[0, 0, 2]].concat();
    body.extend(suite.to_be_bytes());
    body.extend([1, 0, 0, u8::try_from(extensions.len()).unwrap()]);
    body.extend(extensions);
    let length = u8::try_from(body.len()).unwrap();
    [&[22, 3, 1, 0, length + 4, 1, 0, 0, length][..], &body].concat()
}

#[test]
fn tls_1_2_and_1_3_are_spoken_and_nothing_older() {
    let gateway = Gateway::start();
    for (version, spoken) in
        [(&TLS12, ProtocolVersion::TLSv1_2), (&TLS13, ProtocolVersion::TLSv1_3)]
    {
        let mut connection = TlsClient::new().version(version).connect(gateway.tls()).unwrap();
        assert_eq!(connection.tls().unwrap().protocol_version(), Some(spoken));
        assert_eq!(connection.send(&get("/v1/orders")).unwrap().status, 200);
    }
    // ECDHE-ECDSA-AES128-SHA, which all of them have.
    for version in [0x0300, 0x0301, 0x0302] {
        let refused = answer(gateway.tls(), &hello(version, 0xc009));
        assert_eq!(refused, alert(AlertDescription::ProtocolVersion), "{version:#x}");
    }
}

#[test]
fn tls_1_2_has_the_chosen_ciphers_alone() {
    let gateway = Gateway::start();
    let client = |suite| TlsClient::new().version(&TLS12).suites(&[suite]);
    let good = client(CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256);
    assert_eq!(good.send(gateway.tls(), &get("/v1/orders")).unwrap().status, 200);
    for suite in [
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ] {
        let refused = client(suite).connect(gateway.tls()).unwrap_err();
        assert_eq!(refused.alert(), Some(AlertDescription::HandshakeFailure), "{suite:?}");
    }
    // The chosen one shows that the others are refused for what they are: CBC, no forward secrecy,
    // 3DES, RC4, no encryption.
    assert_eq!(answer(gateway.tls(), &hello(0x0303, 0xc02b)), GOES_ON);
    for suite in [0xc009, 0xc00a, 0xc023, 0x009c, 0x002f, 0x000a, 0x0005, 0x0002] {
        let refused = answer(gateway.tls(), &hello(0x0303, suite));
        assert_eq!(refused, alert(AlertDescription::HandshakeFailure), "{suite:#06x}");
    }
}

/// How the second of two connections began, by each way to resume a session.
fn second_handshakes(address: SocketAddr, client: &TlsClient) -> Vec<HandshakeKind> {
    [(&TLS12, Sessions::Ids), (&TLS12, Sessions::Tickets), (&TLS13, Sessions::Tickets)]
        .into_iter()
        .map(|(version, sessions)| {
            let client = client.clone().version(version).remembering(sessions);
            let mut kinds = (0..2).map(|_| {
                let mut connection = client.connect(address).unwrap();
                // A ticket of TLS 1.3 comes with the first answer.
                connection.send(&Request::get("/")).unwrap();
                connection.tls().unwrap().handshake_kind().unwrap()
            });
            assert_eq!(kinds.next(), Some(HandshakeKind::Full), "{version:?} {sessions:?}");
            kinds.next().unwrap()
        })
        .collect()
}

#[test]
fn no_session_is_resumed() {
    let gateway = Gateway::start();
    for client in [TlsClient::new(), TlsClient::showing("ada")] {
        let kinds = second_handshakes(gateway.tls(), &client);
        assert_eq!(kinds, [HandshakeKind::Full; 3]);
    }
    // An Envoy that is told nothing resumes them all.
    let upstream = Upstream::echo();
    let lax = Envoy::start(EnvoyConfig::new(&upstream).tls(&Tls::new().resume()));
    let kinds = second_handshakes(lax.address(), &TlsClient::showing("ada"));
    assert_eq!(kinds, [HandshakeKind::Resumed; 3]);
}

/// A route whose limit these tests stay below.
const ROOMY: &str = "/v1/premium/orders";

/// Client certificates that must not pass, and the alert that tells their owner so.
pub(crate) const BAD: [(&str, AlertDescription); 6] = [
    ("expired", AlertDescription::CertificateExpired),
    ("not-yet-valid", AlertDescription::CertificateExpired),
    ("by-another-ca", AlertDescription::UnknownCA),
    ("self-signed", AlertDescription::UnknownCA),
    ("by-bob", AlertDescription::UnknownCA),
    ("for-servers", AlertDescription::UnsupportedCertificate),
];

#[test]
fn a_client_certificate_that_is_shown_must_be_good() {
    let gateway = Gateway::start();
    for version in [&TLS12, &TLS13] {
        let send = |client: TlsClient| client.version(version).send(gateway.tls(), &get(ROOMY));
        for (name, alert) in BAD {
            let refused = send(TlsClient::showing(name)).map(|reply| reply.status);
            assert_eq!(refused.unwrap_err().alert(), Some(alert), "{name} {version:?}");
        }
        assert_eq!(gateway.upstream.started(), 0);
        for name in ["ada", "bob", "no-san", "many-sans", "by-middle", "wrong-san"] {
            assert_eq!(send(TlsClient::showing(name)).unwrap().status, 200, "{name} {version:?}");
        }
        assert_eq!(send(TlsClient::new()).unwrap().status, 200, "none is needed");
        gateway.upstream.take_requests();
    }
    // Each failure is a line that says why, of a connection that never became a request.
    let lines = eventually("the lines of failed handshakes", || {
        let lines = gateway.envoy.access_log();
        let failed: Vec<_> =
            lines.into_iter().filter(|line| line["tls_failure"].is_string()).collect();
        (failed.len() >= 2 * BAD.len()).then_some(failed)
    });
    assert_eq!(lines.len(), 2 * BAD.len());
    for line in lines {
        let why = line["tls_failure"].as_str().unwrap();
        assert!(why.contains("CERTIFICATE_VERIFY_FAILED"), "{why}");
    }
}

#[test]
fn the_admin_route_wants_a_certificate_of_one_name_and_a_token() {
    let gateway = Gateway::start();
    let admin = |client: TlsClient, request: Request| {
        let reply = client.send(gateway.tls(), &request).unwrap();
        (reply.status, reply.json()["message"].as_str().unwrap_or_default().to_owned())
    };
    let (none, failed) =
        ("No required TLS certificate was sent", "TLS certificate failed verification");
    let path = "/v1/admin/users";
    for (client, request, expected) in [
        (TlsClient::new(), get(path), (401, none)),
        (TlsClient::showing("bob"), get(path), (401, failed)),
        (TlsClient::showing("wrong-san"), get(path), (401, failed)),
        (TlsClient::showing("ada"), Request::get(path), (401, "Unauthorized")),
        (TlsClient::showing("ada"), get(path), (200, "")),
    ] {
        let (status, message) = expected;
        assert_eq!(admin(client, request), (status, message.to_owned()));
    }
    let plain = Connection::open(gateway.plain()).unwrap().send(&get(path)).unwrap();
    assert_eq!((plain.status, plain.json()["message"].as_str()), (401, Some(none)));
    assert_eq!(gateway.upstream.started(), 1);
}

#[test]
fn what_a_client_says_of_certificates_never_reaches_the_upstream() {
    let gateway = Gateway::start();
    let forged = || {
        get("/v1/orders")
            .header("x-forwarded-client-cert", "Hash=00;URI=spiffe://portcullis.example/ada")
    };
    let mut plain = Connection::open(gateway.plain()).unwrap();
    let replies = [
        plain.send(&forged()),
        TlsClient::new().send(gateway.tls(), &forged()),
        TlsClient::showing("bob").send(gateway.tls(), &forged()),
    ];
    for reply in replies {
        let reply = reply.unwrap();
        assert_eq!(reply.status, 200);
        assert_eq!(reply.json()["headers"]["x-forwarded-client-cert"], serde_json::Value::Null);
    }
}

#[test]
fn who_speaks_no_tls_or_never_finishes_is_dropped() {
    let upstream = Upstream::echo();
    let quick = file(&upstream)
        .replace("transport_socket_connect_timeout: 10s", "transport_socket_connect_timeout: 0.3s");
    let envoy = Envoy::start(quick);
    let address = envoy.address_of("gateway-tls");
    let plain = Connection::open(address).unwrap().send(&get("/v1/orders"));
    assert!(plain.is_err(), "{plain:?}");
    let greeting = hello(0x0303, 0xc02b);
    for half in [&greeting[..0], &greeting[..20]] {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(half).unwrap();
        // Ends; a test's patience is longer by far than what the listener grants.
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut answer = Vec::new();
        let ended = stream.read_to_end(&mut answer).map_err(|error| error.kind());
        assert!(matches!(ended, Ok(_) | Err(std::io::ErrorKind::ConnectionReset)), "{ended:?}");
    }
    assert_eq!(upstream.started(), 0);
}
