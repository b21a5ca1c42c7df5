//! The headers of answers (Fetch standard §3.2): to a preflight all of them, to what came behind it a few.

use portcullis_control::exchange::Exchange;
use portcullis_control::headers::{Edit, FieldName, FieldValue, HeaderMap};
use portcullis_control::refusal::Reply;

use crate::allowed::Grant;
use crate::control::Cors;

const ALLOW_ORIGIN: FieldName = FieldName::from_static("access-control-allow-origin");
const ALLOW_CREDENTIALS: FieldName = FieldName::from_static("access-control-allow-credentials");
const ALLOW_HEADERS: FieldName = FieldName::from_static("access-control-allow-headers");
const ALLOW_METHODS: FieldName = FieldName::from_static("access-control-allow-methods");
const ALLOW_PRIVATE_NETWORK: FieldName =
    FieldName::from_static("access-control-allow-private-network");
const EXPOSE_HEADERS: FieldName = FieldName::from_static("access-control-expose-headers");
const MAX_AGE: FieldName = FieldName::from_static("access-control-max-age");
const VARY: FieldName = FieldName::from_static("vary");

const TRUE: FieldValue = FieldValue::from_static("true");
const ORIGIN: FieldValue = FieldValue::from_static("Origin");

/// Bytes of `Access-Control-Request-Headers` that are echoed, at most: hundreds of names, and no browser sends more.
const MAX_ECHO_BYTES: usize = 8 * 1_024;

/// The answer to a preflight. A page that may not read gets it as well, without its origin: the browser then stops.
pub(crate) fn to_preflight(cors: &Cors, grant: Grant, request: &HeaderMap) -> Reply {
    let mut headers = Vec::new();
    let mut add =
        |name, value: Option<FieldValue>| headers.extend(value.map(|value| (name, value)));
    let matched = grant.matched;
    let is_granted = grant.origin.is_some();
    add(ALLOW_ORIGIN, grant.origin);
    add(ALLOW_CREDENTIALS, (cors.credentials && matched).then_some(TRUE));
    add(VARY, cors.reads_origin().then_some(ORIGIN));
    add(ALLOW_HEADERS, cors.headers.clone().or_else(|| echo(request)));
    add(ALLOW_METHODS, Some(cors.methods.clone()));
    add(MAX_AGE, cors.max_age.clone());
    let private = cors.private_network
        && is_granted
        && request.only("access-control-request-private-network") == Some(b"true");
    add(ALLOW_PRIVATE_NETWORK, private.then_some(TRUE));
    Reply { status: 200, headers, body: Vec::new() }
}

/// The headers that the page would send, as the browser names them; none if it is no list of names.
fn echo(request: &HeaderMap) -> Option<FieldValue> {
    let mut values = request.all("access-control-request-headers");
    let first = values.next().filter(|value| !value.is_empty())?;
    let names = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~, \t".contains(byte);
    let plain = first.len() <= MAX_ECHO_BYTES && first.iter().all(names) && values.next().is_none();
    plain.then(|| FieldValue::new(first)).flatten()
}

/// Puts the headers on an answer to anything else.
pub(crate) fn on_response(cors: &Cors, grant: Grant, exchange: &mut Exchange) {
    if grant.unmatched || grant.origin.is_none() {
        let ours = |name: &[u8]| name.starts_with(b"access-control-");
        for name in exchange.response_headers().names(ours) {
            exchange.edit_response(Edit::Remove(name));
        }
    }
    if let Some(origin) = grant.origin {
        exchange.set_response_header(ALLOW_ORIGIN, origin);
        exchange.edit_response(match cors.credentials && grant.matched {
            true => Edit::Set(ALLOW_CREDENTIALS, TRUE),
            false => Edit::Remove(ALLOW_CREDENTIALS),
        });
        if let Some(exposed) = &cors.exposed_headers {
            exchange.set_response_header(EXPOSE_HEADERS, exposed.clone());
        }
    }
    vary(cors, exchange);
}

/// A cache must not give one origin the answer to another.
fn vary(cors: &Cors, exchange: &mut Exchange) {
    if !cors.reads_origin() {
        return;
    }
    let says_so = |value: &[u8]| {
        let mut names = value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        names.any(|name| name == b"*" || name.eq_ignore_ascii_case(b"origin"))
    };
    let is_said = exchange.peek_response_header(VARY.as_str()).is_some_and(|value| says_so(&value));
    exchange.edit_response(if is_said { Edit::Keep } else { Edit::Add }(VARY, ORIGIN));
}
