//! Headers that tell a browser what it must not do with an answer: added to every answer on which they are missing.

use portcullis_control::config::{Node, Section};
use portcullis_control::exchange::Exchange;
use portcullis_control::headers::{Edit, FieldName, FieldValue};

use crate::header_value;

const HSTS: FieldName = FieldName::from_static("strict-transport-security");
const CACHE_CONTROL: FieldName = FieldName::from_static("cache-control");

/// What every set has (OWASP REST Security Cheat Sheet, "Security Headers"). An answer of an API is data: nothing is
/// loaded from it, no page shows it in a frame, and nobody guesses its type.
const STRICT: [(FieldName, FieldValue); 5] = [
    // A year, as browsers want it for their own lists (RFC 6797 §6.1).
    (HSTS, FieldValue::from_static("max-age=31536000; includeSubDomains")),
    (FieldName::from_static("x-content-type-options"), FieldValue::from_static("nosniff")),
    (FieldName::from_static("x-frame-options"), FieldValue::from_static("DENY")),
    (
        FieldName::from_static("content-security-policy"),
        FieldValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (FieldName::from_static("referrer-policy"), FieldValue::from_static("no-referrer")),
];

/// What answers with somebody's data have beside them: no cache keeps them (RFC 9111 §5.2.2.5).
const API: (FieldName, FieldValue) = (CACHE_CONTROL, FieldValue::from_static("no-store"));

/// The headers that may be set here: a wrong name would be a header that no browser reads, and nobody would notice.
const KNOWN: [&str; 12] = [
    "strict-transport-security",
    "x-content-type-options",
    "x-frame-options",
    "content-security-policy",
    "content-security-policy-report-only",
    "referrer-policy",
    "permissions-policy",
    "cross-origin-opener-policy",
    "cross-origin-embedder-policy",
    "cross-origin-resource-policy",
    "x-permitted-cross-domain-policies",
    "cache-control",
];

/// The member of an object of headers that names the set they change.
const SET: &str = "set";

/// Headers for answers that do not have them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SecurityHeaders {
    /// Of TLS alone, and then in the place of the upstream's: it is about the host that the client called.
    hsts: Option<FieldValue>,
    others: Vec<(FieldName, FieldValue)>,
}

/// How much the gateway adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    Strict,
    Api,
}

const SETS: [(&str, Set); 2] = [("strict", Set::Strict), ("api", Set::Api)];

impl SecurityHeaders {
    fn of(set: Set) -> Self {
        let mut headers = SecurityHeaders::default();
        let own = (set == Set::Api).then_some(API);
        for (name, value) in STRICT.into_iter().chain(own) {
            headers.set(name, Some(value));
        }
        headers
    }

    /// `strict`, `api`, or an object of headers by name.
    pub(crate) fn read(node: &Node<'_>) -> Option<Self> {
        if node.value().is_string() {
            return node.word(&SETS).map(SecurityHeaders::of);
        }
        let Some(members) = node.value().as_object() else {
            node.fault("expected `strict`, `api` or an object of headers by name");
            return None;
        };
        if members.is_empty() {
            node.fault("expected at least one header, or `set`");
        }
        let set = node.members()?.into_iter().find(|(name, _)| *name == SET);
        let mut headers = match set {
            Some((_, node)) => node.word(&SETS).map_or_else(Self::default, SecurityHeaders::of),
            None => SecurityHeaders::default(),
        };
        let mut seen: Vec<&str> = Vec::new();
        for (name, node) in node.members()?.into_iter().filter(|(name, _)| *name != SET) {
            if let Some(earlier) = seen.iter().find(|earlier| earlier.eq_ignore_ascii_case(name)) {
                node.fault(format!("expected it once, but `{earlier}` is the same header"));
            }
            seen.push(name);
            headers.read_header(name, &node);
        }
        Some(headers)
    }

    fn read_header(&mut self, name: &str, node: &Node<'_>) {
        let known = KNOWN.iter().find(|known| known.eq_ignore_ascii_case(name));
        let Some(name) = known.map(|name| FieldName::from_static(name)) else {
            node.fault(format!(
                "expected one of {SET}, {}; other headers go into `add.headers`",
                KNOWN.join(", ")
            ));
            return;
        };
        if node.value().as_bool() == Some(false) {
            self.set(name, None);
            return;
        }
        let Some(text) = node.value().as_str().filter(|text| !text.trim().is_empty()) else {
            node.fault("expected the header's value, or false to leave it out");
            return;
        };
        let Some(value) = FieldValue::new(text.trim()) else {
            node.fault("expected text without control characters, which no header may have");
            return;
        };
        if let Some(expected) = header_value::fault(name.as_str(), text.trim()) {
            node.fault(format!("expected {expected}, but found `{}`", text.trim()));
        }
        self.set(name, Some(value));
    }

    fn set(&mut self, name: FieldName, value: Option<FieldValue>) {
        if name == HSTS {
            self.hsts = value;
            return;
        }
        self.others.retain(|(known, _)| *known != name);
        self.others.extend(value.map(|value| (name, value)));
    }

    /// True if an answer over TLS gets another header than one without.
    pub(crate) const fn depends_on_tls(&self) -> bool {
        self.hsts.is_some()
    }

    /// Adds what is missing.
    pub(crate) fn apply(&self, exchange: &mut Exchange, is_https: bool) {
        if let Some(value) = &self.hsts {
            exchange.edit_response(match is_https {
                true => Edit::Set(HSTS, value.clone()),
                // RFC 6797 §7.2: never without TLS, whoever says it.
                false => Edit::Remove(HSTS),
            });
        }
        exchange.add_missing_to_response(&self.others);
    }
}

/// True if the client's connection has TLS: as Envoy says of it, and of what proxies that it trusts say
/// (`x-forwarded-proto`, which Envoy writes itself unless it is told to believe others).
pub(crate) fn is_https(exchange: &Exchange) -> bool {
    match exchange.peek_request_header("x-forwarded-proto") {
        Some(scheme) => scheme.eq_ignore_ascii_case(b"https"),
        None => exchange.property(&["connection", "tls_version"]).is_some(),
    }
}

/// Reads the field, where it is written.
pub(crate) fn read(section: &mut Section<'_>) -> Option<SecurityHeaders> {
    SecurityHeaders::read(&section.optional("security_headers")?)
}
