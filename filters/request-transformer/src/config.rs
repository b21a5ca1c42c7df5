//! From the fields of a configuration to a control; every fault is reported at once.

use portcullis_control::config::{Node, Section};
use portcullis_control::headers::FieldValue;
use portcullis_control::inspection::warn_past_envoys_buffer;
use portcullis_control::program::Site;
use portcullis_control::template::Template;
use portcullis_control::transform::{HeaderOperations, Operation, Side, read_lists};

use crate::body::BodyOperations;
use crate::control::{MAX_BODY_BYTES, MAX_MAX_BODY_BYTES, Method, RequestTransformer};
use crate::fields::FieldOperations;
use crate::target::read_uri;

const REROUTE: &str = "expected `reroute: allowed` beside it: Envoy looks for its route anew when this changes, and another \
                       route may serve the request than the one that was decided on. A route's own `prefix_rewrite` or \
                       `regex_rewrite` changes a path without that";

pub(crate) fn read(section: &mut Section<'_>, site: &Site<'_>) -> Option<RequestTransformer> {
    let captures = site.captures.as_slice();
    let reroute = section.or("reroute", false, |node| node.word(&[("allowed", true)]));
    let mut uri: Option<Template> = None;
    let check_reroute = |node: &Node<'_>| {
        if !reroute {
            node.fault(REROUTE);
        }
    };
    let [headers, query, body] =
        read_lists(section, ["headers", "querystring", "body"], |operation, fields| {
            if operation == Operation::Replace
                && let Some(node) = fields.optional("uri")
            {
                check_reroute(&node);
                uri = read_uri(&node, captures);
            }
        });
    if let Some(node) = query.first() {
        check_reroute(node);
    }
    let header_operations = HeaderOperations::read(&headers, Side::Request, captures);
    if header_operations.sets_host()
        && let Some(node) = headers.node(Operation::Replace)
    {
        check_reroute(node);
    }
    let mut allow = None;
    if let Some(node) = section.optional("allow") {
        node.section(|fields| {
            allow = fields.required("body");
            Some(())
        });
    }
    let query = FieldOperations::read_query(&query, captures);
    let body = BodyOperations::read(&body, allow.as_ref(), captures);
    let method = section.optional("http_method").and_then(|node| read_method(&node));
    let policy = |section: &mut Section<'_>, name, default: bool| {
        section.or(name, default, |node| node.word(&[("refuse", true), ("pass", false)]))
    };
    let refuse_malformed = policy(section, "on_malformed_body", true);
    let refuse_other_types = policy(section, "on_other_content_type", false);
    let refuse_streams = policy(section, "on_stream", true);
    let max_body = section.or("max_body_bytes", MAX_BODY_BYTES, |node| {
        let max = usize::try_from(node.integer(1..=MAX_MAX_BODY_BYTES)?).ok()?;
        warn_past_envoys_buffer(&node, max, 413);
        Some(max)
    });
    let node = section.node();
    let nothing = header_operations.is_empty()
        && query.is_empty()
        && body.is_empty()
        && uri.is_none()
        && method.is_none();
    if nothing && !node.reader_has_faults() {
        node.fault("expected something to do: one of http_method, remove, rename, replace, add, append, allow");
    }
    Some(RequestTransformer {
        headers: header_operations,
        query,
        uri,
        method,
        body,
        refuse_malformed,
        refuse_other_types,
        refuse_streams,
        max_body,
    })
}

fn read_method(node: &Node<'_>) -> Option<Method> {
    let text = node.text()?;
    if !text.bytes().all(|byte| byte.is_ascii_uppercase()) || text == "CONNECT" {
        node.fault(format!(
            "expected a method of upper case letters that is not CONNECT, but found `{text}`"
        ));
        return None;
    }
    if text == "HEAD" {
        node.fault(
            "expected another method than HEAD: its answer tells the length of a body that does not come, and the client, \
             who did not ask so, waits for it",
        );
        return None;
    }
    node.warn(
        "Envoy looks for its route anew when the method changes: no route may be chosen by it, or another one may serve \
         the request than the one that was decided on",
    );
    Some(Method { name: FieldValue::new(text)?, has_body: !matches!(text, "GET" | "TRACE") })
}
