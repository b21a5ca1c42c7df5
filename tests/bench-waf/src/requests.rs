//! The requests that are measured: files of this folder with places such as `{word}` for values.

use crate::variants::Values;

/// A request with places.
#[derive(Clone, Copy, Debug)]
pub struct Template {
    /// What the table calls it.
    pub name: &'static str,
    text: &'static str,
    /// Whether a WAF refuses it.
    pub refused: bool,
}

/// All that are measured.
pub const REQUESTS: [Template; 7] = [
    Template::new("simple GET", include_str!("../requests/get.http")),
    Template::new("form POST", include_str!("../requests/form.http")),
    Template::new("JSON POST, 300 bytes", include_str!("../requests/json.http")),
    Template::new("10 kB of prose", include_str!("../requests/value-prose.http")),
    Template::new("10 kB of Base64", include_str!("../requests/value-base64.http")),
    Template::new("10 kB of digits", include_str!("../requests/value-digits.http")),
    Template {
        refused: true,
        ..Template::new("10 kB of attacks", include_str!("../requests/value-attacks.http"))
    },
];

impl Template {
    const fn new(name: &'static str, text: &'static str) -> Self {
        Self { name, text, refused: false }
    }

    /// True where the body is a form, which more text makes no other one of.
    #[must_use]
    pub fn has_form(&self) -> bool {
        self.text.contains("x-www-form-urlencoded")
    }

    /// The bytes of one variant, with the length of the body added.
    #[must_use]
    pub fn filled(&self, variant: usize) -> Vec<u8> {
        self.filled_and(variant, "")
    }

    /// The same with something more at the end.
    #[must_use]
    pub fn filled_and(&self, variant: usize, more: &str) -> Vec<u8> {
        let text = fill(self.text, &mut Values::new(variant));
        let text = format!("{}{more}", text.trim_end_matches('\n'));
        let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
        let mut out = head.replace('\n', "\r\n");
        if !body.is_empty() {
            out += &format!("\r\nContent-Length: {}", body.len());
        }
        out += "\r\n\r\n";
        out += body;
        out.into_bytes()
    }
}

fn fill(text: &str, values: &mut Values) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out += before;
        match after.split_once('}').and_then(|(kind, after)| Some((values.of(kind)?, after))) {
            Some((value, after)) => {
                out += &value;
                rest = after;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::variants;

    #[test]
    fn variants_differ_and_come_again_the_same() {
        for template in REQUESTS {
            let all: BTreeSet<_> = (0..variants::COUNT).map(|n| template.filled(n)).collect();
            assert_eq!(all.len(), variants::COUNT, "{}", template.name);
            assert_eq!(template.filled(7), template.filled(7));
        }
    }

    #[test]
    fn every_place_is_filled_and_the_json_is_one() {
        for template in REQUESTS {
            let text = String::from_utf8(template.filled(3)).unwrap();
            assert!(
                ![
                    "{word}",
                    "{number}",
                    "{digit}",
                    "{token}",
                    "{prose}",
                    "{base64}",
                    "{digits}",
                    "{attacks}"
                ]
                .iter()
                .any(|place| text.contains(place))
            );
        }
        let text = String::from_utf8(REQUESTS[2].filled(3)).unwrap();
        let (_, body) = text.split_once("\r\n\r\n").unwrap();
        serde_json::from_str::<serde_json::Value>(body).unwrap();
        assert!((280..=380).contains(&body.len()), "{}", body.len());
    }
}
