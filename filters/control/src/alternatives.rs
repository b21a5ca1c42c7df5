//! Sets of words of which one must be there whole, as Kong writes `scopes_required`: AND inside, OR between.

use crate::config::Node;

/// A list of alternatives; each a list of scopes, or a text with spaces between them.
#[must_use]
pub fn read_alternatives(node: &Node<'_>) -> Option<Vec<Vec<String>>> {
    read(node, is_scope)
}

/// The same of groups or roles, which have any name that somebody gave them: in a list also one with spaces.
#[must_use]
pub fn read_alternatives_of_names(node: &Node<'_>) -> Option<Vec<Vec<String>>> {
    read(node, |_| true)
}

fn read(node: &Node<'_>, is_word: impl Fn(&str) -> bool) -> Option<Vec<Vec<String>>> {
    let items = node.list()?;
    if items.is_empty() {
        node.fault("expected at least one alternative; leave the field out to ask for none");
    }
    let mut alternatives = Vec::new();
    for item in items {
        let words: Option<Vec<&str>> = match item.value().is_array() {
            true => item.texts(),
            false => {
                item.text().map(|text| text.split(' ').filter(|word| !word.is_empty()).collect())
            }
        };
        let Some(words) = words else { continue };
        if words.is_empty() {
            item.fault("expected at least one word: an empty set would let every token in");
        }
        if !words.iter().all(|word| is_word(word)) {
            item.fault(
                "expected words of visible ASCII without quotes and backslashes (RFC 6749 §3.3)",
            );
        }
        alternatives.push(words.into_iter().map(str::to_owned).collect());
    }
    Some(alternatives)
}

/// A client could be told of no other one (RFC 6750 §3).
fn is_scope(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
}
