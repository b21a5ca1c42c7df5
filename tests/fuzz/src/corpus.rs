//! Inputs that are kept: seeds to start from, and what once failed.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

/// Where a target's seeds lie.
#[must_use]
pub fn seeds(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target)
}

/// Where inputs lie that a target once failed on.
#[must_use]
pub fn regressions(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions").join(target)
}

/// Every file of a folder with its name, in the order of the names; nothing where there is no folder.
///
/// # Panics
/// When a file cannot be read.
#[must_use]
pub fn read(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (path.file_name().unwrap().to_string_lossy().into_owned(), bytes)
    };
    paths.into_iter().map(read).collect()
}

/// Keeps an input under a name made of its bytes, unless it lies there already, and says where.
///
/// # Errors
/// The folder or file cannot be written.
pub fn keep(folder: &Path, input: &[u8]) -> io::Result<PathBuf> {
    if let Some((name, _)) = read(folder).iter().find(|(_, kept)| kept == input) {
        return Ok(folder.join(name));
    }
    let mut hasher = DefaultHasher::new();
    input.hash(&mut hasher);
    let path = folder.join(format!("{:016x}", hasher.finish()));
    fs::create_dir_all(folder)?;
    fs::write(&path, input)?;
    Ok(path)
}
