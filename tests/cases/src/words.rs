//! Placeholders: what a table names instead of writing it down, because it depends on a key or on the clock.
//!
//! - `{{name}}`: a token of the file, minted once per case at the case's start;
//! - `{{jwk:key}}`, `{{pem:key}}`, `{{private:key}}` (a private JWK), `{{secret:key}}`: a key of `tests/cases/keys`; in a configuration, a string that is
//!   nothing but a placeholder becomes the JSON value that it stands for, and a member `"..."` is spread over its
//!   object (`{ "..." = "{{jwk:rsa2048}}", kid = "k1" }`); so too in the header and claims of a token;
//! - `{{repeat:1000:text}}`: the text so many times;
//! - `{{fingerprint:name}}`, `{{xfcc:name}}`: of a client certificate of the file; `{{thumbprint:name}}`, as a token is
//!   bound to it;
//! - `{{left:minute}}`: whole seconds until the next `second`, `minute`, `hour` or `day` begins, 1 at least.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;

use serde_json::{Map, Value};

use crate::certificates::{self, Minted};
use crate::fields::{Fields, Text, Values};
use crate::tokens::{Spec, keys, mint};

/// A field as bytes.
pub type Field = (String, Vec<u8>);

/// A member of this name is replaced by the members of its value.
const SPREAD: &str = "...";

/// What the placeholders of one case stand for.
pub(crate) struct Words<'c> {
    specs: &'c BTreeMap<String, Spec>,
    certificates: &'c BTreeMap<String, certificates::Spec>,
    now: u64,
    minted: RefCell<BTreeMap<String, String>>,
}

impl<'c> Words<'c> {
    /// The words of a case whose clock starts at `now`, seconds since the epoch.
    pub(crate) fn new(
        specs: &'c BTreeMap<String, Spec>,
        certificates: &'c BTreeMap<String, certificates::Spec>,
        now: u64,
    ) -> Self {
        Words { specs, certificates, now, minted: RefCell::default() }
    }

    /// A certificate by its name.
    pub(crate) fn certificate(&self, name: &str) -> Result<Minted, String> {
        let spec = self.certificates.get(name);
        let spec = spec.ok_or_else(|| format!("no certificate is called `{name}`"))?;
        caught(name, || certificates::mint(spec))
    }

    /// What one placeholder stands for at a time, seconds since the epoch.
    fn value(&self, word: &str, at: u64) -> Result<Value, String> {
        match word.split_once(':') {
            Some(("left", period)) => left(period, at).map(Value::from),
            Some(("repeat", rest)) => repeated(rest).map(Value::from),
            Some(("fingerprint", name)) => {
                self.certificate(name.trim()).map(|minted| Value::from(minted.fingerprint))
            }
            Some(("thumbprint", name)) => {
                self.certificate(name.trim()).map(|minted| minted.thumbprint().into())
            }
            Some(("xfcc", name)) => {
                self.certificate(name.trim()).map(|minted| minted.xfcc().into())
            }
            Some((kind, key)) => key_value(kind.trim(), key.trim()),
            None => self.token(word).map(Value::from),
        }
    }

    fn token(&self, name: &str) -> Result<String, String> {
        if let Some(token) = self.minted.borrow().get(name) {
            return Ok(token.clone());
        }
        let spec = self.specs.get(name).ok_or_else(|| format!("no token is called `{name}`"))?;
        let members = |own: &Map<String, Value>| match self.json(&Value::Object(own.clone()))? {
            Value::Object(members) => Ok(members),
            _ => Err(format!("what stands in `{name}` is no object")),
        };
        let (header, claims) = (members(&spec.header)?, members(&spec.claims)?);
        let spec = Spec { header, claims, ..spec.clone() };
        let token = caught(name, || mint(&spec, self.now))?;
        self.minted.borrow_mut().insert(name.to_owned(), token.clone());
        Ok(token)
    }

    /// A text with what its placeholders stand for.
    pub(crate) fn text(&self, text: &str, at: u64) -> Result<String, String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (word, after) = after
                .split_once("}}")
                .ok_or_else(|| format!("a placeholder without its end in `{text}`"))?;
            out.push_str(before);
            match self.value(word.trim(), at)? {
                Value::String(text) => out.push_str(&text),
                other => out.push_str(&other.to_string()),
            }
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    /// A value of a field.
    pub(crate) fn bytes(&self, text: &Text, at: u64) -> Result<Vec<u8>, String> {
        match text {
            Text::Plain(text) => Ok(self.text(text, at)?.into_bytes()),
            Text::Bytes(bytes) => Ok(bytes.clone()),
        }
    }

