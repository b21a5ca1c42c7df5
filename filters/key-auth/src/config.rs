//! From the fields of a configuration to a control; every fault is reported at once.

use std::collections::BTreeMap;
use std::rc::Rc;

use portcullis_control::address::read_field_name;
use portcullis_control::arguments::hex_byte;
use portcullis_control::authentication::{
    check_names, consumer_headers, read_anonymous, read_credential_name, read_realm,
    says_who_is_calling,
};
use portcullis_control::config::{Node, Section};
use portcullis_control::consumers::ConsumerEntry;
use portcullis_control::headers::{FieldName, FieldValue};
use portcullis_control::program::Site;

use crate::control::{KeyAuth, MAX_KEY_BYTES, Shared};
use crate::credentials::{Credential, Credentials, Digest, digest, identity};
use crate::presented::{KeyHeaders, KeyName, Places};

/// Names of one configuration, at most: each is looked for in every place.
pub(crate) const MAX_KEY_NAMES: usize = 16;

/// Keys of one configuration, at most.
pub(crate) const MAX_KEYS: usize = 10_000;

/// A key below this is said to be short at load: 16 random letters and digits hold 95 bits.
const SHORT_KEY_BYTES: usize = 16;

/// What stands before the hash of a key.
const HASH_PREFIX: &str = "sha256:";

