//! What a client sees in the place of an error: the product's own words, or the operator's.

use portcullis_control::config::{Node, Section};
use portcullis_control::exchange::Exchange;
use portcullis_control::headers::FieldValue;
use portcullis_control::json;
use portcullis_control::media_type::{essence, is_json};
use portcullis_control::refusal::{RefusalFormat, message_of};

use crate::own_body;

/// Bytes of `message`, at most: a sentence or two.
const MAX_MESSAGE: usize = 1_024;

const JSON: FieldValue = FieldValue::from_static("application/json");

/// What is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Face {
    /// What a refusal looks like.
    Refusal {
        /// Unset: the status's phrase.
        message: Option<String>,
        /// Unset: that of refusals.
        format: Option<RefusalFormat>,
    },
    /// A text as it is. No template is filled in it: what a client may choose, its request's id too, would stand in a
    /// page.
    Own { body: String, content_type: FieldValue },
}

impl Face {
    /// Reads `message` and `format`, or `body` and `content_type`.
    pub(crate) fn read(section: &mut Section<'_>) -> Self {
        let message = section.optional("message").and_then(|node| read_message(&node));
        let format = section.optional("format").and_then(|node| RefusalFormat::read(&node));
        let (body, media_type) = (section.optional("body"), section.optional("content_type"));
        match (body, media_type) {
            (Some(body), media_type) => {
                if message.is_some() || format.is_some() {
                    body.fault("expected it alone, or `message` and `format`, which say what the product writes");
                }
                own(&body, media_type.as_ref())
            }
            (None, Some(media_type)) => {
                media_type.fault(
                    "expected `body` beside it: what the product writes has a type of its own",
                );
                Face::Refusal { message, format }
            }
            (None, None) => Face::Refusal { message, format },
        }
    }

    /// The content type and the body for one request.
    pub(crate) fn show(&self, exchange: &Exchange, status: u16) -> (FieldValue, Vec<u8>) {
        match self {
            Face::Own { body, content_type } => (content_type.clone(), body.clone().into_bytes()),
            Face::Refusal { message, format } => {
                let format = format.unwrap_or_else(|| exchange.refusal_format());
                let message = message.as_deref().unwrap_or_else(|| message_of(status));
                let id = exchange.request_id();
                (format.media_type(), format.body(status, message, std::iter::empty(), id))
            }
        }
    }
}

fn own(node: &Node<'_>, media_type: Option<&Node<'_>>) -> Face {
    let content_type = media_type.map_or(Some(JSON), read_media_type);
    let body = own_body::read(node).unwrap_or_default();
    let is_json = content_type
        .as_ref()
        .is_some_and(|value| is_json(&essence(value.as_bytes()).to_ascii_lowercase()));
    if is_json && !body.is_empty() && json::parse(body.as_bytes()).is_err() {
        node.fault(
            "expected JSON, as `content_type` is `application/json` unless it says otherwise",
        );
    }
    Face::Own { body, content_type: content_type.unwrap_or(JSON) }
}

fn read_media_type(node: &Node<'_>) -> Option<FieldValue> {
    let text = node.text()?;
    let mut halves = essence(text.as_bytes()).split(|byte| *byte == b'/');
    let is_token = |half: Option<&[u8]>| {
        half.is_some_and(|half| !half.is_empty() && half.iter().all(u8::is_ascii_graphic))
    };
    let is_one = is_token(halves.next()) && is_token(halves.next()) && halves.next().is_none();
    let value = FieldValue::new(text.as_bytes()).filter(|_| is_one);
    if value.is_none() {
        node.fault("expected a media type, such as `text/html; charset=utf-8`");
    }
    value
}

fn read_message(node: &Node<'_>) -> Option<String> {
    let text = node.text()?;
    if text.len() > MAX_MESSAGE {
        node.fault(format!("expected at most {MAX_MESSAGE} bytes, but found {}", text.len()));
        return None;
    }
    Some(text.to_owned())
}
