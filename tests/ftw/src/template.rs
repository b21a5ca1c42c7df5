//! The one Go template that the tests use: `{{ "text" | repeat N }}`. Anything else in braces is data.

/// A stage that asks for more is broken.
const MAX_REPEATED: usize = 16 << 20;

/// Writes the templates out.
#[must_use]
pub fn expand(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        match repeat(from) {
            Some((repeated, after)) => {
                out.push_str(&repeated);
                rest = after;
            }
            None => {
                out.push_str("{{");
                rest = &from[2..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// A template at the start of the text, written out, and what follows it.
fn repeat(text: &str) -> Option<(String, &str)> {
    let text = text.strip_prefix("{{")?.trim_start();
    let (what, text) = text.strip_prefix('"')?.split_once('"')?;
    let text = text.trim_start().strip_prefix('|')?.trim_start().strip_prefix("repeat")?;
    let (number, text) = text.split_once("}}")?;
    let times: usize = number.trim().parse().ok()?;
    let long = what.len().checked_mul(times)? > MAX_REPEATED;
    (!long && !what.contains('\\')).then(|| (what.repeat(times), text))
}

#[cfg(test)]
mod tests {
    use super::expand;

    #[test]
    fn only_repeat_is_written_out() {
        let rows = [
            ("a{{ \"1\" | repeat 3 }}b", "a111b"),
            ("{{\"xy\"|repeat 2}}{{ \"z\" | repeat 0 }}", "xyxy"),
            (
                "{{constructor.constructor('alert(1)')()}}",
                "{{constructor.constructor('alert(1)')()}}",
            ),
            ("{{ \"1\" | repeat x }}", "{{ \"1\" | repeat x }}"),
            ("{{{ \"1\" | repeat 2 }}", "{{{ \"1\" | repeat 2 }}"),
            ("{{", "{{"),
            ("", ""),
        ];
        for (text, want) in rows {
            assert_eq!(expand(text), want);
        }
    }

    #[test]
    fn a_repetition_past_the_bound_stays() {
        let at = format!("{{{{ \"1\" | repeat {} }}}}", super::MAX_REPEATED);
        assert_eq!(expand(&at).len(), super::MAX_REPEATED);
        let past = format!("{{{{ \"1\" | repeat {} }}}}", super::MAX_REPEATED + 1);
        assert_eq!(expand(&past), past);
    }
}
