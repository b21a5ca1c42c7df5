//! Who is calling: written by the auth controls, read by those behind them.

use std::cell::OnceCell;
use std::rc::Rc;

use serde::Serialize;
use serde_json::{Value, json};

use crate::certificate::{Fingerprint, San};
use crate::claims::Claims;

/// What an auth control found out. The credential's own secret is never in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Identity {
    /// The control that says so (`jwt-auth`).
    pub control: String,
    /// `sub`, or what stands for it.
    pub subject: Option<String>,
    /// `iss`, or what stands for it.
    pub issuer: Option<String>,
    /// The consumer of the configuration, if it is one.
    pub consumer: Option<Rc<Consumer>>,
    /// True if nothing valid was presented and the configuration lets an anonymous consumer pass.
    pub anonymous: bool,
    /// Groups that the credential itself carries; a consumer's own are in `consumer`.
    pub groups: Vec<String>,
    /// Scopes of an access token.
    pub scopes: Vec<String>,
    /// All claims of a token.
    pub claims: Option<Rc<Claims>>,
    /// What rate limits and blocks count by: the credential's key, or issuer and subject; never a secret, never what
    /// a client could mint anew (design: Counters).
    pub credential: Option<String>,
    /// The client certificate that was accepted.
    pub certificate: Option<Rc<Certificate>>,
    /// What [`Identity::to_wire`] gave: an identity that is kept for many requests is written once.
    pub wire: Wire,
}

/// The serialised form of an identity, made when first asked for. Says nothing that the identity does not.
#[derive(Debug, Default)]
pub struct Wire(OnceCell<Vec<u8>>);

impl Clone for Wire {
    /// A copy may be changed, so it starts without.
    fn clone(&self) -> Self {
        Wire::default()
    }
}

impl PartialEq for Wire {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

/// A consumer of the configuration, as Kong has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consumer {
    /// Unique.
    pub username: String,
    /// The id that other systems know it by.
    pub custom_id: Option<String>,
    /// For `acl`.
    pub groups: Vec<String>,
}

/// What is known of a client certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// Subject in the one spelling of [`crate::certificate::Subject::text`]; empty where it has none that can be read.
    pub subject: String,
    /// The subject's alternative names, as far as they are known: of a connection the first URI and the first DNS name.
    pub sans: Vec<San>,
    /// SHA-256 of the certificate.
    pub fingerprint: Option<Fingerprint>,
}

impl Identity {
    /// The form in which it travels between separate modules, in filter state.
    #[must_use]
    pub fn to_wire(&self) -> &[u8] {
        self.wire.0.get_or_init(|| self.serialise())
    }

    /// Written field by field: a tree of values would copy every claim first. What is empty is left out.
    fn serialise(&self) -> Vec<u8> {
        let room = self.claims.as_ref().map_or(0, |claims| claims.text_bytes());
        let mut wire = Vec::with_capacity(room.saturating_add(256));
        wire.extend_from_slice(b"{\"anonymous\":");
        wire.extend_from_slice(if self.anonymous { b"true" } else { b"false" });
        push_member(&mut wire, "control", Some(&self.control));
        push_member(&mut wire, "subject", self.subject.as_ref());
        push_member(&mut wire, "issuer", self.issuer.as_ref());
        push_member(&mut wire, "credential", self.credential.as_ref());
        push_member(&mut wire, "groups", Some(&self.groups).filter(|groups| !groups.is_empty()));
        push_member(&mut wire, "scopes", Some(&self.scopes).filter(|scopes| !scopes.is_empty()));
        if let Some(claims) = &self.claims {
            wire.extend_from_slice(b",\"claims\":");
            claims.write(&mut wire);
        }
        let consumer = self.consumer.as_deref().map(|consumer| {
            json!({"username": consumer.username, "custom_id": consumer.custom_id, "groups": consumer.groups})
        });
        push_member(&mut wire, "consumer", consumer.as_ref());
        let certificate = self.certificate.as_deref().map(|certificate| {
            let sans: Vec<&str> = certificate.sans.iter().map(San::as_str).collect();
            let fingerprint = certificate.fingerprint.map(|own| own.to_string());
            json!({"subject": certificate.subject, "sans": sans, "fingerprint": fingerprint})
        });
        push_member(&mut wire, "certificate", certificate.as_ref());
        wire.push(b'}');
        wire
    }