    /// All fields as bytes.
    pub(crate) fn fields(&self, fields: &Fields, at: u64) -> Result<Vec<Field>, String> {
        let field = |(name, value): &(String, Text)| {
            let name = self.text(name, at)?.to_ascii_lowercase();
            Ok((name, self.bytes(value, at)?))
        };
        fields.0.iter().map(field).collect()
    }

    /// The values that a field must have.
    pub(crate) fn values(&self, values: &Values, at: u64) -> Result<Vec<Vec<u8>>, String> {
        values.0.iter().map(|value| self.bytes(value, at)).collect()
    }

    /// A configuration with what its placeholders stand for.
    pub(crate) fn json(&self, value: &Value) -> Result<Value, String> {
        match value {
            Value::String(text) => self.string(text),
            Value::Array(items) => items.iter().map(|item| self.json(item)).collect(),
            Value::Object(members) => {
                let mut object = Map::new();
                for (name, member) in members {
                    let member = self.json(member)?;
                    match member {
                        Value::Object(spread) if name == SPREAD => {
                            for (name, member) in spread {
                                object.entry(name).or_insert(member);
                            }
                        }
                        member => {
                            object.insert(name.clone(), member);
                        }
                    }
                }
                Ok(Value::Object(object))
            }
            plain => Ok(plain.clone()),
        }
    }

    fn string(&self, text: &str) -> Result<Value, String> {
        let whole = text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
        match whole.filter(|word| !word.contains("{{")) {
            Some(word) => self.value(word.trim(), self.now),
            None => self.text(text, self.now).map(Value::from),
        }
    }
}

/// Whole seconds until the next period begins.
fn left(period: &str, at: u64) -> Result<u64, String> {
    let length = match period.trim() {
        "second" => 1,
        "minute" => 60,
        "hour" => 3_600,
        "day" => 86_400,
        other => return Err(format!("expected second, minute, hour or day, but found {other}")),
    };
    Ok(length - at % length)
}

fn repeated(word: &str) -> Result<String, String> {
    let (count, text) = word.split_once(':').unwrap_or_default();
    let count: usize =
        count.parse().map_err(|_| format!("expected repeat:1000:text, but found repeat:{word}"))?;
    Ok(text.repeat(count))
}

fn key_value(kind: &str, key: &str) -> Result<Value, String> {
    let is_secret = key.starts_with("secret");
    match kind {
        "jwk" => caught(key, || keys::jwk(key)),
        "pem" if !is_secret => caught(key, || Value::from(keys::pem(key))),
        "secret" if is_secret => caught(key, || Value::from(keys::secret(key))),
        "private" if !is_secret => caught(key, || Value::Object(keys::private_jwk(key))),
        _ => Err(format!("expected jwk, pem, private or secret and a key, but found {kind}:{key}")),
    }
}

/// What a word stands for, where making it may stop with a message: in a table, that is a fault among others.
fn caught<T>(word: &str, make: impl FnOnce() -> T) -> Result<T, String> {
    std::panic::catch_unwind(AssertUnwindSafe(make)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        format!("`{word}`: {}", text.unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn seconds_are_left_of_every_period() {
        let (none, no_certificates) = (BTreeMap::new(), BTreeMap::new());
        let words = Words::new(&none, &no_certificates, 0);
        let texts = ["second", "minute", "hour", "day"];
        let found: Vec<_> = texts
            .iter()
            .map(|period| words.text(&format!("{{{{left:{period}}}}}"), 1_700_000_000).unwrap())
            .collect();
        assert_eq!(found, ["1", "40", "2800", "6400"]);
        assert_eq!(words.text("{{left:minute}}", 60).unwrap(), "60", "a period has just begun");
        assert!(words.text("{{left:week}}", 0).is_err());
    }

    #[test]
    fn unknown_words_and_open_braces_are_errors() {
        let (none, no_certificates) = (BTreeMap::new(), BTreeMap::new());
        let words = Words::new(&none, &no_certificates, 0);
        assert_eq!(words.text("a {b} }}", 0).unwrap(), "a {b} }}");
        for text in ["{{nobody}}", "{{jwk:nothing}}", "{{left:minute"] {
            assert!(words.text(text, 0).is_err(), "{text}");
        }
    }

    #[test]
    fn a_spread_member_gives_way_to_those_beside_it() {
        let (none, no_certificates) = (BTreeMap::new(), BTreeMap::new());
        let words = Words::new(&none, &no_certificates, 120);
        let value = json!({"...": {"kid": "a", "x": "{{left:minute}}"}, "kid": "b"});
        assert_eq!(words.json(&value).unwrap(), json!({"kid": "b", "x": 60}));
    }
}
