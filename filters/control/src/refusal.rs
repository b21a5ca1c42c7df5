//! The answers that a control gives instead of the upstream, each from a closed list of reasons.

mod problem;

use crate::bytes::has_none_of;
use crate::config::Node;
use crate::headers::{FieldName, FieldValue};
pub use problem::message_of;

/// One reason for a refusal: mapped once to its status, message and label.
#[derive(Debug, PartialEq, Eq)]
pub struct Reason {
    /// `[a-z0-9_]+`: the metric's label, the log's code, the word in case files.
    pub label: &'static str,
    /// HTTP status.
    pub status: u16,
    /// What the client reads; says no more than it needs.
    pub message: &'static str,
}

/// Declares the closed list of a control's reasons: `Name = (status, "label", "message")`.
#[macro_export]
macro_rules! reasons {
    ($(#[$meta:meta])* $visibility:vis enum $list:ident {
        $($(#[$doc:meta])* $name:ident = ($status:literal, $label:literal, $message:literal),)+
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $visibility enum $list { $($(#[$doc])* $name,)+ }

        impl $list {
            /// All of them, for metrics and documentation.
            $visibility const ALL: &'static [&'static $crate::refusal::Reason] = &[$(Self::$name.reason(),)+];

            /// What this reason is for the client, the log and the metrics.
            #[must_use]
            $visibility const fn reason(self) -> &'static $crate::refusal::Reason {
                match self {
                    $(Self::$name => &$crate::refusal::Reason {
                        label: $label,
                        status: $status,
                        message: $message,
                    },)+
                }
            }
        }

        impl From<$list> for $crate::refusal::Refusal {
            fn from(reason: $list) -> Self {
                $crate::refusal::Refusal::new(reason.reason())
            }
        }
    };
}

/// A refusal: what the product's one JSON body says, and the headers that the protocol asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// From the control's closed list.
    pub reason: &'static Reason,
    /// Instead of the reason's status (`error_code` of rate-limiting).
    pub status: Option<u16>,
    /// Instead of the reason's message.
    pub message: Option<String>,
    /// Further members of the body (`"exp":"token expired"`), in this order.
    pub members: Vec<(String, String)>,
    /// Headers of the answer, such as `www-authenticate`.
    pub headers: Vec<(FieldName, FieldValue)>,
    /// What the decision record and the log say beside the reason; the client never sees it. No token, key or cookie.
    pub fields: Vec<(&'static str, String)>,
    /// The stream is closed without an answer; only a host that can't do so sends what the rest of this says.
    pub closes: bool,
}

impl Refusal {
    /// A refusal as its reason says.
    #[must_use]
    pub fn new(reason: &'static Reason) -> Self {
        Refusal {
            reason,
            status: None,
            message: None,
            members: Vec::new(),
            headers: Vec::new(),
            fields: Vec::new(),
            closes: false,
        }
    }

    /// With one more header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: FieldValue) -> Self {
        self.headers.push((FieldName::from_static(name), value));
        self
    }

    /// With another message.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// The status that the client gets.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status.unwrap_or(self.reason.status)
    }

    /// The message that the client gets.
    #[must_use]
    pub fn message(&self) -> &str {
        self.message.as_deref().unwrap_or(self.reason.message)
    }

    /// The body that says so.
    #[must_use]
    pub fn body(&self, format: RefusalFormat, request_id: &str) -> Vec<u8> {
        let members = self.members.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        format.body(self.status(), self.message(), members, request_id)
    }
}

/// How refusals are written (`refusals.format`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RefusalFormat {
    /// `{"message":…, …members, "request_id":…}`.
    #[default]
    Json,
    /// Problem details (RFC 9457).
    Problem,
}

impl RefusalFormat {
    /// Reads `json` or `problem`.
    #[must_use]
    pub fn read(node: &Node<'_>) -> Option<Self> {
        node.word(&[("json", RefusalFormat::Json), ("problem", RefusalFormat::Problem)])
    }

    /// `content-type` of such a body.
    #[must_use]
    pub const fn media_type(self) -> FieldValue {
        FieldValue::from_static(match self {
            RefusalFormat::Json => "application/json",
            RefusalFormat::Problem => "application/problem+json",
        })
    }

    /// A body that says this message, with further members.
    #[must_use]
    pub fn body<'m>(
        self,
        status: u16,
        message: &str,
        members: impl Iterator<Item = (&'m str, &'m str)>,
        request_id: &str,
    ) -> Vec<u8> {
        match self {
            RefusalFormat::Json => {
                let mut body = JsonObject::new();
                body.text("message", message);
                members.for_each(|(name, value)| body.text(name, value));
                body.text("request_id", request_id);
                body.end()
            }
            RefusalFormat::Problem => problem::body(status, message, members, request_id),
        }
    }
}

