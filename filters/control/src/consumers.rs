//! The consumers of a configuration, as Kong has them: who they are here, their credentials at the auth controls.

use std::rc::Rc;

use crate::config::Node;
use crate::identity::Consumer;

/// A consumer with its credentials as they are written; each auth control compiles its own kind.
#[derive(Clone)]
pub struct ConsumerEntry<'v> {
    /// Who it is.
    pub consumer: Rc<Consumer>,
    /// `jwt`: `{key, algorithm, secret | rsa_public_key}`.
    pub jwt: Vec<Node<'v>>,
    /// `keys`: API keys.
    pub keys: Vec<Node<'v>>,
    /// `certificates`.
    pub certificates: Vec<Node<'v>>,
}

/// Reads `consumers`: usernames and custom ids are unique.
#[must_use]
pub fn read_consumers<'v>(node: &Node<'v>) -> Option<Vec<ConsumerEntry<'v>>> {
    let mut entries: Vec<ConsumerEntry<'v>> = Vec::new();
    for item in node.list()? {
        let entry = item.section(|section| {
            let username =
                section.required("username").and_then(|node| node.text()).map(str::to_owned);
            let custom_id =
                section.optional("custom_id").and_then(|node| node.text()).map(str::to_owned);
            let groups =
                section.optional("groups").and_then(|node| node.texts()).unwrap_or_default();
            let groups = groups.into_iter().map(str::to_owned).collect();
            let mut list =
                |name| section.optional(name).and_then(|node| node.list()).unwrap_or_default();
            let (jwt, keys, certificates) = (list("jwt"), list("keys"), list("certificates"));
            let consumer = Rc::new(Consumer { username: username?, custom_id, groups });
            Some(ConsumerEntry { consumer, jwt, keys, certificates })
        });
        let Some(entry) = entry else { continue };
        let same = |other: &ConsumerEntry<'_>| {
            other.consumer.username == entry.consumer.username
                || (other.consumer.custom_id.is_some()
                    && other.consumer.custom_id == entry.consumer.custom_id)
        };
        if entries.iter().any(same) {
            item.fault("expected username and custom_id to be unique among consumers");
        }
        entries.push(entry);
    }
    Some(entries)
}
