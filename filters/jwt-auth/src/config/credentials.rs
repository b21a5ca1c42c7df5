//! The jwt credentials of consumers: `{key, algorithm, secret | rsa_public_key}`, as Kong has them.

use std::rc::Rc;

use portcullis_control::authentication::check_names;
use portcullis_control::config::Node;
use portcullis_control::consumers::ConsumerEntry;
use portcullis_control::headers::FieldValue;

use super::issuers::read_algorithm;
use crate::algorithm::Algorithm;
use crate::key::{Key, pem, secret};
use crate::policy::{Credential, Credentials};

/// All consumers' credentials; keys are unique.
pub(super) fn read(consumers: &[ConsumerEntry<'_>]) -> Rc<Credentials> {
    let mut credentials = Credentials::new();
    for entry in consumers {
        for node in &entry.jwt {
            let Some(credential) = read_one(node, entry) else { continue };
            let name = credential.name.clone();
            if credentials.insert(name.clone(), Rc::new(credential)).is_some() {
                node.fault(format!(
                    "expected each key once, but `{name}` is another credential's too"
                ));
            }
        }
        if let Some(node) = entry.jwt.first() {
            check_names(entry, node);
        }
    }
    Rc::new(credentials)
}

fn read_one(node: &Node<'_>, entry: &ConsumerEntry<'_>) -> Option<Credential> {
    node.section(|section| {
        let name = section.required("key").and_then(|node| {
            let name = node.text()?;
            if FieldValue::new(name).is_none() {
                node.fault("expected a key without control characters: it is sent as a header");
            }
            Some(name.to_owned())
        });
        let algorithm = section.or("algorithm", Algorithm::Hs256, |node| read_algorithm(&node));
        let is_base64 = section.or("secret_is_base64", false, |node| node.boolean());
        let given = (section.optional("secret"), section.optional("rsa_public_key"));
        let (material, parsed) = match given {
            (Some(node), None) => {
                let text = node.secret()?;
                (node, secret::parse(&text, is_base64))
            }
            (None, Some(node)) => {
                let text = node.secret()?;
                (node, pem::parse(&text))
            }
            _ => {
                section.node().fault("expected either secret or rsa_public_key");
                return None;
            }
        };
        let key: Option<Key> = match parsed.and_then(|key| key.only_for(algorithm)) {
            Ok(key) => Some(key),
            Err(fault) => {
                material.fault(format!("expected a key for {}: {fault}", algorithm.name()));
                None
            }
        };
        Some(Credential { name: name?, key: key?, consumer: Rc::clone(&entry.consumer) })
    })
}
