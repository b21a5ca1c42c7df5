//! Header fields as they stood on the wire: in order, with duplicates, as bytes.

/// A list of header fields. Names compare without case; values are bytes, as HTTP/1.1 allows
/// obs-text (RFC 9110 §5.5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(Vec<u8>, Vec<u8>)>);

impl Headers {
    /// An empty list.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field after all others; never replaces one.
    pub fn push(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        self.0.push((name.as_ref().to_vec(), value.as_ref().to_vec()));
    }

    /// Removes every field of that name.
    pub fn remove(&mut self, name: impl AsRef<[u8]>) {
        self.0.retain(|(known, _)| !known.eq_ignore_ascii_case(name.as_ref()));
    }

    /// The values of every field of that name, in order.
    #[must_use]
    pub fn all(&self, name: impl AsRef<[u8]>) -> Vec<&[u8]> {
        let name = name.as_ref();
        self.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, v)| v).collect()
    }

    /// All values of that name as one text, joined with `, `: a test that compares it with one
    /// value also says that there is no second one. Bytes that are not UTF-8 become U+FFFD.
    #[must_use]
    pub fn text(&self, name: impl AsRef<[u8]>) -> Option<String> {
        let values = self.all(name);
        (!values.is_empty()).then(|| String::from_utf8_lossy(&values.join(&b", "[..])).into_owned())
    }

    /// Whether there is at least one field of that name.
    #[must_use]
    pub fn has(&self, name: impl AsRef<[u8]>) -> bool {
        !self.all(name).is_empty()
    }

    /// Every field, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_slice(), value.as_slice()))
    }

    /// How many fields there are, duplicates counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no field at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a list-valued field such as `connection` names this token (RFC 9110 §5.6.1).
    #[must_use]
    pub fn lists(&self, name: &str, token: &str) -> bool {
        self.all(name)
            .iter()
            .flat_map(|value| value.split(|byte| *byte == b','))
            .any(|item| item.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
    }
}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Self {
        let mut headers = Self::new();
        for (name, value) in fields {
            headers.push(name, value);
        }
        headers
    }
}

#[cfg(test)]
mod tests {
    use super::Headers;

    #[test]
    fn duplicates_are_kept_and_show_in_the_text() {
        let headers = Headers::from_iter([("X-A", "1"), ("other", "x"), ("x-a", "2")]);
        assert_eq!(headers.all("x-A"), [b"1", b"2"]);
        assert_eq!(headers.text("x-a").as_deref(), Some("1, 2"));
        assert_eq!(headers.text("absent"), None);
        assert_eq!(headers.len(), 3);
    }

    #[test]
    fn a_list_names_a_token_without_case_and_around_blanks() {
        let headers = Headers::from_iter([("Connection", "keep-alive, Upgrade")]);
        assert!(headers.lists("connection", "upgrade"));
        assert!(!headers.lists("connection", "up"));
    }
}
