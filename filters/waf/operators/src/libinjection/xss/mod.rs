//! Whether a value is script injection, in five contexts of HTML.
//!
//! `libinjectionrs` compares the names of attributes to their ends, and C, like browsers, does not: `onerror%0a=` runs.
//! Its tables cannot be reached from without, and its tokenizer does not know C's zero bytes: so this is our own.

mod html;
mod names;
mod url;

use html::{Context, Html, Token};
use names::{ATTRIBUTES, Does, EVENTS, NAMESPACES, TAGS};

pub(super) fn detect(value: &[u8]) -> bool {
    [
        Context::Data,
        Context::Tag,
        Context::Quoted(b'\''),
        Context::Quoted(b'"'),
        Context::Quoted(b'`'),
    ]
    .into_iter()
    .any(|context| is_injection(value, context))
}

fn is_injection(value: &[u8], context: Context) -> bool {
    let mut html = Html::new(value, context);
    // What the attribute does whose value may come next.
    let mut attribute = None;
    while let Some(token) = html.next() {
        let does = attribute.take();
        let runs = match token {
            Token::Doctype => true,
            Token::TagName(name) => is_active_tag(name),
            Token::AttributeName(name) => {
                attribute = does_what(name);
                false
            }
            Token::AttributeValue { text, is_quoted } => match does {
                None => false,
                Some(Does::Run) => true,
                // C takes the last byte of all for the end of the value, and it begins no link that runs.
                Some(Does::Go) => (is_quoted || text.first() != Some(&0xff)) && url::runs(text),
                Some(Does::Name) => does_what(text).is_some(),
            },
            Token::Comment(text) => is_active_comment(text),
            Token::Other => false,
        };
        if runs {
            return true;
        }
    }
    false
}

fn begins_with(text: &[u8], name: &str) -> bool {
    text.get(..name.len()).is_some_and(|text| text.eq_ignore_ascii_case(name.as_bytes()))
}

/// Zero bytes in a tag's name are skipped: old browsers do.
fn is_active_tag(name: &[u8]) -> bool {
    let is = |tag: &&str| {
        let name = name.iter().filter(|byte| **byte != 0).map(u8::to_ascii_lowercase);
        name.eq(tag.bytes())
    };
    name.len() >= 3 && (TAGS.iter().any(is) || begins_with(name, "svg") || begins_with(name, "xsl"))
}

fn does_what(name: &[u8]) -> Option<Does> {
    if name.len() < 2 {
        return None;
    }
    if name.len() >= 5 {
        let runs = begins_with(name, "on") && name.get(2..).is_some_and(is_event);
        if runs || NAMESPACES.iter().any(|namespace| begins_with(name, namespace)) {
            return Some(Does::Run);
        }
    }
    ATTRIBUTES
        .iter()
        .find(|(attribute, _)| name.eq_ignore_ascii_case(attribute.as_bytes()))
        .map(|(_, does)| *does)
}

/// True for a name that begins with that of an event.
fn is_event(name: &[u8]) -> bool {
    // The last event that is not behind the name in order: no other can be its beginning, as none begins with another.
    let after = EVENTS.partition_point(|event| {
        let name = name.iter().take(event.len()).map(u8::to_ascii_lowercase);
        event.bytes().le(name)
    });
    after.checked_sub(1).and_then(|at| EVENTS.get(at)).is_some_and(|event| begins_with(name, event))
}

/// Comments of Internet Explorer that are none.
fn is_active_comment(text: &[u8]) -> bool {
    text.contains(&b'`')
        || (text.len() > 3 && (begins_with(text, "[if") || begins_with(text, "xml")))
        || (text.len() > 5 && (without_zero_is(text, "import") || without_zero_is(text, "entity")))
}

/// Zero bytes count and are skipped.
fn without_zero_is(text: &[u8], word: &str) -> bool {
    let text = text.iter().take(word.len()).filter(|byte| **byte != 0).map(u8::to_ascii_lowercase);
    text.eq(word.bytes())
}
