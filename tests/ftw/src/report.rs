//! What a run prints: each failure and skip with its reason, the files that are not whole, the totals at the end.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::oracle::Comparison;
use crate::run::{Judged, Verdict};

/// Lines of a comparison that are printed; the rest is counted.
const MOST_DIFFERENCES: usize = 200;

/// The counts of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Tests that passed.
    pub passed: usize,
    /// Tests that failed.
    pub failed: usize,
    /// Tests that say nothing here.
    pub skipped: usize,
    /// Those of the passed and failed that were judged by the engine's log instead of a server's answer.
    pub engine_level: usize,
}

impl Totals {
    /// Counts a run.
    #[must_use]
    pub fn of(judged: &[Judged]) -> Self {
        let mut totals = Self::default();
        judged.iter().for_each(|one| totals.add(one));
        totals
    }

    fn add(&mut self, one: &Judged) {
        match one.verdict {
            Verdict::Passed => self.passed += 1,
            Verdict::Failed(_) => self.failed += 1,
            Verdict::Skipped(_) => self.skipped += 1,
        }
        if one.engine_level && !matches!(one.verdict, Verdict::Skipped(_)) {
            self.engine_level += 1;
        }
    }

    /// One line.
    #[must_use]
    pub fn told(&self) -> String {
        let Self { passed, failed, skipped, engine_level } = self;
        format!(
            "passed {passed}, failed {failed}, skipped {skipped} \
             ({engine_level} judged by the engine's log instead of a server's answer)"
        )
    }
}

/// The whole report of a run.
#[must_use]
pub fn told(name: &str, judged: &[Judged], comparison: Option<&Comparison>) -> String {
    let mut out = String::new();
    let mut files: BTreeMap<&str, Totals> = BTreeMap::new();
    for one in judged {
        files.entry(&one.file).or_default().add(one);
        match &one.verdict {
            Verdict::Passed => {}
            Verdict::Failed(why) => {
                line(&mut out, &format!("FAIL {}: {}", one.test, why.join("; ")))
            }
            Verdict::Skipped(why) => line(&mut out, &format!("skip {}: {why}", one.test)),
        }
    }
    for (file, totals) in files {
        let Totals { passed, failed, skipped, .. } = totals;
        if failed > 0 {
            line(
                &mut out,
                &format!("file {file}: passed {passed}, failed {failed}, skipped {skipped}"),
            );
        }
    }
    if let Some(comparison) = comparison {
        compared(&mut out, comparison);
    }
    line(&mut out, &format!("{name}: {}", Totals::of(judged).told()));
    out
}

fn compared(out: &mut String, comparison: &Comparison) {
    let Comparison { compared, both, either, against_both, against_either, absent } = comparison;
    for (what, lines) in [("two agree", against_both), ("two differ", against_either)] {
        for told in lines.iter().take(MOST_DIFFERENCES) {
            line(out, &format!("ids ({what}) {told}"));
        }
        if lines.len() > MOST_DIFFERENCES {
            line(out, &format!("ids ({what}) … and {} more", lines.len() - MOST_DIFFERENCES));
        }
    }
    line(
        out,
        &format!(
            "ids of {compared} stages: {both} as all others, {either} as one of two that differ, \
             {} unlike two that agree, {} unlike two that differ; {absent} recorded ones did not run",
            against_both.len(),
            against_either.len()
        ),
    );
}

/// Values of a test can have any byte: none of them may move a terminal's cursor.
fn line(out: &mut String, text: &str) {
    const MOST: usize = 600;
    let shown = text.chars().take(MOST).map(|c| if c.is_control() { '\u{fffd}' } else { c });
    let more = if text.chars().nth(MOST).is_some() { "…" } else { "" };
    let _ = writeln!(out, "{}{more}", shown.collect::<String>());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(test: &str, verdict: Verdict) -> Judged {
        Judged { file: "f.yaml".to_owned(), test: test.to_owned(), verdict, engine_level: false }
    }

    #[test]
    fn a_report_ends_with_the_totals() {
        let all = [
            judged("1-1", Verdict::Passed),
            judged("1-2", Verdict::Failed(vec!["1 logged".to_owned(), "2 \x1b[2J".to_owned()])),
            judged("1-3", Verdict::Skipped("why".to_owned())),
        ];
        let want = "FAIL 1-2: 1 logged; 2 \u{fffd}[2J\n\
            skip 1-3: why\n\
            file f.yaml: passed 1, failed 1, skipped 1\n\
            in-process: passed 1, failed 1, skipped 1 (0 judged by the engine's log instead of a server's answer)\n";
        assert_eq!(told("in-process", &all, None), want);
    }

    #[test]
    fn long_lists_are_cut_and_counted() {
        let lines = vec!["x".to_owned(); MOST_DIFFERENCES + 3];
        let comparison = Comparison { against_both: lines, ..Comparison::default() };
        let got = told("a", &[], Some(&comparison));
        assert!(got.contains("ids (two agree) … and 3 more\n"), "{got}");
        assert!(got.contains("203 unlike two that agree"), "{got}");
    }
}
