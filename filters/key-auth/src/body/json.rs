//! Members of a JSON object, found without building it: what is cut out leaves every other byte in its place.

use portcullis_control::json_edit::Document;
use serde_json::from_slice;

use super::Found;

/// The members of the outermost object that have names of ours. Anything that is no JSON (RFC 8259) has none. How deep it
/// is does not matter: an upstream may read it all the same.
pub(super) fn find(body: &[u8], is_ours: impl Fn(&[u8]) -> bool) -> Found {
    let Ok(mut document) = Document::parse_of_any_depth(body) else { return Found::default() };
    let Ok(values) = document.take(|name| is_ours(name.as_bytes())) else {
        return Found::default();
    };
    let texts = values.into_iter().filter_map(|value| from_slice::<String>(value).ok());
    Found { keys: texts.map(String::into_bytes).collect(), rest: document.into_text() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (Vec<String>, Option<String>) {
        let found = find(text.as_bytes(), |name| name == b"k");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (found.keys.into_iter().map(text).collect(), found.rest.map(text))
    }

    #[test]
    fn members_are_cut_out_with_one_comma_each() {
        for (body, keys, rest) in [
            (r#"{"k":"x"}"#, &["x"][..], r#"{}"#),
            (r#"{ "k" : "x" }"#, &["x"], r#"{}"#),
            (r#"{"k":"x", "a":1.0}"#, &["x"], r#"{ "a":1.0}"#),
            (r#"{"a":1 , "k":"x" , "b":2}"#, &["x"], r#"{"a":1 , "b":2}"#),
            ("{\"a\":1,\n \"k\":\"x\"\n}", &["x"], "{\"a\":1}"),
            (r#"{"k":"x","k":"y","a":1,"k":"z"}"#, &["x", "y", "z"], r#"{"a":1}"#),
            (r#"{"k":"x","k":"x"}"#, &["x", "x"], r#"{}"#),
            (r#"{"\u006b":"\u0078","a":{"k":"}"}}"#, &["x"], r#"{"a":{"k":"}"}}"#),
            (r#"{"a":"\\\",","k":"\"}"}"#, &["\"}"], r#"{"a":"\\\","}"#),
            (r#"{"k":1,"a":[1,{"k":2}]}"#, &[], r#"{"a":[1,{"k":2}]}"#),
            (r#"{"k":["x"],"b":{}}"#, &[], r#"{"b":{}}"#),
        ] {
            let (found, left) = parts(body);
            assert_eq!(
                (found.as_slice(), left.as_deref()),
                (
                    keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>().as_slice(),
                    Some(rest)
                ),
                "{body}"
            );
        }
    }

    #[test]
    fn what_is_no_object_or_no_json_has_no_key() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let in_deep = format!(r#"{{"a":{deep},"k":"x"}}"#);
        assert_eq!(parts(&in_deep).0, ["x"], "depth costs no stack");
        for body in [
            r#"[{"k":"x"}]"#,
            r#""k""#,
            r#"{"k":"x""#,
            r#"{"k":"x"}}"#,
            r#"{"k":"x"} {"k":"y"}"#,
            r#"{"k":"x",}"#,
            r#"{'k':'x'}"#,
            r#"{k:"x"}"#,
            "\u{feff}{\"k\":\"x\"}",
            r#"{"a":{"k":"x"}}"#,
            r#"{"K":"x"}"#,
            "{}",
            "",
            deep.as_str(),
        ] {
            assert_eq!(parts(body), (Vec::new(), None), "{}", body.get(..40).unwrap_or(body));
        }
        assert_eq!(find(b"{\"a\":\"\xff\",\"k\":\"x\"}", |name| name == b"k"), Found::default());
    }
}
