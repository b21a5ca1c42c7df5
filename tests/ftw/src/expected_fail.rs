//! The lists of tests that can't pass behind Envoy, or on a module: what fails beyond them is a failure of ours.

use std::collections::BTreeMap;

use crate::run::{Judged, Verdict};

/// Through Envoy so many, and never more.
const MOST: usize = 43;

/// On a module.
const MOST_OF_MODULE: usize = 1;

/// The lists as they stand in the repository.
const LIST: &str = include_str!("../expected_fail_envoy.txt");
const LIST_OF_MODULE: &str = include_str!("../expected_fail_module.txt");

/// Tests with why each can't pass.
#[derive(Clone, Debug)]
pub struct ExpectedFailures(BTreeMap<String, String>);

/// A run beside the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Against {
    /// Failed, and on the list.
    pub expected: usize,
    /// Failed, and not on the list.
    pub unexpected: usize,
    /// Passed although on the list.
    pub passed: Vec<String>,
    /// On the list, but not among the tests that ran.
    pub absent: usize,
}

impl ExpectedFailures {
    /// Those behind Envoy.
    pub fn of_envoy() -> Result<Self, String> {
        Self::parse(LIST, MOST)
    }

    /// Those on a module.
    pub fn of_module() -> Result<Self, String> {
        Self::parse(LIST_OF_MODULE, MOST_OF_MODULE)
    }

    /// One test a line with its reason behind it; `#` starts a comment.
    fn parse(text: &str, most: usize) -> Result<Self, String> {
        let mut all = BTreeMap::new();
        for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
            let (test, why) = line.split_once(' ').ok_or(format!("`{line}` has no reason"))?;
            if all.insert(test.to_owned(), why.trim().to_owned()).is_some() {
                return Err(format!("`{test}` twice"));
            }
        }
        if all.len() > most {
            return Err(format!(
                "{} expected failures: the list of {most} must not grow",
                all.len()
            ));
        }
        Ok(Self(all))
    }

    /// Takes the expected failures out of a run: they become skipped, with the reason.
    #[must_use]
    pub fn apply(&self, judged: &mut [Judged]) -> Against {
        let mut against = Against { absent: self.0.len(), ..Against::default() };
        for one in judged {
            let why = self.0.get(&one.test);
            against.absent -= usize::from(why.is_some());
            match (&one.verdict, why) {
                (Verdict::Failed(_), Some(why)) => {
                    against.expected += 1;
                    one.verdict = Verdict::Skipped(format!("expected to fail: {why}"));
                }
                (Verdict::Failed(_), None) => against.unexpected += 1,
                (Verdict::Passed, Some(_)) => against.passed.push(one.test.clone()),
                _ => {}
            }
        }
        against
    }
}

impl Against {
    /// Lines for the report.
    #[must_use]
    pub fn told(&self) -> String {
        let mut out = String::new();
        for test in &self.passed {
            out += &format!("PASS {test}, though it is on the list of expected failures\n");
        }
        let Self { expected, absent, .. } = self;
        out + &format!(
            "expected failures: {expected} failed, {} passed, {absent} have no test here\n",
            self.passed.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(test: &str, passed: bool) -> Judged {
        let verdict = if passed { Verdict::Passed } else { Verdict::Failed(vec!["x".to_owned()]) };
        Judged { file: "f".to_owned(), test: test.to_owned(), verdict, engine_level: false }
    }

    #[test]
    fn the_lists_of_the_repository_have_not_grown() {
        for list in [ExpectedFailures::of_envoy(), ExpectedFailures::of_module()] {
            let list = list.unwrap();
            assert!(!list.0.is_empty());
            assert!(list.0.values().all(|why| why.len() > 10), "each with its reason");
        }
    }

    #[test]
    fn a_list_is_whole_and_short() {
        let many = |n: usize| (0..n).map(|i| format!("1-{i} why\n")).collect::<String>();
        assert!(ExpectedFailures::parse(&many(MOST), MOST).is_ok());
        let rows = [
            (many(MOST + 1), "must not grow"),
            ("1-1 a\n1-1 b".to_owned(), "twice"),
            ("1-1".to_owned(), "no reason"),
        ];
        for (text, want) in rows {
            assert!(ExpectedFailures::parse(&text, MOST).unwrap_err().contains(want));
        }
    }

    #[test]
    fn what_differs_from_the_list_is_told() {
        let list = ExpectedFailures::parse("1-1 a\n1-2 b\n1-9 c\n", MOST).unwrap();
        let mut run =
            [judged("1-1", false), judged("1-2", true), judged("1-3", false), judged("1-4", true)];
        let against = list.apply(&mut run);
        let want =
            Against { expected: 1, unexpected: 1, passed: vec!["1-2".to_owned()], absent: 1 };
        assert_eq!(against, want);
        assert_eq!(run[0].verdict, Verdict::Skipped("expected to fail: a".to_owned()));
        assert!(against.told().contains("PASS 1-2"));
    }
}
