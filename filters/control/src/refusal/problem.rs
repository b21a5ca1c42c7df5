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
pub fn message_of(status: u16) -> String {
    let words = phrase(status).split(' ').enumerate().map(|(place, word)| {
        let is_name = word.bytes().all(|byte| byte.is_ascii_uppercase());
        if place == 0 || is_name { word.to_owned() } else { word.to_ascii_lowercase() }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The phrase of an error's status (RFC 9110 §15, RFC 6585, RFC 7725), or that of its class.
const fn phrase(status: u16) -> &'static str {
    match status {
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        421 => "Misdirected Request",
        422 => "Unprocessable Content",
        426 => "Upgrade Required",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        451 => "Unavailable For Legal Reasons",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        500..=599 => "Internal Server Error",
        _ => "Bad Request",
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
    fn a_message_begins_with_a_capital_letter_and_keeps_names() {
        for (status, message) in [
            (400, "Bad request"),
            (414, "URI too long"),
            (451, "Unavailable for legal reasons"),
            (500, "Internal server error"),
            (503, "Service unavailable"),
            (599, "Internal server error"),
        ] {
            assert_eq!(message_of(status), message);
        }
    }
}
