//! Bodies of 128 KiB that are meant to cost a WAF as much as they can: each is a few lines that make it.
//!
//! What they aim at: alphabets that no prefilter can rule out, words that begin what patterns look for, encodings inside
//! encodings, and structures at the bounds of those who read them.

mod encoded;
mod structured;
mod text;

use crate::Random;

/// Bytes of each body: as many as are held of one without files.
pub const LENGTH: usize = 131_072;

const FORM: &str = "application/x-www-form-urlencoded";

/// A body and how it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// What it is called in tests and tables.
    pub name: &'static str,
    /// Its `Content-Type`.
    pub content_type: String,
    /// [`LENGTH`] bytes.
    pub bytes: Vec<u8>,
}

/// Makes one kind of body; another number makes another one of its kind.
#[derive(Clone, Copy, Debug)]
pub struct Generator {
    /// The body's name.
    pub name: &'static str,
    make: fn(&mut Random) -> (String, Vec<u8>),
}

impl Generator {
    /// The body of this number.
    #[must_use]
    pub fn body(&self, number: usize) -> Body {
        let (content_type, bytes) = (self.make)(&mut Random::new(number));
        Body { name: self.name, content_type, bytes }
    }
}

/// All kinds.
pub const GENERATORS: [Generator; 28] = [
    Generator { name: "shell-alphabet", make: text::shell_alphabet },
    Generator { name: "open-comments", make: text::open_comments },
    Generator { name: "quotes-and-parentheses", make: text::quotes_and_parentheses },
    Generator { name: "sql-comments", make: text::sql_comments },
    Generator { name: "sql-words", make: text::sql_words },
    Generator { name: "command-words", make: text::command_words },
    Generator { name: "script-words", make: text::script_words },
    Generator { name: "printable", make: text::printable },
    Generator { name: "attack-mix", make: text::attack_mix },
    Generator { name: "script-without-letters", make: text::script_without_letters },
    Generator { name: "dots-and-slashes", make: text::dots_and_slashes },
    Generator { name: "white-space", make: text::white_space },
    Generator { name: "one-letter", make: text::one_letter },
    Generator { name: "base64", make: text::base64 },
    Generator { name: "random-bytes", make: text::random_bytes },
    Generator { name: "percent-signs", make: encoded::percent_signs },
    Generator { name: "double-encoded", make: encoded::double_encoded },
    Generator { name: "full-width", make: encoded::full_width },
    Generator { name: "nul-bytes", make: encoded::nul_bytes },
    Generator { name: "every-transformation", make: encoded::every_transformation },
    Generator { name: "arguments-at-their-limit", make: structured::arguments_at_their_limit },
    Generator { name: "printable-arguments", make: structured::printable_arguments },
    Generator { name: "arguments-past-their-limit", make: structured::arguments_past_their_limit },
    Generator { name: "json-at-its-depth", make: structured::json_at_its_depth },
    Generator { name: "json-past-its-depth", make: structured::json_past_its_depth },
    Generator { name: "json-strings", make: structured::json_strings },
    Generator { name: "xml-of-5000-nodes", make: structured::xml_of_5000_nodes },
    Generator { name: "multipart-of-256-parts", make: structured::multipart_of_256_parts },
];

/// A form of one argument, which is what `piece` makes again and again.
fn form(
    random: &mut Random,
    mut piece: impl FnMut(&mut Random, &mut Vec<u8>),
) -> (String, Vec<u8>) {
    let mut bytes = b"q=".to_vec();
    fill(&mut bytes, LENGTH, |bytes| piece(random, bytes));
    (FORM.to_owned(), bytes)
}

/// Has `piece` add to the bytes until there are so many, and cuts off what is too much.
fn fill(bytes: &mut Vec<u8>, length: usize, mut piece: impl FnMut(&mut Vec<u8>)) {
    while bytes.len() < length {
        piece(bytes);
    }
    bytes.truncate(length);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_body_is_of_its_length_and_comes_again_the_same() {
        for generator in GENERATORS {
            let body = generator.body(1);
            assert_eq!(body.bytes.len(), LENGTH, "{}", body.name);
            assert_eq!(generator.body(1), body);
        }
    }

    #[test]
    fn no_two_are_the_same() {
        let names: BTreeSet<_> = GENERATORS.iter().map(|generator| generator.name).collect();
        assert_eq!(names.len(), GENERATORS.len());
        let bodies: BTreeSet<_> =
            GENERATORS.iter().map(|generator| generator.body(1).bytes).collect();
        assert_eq!(bodies.len(), GENERATORS.len());
    }
}
