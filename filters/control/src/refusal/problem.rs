//! Refusals as problem details (RFC 9457).

use super::JsonObject;

/// Members of problem details, and ours: what a refusal brings along cannot stand in for one of them.
const MEMBERS: [&str; 6] = ["type", "title", "status", "detail", "instance", "request_id"];

/// `about:blank` is the type of a problem that is what its status says (RFC 9457 §4.2.1): why it was refused goes to the
/// log, not to the client.
const TYPE: &str = "about:blank";

pub(super) fn body<'m>(
    status: u16,
    message: &str,
    members: impl Iterator<Item = (&'m str, &'m str)>,
    request_id: &str,
) -> Vec<u8> {
    let mut body = JsonObject::new();
    body.text("type", TYPE);
    body.text("title", phrase(status));
    body.number("status", status);
    body.text("detail", message);
    if is_uuid(request_id) {
        body.text("instance", &format!("urn:uuid:{request_id}"));
    }
    for (name, value) in members.filter(|(name, _)| !MEMBERS.contains(name)) {
        body.text(name, value);
    }
    body.text("request_id", request_id);
    body.end()
}

/// As Envoy makes them (RFC 9562 §4): any other id is no URI.
fn is_uuid(id: &str) -> bool {
    let mut groups = id.split('-');
    let expected = [8, 4, 4, 4, 12];
    let is_group = |size: usize| {
        move |group: &str| group.len() == size && group.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    expected.iter().all(|size| groups.next().is_some_and(is_group(*size)))
        && groups.next().is_none()
}

/// What a refusal says with a status that is not its reason's: the status's phrase, which begins alone with a capital
/// letter, as the messages of reasons do.
#[must_use]
pub const fn message_of(status: u16) -> &'static str {
    words(status).1
}

/// The phrase of an error's status (RFC 9110 §15, RFC 6585, RFC 7725), or that of its class.
const fn phrase(status: u16) -> &'static str {
    words(status).0
}

/// The phrase, and the message that says the same.
const fn words(status: u16) -> (&'static str, &'static str) {
    match status {
        401 => ("Unauthorized", "Unauthorized"),
        403 => ("Forbidden", "Forbidden"),
        404 => ("Not Found", "Not found"),
        405 => ("Method Not Allowed", "Method not allowed"),
        406 => ("Not Acceptable", "Not acceptable"),
        408 => ("Request Timeout", "Request timeout"),
        409 => ("Conflict", "Conflict"),
        410 => ("Gone", "Gone"),
        411 => ("Length Required", "Length required"),
        412 => ("Precondition Failed", "Precondition failed"),
        413 => ("Content Too Large", "Content too large"),
        414 => ("URI Too Long", "URI too long"),
        415 => ("Unsupported Media Type", "Unsupported media type"),
        421 => ("Misdirected Request", "Misdirected request"),
        422 => ("Unprocessable Content", "Unprocessable content"),
        426 => ("Upgrade Required", "Upgrade required"),
        428 => ("Precondition Required", "Precondition required"),
        429 => ("Too Many Requests", "Too many requests"),
        431 => ("Request Header Fields Too Large", "Request header fields too large"),
        451 => ("Unavailable For Legal Reasons", "Unavailable for legal reasons"),
        501 => ("Not Implemented", "Not implemented"),
        502 => ("Bad Gateway", "Bad gateway"),
        503 => ("Service Unavailable", "Service unavailable"),
        504 => ("Gateway Timeout", "Gateway timeout"),
        500..=599 => ("Internal Server Error", "Internal server error"),
        _ => ("Bad Request", "Bad request"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(status: u16, members: &[(&str, &str)], id: &str) -> String {
        String::from_utf8(body(status, "say \"no\"", members.iter().copied(), id)).unwrap()
    }

    #[test]
    fn a_problem_says_its_status_and_nothing_of_the_reason() {
        assert_eq!(
            text(403, &[], "0f8fad5b-d9cb-469f-a165-70867728950e"),
            r#"{"type":"about:blank","title":"Forbidden","status":403,"detail":"say \"no\"","instance":"urn:uuid:0f8fad5b-d9cb-469f-a165-70867728950e","request_id":"0f8fad5b-d9cb-469f-a165-70867728950e"}"#
        );
        for id in [
            "a\"b",
            "",
            "0f8fad5bd9cb469fa16570867728950e",
            "0f8fad5b-d9cb-469f-a165-70867728950e-",
            "0f8fad5b-d9cb-469f-a165-7086772895/e",
        ] {
            let problem: serde_json::Value = serde_json::from_str(&text(599, &[], id)).unwrap();
            assert_eq!((problem.get("instance"), problem["request_id"].as_str()), (None, Some(id)));
            assert_eq!(problem["title"], "Internal Server Error");
        }
    }

    #[test]
    fn a_further_member_cannot_stand_in_for_one_of_the_problem() {
        let members = [("exp", "token expired"), ("status", "200"), ("type", "x"), ("detail", "y")];
        assert_eq!(
            text(401, &members, "i"),
            r#"{"type":"about:blank","title":"Unauthorized","status":401,"detail":"say \"no\"","exp":"token expired","request_id":"i"}"#
        );
    }

    #[test]
    fn a_message_is_its_phrase_with_small_letters_behind_the_first_but_in_names() {
        for status in 0..=700 {
            let (first, rest) = phrase(status).split_at(1);
            let expected = format!("{first}{}", rest.to_lowercase());
            assert_eq!(message_of(status), expected.replace("Uri ", "URI "), "{status}");
        }
        let same = [(399, 400), (599, 500), (505, 500), (418, 400)];
        assert!(same.iter().all(|(one, other)| message_of(*one) == message_of(*other)));
    }
}
