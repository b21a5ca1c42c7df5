//! The four ways to say which paths a route has, over the normalised path.

use regex_lite::{Regex, RegexBuilder};

use crate::config::Node;

/// A route's pattern compiles to at most this many bytes: a pattern that needs more is a mistake, and every worker
/// holds its own copy.
const MAX_PATTERN_BYTES: usize = 256 * 1024;

/// `exact`, `prefix`, `template` or `regex`.
#[derive(Clone, Debug)]
pub(super) enum PathMatch {
    Exact(Vec<u8>),
    Prefix(Vec<u8>),
    Template(Vec<Segment>),
    Regex(Regex),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    Literal(Vec<u8>),
    Capture(String),
}

impl PathMatch {
    pub(super) fn read(node: &Node<'_>) -> Option<Self> {
        node.section(|section| {
            let kinds = [
                section
                    .optional("exact")
                    .map(|node| (node, PathMatch::exact as fn(&Node<'_>) -> Option<Self>)),
                section.optional("prefix").map(|node| (node, PathMatch::prefix as _)),
                section.optional("template").map(|node| (node, PathMatch::template as _)),
                section.optional("regex").map(|node| (node, PathMatch::regex as _)),
            ];
            let mut given = kinds.into_iter().flatten();
            match (given.next(), given.next()) {
                (Some((node, read)), None) => read(&node),
                _ => {
                    section.node().fault("expected exactly one of exact, prefix, template, regex");
                    None
                }
            }
        })
    }

    fn exact(node: &Node<'_>) -> Option<Self> {
        Some(PathMatch::Exact(absolute(node)?))
    }

    fn prefix(node: &Node<'_>) -> Option<Self> {
        let mut prefix = absolute(node)?;
        while prefix.last() == Some(&b'/') {
            prefix.pop();
        }
        Some(PathMatch::Prefix(prefix))
    }

    fn template(node: &Node<'_>) -> Option<Self> {
        let text = node.text()?;
        let mut segments = Vec::new();
        let mut names: Vec<&str> = Vec::new();
        for segment in text.strip_prefix('/').unwrap_or_default().split('/') {
            let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
            match name {
                Some(name) if !name.is_empty() && !names.contains(&name) => {
                    names.push(name);
                    segments.push(Segment::Capture(name.to_owned()));
                }
                None if !segment.contains(['{', '}']) => {
                    segments.push(Segment::Literal(segment.as_bytes().to_vec()))
                }
                _ => {
                    node.fault(format!(
                        "expected segments such as users or {{id}}, each name once, in `{text}`"
                    ));
                    return None;
                }
            }
        }
        let literal = text.replace(['{', '}'], "");
        is_normal(&literal)
            .then_some(PathMatch::Template(segments))
            .or_else(|| not_normal(node, text))
    }

    fn regex(node: &Node<'_>) -> Option<Self> {
        let text = node.text()?;
        match RegexBuilder::new(&format!("^(?:{text})$")).size_limit(MAX_PATTERN_BYTES).build() {
            Ok(regex) => Some(PathMatch::Regex(regex)),
            Err(error) => {
                node.fault(format!(
                    "expected a regular expression (no look-around), but `{text}` is none: {error}"
                ));
                None
            }
        }
    }

    /// The names of a template.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let segments = match self {
            PathMatch::Template(segments) => segments.as_slice(),
            _ => &[],
        };
        segments.iter().filter_map(|segment| match segment {
            Segment::Capture(name) => Some(name.as_str()),
            Segment::Literal(_) => None,
        })
    }

    /// Matches a normalised path; a template adds what its names stand for.
    pub(super) fn matches(&self, path: &[u8], captures: &mut Vec<(String, Vec<u8>)>) -> bool {
        match self {
            PathMatch::Exact(exact) => path == exact.as_slice(),
            PathMatch::Prefix(prefix) => path
                .strip_prefix(prefix.as_slice())
                .is_some_and(|rest| matches!(rest.first(), None | Some(b'/'))),
            PathMatch::Template(segments) => match_template(segments, path, captures),
            PathMatch::Regex(regex) => {
                std::str::from_utf8(path).is_ok_and(|path| regex.is_match(path))
            }
        }
    }
}

fn match_template(
    segments: &[Segment],
    path: &[u8],
    captures: &mut Vec<(String, Vec<u8>)>,
) -> bool {
    let Some(rest) = path.strip_prefix(b"/") else {
        return false;
    };
    let mut found = Vec::new();
    let mut parts = rest.split(|byte| *byte == b'/');
    for segment in segments {
        match (segment, parts.next()) {
            (Segment::Literal(literal), Some(part)) if part == literal.as_slice() => {}
            (Segment::Capture(name), Some(part)) if !part.is_empty() => {
                found.push((name.clone(), part.to_vec()))
            }
            _ => return false,
        }
    }
    let whole = parts.next().is_none();
    if whole {
        captures.append(&mut found);
    }
    whole
}

/// A path of the configuration has to be in the form that requests are brought into, or it could never match.
fn absolute(node: &Node<'_>) -> Option<Vec<u8>> {
    let text = node.text()?;
    if is_normal(text) { Some(text.as_bytes().to_vec()) } else { not_normal(node, text) }
}

fn is_normal(text: &str) -> bool {
    let path = crate::path::Path::parse(text.as_bytes());
    text.starts_with('/') && path.normalised() == text.as_bytes() && !path.is_ambiguous()
}

fn not_normal<T>(node: &Node<'_>, text: &str) -> Option<T> {
    node.fault(format!("expected a normalised path that starts with /, but found `{text}`"));
    None
}
