//! Reading a configuration, with the mistakes that make CORS fail in silence or open to everybody.

use portcullis_control::config::{Node, Section};
use portcullis_control::headers::{FieldName, FieldValue};
use regex_lite::RegexBuilder;

use crate::allowed::{Allowed, Listed, Pattern};
use crate::control::Cors;
use crate::origin::Origin;

/// Patterns of one configuration, at most: each may be tried on every request that has an `Origin`.
const MAX_PATTERNS: usize = 32;

/// A pattern compiles to at most this many bytes. Trying one takes time by its size and that of the origin, which has at
/// most `MAX_ORIGIN_BYTES`.
const MAX_PATTERN_BYTES: usize = 16 * 1_024;

/// The longest time that a preflight's answer may be kept, seconds: a year. Browsers cut it to two hours or a day.
const MAX_MAX_AGE: u64 = 31_536_000;

const METHODS: [&str; 9] =
    ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS", "TRACE", "CONNECT"];

/// Origins that nobody means who names his own: a pattern that matches one of them matches anybody's page. Names are of
/// many shapes, as a pattern may be about letters alone, or about few of them.
const ANYBODY: [&str; 12] = [
    "https://portcullis.invalid",
    "http://portcullis.invalid",
    "https://portcullis.invalid:8443",
    "https://portcullis-probe.com",
    "https://portcullis-probe.net",
    "https://portcullis-probe.org",
    "https://probe.com",
    "https://probe.net",
    "https://probe.org",
    "https://q7.io",
    "https://q.de",
    "null",
];

pub(crate) fn read(section: &mut Section<'_>) -> Option<Cors> {
    let node = section.node().clone();
    let credentials = section.or("credentials", false, |node| node.boolean());
    let any = section.optional("credentials_any_origin");
    if any.is_some() && !credentials {
        node.fault("expected `credentials: true` beside `credentials_any_origin`");
    }
    let any = any.and_then(|node| node.boolean()).unwrap_or(false);
    let strict = credentials && !any;
    let allowed = match section.optional("origins") {
        Some(node) => read_origins(&node, credentials, strict),
        None if strict => {
            node.fault(format!("expected `origins` where `credentials` is true: {KNOWINGLY}"));
            None
        }
        None => Some(everybody(credentials)),
    };
    let headers = section.optional("headers").and_then(|node| read_names(&node, credentials));
    let exposed_headers =
        section.optional("exposed_headers").and_then(|node| read_names(&node, credentials));
    let methods =
        section.optional("methods").map_or_else(|| joined(&METHODS), |node| read_methods(&node));
    let max_age = section.optional("max_age").and_then(|node| node.integer(0..=MAX_MAX_AGE));
    let private_network = section.or("private_network", false, |node| node.boolean());
    let preflight_continue = section.or("preflight_continue", false, |node| node.boolean());
    let allow_origin_absent = section.or("allow_origin_absent", true, |node| node.boolean());
    Some(Cors {
        allowed: allowed?,
        headers,
        exposed_headers,
        methods: methods?,
        max_age: max_age.map(FieldValue::from_number),
        credentials,
        private_network,
        preflight_continue,
        allow_origin_absent,
    })
}

const KNOWINGLY: &str = "any page could act as the user that it is open to; who means that says \
                         `credentials_any_origin: true`";

const fn everybody(credentials: bool) -> Allowed {
    if credentials { Allowed::AnyWithCredentials } else { Allowed::Any }
}

/// Items of a list that says something.
fn filled<'v>(node: &Node<'v>) -> Option<Vec<Node<'v>>> {
    let items = node.list()?;
    if items.is_empty() {
        node.fault("expected at least one entry");
    }
    Some(items)
}

fn read_origins(node: &Node<'_>, credentials: bool, strict: bool) -> Option<Allowed> {
    let items = filled(node)?;
    let mut listed = Listed::default();
    let mut any = false;
    for item in &items {
        let Some(text) = item.text() else { continue };
        if text == "*" {
            any = true;
            if strict {
                item.fault(format!("expected no `*` where `credentials` is true: {KNOWINGLY}"));
            }
            if items.len() > 1 {
                item.warn("`*` beside other entries makes them meaningless");
            }
        } else if is_literal(text) {
            if let Some(name) = read_name(item, text, strict) {
                let value = FieldValue::new(name.as_str());
                listed.named.extend(value.map(|value| (name, value)));
            }
        } else {
            listed.patterns.extend(read_pattern(item, text, strict));
        }
    }
    if listed.patterns.len() > MAX_PATTERNS {
        let count = listed.patterns.len();
        node.fault(format!("expected at most {MAX_PATTERNS} patterns, but found {count}"));
    }
    if any {
        return Some(everybody(credentials));
    }
    if items.len() == 1
        && let Some((name, value)) = listed.named.pop_first()
    {
        return Some(Allowed::One(name, value));
    }
    Some(Allowed::Listed(listed))
}

