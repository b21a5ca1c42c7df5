//! What a rule finds: the place, and what to do about it.

use std::fmt;

/// One break of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// From the repository's root.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// What is wrong, and the remedy.
    pub message: String,
}

impl Fault {
    /// A fault at a line.
    #[must_use]
    pub fn new(file: &str, line: usize, message: impl Into<String>) -> Self {
        Fault { file: file.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

/// Fails with every fault on a line of its own.
///
/// # Panics
/// When there is a fault.
pub fn none(faults: &[Fault]) {
    let list: Vec<String> = faults.iter().map(Fault::to_string).collect();
    assert!(faults.is_empty(), "{} to mend:\n{}", faults.len(), list.join("\n"));
}

/// A break of a rule that is meant to be.
#[derive(Clone, Copy, Debug)]
pub struct Exception {
    /// The file.
    pub file: &'static str,
    /// Text of the line that it is about; empty for the whole file.
    pub text: &'static str,
    /// Why.
    pub reason: &'static str,
}

/// Takes out what the exceptions allow; an exception that allows nothing is a fault itself.
#[must_use]
pub fn except(
    faults: Vec<Fault>,
    exceptions: &[Exception],
    line: impl Fn(&Fault) -> String,
) -> Vec<Fault> {
    let mut used = vec![false; exceptions.len()];
    let mut left = Vec::new();
    for fault in faults {
        let found = exceptions.iter().position(|exception| {
            exception.file == fault.file && line(&fault).contains(exception.text)
        });
        match found {
            Some(index) => used[index] = true,
            None => left.push(fault),
        }
    }
    for (exception, _) in exceptions.iter().zip(used).filter(|(_, used)| !used) {
        let message =
            format!("is excepted (`{}`) without need: drop it from the list", exception.text);
        left.push(Fault::new(exception.file, 1, message));
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXCEPTION: Exception = Exception { file: "a", text: "x", reason: "for the test" };

    #[test]
    fn an_exception_takes_out_its_line_only() {
        let faults = vec![Fault::new("a", 1, "one"), Fault::new("b", 1, "two")];
        let left = except(faults, &[EXCEPTION], |_| "has x".to_owned());
        assert_eq!(left, [Fault::new("b", 1, "two")]);
    }

    #[test]
    fn an_exception_that_nobody_needs_is_a_fault() {
        assert!(except(Vec::new(), &[EXCEPTION], |_| String::new())[0].message.contains("drop it"));
    }
}
