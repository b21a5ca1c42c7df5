//! The shape of a control: what lies in its folders, and where it is named.

use crate::fault::Fault;
use crate::repository::Repository;

/// The composition of all controls: a module, but no control of its own.
pub const GATEWAY: &str = "gateway";

/// A module hands its control to the runtime, and may name every phase, one a line; what needs more lines belongs into
/// the control.
const MAX_MODULE_LINES: usize = 14;

/// Every folder of `filters/` that becomes a module.
#[must_use]
pub fn controls(repository: &Repository) -> Vec<String> {
    let manifests = repository.files().iter().map(|file| file.path.as_str());
    manifests
        .filter_map(|path| path.strip_prefix("filters/")?.strip_suffix("/module/Cargo.toml"))
        .filter(|name| !name.contains('/'))
        .map(str::to_owned)
        .collect()
}

/// Each control has its documentation, its cases, its smallest Envoy, its source and nothing else in `module/`.
#[must_use]
pub fn controls_have_their_parts(repository: &Repository) -> Vec<Fault> {
    let mut faults = Vec::new();
    for name in controls(repository) {
        let folder = format!("filters/{name}");
        let mut missing = |path: String, remedy: &str| {
            if !repository.has(&path) {
                faults.push(Fault::new(&path, 1, format!("is missing: {remedy}")));
            }
        };
        missing(format!("{folder}/README.md"), "say what the control decides and what it does not");
        missing(format!("{folder}/Cargo.toml"), "a control is a crate of its own");
        missing(format!("{folder}/src/lib.rs"), "a control's src/ decides");
        if name != GATEWAY {
            missing(
                format!("envoy/examples/{name}.yaml"),
                "write the smallest Envoy with this control",
            );
            let cases = format!("{folder}/cases/");
            let tables = repository.ending(".toml").any(|file| file.path.starts_with(&cases));
            if !tables {
                faults.push(Fault::new(
                    &cases,
                    1,
                    "has no *.toml: write tables of cases that prove it",
                ));
            }
        }
        faults.extend(module(repository, &format!("{folder}/module/")));
    }
    faults
}

fn module(repository: &Repository, folder: &str) -> Vec<Fault> {
    let source = format!("{folder}src/lib.rs");
    let mut faults = Vec::new();
    for file in repository.files().iter().filter(|file| file.path.starts_with(folder)) {
        if file.path != source && file.path != format!("{folder}Cargo.toml") {
            let message =
                "is more than a module has (Cargo.toml, src/lib.rs): move it to the control";
            faults.push(Fault::new(&file.path, 1, message));
        }
    }
    let lines = repository.text(&source).lines().count();
    if lines > MAX_MODULE_LINES {
        let message =
            format!("has {lines} lines, more than {MAX_MODULE_LINES}: move code to the control");
        faults.push(Fault::new(&source, lines, message));
    }
    let runs = repository
        .text(&source)
        .lines()
        .any(|line| line.starts_with("portcullis_runtime::") && line.contains("module!("));
    if !runs {
        let message =
            "hands nothing to the runtime: write `portcullis_runtime::control_module!(…);`";
        faults.push(Fault::new(&source, 1, message));
    }
    faults
}

/// The index of `filters/` leads to every control, and the gateway's documentation names them all.
#[must_use]
pub fn controls_are_listed(repository: &Repository) -> Vec<Fault> {
    let index = "filters/README.md";
    let mut faults = Vec::new();
    for name in controls(repository) {
        let links = [format!("]({name}/README.md)"), format!("]({name}/)"), format!("]({name})")];
        if !links.iter().any(|link| repository.text(index).contains(link)) {
            let message =
                format!("does not list `{name}`: add a row with a link to {name}/README.md");
            faults.push(Fault::new(index, 1, message));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Vec<(&'static str, &'static str)> {
        vec![
            ("filters/README.md", "| [a](a/README.md) | b |\n"),
            ("filters/a/README.md", "# a\n"),
            ("filters/a/Cargo.toml", ""),
            ("filters/a/src/lib.rs", ""),
            ("filters/a/cases/x.toml", ""),
            ("filters/a/module/Cargo.toml", ""),
            ("filters/a/module/src/lib.rs", "portcullis_runtime::module!(x, y);\n"),
            ("envoy/examples/a.yaml", ""),
        ]
    }

    #[test]
    fn a_control_without_one_of_its_parts_is_found() {
        let rules = |files: &[(&str, &str)]| {
            let repository = Repository::of(files);
            controls_have_their_parts(&repository).len() + controls_are_listed(&repository).len()
        };
        assert_eq!(rules(&good()), 0);
        for part in [
            "filters/README.md",
            "filters/a/README.md",
            "filters/a/Cargo.toml",
            "filters/a/src/lib.rs",
            "filters/a/cases/x.toml",
            "envoy/examples/a.yaml",
            "filters/a/module/src/lib.rs",
        ] {
            let mut files = good();
            files.retain(|(path, _)| *path != part);
            assert_eq!(rules(&files), 1, "{part}");
        }
    }

    #[test]
    fn a_module_that_is_more_than_one_is_found() {
        let mut files = good();
        files.push(("filters/a/module/src/more.rs", ""));
        assert_eq!(controls_have_their_parts(&Repository::of(&files)).len(), 1);
        let long =
            format!("portcullis_runtime::module!(x, y);\n{}", "x();\n".repeat(MAX_MODULE_LINES));
        let mut files = good();
        files.retain(|(path, _)| *path != "filters/a/module/src/lib.rs");
        files.push(("filters/a/module/src/lib.rs", &long));
        assert_eq!(controls_have_their_parts(&Repository::of(&files)).len(), 1);
    }
}
