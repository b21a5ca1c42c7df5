//! Which rules logged, read from log lines as go-ftw reads them.

use std::collections::BTreeSet;

/// The ids of the rules in lines such as `… [id "942100"] …` or JSON with `"id":942100`.
#[must_use]
pub fn ids(lines: &[String]) -> BTreeSet<u32> {
    lines.iter().flat_map(|line| in_line(line)).collect()
}

/// What stands before and after an id.
const FORMS: [(&str, &str); 3] = [("[id \"", "\"]"), ("\"id\":\"", "\""), ("\"id\":", "")];

fn in_line(line: &str) -> impl Iterator<Item = u32> {
    FORMS.into_iter().flat_map(move |(before, after)| {
        line.match_indices(before).filter_map(move |(at, _)| {
            let rest = &line[at + before.len()..];
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (id, rest) = rest.split_at(digits);
            rest.starts_with(after).then(|| id.parse().ok()).flatten()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::ids;

    #[test]
    fn both_forms_of_a_line_tell_their_rule() {
        let rows: [(&str, &[u32]); 8] = [
            (r#"ModSecurity: Warning. [file "x"] [id "942100"] [msg "a"]"#, &[942_100]),
            (r#"[id "1"] [id "2"]"#, &[1, 2]),
            (r#"{"id":942100,"msg":"x"}"#, &[942_100]),
            (r#"{"id":"942100"}"#, &[942_100]),
            (r#"[unique_id "17"] [data "id 5"]"#, &[]),
            (r#"[id "12x"] [id ""]"#, &[]),
            (r#"[id "99999999999"]"#, &[]),
            ("", &[]),
        ];
        for (line, want) in rows {
            let got: Vec<u32> = ids(&[line.to_owned()]).into_iter().collect();
            assert_eq!(got, want, "{line}");
        }
    }
}
