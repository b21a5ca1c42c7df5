//! A whole body that the operator wrote, for answers whose own is not to be seen.

use portcullis_control::config::Node;

/// Bytes, at most: a page of text, which every worker keeps for each route.
const MAX_BODY: usize = 64 * 1_024;

/// Reads it.
pub(crate) fn read(node: &Node<'_>) -> Option<String> {
    let text = node.string()?;
    if text.len() > MAX_BODY {
        node.fault(format!("expected at most {MAX_BODY} bytes, but found {}", text.len()));
        return None;
    }
    Some(text.to_owned())
}