/// An object that is written member by member.
struct JsonObject(String);

impl JsonObject {
    fn new() -> Self {
        let mut text = String::with_capacity(192);
        text.push('{');
        JsonObject(text)
    }

    fn name(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        push_json_string(&mut self.0, name);
        self.0.push(':');
    }

    fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        push_json_string(&mut self.0, value);
    }

    fn number(&mut self, name: &str, value: u16) {
        self.name(name);
        self.0.push_str(&value.to_string());
    }

    fn end(mut self) -> Vec<u8> {
        self.0.push('}');
        self.0.into_bytes()
    }
}

/// Writes text as a JSON string (RFC 8259 §7).
pub fn push_json_string(target: &mut String, text: &str) {
    if has_none_of(text.as_bytes(), [b'"', b'\\']) {
        target.reserve(text.len().saturating_add(2));
        target.push('"');
        target.push_str(text);
        target.push('"');
        return;
    }
    // Text is always serialisable; what could not be written would be an empty string, not a broken line.
    target.push_str(serde_json::to_string(text).as_deref().unwrap_or("\"\""));
}

/// An answer that is no refusal, such as that to a CORS preflight.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(FieldName, FieldValue)>,
    /// Body.
    pub body: Vec<u8>,
}

/// The status of gRPC that a refusal with this HTTP status has, as Kong maps them.
#[must_use]
pub fn grpc_status(http: u16) -> u32 {
    match http {
        401 => 16,
        403 => 7,
        404 => 5,
        409 => 6,
        429 => 8,
        499 => 1,
        501 => 12,
        503 => 14,
        504 => 4,
        400..=499 => 3,
        500..=599 => 13,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    reasons! {
        /// For the test.
        enum Sample {
            /// First.
            First = (401, "first", "Unauthorized"),
            /// Second.
            Second = (429, "second", "say \"no\""),
        }
    }

    #[test]
    fn the_body_is_the_products_json_with_members_between_message_and_id() {
        let mut refusal = Refusal::from(Sample::Second);
        refusal.members.push(("exp".into(), "token\nexpired".into()));
        assert_eq!(
            String::from_utf8(refusal.body(RefusalFormat::Json, "a\"b")).unwrap(),
            r#"{"message":"say \"no\"","exp":"token\nexpired","request_id":"a\"b"}"#
        );
        assert_eq!((refusal.status(), Sample::ALL.len()), (429, 2));
        let other = Refusal::from(Sample::First).with_message("x");
        assert_eq!((other.status(), other.message()), (401, "x"));
    }

    #[test]
    fn grpc_statuses_are_kongs() {
        for (http, grpc) in
            [(400, 3), (401, 16), (403, 7), (413, 3), (429, 8), (502, 13), (503, 14), (200, 2)]
        {
            assert_eq!(grpc_status(http), grpc, "{http}");
        }
    }

    #[test]
    fn a_string_is_escaped_where_it_must_be_wherever_that_is() {
        for length in 0..20 {
            for place in 0..length {
                for other in (0..=0x80_u8).map(char::from).chain(['\u{ff}', '\u{2028}']) {
                    let text: String =
                        (0..length).map(|at| if at == place { other } else { 'a' }).collect();
                    let mut written = String::from("x");
                    push_json_string(&mut written, &text);
                    assert_eq!(written, format!("x{}", serde_json::to_string(&text).unwrap()));
                }
            }
        }
    }
}