/// Headers that a request cannot do without, so that they can't be taken away with a key in them.
const FORBIDDEN: [&str; 11] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Reads all fields. Keys are the same on all routes: they are read once.
pub(crate) fn read(section: &mut Section<'_>, site: &Site<'_>) -> Option<KeyAuth> {
    let node = section.node().clone();
    let default =
        vec![KeyName { text: "apikey".to_owned(), header: FieldName::from_static("apikey") }];
    let names = section.or("key_names", default, |node| read_names(&node));
    let mut flag = |name, default| section.or(name, default, |node: Node<'_>| node.boolean());
    let header = flag("key_in_header", true);
    let query = flag("key_in_query", true);
    let key_in_body = flag("key_in_body", false);
    let hide_credentials = flag("hide_credentials", true);
    let run_on_preflight = flag("run_on_preflight", true);
    if !header && !query && !key_in_body {
        node.fault("expected at least one of key_in_header, key_in_query and key_in_body");
    }
    let challenge = match read_realm(section) {
        Some(realm) => FieldValue::new(format!("Key realm=\"{realm}\""))?,
        None => FieldValue::from_static("Key"),
    };
    let anonymous = read_anonymous(section, site);
    if site.consumers.iter().all(|entry| entry.keys.is_empty()) {
        node.fault("expected consumers with keys");
    }
    let places = Places { names, header, query };
    site.shared::<KeyHeaders>().add(&places);
    Some(KeyAuth {
        places,
        key_in_body,
        hide_credentials,
        anonymous,
        challenge,
        run_on_preflight,
        credentials: credentials(site),
    })
}

/// The keys of all consumers; the first call reads them.
fn credentials(site: &Site<'_>) -> Rc<Credentials> {
    let shared = site.shared::<Shared>();
    Rc::clone(shared.credentials.get_or_init(|| Rc::new(read_keys(site.consumers))))
}

/// Tells what is wrong with the keys of consumers, where no `key-auth` is configured that would.
pub fn read_credentials(site: &Site<'_>) {
    credentials(site);
}

fn read_names(node: &Node<'_>) -> Option<Vec<KeyName>> {
    let items = node.list()?;
    if items.is_empty() || items.len() > MAX_KEY_NAMES {
        node.fault(format!("expected 1 to {MAX_KEY_NAMES} names, but found {}", items.len()));
        return None;
    }
    let names: Vec<KeyName> = items.iter().filter_map(read_name).collect();
    Some(names)
}

fn read_name(node: &Node<'_>) -> Option<KeyName> {
    let header = read_field_name(node)?;
    let name = header.as_str();
    if says_who_is_calling(&header) {
        node.fault(format!(
            "expected another name, such as `apikey`: `{name}` says who is calling, and a client's is removed"
        ));
        return None;
    }
    if FORBIDDEN.contains(&name) {
        node.fault(format!("expected another name: `{name}` has its own meaning as a header"));
        return None;
    }
    Some(KeyName { text: node.text()?.to_owned(), header })
}

fn read_keys(consumers: &[ConsumerEntry<'_>]) -> Credentials {
    let mut keys: BTreeMap<Digest, Rc<Credential>> = BTreeMap::new();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut count = 0_usize;
    for entry in consumers {
        for node in &entry.keys {
            count = count.saturating_add(1);
            if count == MAX_KEYS.saturating_add(1) {
                node.fault(format!("expected at most {MAX_KEYS} keys of all consumers together"));
            }
            if count > MAX_KEYS {
                continue;
            }
            let Some((key, name)) = read_key(node) else { continue };
            if let Some(name) = &name
                && let Some(other) = names.insert(name.clone(), node.path().to_owned())
            {
                node.fault(format!("expected each name once, but {other} has it too"));
            }
            let credential = Credential {
                identity: Rc::new(identity(&entry.consumer, name.as_deref(), &key)),
                headers: consumer_headers(&entry.consumer, name.as_deref()),
            };
            if let Some(other) = keys.insert(key, Rc::new(credential)) {
                let username =
                    other.identity.consumer.as_ref().map_or("", |other| other.username.as_str());
                node.fault(format!("expected each key once, but it is one of `{username}` too"));
            }
        }
        if let Some(node) = entry.keys.first() {
            check_names(entry, node);
        }
    }
    Credentials::new(keys)
}

/// A key, or `{key, name}`; the key as text, `{env: NAME}` or `sha256:` and its hash.
fn read_key(node: &Node<'_>) -> Option<(Digest, Option<String>)> {
    let named = node.value().as_object().is_some_and(|fields| !fields.contains_key("env"));
    if !named {
        return Some((read_digest(node)?, None));
    }
    node.section(|section| {
        let key = section.required("key").and_then(|node| read_digest(&node));
        let name = section.optional("name").and_then(|node| read_credential_name(&node));
        Some((key?, name))
    })
}

fn read_digest(node: &Node<'_>) -> Option<Digest> {
    let text = node.secret()?;
    if let Some((prefix, digits)) = text.split_at_checked(HASH_PREFIX.len())
        && prefix.eq_ignore_ascii_case(HASH_PREFIX)
    {
        let digest = read_hash(digits);
        if digest.is_none() {
            node.fault("expected 64 hexadecimal digits behind `sha256:`");
        }
        return digest;
    }
    if is_like_hash(&text) {
        node.fault(
            "expected `sha256:` and 64 hexadecimal digits, but found another hash, or another spelling of it: as a key \
             it could be read here; a key that does begin so is given as its own hash",
        );
        return None;
    }
    if text.len() > MAX_KEY_BYTES {
        node.fault(format!("expected a key of at most {MAX_KEY_BYTES} bytes"));
        return None;
    }
    if FieldValue::new(text.as_bytes()).is_none() || text.trim() != text {
        node.fault("expected a key without control characters, and without space at its ends");
        return None;
    }
    if text.len() < SHORT_KEY_BYTES {
        node.warn(format!("a key below {SHORT_KEY_BYTES} bytes is short enough to be guessed"));
    }
    Some(digest(text.as_bytes()))
}

/// True for what begins with the name of a hash, such as `SHA-256:`, `sha256=` and `sha512:`.
fn is_like_hash(text: &str) -> bool {
    let Some((name, rest)) = text.split_at_checked("sha".len()) else { return false };
    let rest = rest.trim_start_matches(['-', '_', ' ']);
    let behind = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = behind.len() < rest.len();
    let parted = behind.starts_with(|c: char| !c.is_ascii_alphanumeric());
    name.eq_ignore_ascii_case("sha") && numbered && parted
}

fn read_hash(digits: &str) -> Option<Digest> {
    let mut hash = Digest::default();
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if pairs.len() != hash.len() || !rest.is_empty() {
        return None;
    }
    for (byte, pair) in hash.iter_mut().zip(pairs) {
        *byte = hex_byte(pair)?;
    }
    Some(hash)
}
