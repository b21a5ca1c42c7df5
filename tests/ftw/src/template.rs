//! The one function of Go's templates that the tests use: `{{ "text" | repeat N }}`, or `{{ repeat N "text" }}`.
//!
//! go-ftw sends a text as it is if Go can't parse a template in it: braces are the payload of many an attack. What Go may
//! understand and we don't is an error, as nobody would know what the test should have sent.

use std::borrow::Cow;

/// A stage that asks for more is broken.
const MAX_REPEATED: usize = 16 << 20;

/// Functions of Go's templates and of sprig that need no argument: alone in braces, any other word is data.
const WITHOUT_ARGUMENTS: [&str; 5] = ["now", "uuidv4", "list", "dict", "hello"];

/// Words that begin a statement of Go's templates.
const KEYWORDS: [&str; 10] =
    ["if", "else", "end", "range", "with", "define", "template", "block", "break", "continue"];

/// Writes the templates out.
pub fn expand(text: &str) -> Result<Cow<'_, str>, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, action)) = rest.split_once("{{") {
        out.push_str(before);
        if !is_meant(action) {
            return Ok(Cow::Borrowed(text));
        }
        let (repeated, after) = pipeline(action).ok_or_else(|| {
            let shown: String = action.chars().take_while(|c| *c != '}').take(40).collect();
            format!("a template that the runner does not know: `{{{{{shown}`")
        })?;
        out.push_str(&repeated);
        rest = after;
    }
    out.push_str(rest);
    Ok(Cow::Owned(out))
}

/// True for what Go may take for a template: it begins with text of its own that ends at a `|` or the braces, or with a
/// function and its arguments. `constructor.constructor('alert(1)')()` and `7*7` are none.
fn is_meant(action: &str) -> bool {
    // A comment, or a sign that white space is to go.
    if action.starts_with("/*") || action.starts_with("- ") {
        return true;
    }
    let action = action.trim_start();
    if action.starts_with(['"', '`']) {
        // What is no literal may still have been meant as one: better a failure than another request.
        return literal(action).is_none_or(|(_, rest)| {
            ["|", "}}"].iter().any(|end| rest.trim_start().starts_with(end))
        });
    }
    let end = action.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(action.len());
    let (word, rest) = action.split_at(end);
    let next = rest.trim_start();
    let has_argument = next.len() < rest.len() && next.starts_with(['"', '`', '(', '$'])
        || next.len() < rest.len() && next.starts_with(|c: char| c.is_ascii_digit());
    let begins_as_a_name = word.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_known = KEYWORDS.contains(&word) || WITHOUT_ARGUMENTS.contains(&word);
    let ends = next.starts_with("}}") || next.len() < rest.len();
    begins_as_a_name && (has_argument || is_known && ends)
}

/// What a template stands for, and what follows its braces.
fn pipeline(action: &str) -> Option<(String, &str)> {
    let (mut value, mut rest) = first(action.trim_start())?;
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix("}}") {
            return Some((value, after));
        }
        let (times, after) = repeat(rest.strip_prefix('|')?.trim_start())?;
        (value, rest) = (repeated(&value, times)?, after);
    }
}

/// A literal, or a whole call.
fn first(text: &str) -> Option<(String, &str)> {
    if text.starts_with(['"', '`']) {
        return literal(text);
    }
    let (times, text) = repeat(text)?;
    let (what, rest) = literal(spaced(text)?)?;
    Some((repeated(&what, times)?, rest))
}

/// `repeat N` without its text.
fn repeat(text: &str) -> Option<(usize, &str)> {
    let text = spaced(text.strip_prefix("repeat")?)?;
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    // `1e3`, `0x10` and `08` are numbers of Go's, and other ones.
    let plain = number == "0" || !number.starts_with('0');
    let ends = rest.starts_with(|c: char| c.is_whitespace() || c == '|' || c == '}');
    (plain && ends).then(|| number.parse().ok()).flatten().map(|times| (times, rest))
}

fn spaced(text: &str) -> Option<&str> {
    let rest = text.trim_start();
    (rest.len() < text.len()).then_some(rest)
}

