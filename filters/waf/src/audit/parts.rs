//! `parts`: letters of ModSecurity's audit log, of which some have no place here.

use portcullis_control::config::Node;

/// Which parts are written, beside A (the connection and the request's first line) and Z (the end), which always are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parts {
    /// B
    pub(super) request_headers: bool,
    /// F
    pub(super) response_headers: bool,
    /// H
    pub(super) messages: bool,
    /// I
    pub(super) arguments: bool,
}

impl Default for Parts {
    /// ABFHZ: no body.
    fn default() -> Self {
        Parts { request_headers: true, response_headers: true, messages: true, arguments: false }
    }
}

/// Letters that are refused, and why.
const REFUSED: [(char, &str); 6] = [
    ('C', "a body as it came has secrets where nobody can tell them; I has its arguments, masked"),
    ('D', "it is reserved"),
    ('E', "the body of a response has secrets where nobody can tell them"),
    ('G', "it is reserved"),
    ('J', "ModSecurity's JSON has no place for files; their names are among the arguments of I"),
    ('K', "H has the rules that matched"),
];

impl Parts {
    pub(super) fn read(node: &Node<'_>) -> Option<Self> {
        let text = node.text()?;
        let mut parts = Parts {
            request_headers: false,
            response_headers: false,
            messages: false,
            arguments: false,
        };
        let mut sound = true;
        for letter in text.chars() {
            match letter {
                'A' | 'Z' => {}
                'B' => parts.request_headers = true,
                'F' => parts.response_headers = true,
                'H' => parts.messages = true,
                'I' => parts.arguments = true,
                _ => {
                    let known = REFUSED.iter().find(|(refused, _)| *refused == letter);
                    let why = known.map_or("there is no such part", |(_, why)| why);
                    node.fault(format!("expected letters of ABFHIZ, but found `{letter}`: {why}"));
                    sound = false;
                    break;
                }
            }
        }
        if sound && !(text.starts_with('A') && text.ends_with('Z')) {
            node.fault("expected A first and Z last, as in `ABFHZ`: they are always written");
            sound = false;
        }
        sound.then_some(parts)
    }
}
