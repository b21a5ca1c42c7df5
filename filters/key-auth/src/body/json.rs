//! Members of a JSON object, found without building it: what is cut out leaves every other byte in its place.

use std::ops::Range;

use serde_json::de::from_slice;

use super::{Found, cut};

/// The members of the outermost object that have names of ours. Anything that is no JSON (RFC 8259) has none.
pub(super) fn find(body: &[u8], is_ours: impl Fn(&[u8]) -> bool) -> Found {
    // UTF-8 first: serde_json does not look into texts that nobody asked for.
    let whole =
        std::str::from_utf8(body).is_ok() && from_slice::<serde::de::IgnoredAny>(body).is_ok();
    let members = if whole { members(body) } else { Vec::new() };
    let mut found = Found::default();
    let mut ours: Vec<bool> = Vec::new();
    for member in &members {
        let name = body.get(member.name.clone()).and_then(|text| from_slice::<String>(text).ok());
        let is_key = name.is_some_and(|name| is_ours(name.as_bytes()));
        ours.push(is_key);
        if is_key {
            let value = body.get(member.value.clone()).unwrap_or_default();
            found.keys.extend(from_slice::<String>(value).ok().map(String::into_bytes));
        }
    }
    if ours.contains(&true) {
        found.rest = Some(cut(body, &cuts(&members, &ours)));
    }
    found
}

/// What has to go so that these members are gone: each with the comma before it, or the one behind it where all before
/// it go as well.
fn cuts(members: &[Member], ours: &[bool]) -> Vec<Range<usize>> {
    let mut cuts: Vec<Range<usize>> = Vec::new();
    let mut kept = false;
    for (index, (member, is_ours)) in members.iter().zip(ours).enumerate() {
        if !is_ours {
            kept = true;
            continue;
        }
        let comma =
            if kept { index.checked_sub(1).and_then(|index| members.get(index)) } else { None };
        let start = comma.map_or(member.segment.start, |before| before.segment.end);
        let behind = usize::from(!kept && members.len() > index.saturating_add(1));
        cuts.push(start..member.segment.end.saturating_add(behind));
    }
    cuts
}

/// Places in a text.
#[derive(Debug)]
struct Member {
    /// With its quotes.
    name: Range<usize>,
    /// With the space around it.
    value: Range<usize>,
    /// From behind the last comma to the next one, or the braces.
    segment: Range<usize>,
}

/// The members of the outermost object of a text that is JSON.
fn members(text: &[u8]) -> Vec<Member> {
    let mut members = Vec::new();
    if text.trim_ascii_start().first() != Some(&b'{') {
        return members;
    }
    let (mut depth, mut start, mut colon) = (0_usize, 0, None);
    let (mut inside, mut escaped) = (false, false);
    for (place, byte) in text.iter().enumerate() {
        if inside {
            inside = escaped || *byte != b'"';
            escaped = *byte == b'\\' && !escaped;
            continue;
        }
        match byte {
            b'"' => inside = true,
            b'{' | b'[' => {
                depth = depth.saturating_add(1);
                if depth == 1 {
                    start = place.saturating_add(1);
                }
            }
            b':' if depth == 1 => colon = Some(place),
            b',' | b'}' if depth == 1 => {
                if let Some(colon) = colon.take() {
                    members.push(Member {
                        name: start..colon,
                        value: colon.saturating_add(1)..place,
                        segment: start..place,
                    });
                }
                start = place.saturating_add(1);
                depth = depth.saturating_sub(usize::from(*byte == b'}'));
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    members
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
