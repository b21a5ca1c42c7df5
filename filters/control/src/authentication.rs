//! What every control that says who is calling does alike, as Kong's do: the headers that name the consumer, the
//! anonymous consumer, the realm of a challenge.

use std::rc::Rc;

use crate::config::{Node, Section};
use crate::consumers::ConsumerEntry;
use crate::exchange::Exchange;
use crate::headers::{Edit, FieldName, FieldValue, covers};
use crate::identity::{Consumer, Identity};
use crate::program::Site;

/// Headers that name the consumer, as Kong sets them; all others of their kind are a client's invention.
pub const IDENTITY_FAMILY: [FieldName; 3] = [
    FieldName::from_static("x-consumer-*"),
    FieldName::from_static("x-credential-identifier"),
    FieldName::from_static("x-anonymous-consumer"),
];

/// Headers that name the certificate of a caller that is no consumer, as Kong's `mtls-auth` sets them: its subject, and an
/// alternative name.
pub const CERTIFICATE_HEADERS: [FieldName; 2] =
    [FieldName::from_static("x-client-cert-dn"), FieldName::from_static("x-client-cert-san")];

/// The header that tells the groups which a credential itself carries, as Kong's `acl` sets it.
pub const AUTHENTICATED_GROUPS: FieldName = FieldName::from_static("x-authenticated-groups");

/// What Envoy writes about its client's certificate; of trusted proxies alone it counts.
pub const FORWARDED_CERTIFICATE: FieldName = FieldName::from_static("x-forwarded-client-cert");

/// True for a header that the auth controls set, whoever the caller is.
#[must_use]
pub fn names_caller(name: &FieldName) -> bool {
    let mut own = IDENTITY_FAMILY.into_iter().chain(CERTIFICATE_HEADERS);
    own.any(|own| covers(&own, name.as_str().as_bytes()))
}

/// True for a header by which any control of ours, or Envoy, says who is calling: an upstream believes it, and a client's is
/// removed.
#[must_use]
pub fn says_who_is_calling(name: &FieldName) -> bool {
    let others = [AUTHENTICATED_GROUPS, FORWARDED_CERTIFICATE];
    names_caller(name) || others.iter().any(|own| covers(own, name.as_str().as_bytes()))
}

/// The counter of requests that passed as the anonymous consumer.
pub const ANONYMOUS: &str = "anonymous";

/// The counter of requests that an earlier control had already found the caller of.
pub const IDENTITY_REPLACED: &str = "identity_replaced";

/// Characters of an earlier subject in the decision record, at most: an issuer may have given a long one.
const MAX_NOTED_SUBJECT: usize = 128;

/// The headers that name a consumer and its credential.
#[must_use]
pub fn consumer_headers(consumer: &Consumer, credential: Option<&str>) -> Vec<Edit> {
    let mut edits = Vec::new();
    push(&mut edits, "x-consumer-username", &consumer.username);
    if let Some(custom_id) = &consumer.custom_id {
        push(&mut edits, "x-consumer-custom-id", custom_id);
    }
    if let Some(credential) = credential {
        push(&mut edits, "x-credential-identifier", credential);
    }
    edits
}

/// A header, where its value may be one; the configuration has made sure of it for its own words.
fn push(edits: &mut Vec<Edit>, name: &'static str, value: &str) {
    edits
        .extend(FieldValue::new(value).map(|value| Edit::Set(FieldName::from_static(name), value)));
}

/// Makes somebody the caller, whole: what an earlier control said goes from the headers, and into the decision record.
pub fn accept(exchange: &mut Exchange, identity: Rc<Identity>, headers: &[Edit]) {
    let earlier = exchange.identity().filter(|earlier| !earlier.anonymous);
    if let Some(earlier) = earlier.map(Rc::clone) {
        let mut fields = vec![("earlier", earlier.control.clone())];
        let consumer = earlier.consumer.as_ref().map(|consumer| consumer.username.clone());
        fields.extend(consumer.map(|username| ("earlier_consumer", username)));
        let subject = earlier
            .subject
            .as_deref()
            .map(|subject| subject.chars().take(MAX_NOTED_SUBJECT).collect::<String>());
        fields.extend(subject.map(|subject| ("earlier_subject", subject)));
        exchange.note(IDENTITY_REPLACED, fields);
    }
    exchange.set_identity(identity, headers);
}

/// Lets a request pass as the anonymous consumer; `because` is the label of the refusal that it would have got.
pub fn pass_as_anonymous(
    exchange: &mut Exchange,
    control: &str,
    consumer: &Rc<Consumer>,
    because: &'static str,
) {
    let mut headers = consumer_headers(consumer, None);
    push(&mut headers, "x-anonymous-consumer", "true");
    let identity = Identity {
        control: control.to_owned(),
        subject: Some(consumer.username.clone()),
        consumer: Some(Rc::clone(consumer)),
        anonymous: true,
        ..Identity::default()
    };
    exchange.set_identity(Rc::new(identity), &headers);
    exchange.note(ANONYMOUS, vec![("because", because.to_owned())]);
}

/// True if an earlier control found out who is calling: with `anonymous`, auth controls are alternatives, and the first
/// that succeeds counts.
#[must_use]
pub fn is_known(exchange: &Exchange) -> bool {
    exchange.identity().is_some_and(|identity| !identity.anonymous)
}

/// Names go into headers as they stand; the fault is told at `node`.
pub fn check_names(entry: &ConsumerEntry<'_>, node: &Node<'_>) {
    let names = || [Some(&entry.consumer.username), entry.consumer.custom_id.as_ref()];
    if names().into_iter().flatten().any(|name| FieldValue::new(name.as_bytes()).is_none()) {
        node.fault(
            "expected username and custom_id without control characters: they are sent as headers",
        );
    }
    if names().into_iter().flatten().any(|name| name.trim() != name) {
        node.fault(
            "expected username and custom_id without space at their ends: readers of headers take it away, and read \
             another name",
        );
    }
}

/// Reads what a credential is called.
#[must_use]
pub fn read_credential_name(node: &Node<'_>) -> Option<String> {
    let name = node.text()?;
    if FieldValue::new(name).is_none() || name.trim() != name {
        node.fault(
            "expected a name without control characters, and without space at its ends: it is sent as a header",
        );
    }
    Some(name.to_owned())
}

/// Reads `anonymous`: the username of a consumer.
pub fn read_anonymous(section: &mut Section<'_>, site: &Site<'_>) -> Option<Rc<Consumer>> {
    let node = section.optional("anonymous")?;
    read_consumer(&node, site).map(Rc::clone)
}

/// Reads the username of a consumer.
#[must_use]
pub fn read_consumer<'s>(node: &Node<'_>, site: &'s Site<'_>) -> Option<&'s Rc<Consumer>> {
    let name = node.text()?;
    let entry = site.consumers.iter().find(|entry| entry.consumer.username == name);
    match entry {
        Some(entry) => check_names(entry, node),
        None => node.fault(format!("expected the username of a consumer, but `{name}` is none")),
    }
    entry.map(|entry| &entry.consumer)
}

/// Reads `realm`. It stands in quotes (RFC 9110 §11.5), so it has none itself.
pub fn read_realm<'v>(section: &mut Section<'v>) -> Option<&'v str> {
    let node = section.optional("realm")?;
    let realm = node.text()?;
    let plain =
        realm.chars().all(|c| c.is_ascii_graphic() || c == ' ') && !realm.contains(['"', '\\']);
    if !plain {
        node.fault("expected visible ASCII without quotes and backslashes");
    }
    plain.then_some(realm)
}