fn repeated(what: &str, times: usize) -> Option<String> {
    (what.len().checked_mul(times)? <= MAX_REPEATED).then(|| what.repeat(times))
}

/// Text in quotes, with Go's commonest escapes, or in backquotes, without; and what follows it.
fn literal(text: &str) -> Option<(String, &str)> {
    if let Some(raw) = text.strip_prefix('`') {
        return raw.split_once('`').map(|(raw, rest)| (raw.to_owned(), rest));
    }
    let mut out = String::new();
    let mut chars = text.strip_prefix('"')?.chars();
    loop {
        out.push(match chars.next()? {
            '"' => return Some((out, chars.as_str())),
            '\\' => match chars.next()? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                known @ ('"' | '\\') => known,
                _ => return None,
            },
            // Go ends a literal at no line.
            '\n' => return None,
            other => other,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::expand;

    #[test]
    fn repeat_is_written_out_either_way() {
        let rows = [
            ("a{{ \"1\" | repeat 3 }}b", "a111b"),
            ("{{\"xy\"|repeat 2}}{{ \"z\" | repeat 0 }}", "xyxy"),
            ("a{{ repeat 3 \"1\" }}b{{repeat 2 \"xy\"}}", "a111bxyxy"),
            ("{{ repeat 2 \"a\" | repeat 2 }}", "aaaa"),
            ("{{ \"a }} | b\" | repeat 2 }}", "a }} | ba }} | b"),
            ("{{ \"a\" }}{{ `b\\n` }}", "ab\\n"),
            ("{{ \"\\n\\r\\t\\\"\\\\\" | repeat 2 }}", "\n\r\t\"\\\n\r\t\"\\"),
            ("{{ repeat 2 \"\\\"\\n\" }}", "\"\n\"\n"),
            ("", ""),
        ];
        for (text, want) in rows {
            assert_eq!(expand(text).as_deref(), Ok(want), "{text}");
        }
    }

    #[test]
    fn what_go_can_not_parse_is_data_as_a_whole() {
        let rows = [
            "{{constructor.constructor('alert(1)')()}}",
            "{{constructor.constructor('a')()}}{{ \"1\" | repeat 2 }}",
            "{{\"a\".constructor.prototype}}",
            "{{$on.constructor('alert(1)')()}}",
            "{{7*7}}",
            "{{ config }}",
            "{{now.x}}",
            "{{ ''.__class__ }}",
            "{{{ \"1\" | repeat 2 }}",
            "{{",
            "{\"a\":{\"b\":1}}",
        ];
        for text in rows {
            assert_eq!(expand(text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn a_template_that_is_not_understood_is_an_error() {
        let rows = [
            "{{ \"1\" | repeat x }}",
            "{{ \"1\" | repeat -1 }}",
            "{{ \"1\" | repeat 0x10 }}",
            "{{ \"1\" | repeat 010 }}",
            "{{ \"1\" | repeat }}",
            "{{ \"1\" | upper }}",
            "{{ \"1\" | repeat 2",
            "{{ \"1 | repeat 2 }}",
            "{{ \"\\q\" | repeat 2 }}",
            "{{ repeat 2 }}",
            "{{ repeat \"1\" 2 }}",
            "{{ repeat 2 \"1\" \"2\" }}",
            "{{ b64dec \"eA==\" }}",
            "{{ add 1 2 }}",
            "{{ now }}",
            "{{ range $i }}x{{ end }}",
            "{{- \"1\" -}}",
            "{{/* a comment */}}",
            "a{{ \"1\" | repeat 2 }}{{ \"1\" | upper }}",
        ];
        for text in rows {
            let error = expand(text).expect_err(text);
            assert!(error.contains("a template that the runner does not know: `{{"), "{error}");
        }
    }

    #[test]
    fn a_repetition_past_the_bound_is_an_error() {
        let at = |times: usize| format!("{{{{ \"1\" | repeat {times} }}}}");
        assert_eq!(expand(&at(super::MAX_REPEATED)).unwrap().len(), super::MAX_REPEATED);
        assert!(expand(&at(super::MAX_REPEATED + 1)).is_err());
    }
}