    /// Reads [`Identity::to_wire`]; `None` if it is anything else.
    #[must_use]
    pub fn from_wire(bytes: &[u8]) -> Option<Self> {
        let mut value: Value = serde_json::from_slice(bytes).ok()?;
        let claims = match value.get_mut("claims").map(Value::take) {
            Some(Value::Object(members)) => Some(Rc::new(Claims::from(members))),
            _ => None,
        };
        Some(Identity {
            control: text(&value, "control")?,
            subject: text(&value, "subject"),
            issuer: text(&value, "issuer"),
            consumer: value.get("consumer").filter(|value| value.is_object()).and_then(|value| {
                let consumer = Consumer {
                    username: text(value, "username")?,
                    custom_id: text(value, "custom_id"),
                    groups: texts(value, "groups"),
                };
                Some(Rc::new(consumer))
            }),
            anonymous: value.get("anonymous")?.as_bool()?,
            groups: texts(&value, "groups"),
            scopes: texts(&value, "scopes"),
            claims,
            credential: text(&value, "credential"),
            wire: Wire::default(),
            certificate: value.get("certificate").filter(|value| value.is_object()).and_then(
                |value| {
                    let certificate = Certificate {
                        subject: text(value, "subject")?,
                        sans: texts(value, "sans")
                            .iter()
                            .filter_map(|name| San::parse(name))
                            .collect(),
                        fingerprint: text(value, "fingerprint")
                            .and_then(|digits| Fingerprint::parse(digits.as_bytes())),
                    };
                    Some(Rc::new(certificate))
                },
            ),
        })
    }
}

/// A further member of an object; one that is absent is left out.
fn push_member<T: Serialize + ?Sized>(wire: &mut Vec<u8>, name: &str, value: Option<&T>) {
    if let Some(value) = value {
        wire.extend_from_slice(b",\"");
        wire.extend_from_slice(name.as_bytes());
        wire.extend_from_slice(b"\":");
        // Texts, lists of them and trees are always serialisable, and memory always takes them.
        drop(serde_json::to_writer(wire, value));
    }
}

fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name)?.as_str().map(str::to_owned)
}

fn texts(value: &Value, name: &str) -> Vec<String> {
    let items = value.get(name).and_then(Value::as_array);
    items.into_iter().flatten().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;

    #[test]
    fn an_identity_survives_the_way_between_modules() {
        let mut claims = Map::new();
        claims.insert("sub".into(), json!("u\u{e9}\u{0}\"1"));
        let identity = Identity {
            control: "jwt-auth".into(),
            subject: Some("u".into()),
            issuer: None,
            consumer: Some(Rc::new(Consumer {
                username: "ada".into(),
                custom_id: None,
                groups: vec!["admin".into()],
            })),
            anonymous: true,
            groups: vec![],
            scopes: vec!["read".into(), "write".into()],
            claims: Some(Rc::new(claims.into())),
            credential: Some("iss\nsub".into()),
            wire: Wire::default(),
            certificate: Some(Rc::new(Certificate {
                subject: "CN=a".into(),
                sans: vec![San::Uri("spiffe://td/a".into()), San::Dns("a.example".into())],
                fingerprint: Fingerprint::parse(&[b'a'; 64]),
            })),
        };
        assert_eq!(Identity::from_wire(identity.to_wire()), Some(identity));
        let empty = Identity { control: "x".into(), ..Identity::default() };
        assert_eq!(Identity::from_wire(empty.to_wire()), Some(empty));
        for bad in [&b""[..], b"{}", b"[]", b"\xff"] {
            assert_eq!(Identity::from_wire(bad), None);
        }
    }
}
