//! Reading a configuration, and saying which limits Envoy's own come before.

use portcullis_control::config::{Node, Section};

use crate::control::{RequestSizeLimiting, ResponseLimit};
use crate::head::Head;
use crate::watch::{Decompressed, Within};

/// The largest size, in units: even in megabytes its bytes are a number.
const MAX_SIZE: u64 = u32::MAX as u64;

/// The largest count.
const MAX_COUNT: u64 = u32::MAX as u64;

/// Kong's default, in units.
const DEFAULT_SIZE: u64 = 128;

const KILOBYTE: u64 = 1_024;
const MEGABYTE: u64 = 1_024 * 1_024;

/// What Envoy refuses by itself unless it is told otherwise: `max_headers_count`, `max_request_headers_kb` and, of what
/// is held, `per_connection_buffer_limit_bytes`.
const ENVOYS_HEADERS: u64 = 100;
const ENVOYS_HEADER_BYTES: u64 = 60 * KILOBYTE;
const ENVOYS_BUFFER: u64 = MEGABYTE;

pub(crate) fn read(section: &mut Section<'_>) -> Option<RequestSizeLimiting> {
    let unit = section.or("size_unit", MEGABYTE, |node| {
        node.word(&[("megabytes", MEGABYTE), ("kilobytes", KILOBYTE), ("bytes", 1)])
    });
    let size = |node: Node<'_>| Some(node.integer(0..=MAX_SIZE)?.saturating_mul(unit));
    let limit = section.or("allowed_payload_size", DEFAULT_SIZE.saturating_mul(unit), size);
    let require_content_length = section.or("require_content_length", false, |node| node.boolean());
    let hold = section.or("hold", false, |node| {
        let hold = node.boolean()?;
        if hold && limit > ENVOYS_BUFFER {
            node.warn(format!(
                "Envoy holds no more than `per_connection_buffer_limit_bytes`, {ENVOYS_BUFFER} unless set, and \
                 answers 413 itself past it: a limit of {limit} bytes acts only where that is larger"
            ));
        }
        Some(hold)
    });
    let head = read_head(section);
    let multipart_parts =
        section.optional("allowed_multipart_parts").and_then(|node| node.integer(1..=MAX_COUNT));
    let pass_others = section.optional("on_other_encoding");
    if let Some(node) = pass_others.as_ref().filter(|_| !section.has("allowed_decompressed_size")) {
        node.fault("expected `allowed_decompressed_size` beside it");
    }
    let pass_others = pass_others
        .and_then(|node| node.word(&[("refuse", false), ("pass", true)]))
        .unwrap_or(false);
    let decompressed = section.optional("allowed_decompressed_size").and_then(size);
    let decompressed = decompressed.map(|limit| Decompressed { limit, pass_others });
    let response = section.optional("response").and_then(|node| {
        node.section(|section| {
            let limit = section.required("allowed_payload_size").and_then(size);
            let count = section
                .or("on_limit", false, |node| node.word(&[("refuse", false), ("count", true)]));
            Some(ResponseLimit { limit: limit?, count })
        })
    });
    let within = Within { multipart_parts, decompressed };
    Some(RequestSizeLimiting { limit, require_content_length, hold, head, within, response })
}

fn read_head(section: &mut Section<'_>) -> Head {
    let mut count = |name, envoys: Option<(u64, &str)>| {
        let node = section.optional(name)?;
        let limit = node.integer(0..=MAX_COUNT)?;
        if let Some((most, setting)) = envoys.filter(|(most, _)| limit >= *most) {
            node.warn(format!(
                "Envoy itself refuses more than {most} unless `{setting}` says otherwise, so this can't act"
            ));
        }
        Some(limit)
    };
    let bytes = Some((ENVOYS_HEADER_BYTES, "max_request_headers_kb"));
    Head {
        headers: count("allowed_headers", Some((ENVOYS_HEADERS, "max_headers_count"))),
        header_bytes: count("allowed_header_bytes", bytes),
        url_length: count("allowed_url_length", bytes),
        query_parameters: count("allowed_query_parameters", None),
        path_segments: count("allowed_path_segments", None),
    }
}
