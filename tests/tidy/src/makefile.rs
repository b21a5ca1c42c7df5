//! One command for people and CI: what `make help` lists is what there is, and CI calls nothing else.

use crate::fault::Fault;
use crate::repository::Repository;

/// Targets that other targets need and nobody types.
const INTERNAL: [&str; 1] = ["toolchain"];

/// The targets with their lines and whether `make help` shows them.
fn targets(makefile: &str) -> Vec<(usize, &str, bool)> {
    let target = |(number, line): (usize, &'_ str)| {
        let (name, rest) = line.split_once(':')?;
        let plain = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        (plain && !rest.starts_with('=')).then(|| (number, rest.contains("## ")))
    };
    let found = (1..).zip(makefile.lines()).filter_map(|(number, line)| {
        let (number, help) = target((number, line))?;
        Some((number, line.split(':').next().unwrap_or_default(), help))
    });
    found.collect()
}

fn phony(makefile: &str) -> Vec<&str> {
    let lines = makefile.lines().filter_map(|line| line.strip_prefix(".PHONY:"));
    lines.flat_map(str::split_whitespace).collect()
}

/// Every target is phony, and in `make help` unless it is internal.
#[must_use]
pub fn every_target_is_listed(repository: &Repository) -> Vec<Fault> {
    let makefile = repository.text("Makefile");
    let (phony, targets) = (phony(makefile), targets(makefile));
    let mut faults = Vec::new();
    for (number, name, help) in &targets {
        if !phony.contains(name) {
            let message = format!("`{name}` is no file: name it in .PHONY");
            faults.push(Fault::new("Makefile", *number, message));
        }
        if !help && !INTERNAL.contains(name) {
            let message =
                format!("`{name}` is not in `make help`: end its line with `## what it does`");
            faults.push(Fault::new("Makefile", *number, message));
        }
    }
    for name in phony.iter().chain(&INTERNAL) {
        if !targets.iter().any(|(_, target, _)| target == name) {
            let message = format!("`{name}` has no rule: write it, or take the name away");
            faults.push(Fault::new("Makefile", 1, message));
        }
    }
    faults
}

/// CI calls what people call.
#[must_use]
pub fn ci_calls_make_alone(repository: &Repository) -> Vec<Fault> {
    let targets = targets(repository.text("Makefile"));
    let Some(file) = repository.file(".ci/run") else {
        return vec![Fault::new(".ci/run", 1, "is missing: it calls `make check` and `make test`")];
    };
    let mut faults = Vec::new();
    let mut called = Vec::new();
    for (number, line) in file.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [] | ["set" | "cd", ..] => {}
            [first, ..] if first.starts_with('#') => {}
            ["make", target] if targets.iter().any(|(_, name, _)| name == target) => {
                called.push(*target);
            }
            _ => {
                let message =
                    "is no `make target`: make it a target of the Makefile, and call that";
                faults.push(Fault::new(&file.path, number, message));
            }
        }
    }
    for target in ["check", "test"].into_iter().filter(|target| !called.contains(target)) {
        let message = format!("does not call `make {target}`: add the line");
        faults.push(Fault::new(&file.path, 1, message));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAKEFILE: &str = ".PHONY: test check toolchain\nX := 1\ntest: check ## Tests\n\trun: x\ncheck: ## Checks\ntoolchain:\n";

    #[test]
    fn a_target_that_nobody_learns_of_is_found() {
        let faults = |text: &str| every_target_is_listed(&Repository::of(&[("Makefile", text)]));
        assert_eq!(faults(MAKEFILE), []);
        for (more, lines) in [("new:\n", vec![7, 7]), ("new: ## New\n", vec![7])] {
            let found: Vec<usize> =
                faults(&format!("{MAKEFILE}{more}")).iter().map(|fault| fault.line).collect();
            assert_eq!(found, lines);
        }
        assert_eq!(faults(&MAKEFILE.replace("test: check", "tests: check")).len(), 2);
    }

    #[test]
    fn a_command_that_only_ci_runs_is_found() {
        let faults = |ci: &str| {
            ci_calls_make_alone(&Repository::of(&[("Makefile", MAKEFILE), (".ci/run", ci)])).len()
        };
        let good = "#!/bin/sh\nset -eu\nmake check\nmake test\n";
        assert_eq!(faults(good), 0);
        assert_eq!(faults(&format!("{good}cargo test\n")), 1);
        assert_eq!(faults(&format!("{good}make nothing\n")), 1);
        assert_eq!(faults("make check\n"), 1);
    }
}
