//! Finding and reading the tables: unknown keys, double names and cases that say nothing are errors.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::case::Case;
use crate::certificates;
use crate::tokens::Spec;

/// One file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default)]
    tokens: BTreeMap<String, Spec>,
    #[serde(default)]
    certificates: BTreeMap<String, certificates::Spec>,
    #[serde(default)]
    case: Vec<Case>,
}

/// The engines that `only` may name.
pub const ENGINES: [&str; 3] = ["native", "module", "envoy"];

/// The repository's root.
#[must_use]
pub fn repository() -> PathBuf {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_folder.join("../..").canonicalize().expect("the repository's root")
}

/// What stands in all tables.
#[derive(Debug, Default)]
pub struct Tables {
    /// The cases, in the order of their files.
    pub cases: Vec<Case>,
    /// What is wrong, one line each, with the file and the case; a file with a fault gives no cases.
    pub faults: Vec<String>,
}

/// Reads every table of the repository.
#[must_use]
pub fn all() -> Tables {
    let root = repository();
    let mut cases = Vec::new();
    let mut faults = Vec::new();
    for file in files(&root) {
        let shown = file.strip_prefix(&root).unwrap_or(&file).to_owned();
        let control = control(&shown);
        let text = std::fs::read_to_string(&file).unwrap_or_else(|error| {
            faults.push(format!("{}: {error}", shown.display()));
            String::new()
        });
        match read(&text, &shown, &control) {
            Ok(found) => cases.extend(found),
            Err(found) => faults.extend(found),
        }
    }
    let mut names: BTreeMap<&str, &Path> = BTreeMap::new();
    for case in &cases {
        if let Some(other) = names.insert(&case.name, &case.file) {
            faults.push(format!(
                "{}: {:?}: a case in {} has the same name",
                case.file.display(),
                case.name,
                other.display()
            ));
        }
    }
    Tables { cases, faults }
}

/// `filters/<control>/cases/<name>.toml`
fn control(file: &Path) -> String {
    file.components()
        .nth(1)
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// Every `filters/<control>/cases/*.toml`, sorted.
#[must_use]
pub fn files(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in entries(&root.join("filters")) {
        for file in entries(&folder.join("cases")) {
            if file.extension().is_some_and(|extension| extension == "toml") {
                files.push(file);
            }
        }
    }
    files
}

/// What a folder holds, sorted; nothing where there is none.
pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())).collect())
        .unwrap_or_default();
    paths.sort();
    paths
}

/// Reads the text of one file of a control.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read(text: &str, file: &Path, control: &str) -> Result<Vec<Case>, Vec<String>> {
    let shown = file.display();
    let table: Table = toml::from_str(text).map_err(|error| vec![format!("{shown}: {error}")])?;
    let mut faults = Vec::new();
    if table.case.is_empty() {
        faults.push(format!("{shown}: there is no [[case]]"));
    }
    let mut cases = table.case;
    for case in &mut cases {
        case.file = file.to_owned();
        case.control = control.to_owned();
        if case.module.is_empty() {
            case.module = control.to_owned();
        }
        case.tokens.clone_from(&table.tokens);
        case.certificates.clone_from(&table.certificates);
        faults.extend(check(case).iter().map(|fault| format!("{shown}: {:?}: {fault}", case.name)));
    }
    if faults.is_empty() { Ok(cases) } else { Err(faults) }
}

fn check(case: &Case) -> Vec<String> {
    let mut faults = Vec::new();
    let mut fault = |text: &str| faults.push(text.to_owned());
    if case.name.trim().is_empty() {
        fault("expected a name");
    }
    if case.config.is_some() && case.config_text.is_some() {
        fault("expected config or config_text, but found both");
    }
    if case.is_refused() != case.requests.is_empty() {
        fault("expected either requests or refused");
    }
    if case.is_refused() && !case.warned.is_empty() {
        fault("a configuration that is refused does not warn");
    }
    if let Some(only) = &case.only {
        if only.engines.iter().any(|engine| !ENGINES.contains(&engine.as_str())) {
            fault("expected only the engines native, module and envoy");
        }
        if only.engines.is_empty() || only.engines.len() >= ENGINES.len() {
            fault("expected one or two engines in `only`");
        }
        if only.reason.trim().is_empty() {
            fault("expected a reason in `only`");
        }
    }
    for request in &case.requests {
        let expect = &request.expect;
        if expect.dropped {
            if expect.status != 0 {
                fault("expected no status beside `dropped`");
            }
        } else if !(100..600).contains(&expect.status) {
            fault("expected a status between 100 and 599");
        }
        if expect.reason.is_some() && expect.upstream.is_some() {
            fault("a request that is refused reaches no upstream");
        }
        if expect.upstream_untouched == Some(true) && expect.upstream.is_some() {
            fault("an upstream that is untouched saw nothing");
        }
        if request.upstream_pause > 0
            && (request.upstream_parts.is_none()
                || request.body.is_some()
                || request.parts.is_some()
                || !request.trailers.0.is_empty())
        {
            fault("only a response in parts to a request without a body can pause");
        }
        if request.times == 0 {
            fault("a request is sent at least once");
        }
    }
    if let Err(unknown) = case.prepare() {
        fault(&unknown);
    }
    faults
}
