//! The files of an OWASP CRS release, with plugins around its rules, in the order in which CRS itself loads them.

use std::fs;
use std::path::{Path, PathBuf};

use portcullis_waf_seclang::Source;

use crate::Sources;

/// They let everything pass that says it is the server's own Apache, which is what an attacker says.
pub const SPOOFABLE: [u32; 2] = [905_100, 905_110];

impl Sources {
    /// Reads the rules (`*.conf`) and data (`*.data`) of a folder.
    ///
    /// # Errors
    /// A file or folder that can't be read, by its name.
    pub fn of_folder(folder: &Path) -> Result<Self, String> {
        let mut sources = Sources::default();
        for path in files(folder, ".conf")? {
            sources.rules.push(source(&path)?);
        }
        sources.add_data(folder)?;
        Ok(sources)
    }

    /// Reads a release, and a folder of plugins (`*-config.conf`, `*-before.conf`, `*-after.conf`, `*.data`).
    ///
    /// # Errors
    /// A file or folder that can't be read, by its name.
    pub fn of_release(release: &Path, plugins: Option<&Path>) -> Result<Self, String> {
        let mut sources = Sources::of_folder(&release.join("rules"))?;
        sources.setup.push(source(&release.join("crs-setup.conf.example"))?);
        let Some(folder) = plugins else { return Ok(sources) };
        let plugged = |ending| -> Result<Vec<Source>, String> {
            files(folder, ending)?.iter().map(|path| source(path)).collect()
        };
        let rules = std::mem::take(&mut sources.rules);
        for part in
            [plugged("-config.conf")?, plugged("-before.conf")?, rules, plugged("-after.conf")?]
        {
            sources.rules.extend(part);
        }
        sources.add_data(folder)?;
        Ok(sources)
    }

    fn add_data(&mut self, folder: &Path) -> Result<(), String> {
        for path in files(folder, ".data")? {
            let Source { name, text } = source(&path)?;
            self.data.insert(name, text);
        }
        Ok(())
    }
}

/// Reads one file.
///
/// # Errors
/// That it can't be read.
pub fn source(path: &Path) -> Result<Source, String> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let text = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(Source { name: name.unwrap_or_default(), text })
}

/// Files of a folder with this ending, in order.
fn files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>, String> {
    let told = |error| format!("{}: {error}", folder.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(told)? {
        let path = entry.map_err(told)?.path();
        if path.to_string_lossy().ends_with(ending) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}