/// As Kong tells names from patterns.
fn is_literal(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".:/-".contains(&byte))
}

fn read_name(node: &Node<'_>, text: &str, strict: bool) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let Some(origin) = Origin::parse(lower.as_bytes()) else {
        node.fault(format!(
            "expected an origin such as https://app.example.com, without a path, but found `{text}`"
        ));
        return None;
    };
    if origin.as_str() == "null" {
        if strict {
            node.fault(format!("expected no `null` where `credentials` is true: {KNOWINGLY}"));
        } else {
            node.warn("`null` is the origin of every page in a sandbox, whoever wrote it");
        }
    } else if !origin.has_scheme() {
        node.warn(format!(
            "`{text}` matches no page: what a browser sends has a scheme, such as `https://{lower}`"
        ));
    }
    Some(origin.as_str().to_owned())
}

fn read_pattern(node: &Node<'_>, text: &str, strict: bool) -> Option<Pattern> {
    // `https://*.a.com` even is one, for `https://` and any character before `a.com`.
    if text.starts_with("*.") || text.contains("//*.") {
        node.fault(format!(
            "expected a regular expression, in which `*` is no name: for every name below a domain write `{}`, but \
             found `{text}`",
            below(text)
        ));
        return None;
    }
    if !text.is_ascii() {
        node.fault(format!(
            "expected ASCII, as browsers send names of other letters in their xn-- form, but found `{text}`"
        ));
        return None;
    }
    let build = |text: &str| RegexBuilder::new(text).size_limit(MAX_PATTERN_BYTES).build();
    // By itself first: `a)|(?:b` is a pattern between the parentheses alone, and then matches less than the whole.
    let regex = match build(text).and_then(|_| build(&format!("^(?:{text})$"))) {
        Ok(regex) => regex,
        Err(error) => {
            node.fault(format!(
                "expected an origin or a regular expression (no look-around), but `{text}` is none: {error}"
            ));
            return None;
        }
    };
    let pattern = Pattern { regex, by_host: !text.contains(':') };
    let mut anybody = ANYBODY.iter().filter_map(|sample| Origin::parse(sample.as_bytes()));
    if let Some(sample) = anybody.find(|sample| pattern.matches(sample)).filter(|_| strict) {
        node.fault(format!(
            "expected a pattern of your own origins where `credentials` is true, but `{text}` matches `{}`: {KNOWINGLY}",
            sample.as_str()
        ));
    }
    if !pattern.by_host && !text.contains("://") && !text.contains(":\\/\\/") {
        node.warn(format!(
            "`{text}` has a colon and is therefore matched against the whole origin, so that it has to begin with a \
             scheme, such as `https?://`"
        ));
    }
    if has_loose_dot(text) {
        node.warn(format!(
            "`.` in `{text}` stands for any character, so that others can have a name that matches: write `\\.`"
        ));
    }
    Some(pattern)
}

/// What is meant by `https://*.example.com`.
fn below(text: &str) -> String {
    text.replace('.', "\\.").replace("*\\.", "[^/]+\\.")
}

/// True if a `.` without a backslash stands for one character and is followed by a name: mostly, a dot was meant.
fn has_loose_dot(pattern: &str) -> bool {
    let mut class = false;
    let mut bytes = pattern.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'[' => class = true,
            b']' => class = false,
            b'.' if !class && bytes.peek().is_some_and(u8::is_ascii_alphanumeric) => return true,
            _ => {}
        }
    }
    false
}

fn read_names(node: &Node<'_>, credentials: bool) -> Option<FieldValue> {
    let items = filled(node)?;
    let mut names = Vec::new();
    for item in &items {
        let Some(text) = item.text() else { continue };
        if FieldName::parse(text).is_none() {
            item.fault(format!("expected the name of a header, but found `{text}`"));
        }
        if text == "*" && credentials {
            item.warn("with credentials, a browser takes `*` for a header of that name");
        }
        names.push(text);
    }
    joined(&names)
}

fn read_methods(node: &Node<'_>) -> Option<FieldValue> {
    let words = METHODS.map(|method| (method, method));
    let methods: Vec<&str> = filled(node)?.iter().filter_map(|item| item.word(&words)).collect();
    joined(&methods)
}

fn joined(names: &[&str]) -> Option<FieldValue> {
    FieldValue::new(names.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_that_stands_for_any_character_is_found() {
        for (pattern, expected) in [
            (r"https://app.example\.com(:\d+)?", true),
            (r"https://.*.example\.com", true),
            (r"https://.*\.example\.com", false),
            (r"https://[a-z.]+\.example\.com", false),
            (r"https://.+\.example\.com", false),
            (r"https://(a|b)\.example\.com.", false),
            (r"https://a\\.example", true),
        ] {
            assert_eq!(has_loose_dot(pattern), expected, "{pattern}");
        }
    }
}
