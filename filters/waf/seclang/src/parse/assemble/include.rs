//! `Include`: other files, by their names or by a pattern of names.

use super::super::shown;
use super::Assembler;

/// `Include` within `Include`, at most.
pub(in super::super) const MAX_DEPTH: usize = 8;
/// Files that are read through `Include`, at most, in all.
pub(in super::super) const MAX_INCLUDED: usize = 1000;
/// Bytes of a name, at most: names are compared with all files.
const MAX_NAME: usize = 1024;

impl Assembler<'_> {
    pub(super) fn include(&mut self, arguments: &[Vec<u8>], required: bool) -> Result<(), String> {
        let [name] = arguments else {
            return Err(format!(
                "expected the name of a file, but found {} arguments",
                arguments.len()
            ));
        };
        if name.len() > MAX_NAME {
            return Err(format!("expected a name of at most {MAX_NAME} bytes"));
        }
        // The file at the top is the first.
        if self.reading.len() > MAX_DEPTH {
            return Err(format!("expected files within files at most {MAX_DEPTH} deep"));
        }
        let files = self.files;
        let mut found: Vec<_> =
            files.iter().filter(|file| is_meant(name, file.name.as_bytes())).collect();
        found.sort_by(|one, other| one.name.cmp(&other.name));
        if found.is_empty() && required {
            return Err(format!(
                "there is no file `{}`; a filter has no file system, so give its text in the configuration",
                shown(name)
            ));
        }
        for file in found {
            if self.reading.contains(&file.name.as_str()) {
                return Err(format!("the file `{}` includes itself", file.name));
            }
            if self.included >= MAX_INCLUDED {
                return Err(format!("expected at most {MAX_INCLUDED} files"));
            }
            self.included += 1;
            self.source(file);
        }
        Ok(())
    }
}

/// True if a name is meant by a pattern in which `*` stands for anything and `?` for one byte. Folders count for nothing
/// where the file's name has none, unless it is a set that is named (`@set/*.conf`).
fn is_meant(pattern: &[u8], name: &[u8]) -> bool {
    let last = pattern.rsplit(|byte| *byte == b'/').next().unwrap_or(pattern);
    let bare = !name.contains(&b'/') && !pattern.starts_with(b"@");
    matches(pattern, name) || (bare && matches(last, name))
}

/// Goes back to the last `*` alone, so that it takes the product of the lengths at most.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut pattern, mut name) = (pattern, name);
    let mut again: Option<(&[u8], &[u8])> = None;
    loop {
        match (pattern.split_first(), name.split_first()) {
            (Some((b'*', behind)), _) => {
                again = Some((behind, name));
                pattern = behind;
            }
            (Some((wanted, rest)), Some((found, behind))) if wanted == found || *wanted == b'?' => {
                (pattern, name) = (rest, behind);
            }
            (None, None) => return true,
            _ => {
                let Some((behind, from)) = again else { return false };
                let Some((_, from)) = from.split_first() else { return false };
                again = Some((behind, from));
                (pattern, name) = (behind, from);
            }
        }
    }
}
