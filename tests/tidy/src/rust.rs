//! What Rust source of this repository may look like.

use crate::fault::{Exception, Fault, except};
use crate::repository::{File, Repository};
use crate::source::{lines_of_code, places};

/// Past it a file is to be split, lines of code without tests.
pub const MAX_LINES_OF_CODE: usize = 500;

/// Files that are longer for a reason.
const LONG_FILES: [Exception; 0] = [];

/// Where waiting is done for all tests.
const SLEEPERS: [Exception; 2] = [
    Exception {
        file: "tests/bench/src/cpu.rs",
        text: "thread::sleep(Duration::from_millis(1))",
        reason: "asks again until the measured process is idle, so many times at most",
    },
    Exception {
        file: "tests/e2e/src/poll.rs",
        text: "thread::sleep(PAUSE)",
        reason: "the one loop that asks again until a deadline",
    },
];

/// Code that stands for code that is not there, and checks that cannot fail.
const STUBS: [(&str, &str); 5] = [
    ("#[ignore", "runs for nobody: make it run, or remove it"),
    ("#[should_panic", "passes on any panic: assert on the error instead"),
    ("todo!", "is a stub: write the code, or leave the feature out"),
    ("unimplemented!", "is a stub: write the code, or leave the feature out"),
    ("dbg!", "is left over: remove it"),
];

/// Words of a code block's opening line in documentation by which rustdoc does not even compile it, or takes any panic.
const SKIPPED_EXAMPLES: [&str; 2] = ["ignore", "should_panic"];

/// Clocks and pauses; in `filters/` time is an argument.
const CLOCKS: [&str; 4] = ["Instant::now", "SystemTime::now", "thread::sleep", "sleep"];

fn all(repository: &Repository, look: impl Fn(&File, &str, &mut Vec<Fault>)) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in repository.ending(".rs") {
        look(file, file.code(), &mut faults);
    }
    faults
}

fn line_at(text: &str, place: usize) -> usize {
    text[..place].matches('\n').count() + 1
}

/// The first line of a file says why it exists.
#[must_use]
pub fn files_say_why_they_exist(repository: &Repository) -> Vec<Fault> {
    all(repository, |file, _, faults| {
        let first = file.text().lines().next().unwrap_or_default();
        let said = first.strip_prefix("//! ").is_some_and(|why| why.trim().contains(' '));
        if !said {
            faults.push(Fault::new(
                &file.path,
                1,
                "does not say why the file exists: start with `//! why`",
            ));
        }
    })
}

/// Nothing stands for code that is not there, and no test is left out.
#[must_use]
pub fn nothing_is_a_stub(repository: &Repository) -> Vec<Fault> {
    all(repository, |file, code, faults| {
        for (stub, remedy) in STUBS {
            for place in places(code, stub) {
                let message = format!("`{stub}` {remedy}");
                faults.push(Fault::new(&file.path, line_at(code, place), message));
            }
        }
        for (number, line) in file.lines() {
            let comment = line.trim_start();
            let comment = comment.strip_prefix("///").or_else(|| comment.strip_prefix("//!"));
            let fence = comment.and_then(|text| text.trim_start().strip_prefix("```"));
            let skipped = fence
                .is_some_and(|words| words.split(',').any(|word| SKIPPED_EXAMPLES.contains(&word)));
            if skipped {
                let message = "is an example that nothing checks: make it run, or write `text`";
                faults.push(Fault::new(&file.path, number, message));
            }
        }
    })
}

/// A test is named for a behaviour.
#[must_use]
pub fn tests_are_named_for_behaviours(repository: &Repository) -> Vec<Fault> {
    all(repository, |file, code, faults| {
        let mut is_test = false;
        for (number, line) in (1..).zip(code.lines()).map(|(number, line)| (number, line.trim())) {
            let attribute = line.starts_with("#[");
            is_test |=
                line == "#[test]" || (attribute && line.contains("::test") && line.ends_with(']'));
            if let Some(name) = line.split("fn ").nth(1).filter(|_| is_test && !attribute) {
                if name.starts_with("test_") {
                    let message = "starts with `test_`: name the behaviour that is shown";
                    faults.push(Fault::new(&file.path, number, message));
                }
                is_test = false;
            }
        }
    })
}

/// What ships knows no clock, and no test waits to see one move.
#[must_use]
pub fn time_is_an_argument(repository: &Repository) -> Vec<Fault> {
    time_is_an_argument_but_for(repository, &SLEEPERS)
}

fn time_is_an_argument_but_for(repository: &Repository, sleepers: &[Exception]) -> Vec<Fault> {
    let faults = all(repository, |file, code, faults| {
        let ships = file.path.starts_with("filters/");
        let clocks = if ships { &CLOCKS[..3] } else { &CLOCKS[3..] };
        for clock in clocks {
            for place in places(code, clock) {
                let remedy = if ships {
                    "take the time from the exchange or as an argument"
                } else {
                    "wait with `portcullis_e2e::poll` for what has to happen"
                };
                let message = format!("`{clock}`: {remedy}");
                faults.push(Fault::new(&file.path, line_at(code, place), message));
            }
        }
    });
    except(faults, sleepers, |fault| repository.line(fault))
}

