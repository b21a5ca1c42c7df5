//! The files of tests in a folder, read.

use std::fs;
use std::path::{Path, PathBuf};

use crate::format::{self, Test};

/// One file with its name, as the report tells it.
#[derive(Clone, Debug)]
pub struct Suite {
    /// The path below the folder.
    pub name: String,
    /// Its tests.
    pub tests: Vec<Test>,
    /// Why it can't be read, or not all of it: that fails the run, but not the other files.
    pub broken: Option<String>,
}

/// Reads every YAML file of a folder and the folders in it, sorted by path.
pub fn read(folder: &Path) -> Result<Vec<Suite>, String> {
    let mut paths = Vec::new();
    collect(folder, &mut paths)?;
    paths.sort();
    let mut suites = Vec::new();
    for path in paths {
        let name = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
        let text = fs::read_to_string(&path).map_err(|e| e.to_string());
        suites.push(match text.and_then(|text| format::read(&text)) {
            Ok(file) => Suite { name, tests: file.tests, broken: file.broken },
            Err(why) => Suite { name, tests: Vec::new(), broken: Some(why) },
        });
    }
    if suites.is_empty() {
        return Err(format!("no tests in {}", folder.display()));
    }
    Ok(suites)
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for entry in entries {
        let path = entry.map_err(|e| e.to_string())?.path();
        if path.is_dir() {
            collect(&path, paths)?;
        } else if path.extension().is_some_and(|kind| kind == "yaml" || kind == "yml") {
            paths.push(path);
        }
    }
    Ok(())
}
