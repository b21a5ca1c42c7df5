//! Certificates that a proxy before Envoy saw: `x-forwarded-client-cert` from those who may write it, and from others.

use portcullis_e2e::{
    Connection, Envoy, EnvoyConfig, Reply, Request, Tls, TlsClient, Upstream, Wasm,
};
use serde_json::{Value, json};

const HEADER: &str = "x-forwarded-client-cert";

/// The address of the proxy in these tests; everybody else has another one of this machine.
const PROXY: &str = "127.0.0.1";
const STRANGER: &str = "127.0.0.2";

fn gateway() -> Wasm {
    Wasm::new("gateway").config(json!({
        "consumers": [
            {"username": "ada", "certificates": [{"san": "spiffe://portcullis.example/ada"}]},
            {"username": "dave", "certificates": [{"san": "second.portcullis.example"}]},
        ],
        "mtls-auth": {"source": "xfcc", "trusted": [PROXY], "verified_by_envoy": true},
    }))
}

/// An Envoy behind a proxy that ends TLS: it hands the header on as it came.
fn behind_a_proxy() -> (Upstream, Envoy) {
    let upstream = Upstream::echo();
    let config = EnvoyConfig::new(&upstream)
        .wasm(&gateway())
        .hcm(|manager| manager["forward_client_cert_details"] = json!("ALWAYS_FORWARD_ONLY"));
    (upstream, Envoy::start(config))
}

/// An Envoy that ends TLS and writes down what it saw.
fn proxy(behind: &Envoy) -> Envoy {
    let config = EnvoyConfig::at(behind.address()).tls(&Tls::new()).hcm(|manager| {
        manager["forward_client_cert_details"] = json!("SANITIZE_SET");
        manager["set_current_client_cert_details"] =
            json!({"subject": true, "uri": true, "dns": true, "cert": true, "chain": true});
    });
    Envoy::start(config)
}

fn consumer(reply: &Reply) -> Value {
    reply.json()["headers"]["x-consumer-username"].clone()
}

#[test]
fn a_certificate_that_a_trusted_envoy_saw_counts_with_all_its_names() {
    let (upstream, envoy) = behind_a_proxy();
    let proxy = proxy(&envoy);
    let forged = || Request::get("/").header(HEADER, "URI=spiffe://portcullis.example/ada");
    for client in [TlsClient::new(), TlsClient::showing("wrong-san"), TlsClient::showing("bob")] {
        let reply = client.send(proxy.address(), &forged()).unwrap();
        assert_eq!(reply.status, 401, "{}", reply.text());
    }
    assert_eq!(upstream.started(), 0);
    for (certificate, username) in [("ada", "ada"), ("many-sans", "dave")] {
        let reply = TlsClient::showing(certificate).send(proxy.address(), &forged()).unwrap();
        assert_eq!((reply.status, consumer(&reply)), (200, json!(username)), "{certificate}");
    }
}

#[test]
fn an_envoy_may_tell_its_own_filters_all_names() {
    let upstream = Upstream::echo();
    let own = Wasm::new("mtls-auth").config(json!({
        "source": "xfcc", "trusted": ["0.0.0.0/0"], "verified_by_envoy": true,
        "consumers": [{"username": "dave", "certificates": [{"san": "second.portcullis.example"}]}],
    }));
    let config = EnvoyConfig::new(&upstream).tls(&Tls::new()).wasm(&own).hcm(|manager| {
        manager["forward_client_cert_details"] = json!("SANITIZE_SET");
        manager["set_current_client_cert_details"] =
            json!({"subject": true, "uri": true, "dns": true});
    });
    let envoy = Envoy::start(config);
    let forged = Request::get("/").header(HEADER, "Hash=00;DNS=second.portcullis.example");
    let send = |client: TlsClient| client.send(envoy.address(), &forged).unwrap();
    assert_eq!(send(TlsClient::new()).status, 401);
    assert_eq!(send(TlsClient::showing("ada")).status, 401);
    let dave = send(TlsClient::showing("many-sans"));
    assert_eq!((dave.status, consumer(&dave)), (200, json!("dave")));
}

#[test]
fn what_anybody_else_writes_into_it_is_removed() {
    let (upstream, envoy) = behind_a_proxy();
    let hash = "00".repeat(32);
    let told = format!("Hash={hash};Subject=\"CN=ada\";URI=spiffe://portcullis.example/ada");
    let send = |source: &str, value: &str| {
        let mut connection =
            Connection::open_from(source.parse().unwrap(), envoy.address()).unwrap();
        connection.send(&Request::get("/").header(HEADER, value)).unwrap()
    };
    assert_eq!(send(STRANGER, &told).status, 401);
    assert_eq!(upstream.started(), 0);
    let trusted = send(PROXY, &told);
    assert_eq!((trusted.status, consumer(&trusted)), (200, json!("ada")));
    // Proxies append: what stands first, a client may have written.
    let other = format!("Hash={hash};URI=spiffe://portcullis.example/eve");
    assert_eq!(send(PROXY, &format!("{told},{other}")).status, 401);
    assert_eq!(send(PROXY, &format!("{other},{told}")).status, 200);
}

#[test]
fn where_certificates_come_from_the_connection_nobody_may_send_it() {
    let upstream = Upstream::echo();
    let own = json!({"skip_consumer_lookup": true, "verified_by_envoy": true});
    let config = EnvoyConfig::new(&upstream)
        .tls(&Tls::new())
        .wasm(&Wasm::new("mtls-auth").config(own))
        .hcm(|manager| manager["forward_client_cert_details"] = json!("ALWAYS_FORWARD_ONLY"));
    let envoy = Envoy::start(config);
    let forged = Request::get("/").header(HEADER, "URI=spiffe://portcullis.example/ada");
    let none = TlsClient::new().send(envoy.address(), &forged).unwrap();
    assert_eq!(none.status, 401);
    let bob = TlsClient::showing("bob").send(envoy.address(), &forged).unwrap();
    assert_eq!((bob.status, bob.json()["headers"][HEADER].clone()), (200, Value::Null));
}