/// A file is one idea.
#[must_use]
pub fn files_are_short(repository: &Repository) -> Vec<Fault> {
    let faults = all(repository, |file, _, faults| {
        let lines = lines_of_code(file.text(), file.code());
        if lines > MAX_LINES_OF_CODE {
            let message = format!(
                "has {lines} lines of code, more than {MAX_LINES_OF_CODE}: split it by ideas"
            );
            faults.push(Fault::new(&file.path, 1, message));
        }
    });
    except(faults, &LONG_FILES, |_| String::new())
}

/// Every fuzz entry of what ships is run by the fuzzer.
#[must_use]
pub fn fuzz_entries_are_run(repository: &Repository) -> Vec<Fault> {
    let runner: Vec<&str> = repository
        .ending(".rs")
        .filter(|file| file.path.starts_with("tests/fuzz/src/"))
        .map(File::code)
        .collect();
    all(repository, |file, code, faults| {
        if !file.path.starts_with("filters/") {
            return;
        }
        for (place, _) in code.match_indices("pub fn fuzz_") {
            let name = code[place + "pub fn ".len()..].split('(').next().unwrap_or_default();
            if !runner.iter().any(|text| places(text, name).next().is_some()) {
                let message =
                    format!("`{name}` is never run: make it a target of tests/fuzz/src/targets");
                faults.push(Fault::new(&file.path, line_at(code, place), message));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(rule: impl Fn(&Repository) -> Vec<Fault>, path: &str, text: &str) -> Option<usize> {
        let faults = rule(&Repository::of(&[(path, text)]));
        assert!(faults.len() < 2, "{faults:?}");
        faults.first().map(|fault| fault.line)
    }

    #[test]
    fn a_file_that_does_not_say_why_is_found() {
        for text in ["use a;\n", "", "// why\n", "//! \n", "\n//! why it is\n", "//! x\n"] {
            assert_eq!(one(files_say_why_they_exist, "a.rs", text), Some(1), "{text:?}");
        }
        assert_eq!(one(files_say_why_they_exist, "a.rs", "//! Says why.\n"), None);
    }

    #[test]
    fn stubs_are_found_and_words_about_them_are_not() {
        for text in [
            "\n#[ignore]\nfn f() {}",
            "\n#[ignore = \"x\"]",
            "\n#[should_panic(expected = \"x\")]",
            "\n    todo!()",
            "\nunimplemented!(\"x\")",
            "\nlet x = dbg!(y);",
            "\n/// ```ignore",
            "\n//! ```rust,should_panic",
        ] {
            assert_eq!(one(nothing_is_a_stub, "a.rs", text), Some(2), "{text:?}");
        }
        for text in ["// todo!()", "\"dbg!\"", "my_todo!()", "/// ```text"] {
            assert_eq!(one(nothing_is_a_stub, "a.rs", text), None, "{text:?}");
        }
    }

    #[test]
    fn a_test_that_is_not_named_for_a_behaviour_is_found() {
        for text in [
            "#[test]\nfn test_x() {}",
            "#[tokio::test]\nasync fn test_x() {}",
            "#[test]\n#[allow(x)]\nfn test_x() {}",
        ] {
            assert!(one(tests_are_named_for_behaviours, "a.rs", text).is_some(), "{text}");
        }
        for text in ["#[test]\nfn it_works() {}\nfn test_x() {}", "fn test_x() {}"] {
            assert_eq!(one(tests_are_named_for_behaviours, "a.rs", text), None, "{text}");
        }
    }

    #[test]
    fn clocks_are_found_where_they_may_not_be() {
        let rule = |repository: &Repository| time_is_an_argument_but_for(repository, &[]);
        let (ships, proves) = ("filters/a/src/b.rs", "tests/a/src/b.rs");
        assert_eq!(one(rule, ships, "\nlet t = std::time::Instant::now();"), Some(2));
        assert_eq!(one(rule, ships, "\nSystemTime::now();"), Some(2));
        assert_eq!(one(rule, ships, "thread::sleep(x);"), Some(1));
        assert_eq!(one(rule, proves, "std::thread::sleep(x);"), Some(1));
        assert_eq!(one(rule, proves, "tokio::time::sleep(x).await;"), Some(1));
        assert_eq!(one(rule, proves, "Instant::now(); // sleep"), None);
    }

    #[test]
    fn a_file_past_the_bound_is_found_and_one_at_it_is_not() {
        let text = |lines: usize| "x();\n".repeat(lines);
        assert_eq!(one(files_are_short, "a.rs", &text(MAX_LINES_OF_CODE)), None);
        assert_eq!(one(files_are_short, "a.rs", &text(MAX_LINES_OF_CODE + 1)), Some(1));
    }

    #[test]
    fn a_fuzz_entry_that_nobody_runs_is_found() {
        let entry = ("filters/a/src/b.rs", "\npub fn fuzz_b(data: &[u8]) {}");
        let faults = |runner| {
            fuzz_entries_are_run(&Repository::of(&[entry, ("tests/fuzz/src/t.rs", runner)])).len()
        };
        assert_eq!([faults("a::fuzz_b"), faults("a::fuzz_bc"), faults("// fuzz_b")], [0, 1, 1]);
    }
}
