//! What a valid token must also be entitled to: scopes, roles, groups, and the type that it says it has.

use portcullis_control::claims::Claims;
use serde_json::Value;

use crate::claims::ClaimPath;

/// Words of a claim, of which some set must be there: alternatives, each a set (Kong's `scopes_required`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Demand {
    /// Where the words stand, as text or as a list.
    pub(crate) path: ClaimPath,
    /// What such a text is.
    pub(crate) form: Form,
    /// Not empty, and no set in it is.
    pub(crate) alternatives: Vec<Vec<String>>,
}

impl Demand {
    /// True if all words of one of the alternatives are there.
    pub(crate) fn is_met(&self, claims: &Claims) -> bool {
        let Some(claim) = self.path.find(claims) else { return false };
        let words = self.form.words(claim);
        self.alternatives.iter().any(|set| set.iter().all(|word| words.contains(&word.as_str())))
    }
}

/// What a claim is that is a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Scopes, with spaces between them (RFC 8693 §4.2).
    Scopes,
    /// One group or role, spaces and all: who is in `Former Admins` is in none of `Former` and `Admins`.
    Name,
}

impl Form {
    /// The words of a claim: those of a text, or the texts of a list, each one word, spaces and all.
    pub(crate) fn words(self, claim: &Value) -> Vec<&str> {
        let words: Vec<&str> = match (claim, self) {
            (Value::String(text), Form::Scopes) => text.split(' ').collect(),
            (Value::String(text), Form::Name) => vec![text],
            (Value::Array(items), _) => return items.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        words.into_iter().filter(|word| !word.is_empty()).collect()
    }
}

/// True if `typ` of a JOSE header is this media type: without case, `application/` may be left out (RFC 7515 §4.1.9).
pub(crate) fn is_type(typ: &str, wanted: &str) -> bool {
    bare(typ).eq_ignore_ascii_case(bare(wanted))
}

fn bare(media_type: &str) -> &str {
    const PREFIX: &str = "application/";
    match media_type.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) && !rest.contains('/') => rest,
        _ => media_type,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn demand(path: &str, alternatives: &[&[&str]]) -> Demand {
        let sets = alternatives.iter().map(|set| set.iter().map(ToString::to_string).collect());
        let (path, alternatives) = (ClaimPath::parse(path).unwrap(), sets.collect());
        Demand { path, form: Form::Scopes, alternatives }
    }

    #[test]
    fn a_text_is_several_scopes_but_one_group() {
        for (claim, scopes, name) in [
            (json!("Former Admins"), &["Former", "Admins"][..], &["Former Admins"][..]),
            (json!(["Former Admins", "x"]), &["Former Admins", "x"], &["Former Admins", "x"]),
            (json!("x"), &["x"], &["x"]),
            (json!(""), &[], &[]),
            (json!({"x": 1}), &[], &[]),
        ] {
            assert_eq!(Form::Scopes.words(&claim), scopes, "{claim}");
            assert_eq!(Form::Name.words(&claim), name, "{claim}");
        }
    }

    #[test]
    fn one_whole_alternative_is_enough_and_half_of_two_is_not() {
        let demand = demand("scope", &[&["read", "write"], &["admin"]]);
        for (scope, met) in [
            (json!("read write"), true),
            (json!("x write read"), true),
            (json!(["write", "read"]), true),
            (json!("admin"), true),
            (json!("read"), false),
            (json!("read admins"), false),
            (json!("READ WRITE"), false),
            (json!("read\twrite"), false),
            (json!(["read write"]), false),
            (json!([["admin"]]), false),
            (json!({"admin": true}), false),
            (json!(null), false),
            (json!(""), false),
        ] {
            let Value::Object(members) = json!({"scope": scope}) else { panic!() };
            assert_eq!(demand.is_met(&Claims::from(members)), met, "{scope}");
        }
        assert!(!demand.is_met(&Claims::default()));
    }

    #[test]
    fn a_type_is_a_media_type_with_or_without_its_prefix() {
        for (typ, same) in [
            ("at+jwt", true),
            ("AT+JWT", true),
            ("application/at+jwt", true),
            ("Application/At+Jwt", true),
            ("jwt", false),
            ("application/x/at+jwt", false),
            ("text/at+jwt", false),
            ("", false),
        ] {
            assert_eq!(is_type(typ, "at+jwt"), same, "{typ}");
            assert_eq!(is_type(typ, "application/at+jwt"), same, "{typ}");
        }
    }
}
