//! Which log line belongs to which request, without markers before and after: many are on their way at once.
//!
//! A rule logs the mark that the request carries; the transaction's other lines have the same unique id.

use std::collections::BTreeMap;

/// The header that carries a stage's mark.
pub const MARK: &str = "X-CRS-Test";

/// Its first line: the rule that logs the mark.
pub const MARK_RULE: &str = r#"
SecRule REQUEST_HEADERS:X-CRS-Test "@rx ^.*$" \
    "id:999999,\
    phase:1,\
    pass,\
    t:none,\
    log,\
    msg:'X-CRS-Test %{MATCHED_VAR}'"
"#;

/// How the lines show mark and transaction; the defaults are ModSecurity's.
#[derive(Clone, Debug)]
pub struct Correlation {
    /// What stands before a mark, which goes on to the next quote.
    pub mark: String,
    /// What stands before a transaction's id, which goes on to the next quote.
    pub transaction: String,
}

impl Default for Correlation {
    fn default() -> Self {
        let mark = format!("[msg \"{MARK} ");
        Self { mark, transaction: "[unique_id \"".to_owned() }
    }
}

impl Correlation {
    /// The lines of each mark, those of the marking rule left out.
    #[must_use]
    pub fn by_mark(&self, lines: &[String]) -> BTreeMap<String, Vec<String>> {
        let mut marks: BTreeMap<&str, &str> = BTreeMap::new();
        for line in lines {
            if let (Some(mark), Some(id)) =
                (after(line, &self.mark), after(line, &self.transaction))
            {
                marks.insert(id, mark);
            }
        }
        let mut by_mark: BTreeMap<String, Vec<String>> =
            marks.values().map(|mark| ((*mark).to_owned(), Vec::new())).collect();
        for line in lines.iter().filter(|line| after(line, &self.mark).is_none()) {
            let mark = after(line, &self.transaction).and_then(|id| marks.get(id));
            if let Some(of) = mark.and_then(|mark| by_mark.get_mut(*mark)) {
                of.push(line.clone());
            }
        }
        by_mark
    }
}

/// Lines with a rule's id whose transaction nobody marked: a sign that the correlation is broken.
#[must_use]
pub fn unmarked(lines: &[String], by_mark: &BTreeMap<String, Vec<String>>) -> usize {
    let ours = |line: &&String| line.contains("[id \"") && !line.contains("[id \"999999\"]");
    let told: usize = by_mark.values().flatten().filter(ours).count();
    lines.iter().filter(ours).count().saturating_sub(told)
}

fn after<'l>(line: &'l str, before: &str) -> Option<&'l str> {
    let (_, rest) = line.split_once(before)?;
    Some(rest.split_once('"')?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_one_transaction_are_found_in_any_order() {
        let lines = [
            r#"[id "1"] [msg "a"] [unique_id "u1"]"#,
            r#"[id "999999"] [msg "X-CRS-Test 1-1-0"] [unique_id "u1"]"#,
            r#"[id "999999"] [msg "X-CRS-Test 1-2-0"] [unique_id "u2"]"#,
            r#"[id "2"] [msg "a"] [unique_id "u2"]"#,
            r#"[id "3"] [msg "a"] [unique_id "u1"]"#,
            r#"[id "4"] [unique_id "u9"]"#,
            "something else",
            r#"[id "999999"] [msg "X-CRS-Test 1-3-0"] [unique_id "u3"]"#,
        ]
        .map(str::to_owned);
        let got = Correlation::default().by_mark(&lines);
        let counts: Vec<_> = got.iter().map(|(mark, of)| (mark.as_str(), of.len())).collect();
        assert_eq!(counts, [("1-1-0", 2), ("1-2-0", 1), ("1-3-0", 0)]);
        assert_eq!(got["1-1-0"], [lines[0].clone(), lines[4].clone()]);
        assert_eq!(unmarked(&lines, &got), 1);
    }

    #[test]
    fn another_form_of_the_lines_can_be_told() {
        let told =
            Correlation { mark: "\"test\":\"".to_owned(), transaction: "\"tx\":\"".to_owned() };
        let lines = [r#"{"test":"1-1-0","tx":"a"}"#, r#"{"id":5,"tx":"a"}"#].map(str::to_owned);
        assert_eq!(told.by_mark(&lines)["1-1-0"], [lines[1].clone()]);
    }
}
