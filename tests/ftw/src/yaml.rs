//! YAML as a tree of strings: no scalar becomes a number or a boolean, as go-ftw's fields are typed and YAML's are not.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser};

/// Deeper than any test; a file that goes further is broken.
const MAX_DEPTH: usize = 32;

/// A node with the line it starts on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Counted from one.
    pub line: usize,
    /// What stands there.
    pub value: Value,
}

/// The three shapes of YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// The text of a scalar, with whether it was written plain, without quotes or block.
    Scalar(String, bool),
    /// A list.
    Sequence(Vec<Node>),
    /// Keys in the order written.
    Mapping(Vec<(String, Node)>),
}

impl Node {
    /// True for what YAML reads as nothing: an empty plain scalar, `~` or `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(text, true) if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }
}

/// Reads the first document; `None` where there is nothing but comments.
pub fn read(text: &str) -> Result<Option<Node>, String> {
    let mut builder = Builder::default();
    let mut root = None;
    for next in Parser::new_from_str(text) {
        let (event, span) = next.map_err(|e| e.to_string())?;
        let line = span.start.line();
        match event {
            Event::DocumentStart(_) if root.is_some() => {
                return Err(format!("line {line}: a second document"));
            }
            Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::Nothing => {}
            event => {
                if let Some(node) = builder.take(event, line)? {
                    root = Some(node);
                }
            }
        }
    }
    Ok(root.filter(|node| !node.is_null()))
}

/// What is open: a list, or a mapping with the key that waits for its value.
enum Open {
    Sequence(Vec<Node>),
    Mapping(Vec<(String, Node)>, Option<String>),
}

#[derive(Default)]
struct Builder {
    open: Vec<(usize, usize, Open)>,
    anchors: HashMap<usize, Node>,
}

impl Builder {
    /// Takes one event and gives the root when it is complete.
    fn take(&mut self, event: Event<'_>, line: usize) -> Result<Option<Node>, String> {
        if self.open.len() > MAX_DEPTH {
            return Err(format!("line {line}: nested deeper than {MAX_DEPTH}"));
        }
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let plain = style == saphyr_parser::ScalarStyle::Plain;
                let value = Value::Scalar(text.into_owned(), plain);
                self.close(Node { line, value }, anchor)
            }
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor).cloned();
                let node = node.ok_or_else(|| format!("line {line}: an alias to nothing"))?;
                self.close(node, 0)
            }
            Event::SequenceStart(anchor, _) => {
                self.open.push((line, anchor, Open::Sequence(Vec::new())));
                Ok(None)
            }
            Event::MappingStart(anchor, _) => {
                self.open.push((line, anchor, Open::Mapping(Vec::new(), None)));
                Ok(None)
            }
            _ => match self.open.pop() {
                Some((line, anchor, Open::Sequence(items))) => {
                    self.close(Node { line, value: Value::Sequence(items) }, anchor)
                }
                Some((line, anchor, Open::Mapping(pairs, _))) => {
                    self.close(Node { line, value: Value::Mapping(pairs) }, anchor)
                }
                None => Err(format!("line {line}: an end without a start")),
            },
        }
    }

    /// A node is complete: it goes into what is open, or is the root.
    fn close(&mut self, node: Node, anchor: usize) -> Result<Option<Node>, String> {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some((_, _, open)) = self.open.last_mut() else { return Ok(Some(node)) };
        match open {
            Open::Sequence(items) => items.push(node),
            Open::Mapping(pairs, key) => match key.take() {
                Some(key) => pairs.push((key, node)),
                None => match node.value {
                    Value::Scalar(text, _) if pairs.iter().any(|(k, _)| *k == text) => {
                        return Err(format!("line {}: `{text}` twice", node.line));
                    }
                    Value::Scalar(text, _) => *key = Some(text),
                    _ => return Err(format!("line {}: a key that is no text", node.line)),
                },
            },
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value_of(text: &str) -> String {
        let root = read(text).unwrap().unwrap();
        let Value::Mapping(pairs) = root.value else { panic!("no mapping") };
        let Value::Scalar(text, _) = &pairs[0].1.value else { panic!("no scalar") };
        text.clone()
    }

    #[test]
    fn scalars_stay_the_text_that_was_written() {
        let rows = [
            ("a: 12", "12"),
            ("a: 012", "012"),
            ("a: 1.50", "1.50"),
            ("a: yes", "yes"),
            ("a: on", "on"),
            ("a: True", "True"),
            ("a: ''", ""),
            ("a: ~", "~"),
            ("a: \"x\\r\\ny\"", "x\r\ny"),
            ("a: \"\\x0d\\x00\"", "\r\0"),
            ("a: 'it''s # no comment'", "it's # no comment"),
            ("a: |\n  one\n  two\n", "one\ntwo\n"),
            ("a: |-\n  one\n  two\n", "one\ntwo"),
            ("a: >-\n  one\n  two\n", "one two"),
            ("a: 2001-01-01", "2001-01-01"),
            ("x: &x v\n", "v"),
        ];
        for (text, want) in rows {
            assert_eq!(value_of(text), want, "{text}");
        }
    }

    #[test]
    fn a_file_of_comments_is_nothing() {
        for text in ["", "# nothing\n", "---\n# nothing\n"] {
            assert_eq!(read(text), Ok(None), "{text:?}");
        }
    }

    #[test]
    fn an_alias_is_the_node_it_names() {
        let root = read("a: &x [1, 2]\nb: *x\n").unwrap().unwrap();
        let Value::Mapping(pairs) = root.value else { panic!("no mapping") };
        assert_eq!(pairs[0].1.value, pairs[1].1.value);
    }

    #[test]
    fn broken_files_are_told_with_their_line() {
        let rows = [
            ("a: 1\na: 2\n", "line 2: `a` twice"),
            ("? [x]\n: 1\n", "a key that is no text"),
            ("a: 1\n---\nb: 2\n", "a second document"),
        ];
        for (text, want) in rows {
            let error = read(text).unwrap_err();
            assert!(error.contains(want), "{text:?}: {error}");
        }
        let deep = "[".repeat(MAX_DEPTH + 2);
        assert!(read(&deep).unwrap_err().contains("deeper"));
        assert!(read("a: \"unclosed").is_err());
    }
}
