//! Text as every editor shows it the same.

use crate::fault::Fault;
use crate::repository::Repository;

/// No white space at line ends, one line feed at the end of a file, no carriage returns.
#[must_use]
pub fn lines_end_cleanly(repository: &Repository) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in repository.texts() {
        let text = file.text();
        for (number, line) in (1..).zip(text.split('\n')) {
            if line.ends_with([' ', '\t', '\r']) {
                let message = "has white space at its end: remove it";
                faults.push(Fault::new(&file.path, number, message));
            }
        }
        let last = text.lines().count().max(1);
        if !text.is_empty() && !text.ends_with('\n') {
            faults.push(Fault::new(&file.path, last, "has no line feed at the file's end: add it"));
        } else if text.ends_with("\n\n") {
            faults.push(Fault::new(&file.path, last, "is a blank last line: remove it"));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unclean_end_is_found() {
        for (text, line) in [("a \nb\n", 1), ("a\r\n", 1), ("a\nb", 2), ("a\n\n", 2), ("a\t\n", 1)]
        {
            let faults = lines_end_cleanly(&Repository::of(&[("x.md", text)]));
            assert_eq!(faults.len(), 1, "{text:?}");
            assert_eq!(faults[0].line, line, "{text:?}");
        }
        assert!(lines_end_cleanly(&Repository::of(&[("x", "a\n"), ("y", "")])).is_empty());
    }
}
