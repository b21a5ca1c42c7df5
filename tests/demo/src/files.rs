//! Files that appear whole or not at all, however many calls run side by side.

use std::fs::{DirBuilder, OpenOptions, hard_link, read_to_string, remove_file, rename};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Makes `folder`, closed to everyone but its owner; one that is there stays as it is.
pub(crate) fn make_folder(folder: &Path) -> Result<(), String> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(told(folder))
}

/// Puts `content` in the place of whatever is at `path`.
pub(crate) fn replace(path: &Path, content: &str) -> Result<(), String> {
    let temporary = write_temporary(path, content)?;
    rename(temporary, path).map_err(told(path))
}

/// Writes `content` unless somebody was first, and returns what is there now.
pub(crate) fn keep_first(path: &Path, content: &str) -> Result<String, String> {
    let temporary = write_temporary(path, content)?;
    // A link fails where a rename would replace: the first of two callers wins.
    let linked = hard_link(&temporary, path);
    remove_file(&temporary).map_err(told(&temporary))?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(told(path)(error)),
        _ => read_to_string(path).map_err(told(path)),
    }
}

fn write_temporary(path: &Path, content: &str) -> Result<PathBuf, String> {
    let temporary = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)
        .map_err(told(&temporary))?;
    file.write_all(content.as_bytes()).map_err(told(&temporary))?;
    Ok(temporary)
}

fn told(path: &Path) -> impl Fn(std::io::Error) -> String {
    move |error| format!("{}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_content_stays() {
        let path = std::env::temp_dir().join(format!("portcullis-first-{}", std::process::id()));
        assert_eq!(keep_first(&path, "one").unwrap(), "one");
        assert_eq!(keep_first(&path, "two").unwrap(), "one");
        replace(&path, "three").unwrap();
        assert_eq!(keep_first(&path, "four").unwrap(), "three");
        remove_file(&path).unwrap();
    }
}
