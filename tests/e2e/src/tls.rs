//! How the listener of an Envoy under test speaks TLS.

use serde_json::{Value, json};

use crate::certificates::certificates;

const DOWNSTREAM: &str =
    "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext";

/// The listener's side of TLS; unless told otherwise as `envoy/envoy.yaml` has it.
#[derive(Clone, Debug)]
pub struct Tls {
    verification: &'static str,
    authority: Value,
    resumption: bool,
}

impl Default for Tls {
    fn default() -> Self {
        Self::new()
    }
}

impl Tls {
    /// A client certificate is verified where one is shown, and no session is resumed.
    #[must_use]
    pub fn new() -> Self {
        let authority = json!({"filename": certificates().path("ca.crt")});
        Self { verification: "VERIFY_TRUST_CHAIN", authority, resumption: false }
    }

    /// Any client certificate passes the handshake (`ACCEPT_UNTRUSTED`).
    #[must_use]
    pub fn accept_untrusted(self) -> Self {
        Self { verification: "ACCEPT_UNTRUSTED", ..self }
    }

    /// Client certificates are those of this authority (PEM).
    #[must_use]
    pub fn trusting(self, authority: &str) -> Self {
        Self { authority: json!({"inline_string": authority}), ..self }
    }

    /// Sessions are resumed, by id and by ticket: what an Envoy does that is told nothing.
    #[must_use]
    pub fn resume(self) -> Self {
        Self { resumption: true, ..self }
    }

    pub(crate) fn transport_socket(&self) -> Value {
        let file = |name: &str| json!({"filename": certificates().path(name)});
        json!({
            "name": "envoy.transport_sockets.tls",
            "typed_config": {
                "@type": DOWNSTREAM,
                "common_tls_context": {
                    "tls_params": {
                        "tls_minimum_protocol_version": "TLSv1_2",
                        "tls_maximum_protocol_version": "TLSv1_3",
                    },
                    "alpn_protocols": ["h2", "http/1.1"],
                    "tls_certificates": [
                        {"certificate_chain": file("server.crt"), "private_key": file("server.key")},
                    ],
                    "validation_context": {
                        "trusted_ca": self.authority,
                        "trust_chain_verification": self.verification,
                    },
                },
                "require_client_certificate": false,
                "disable_stateless_session_resumption": !self.resumption,
                "disable_stateful_session_resumption": !self.resumption,
            },
        })
    }
}
