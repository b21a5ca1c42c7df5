//! What clients of a row send.

use crate::answers::{ORDER, target};
use crate::credentials::{KEY_HEADER, Message, ORIGIN, Presented};

/// A request with a bearer token and a key, as an application would send it.
pub(crate) fn write_request(into: &mut Vec<u8>, presented: Presented<'_>) {
    into.extend_from_slice(if presented.message == Message::Post { b"POST" } else { b"GET" });
    into.push(b' ');
    into.extend_from_slice(target(presented.message).as_bytes());
    into.extend_from_slice(
        b" HTTP/1.1\r\n\
          host: api.example.com\r\n\
          user-agent: orders-app/3.2 (linux; x86_64)\r\n\
          accept: application/json\r\n\
          accept-encoding: gzip, br\r\n\
          accept-language: en\r\n\
          x-request-source: checkout\r\n\
          authorization: Bearer ",
    );
    into.extend_from_slice(presented.token.as_bytes());
    into.extend_from_slice(b"\r\n");
    into.extend_from_slice(KEY_HEADER.as_bytes());
    into.extend_from_slice(b": ");
    into.extend_from_slice(presented.key.as_bytes());
    into.extend_from_slice(b"\r\n");
    match presented.message {
        Message::Get | Message::Failing | Message::List => into.extend_from_slice(b"\r\n"),
        Message::Page => {
            into.extend_from_slice(format!("origin: {ORIGIN}\r\n\r\n").as_bytes());
        }
        Message::Post => {
            let length = ORDER.len();
            let head =
                format!("content-type: application/json\r\ncontent-length: {length}\r\n\r\n");
            into.extend_from_slice(head.as_bytes());
            into.extend_from_slice(ORDER.as_bytes());
        }
    }
}
