//! `name:value`, as Kong's lists have it.

use crate::config::Node;

/// Splits an entry at its first colon; further colons right behind it are swallowed, as Kong does. Space around both is
/// trimmed, as in the header that it looks like. The entry is not shown in faults: it may hold a credential.
#[must_use]
pub fn read_pair<'v>(node: &Node<'v>) -> Option<(&'v str, &'v str)> {
    let text = node.text()?;
    let Some((name, rest)) = text.split_once(':') else {
        node.fault("expected name:value, but found no colon");
        return None;
    };
    let (name, value) = (trim(name), trim(rest.trim_start_matches(':')));
    if name.is_empty() {
        node.fault("expected name:value, but found no name");
        return None;
    }
    if value.is_empty() {
        node.fault("expected name:value, but found no value: nothing would be done");
        return None;
    }
    Some((name, value))
}

/// The name of an entry that needs no value; one that is there is ignored, as Kong does.
#[must_use]
pub fn read_name<'v>(node: &Node<'v>) -> Option<&'v str> {
    let text = node.text()?;
    let name = trim(text.split_once(':').map_or(text, |(name, _)| name));
    if name.is_empty() {
        node.fault("expected a name, but found none");
    }
    (!name.is_empty()).then_some(name)
}

/// RFC 9110 §5.6.3.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}
