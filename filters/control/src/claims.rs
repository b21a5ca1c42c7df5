//! A token's claims beside the text that they were read from, so that they need not be written anew to be handed on.

use std::ops::Deref;

use serde_json::{Map, Value};

/// The claims of a verified token.
#[derive(Clone, Debug, Default)]
pub struct Claims {
    members: Map<String, Value>,
    /// The same as JSON in one line.
    text: Option<Box<[u8]>>,
}

impl Claims {
    /// Claims that were read from this text by [`crate::json::parse`].
    #[must_use]
    pub fn read_from(text: Vec<u8>, members: Map<String, Value>) -> Self {
        // A line ends where they are handed on: JSON with line breaks between its tokens is written anew.
        let text = (!text.contains(&b'\n')).then(|| text.into_boxed_slice());
        Claims { members, text }
    }

    /// Bytes of the text that is kept.
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        self.text.as_ref().map_or(0, |text| text.len())
    }

    /// Appends the claims as JSON in one line.
    pub fn write(&self, target: &mut Vec<u8>) {
        match &self.text {
            Some(text) => target.extend_from_slice(text),
            // A tree of JSON values is always serialisable.
            None => drop(serde_json::to_writer(target, &self.members)),
        }
    }
}

impl From<Map<String, Value>> for Claims {
    fn from(members: Map<String, Value>) -> Self {
        Claims { members, text: None }
    }
}

impl Deref for Claims {
    type Target = Map<String, Value>;

    fn deref(&self) -> &Self::Target {
        &self.members
    }
}

impl PartialEq for Claims {
    fn eq(&self, other: &Self) -> bool {
        self.members == other.members
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_handed_on_in_one_line_as_they_came_or_anew() {
        for (text, line) in [
            (r#"{"sub": "ada","n":1.0}"#, r#"{"sub": "ada","n":1.0}"#),
            ("{\n\"sub\": \"a\\nda\"\r}", r#"{"sub":"a\nda"}"#),
            ("{}", "{}"),
        ] {
            let Ok(Value::Object(members)) = crate::json::parse(text.as_bytes()) else { panic!() };
            let claims = Claims::read_from(text.as_bytes().to_vec(), members.clone());
            let mut written = Vec::new();
            claims.write(&mut written);
            assert_eq!(String::from_utf8(written).unwrap(), line);
            assert_eq!(claims, Claims::from(members));
        }
    }
}
