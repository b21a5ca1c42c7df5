//! mtls-auth behind real handshakes: whose certificate passes, and what the upstream is told of it.

use portcullis_cases::tokens::keys;
use portcullis_e2e::rustls::HandshakeKind;
use portcullis_e2e::rustls::version::{TLS12, TLS13};
use portcullis_e2e::{
    Envoy, EnvoyConfig, Error, Reply, Request, Sessions, Tls, TlsClient, Upstream, Wasm,
    certificates, envoy_version,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::gateway::get;
use crate::handshakes::BAD;

const NONE: &str = "No required TLS certificate was sent";
const FAILED: &str = "TLS certificate failed verification";

/// Whether this Envoy tells filters that a certificate was verified.
fn says_verified() -> bool {
    envoy_version().minor >= 39
}

/// A control's fields, with what has to be said to Envoys that cannot be asked.
pub(crate) fn fields(mut fields: Value) -> Value {
    if !says_verified() {
        fields["verified_by_envoy"] = json!(true);
    }
    fields
}

fn mtls(own: Value) -> Wasm {
    Wasm::new("mtls-auth").config(fields(own))
}

/// Two of the demo's clients; one administers.
fn consumers() -> Value {
    json!([
        {"username": "ada", "groups": ["admin"], "certificates": [{"san": "spiffe://portcullis.example/ada"}]},
        {"username": "bob", "groups": ["user"], "certificates": [{"san": "bob.portcullis.example"}]},
    ])
}

fn start(tls: &Tls, module: &Wasm) -> (Upstream, Envoy) {
    let upstream = Upstream::echo();
    let envoy = Envoy::start(EnvoyConfig::new(&upstream).tls(tls).wasm(module));
    (upstream, envoy)
}

/// A request that claims to be somebody.
fn request() -> Request {
    Request::get("/").header("x-consumer-username", "root").header("x-client-cert-dn", "CN=root")
}

fn send(envoy: &Envoy, client: &TlsClient) -> Result<Reply, Error> {
    client.send(envoy.address(), &request())
}

/// The status of an answer and, where it is a refusal, its message.
fn said(reply: &Reply) -> (u16, String) {
    let message = &reply.json()["message"];
    (reply.status, message.as_str().unwrap_or_default().to_owned())
}

fn refused(status: u16, message: &str) -> (u16, String) {
    (status, message.to_owned())
}

/// What the upstream got of a header.
fn saw(reply: &Reply, name: &str) -> Value {
    reply.json()["headers"][name].clone()
}

#[test]
fn who_shows_a_good_certificate_is_told_to_the_upstream() {
    let (upstream, envoy) = start(&Tls::new(), &mtls(json!({"consumers": consumers()})));
    for version in [&TLS12, &TLS13] {
        let showing = |name: &str| TlsClient::showing(name).version(version);
        let none = send(&envoy, &TlsClient::new().version(version)).unwrap();
        assert_eq!(said(&none), refused(401, NONE));
        for (name, alert) in BAD {
            let error = send(&envoy, &showing(name)).unwrap_err();
            assert_eq!(error.alert(), Some(alert), "{name} {version:?}");
        }
        for name in ["wrong-san", "no-san", "many-sans", "by-middle"] {
            let reply = send(&envoy, &showing(name)).unwrap();
            assert_eq!(said(&reply), refused(401, FAILED), "{name} {version:?}");
        }
        assert_eq!(upstream.started(), 0);
        for name in ["ada", "bob"] {
            let reply = send(&envoy, &showing(name)).unwrap();
            assert_eq!((reply.status, saw(&reply, "x-consumer-username")), (200, json!(name)));
            assert_eq!(saw(&reply, "x-client-cert-dn"), Value::Null);
        }
        upstream.take_requests();
    }
}

#[test]
fn a_gateway_lets_certificates_in_and_acl_says_who_may() {
    let gateway = Wasm::new("gateway").config(json!({
        "consumers": consumers(),
        "mtls-auth": fields(json!({})),
        "acl": {"allow": ["admin"]},
    }));
    let (upstream, envoy) = start(&Tls::new(), &gateway);
    assert_eq!(said(&send(&envoy, &TlsClient::new()).unwrap()), refused(401, NONE));
    assert_eq!(
        said(&send(&envoy, &TlsClient::showing("wrong-san")).unwrap()),
        refused(401, FAILED)
    );
    let bob = send(&envoy, &TlsClient::showing("bob")).unwrap();
    assert_eq!(said(&bob), refused(403, "You cannot consume this service"));
    assert_eq!(upstream.started(), 0);
    let ada = send(&envoy, &TlsClient::showing("ada")).unwrap();
    assert_eq!((ada.status, saw(&ada, "x-consumer-username")), (200, json!("ada")));
    let mut http2 = TlsClient::showing("ada").connect_http2(envoy.address()).unwrap();
    for reply in http2.send_all(&vec![request(); 3]) {
        assert_eq!(saw(&reply.unwrap(), "x-consumer-groups"), json!("admin"));
    }
}

#[test]
fn a_certificate_or_a_token_will_do_where_either_may() {
    let gateway = Wasm::new("gateway").config(json!({
        "consumers": consumers(),
        "mtls-auth": fields(json!({})),
        "jwt-auth": {"issuers": [{
            "issuer": "https://idp.example.com",
            "algorithms": ["ES256"],
            "keys": [{"jwks": {"keys": [keys::jwk("p256")]}}],
        }]},
        "auth": {"any_of": ["mtls-auth", "jwt-auth"]},
    }));
    let (_upstream, envoy) = start(&Tls::new(), &gateway);
    let send =
        |client: TlsClient, request: Request| client.send(envoy.address(), &request).unwrap();
    let with_token = send(TlsClient::new(), get("/"));
    assert_eq!((with_token.status, saw(&with_token, "x-consumer-username")), (200, Value::Null));
    let with_both = send(TlsClient::showing("ada"), get("/"));
    assert_eq!((with_both.status, saw(&with_both, "x-consumer-username")), (200, json!("ada")));
    assert_eq!(send(TlsClient::showing("wrong-san"), get("/")).status, 200);
    let with_certificate = send(TlsClient::showing("bob"), request().bearer("no.such.token"));
    assert_eq!(saw(&with_certificate, "x-consumer-username"), json!("bob"));
    for (client, message) in [(TlsClient::new(), NONE), (TlsClient::showing("wrong-san"), FAILED)] {
        let neither = send(client, request());
        assert_eq!(said(&neither), refused(401, message));
        assert_eq!(neither.header("www-authenticate").as_deref(), Some("Bearer"));
    }
}

#[test]
fn connections_of_one_worker_are_not_taken_for_each_other() {
    let (_upstream, envoy) = start(&Tls::new(), &mtls(json!({"consumers": consumers()})));
    let connect = |client: TlsClient| client.connect(envoy.address()).unwrap();
    let mut ada = connect(TlsClient::showing("ada"));
    let mut nobody = connect(TlsClient::new());
    let mut bob = connect(TlsClient::showing("bob"));
    for _ in 0..3 {
        for (connection, name) in [(&mut ada, "ada"), (&mut bob, "bob")] {
            let reply = connection.send(&request()).unwrap();
            assert_eq!(saw(&reply, "x-consumer-username"), json!(name));
        }
        assert_eq!(said(&nobody.send(&request()).unwrap()), refused(401, NONE));
    }
}

#[test]
fn without_tls_there_is_no_certificate() {
    let upstream = Upstream::echo();
    let module = mtls(json!({"consumers": consumers()}));
    let envoy = Envoy::start(EnvoyConfig::new(&upstream).wasm(&module));
    let forged = request().header("x-forwarded-client-cert", "URI=spiffe://portcullis.example/ada");
    for reply in [envoy.send(&request()), envoy.send(&forged)] {
        assert_eq!(said(&reply), refused(401, NONE));
    }
    assert_eq!(upstream.started(), 0);
}

#[test]
fn where_envoy_takes_any_certificate_the_control_does_not() {
    let upstream = Upstream::echo();
    let own = json!({"consumers": consumers()});
    let asked = Wasm::new("mtls-auth").config(own);
    let config = EnvoyConfig::new(&upstream).tls(&Tls::new().accept_untrusted()).wasm(&asked);
    let started = Envoy::try_start(config);
    if !says_verified() {
        // Nobody could tell good certificates from bad ones.
        let failure = started.unwrap_err();
        assert!(failure.says("expected `verified_by_envoy: true`"), "{failure}");
        return;
    }
    let envoy = started.unwrap();
    for version in [&TLS12, &TLS13] {
        let showing = |name: &str| TlsClient::showing(name).version(version);
        for (name, _) in BAD {
            let reply = send(&envoy, &showing(name)).unwrap();
            assert_eq!(said(&reply), refused(401, FAILED), "{name} {version:?}");
        }
        let none = send(&envoy, &TlsClient::new().version(version)).unwrap();
        assert_eq!(said(&none), refused(401, NONE));
        assert_eq!(upstream.started(), 0);
        assert_eq!(send(&envoy, &showing("ada")).unwrap().status, 200);
        upstream.take_requests();
    }
}

#[test]
fn a_resumed_session_is_refused_where_the_certificate_was_not_verified_in_it() {
    let module = mtls(json!({"consumers": consumers()}));
    let (_upstream, envoy) = start(&Tls::new().resume(), &module);
    for (version, sessions) in
        [(&TLS12, Sessions::Ids), (&TLS12, Sessions::Tickets), (&TLS13, Sessions::Tickets)]
    {
        let client = TlsClient::showing("ada").version(version).remembering(sessions);
        let mut answers = (0..2).map(|_| {
            let mut connection = client.connect(envoy.address()).unwrap();
            let reply = connection.send(&request()).unwrap();
            (connection.tls().unwrap().handshake_kind().unwrap(), said(&reply))
        });
        let (kind, answer) = answers.next().unwrap();
        assert_eq!((kind, answer.0), (HandshakeKind::Full, 200), "{version:?} {sessions:?}");
        // An Envoy that cannot be asked is believed, and so is the session.
        let expected = if says_verified() { refused(401, FAILED) } else { refused(200, "") };
        assert_eq!(answers.next().unwrap(), (HandshakeKind::Resumed, expected), "{version:?}");
    }
}

#[test]
fn certificates_are_told_apart_by_name_and_fingerprint() {
    let showing = |envoy: &Envoy, name: &str| send(envoy, &TlsClient::showing(name)).unwrap();
    let fingerprint = |name: &str| {
        let digest = Sha256::digest(certificates().client(name).certificate());
        digest.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
    };
    // Of what Envoy tells of a connection: the first URI and DNS name, and the subject.
    let rules = mtls(json!({
        "skip_consumer_lookup": true,
        "spiffe_trust_domains": ["portcullis.example"],
        "denied_fingerprints": [fingerprint("bob")],
    }));
    let (upstream, envoy) = start(&Tls::new(), &rules);
    for name in ["bob", "wrong-san", "no-san"] {
        assert_eq!(said(&showing(&envoy, name)), refused(401, FAILED), "{name}");
    }
    assert_eq!(upstream.started(), 0);
    for (name, subject, san) in [
        ("ada", "CN=ada,O=Example Corp", "spiffe://portcullis.example/ada"),
        ("many-sans", "CN=dave,O=Example Corp", "spiffe://portcullis.example/dave"),
        // The client's own, not that of the authority between.
        ("by-middle", "CN=erin,O=Example Corp", "spiffe://portcullis.example/erin"),
    ] {
        let reply = showing(&envoy, name);
        let told = (saw(&reply, "x-client-cert-dn"), saw(&reply, "x-client-cert-san"));
        assert_eq!((reply.status, told), (200, (json!(subject), json!(san))), "{name}");
    }
    let rules = mtls(json!({
        "consumers": [{"username": "carol"}, {"username": "ada"}],
        "consumer_by": ["username"],
    }));
    let (_upstream, envoy) = start(&Tls::new(), &rules);
    let carol = showing(&envoy, "no-san");
    assert_eq!((carol.status, saw(&carol, "x-consumer-username")), (200, json!("carol")));
    // A common name counts for nothing beside an alternative one.
    assert_eq!(said(&showing(&envoy, "wrong-san")), refused(401, FAILED));
}
