//! Answers of an upstream that failed, without what it says of itself: a stack trace is a map for who looks for holes.

use std::ops::RangeInclusive;

use portcullis_control::config::{Node, Section};
use portcullis_control::control::Body;
use portcullis_control::exchange::Exchange;
use portcullis_control::headers::FieldName;
use portcullis_control::refusal::Reply;
use portcullis_control::store::KeptKey;

use crate::face::Face;
use crate::status::Statuses;

/// What may be masked: an answer that is no error is what the client asked for.
const ERRORS: RangeInclusive<u16> = 400..=599;

/// What is masked unless it is said otherwise: what a client cannot help. It reads 4xx to mend its request.
const SERVER_ERRORS: RangeInclusive<u16> = 500..=599;

/// Bytes of an original that the log may have, at most: whoever reads logs should not get whole answers.
const MAX_LOGGED: u64 = 2_048;

/// Bytes of an upstream's `Content-Type` that the log gets, at most.
const MAX_CONTENT_TYPE: usize = 128;

const CONTENT_TYPE: FieldName = FieldName::from_static("content-type");

/// Which errors the client does not see, and what it sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mask {
    statuses: Statuses,
    face: Face,
    /// Bytes of the original text that the log gets.
    log_original: usize,
}

impl Mask {
    /// Reads `mask_errors`.
    pub(crate) fn read(node: &Node<'_>) -> Option<Self> {
        node.section(|section| Some(Self::of(section)))
    }

    fn of(section: &mut Section<'_>) -> Self {
        let statuses = section
            .optional("status")
            .and_then(|node| Statuses::read(&node, &ERRORS))
            .unwrap_or_else(|| Statuses::of(SERVER_ERRORS));
        let face = Face::read(section);
        let log_original = section.or("log_original", 0, |node| node.integer(0..=MAX_LOGGED));
        let log_original = usize::try_from(log_original).unwrap_or_default();
        Mask { statuses, face, log_original }
    }

    /// True if an answer of this status is masked.
    pub(crate) fn has(&self, status: u16) -> bool {
        self.statuses.has(status)
    }

    /// What the client gets instead.
    pub(crate) fn reply(&self, exchange: &Exchange, status: u16) -> Reply {
        let (content_type, body) = self.face.show(exchange, status);
        Reply { status, headers: vec![(CONTENT_TYPE, content_type)], body }
    }

    /// What the record says of the original. Its text only where that was asked for.
    pub(crate) fn fields(
        &self,
        exchange: &Exchange,
        status: u16,
        body: Body<'_>,
        key: &KeptKey,
    ) -> Vec<(&'static str, String)> {
        let bytes = body.bytes;
        let mut size = bytes.len().to_string();
        if !body.complete {
            size.push('+');
        }
        let mut fields = vec![
            ("request_id", exchange.request_id().to_owned()),
            ("status", status.to_string()),
            ("content_type", content_type(exchange)),
            ("bytes", size),
        ];
        if let Ok(key) = key.get(exchange.surroundings()) {
            fields.push(("hash", key.log_hash([bytes])));
        }
        let shown = bytes.get(..self.log_original.min(bytes.len())).unwrap_or_default();
        if !shown.is_empty() {
            fields.push(("original", String::from_utf8_lossy(shown).into_owned()));
        }
        fields
    }
}

fn content_type(exchange: &Exchange) -> String {
    let Some(value) = exchange.peek_response_header(CONTENT_TYPE.as_str()) else {
        return "none".to_owned();
    };
    let shown = value.get(..MAX_CONTENT_TYPE.min(value.len())).unwrap_or_default();
    let plain = shown.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    if plain { String::from_utf8_lossy(shown).into_owned() } else { "malformed".to_owned() }
}
