//! The repository's files, as they would be committed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, OnceLock};

use crate::fault::Fault;

/// One file.
#[derive(Clone, Debug)]
pub struct File {
    /// From the root, with slashes.
    pub path: String,
    /// `None` where it is no UTF-8.
    pub text: Option<String>,
    code: OnceLock<String>,
}

impl File {
    /// The lines with their numbers.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.as_deref().unwrap_or_default().lines())
    }

    /// A file of this text.
    #[must_use]
    pub fn new(path: &str, text: Option<String>) -> Self {
        File { path: path.to_owned(), text, code: OnceLock::new() }
    }

    /// The text without comments and literals, as [`crate::source::code`] blanks them out.
    #[must_use]
    pub fn code(&self) -> &str {
        self.code.get_or_init(|| crate::source::code(self.text()))
    }

    /// The text; empty where it is no UTF-8.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }
}

/// Bytes that fuzzing made or starts from: whatever they are, they are meant to be so.
const DATA: [&str; 2] = ["tests/fuzz/corpus/", "tests/fuzz/regressions/"];

/// All files that are not ignored.
#[derive(Clone, Debug, Default)]
pub struct Repository {
    files: Vec<File>,
}

impl Repository {
    /// Where this repository lies.
    #[must_use]
    pub fn root() -> PathBuf {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        root.canonicalize().expect("the repository is where this crate was built")
    }

    /// This repository, read once: every file but those below folders that `.gitignore` names.
    #[must_use]
    pub fn open() -> &'static Self {
        static OPENED: LazyLock<Repository> = LazyLock::new(Repository::read);
        &OPENED
    }

    fn read() -> Self {
        let root = Self::root();
        let ignored = fs::read_to_string(root.join(".gitignore")).unwrap_or_default();
        let ignored: Vec<&str> = ignored.lines().map(|line| line.trim_matches('/')).collect();
        let mut files = Vec::new();
        walk(&root, &root, &ignored, &mut files);
        files.sort_by(|left, right| left.path.cmp(&right.path));
        Repository { files }
    }

    /// A repository made up for a test.
    #[must_use]
    pub fn of(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| File::new(path, Some((*text).to_owned()));
        Repository { files: files.iter().map(file).collect() }
    }

    /// Every file.
    #[must_use]
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// The text files that people write.
    pub fn texts(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| {
            file.text.is_some() && !DATA.iter().any(|folder| file.path.starts_with(folder))
        })
    }

    /// The files whose name ends so.
    pub fn ending<'a>(&'a self, end: &'a str) -> impl Iterator<Item = &'a File> {
        self.texts().filter(move |file| file.path.ends_with(end))
    }

    /// One file.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// A file's text; empty where there is no such file.
    #[must_use]
    pub fn text(&self, path: &str) -> &str {
        self.file(path).map_or("", File::text)
    }

    /// True if there is such a file or folder.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        path.is_empty()
            || self.files.iter().any(|file| file.path == path || file.path.starts_with(&folder))
    }

    /// The line that a fault is about.
    #[must_use]
    pub fn line(&self, fault: &Fault) -> String {
        let line = self.text(&fault.file).lines().nth(fault.line.saturating_sub(1));
        line.unwrap_or_default().to_owned()
    }
}

fn walk(root: &Path, folder: &Path, ignored: &[&str], files: &mut Vec<File>) {
    // A file that another program removes meanwhile is not there.
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
        if name == ".git" || ignored.contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            walk(root, &path, ignored, files);
        } else if let Ok(bytes) = fs::read(&path) {
            files.push(File::new(&name, String::from_utf8(bytes).ok()));
        }
    }
}

/// Every folder that `.gitignore` has to name, each as `/name/` so that `Repository::open` reads it as git does.
const IGNORED: [&str; 4] = ["/target/", "/dist/", "/.tools/", "/.demo/"];

/// What is built, fetched or made on a machine is never committed.
#[must_use]
pub fn made_things_are_ignored(repository: &Repository) -> Vec<Fault> {
    let lines: Vec<&str> = repository.text(".gitignore").lines().collect();
    let missing = IGNORED.iter().filter(|name| !lines.contains(name)).map(|name| {
        Fault::new(".gitignore", 1, format!("does not ignore `{name}`: add it as a line"))
    });
    let odd = (1..).zip(&lines).filter(|(_, line)| {
        !(line.starts_with('/') && line.ends_with('/')) || line.contains(['*', '!'])
    });
    let odd = odd.map(|(number, line)| {
        Fault::new(".gitignore", number, format!("`{line}` is no `/folder/`: write it as one"))
    });
    missing.chain(odd).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_ignored_is_found() {
        let text = "/target/\n/dist/\n/.tools/\n*.pem\n";
        let faults = made_things_are_ignored(&Repository::of(&[(".gitignore", text)]));
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].message.contains("/.demo/") && faults[1].line == 4);
    }

    #[test]
    fn this_repository_is_read() {
        let repository = Repository::open();
        assert!(repository.text("tests/tidy/src/repository.rs").contains("fn walk"));
        assert!(repository.has("filters") && !repository.has("filter"));
        assert!(!repository.has(".git") && !repository.has("target"));
    }
}
