//! Manifests: one place for versions, one set of lints, one kind of crate each.

use toml::{Table, Value};

use crate::fault::Fault;
use crate::repository::{File, Repository};

const ROOT: &str = "Cargo.toml";

/// The only crate with lints of its own: `unsafe_code` is denied there, not forbidden, as `src/abi` speaks to the host.
const RUNTIME: &str = "filters/runtime/Cargo.toml";

fn parse(file: &File) -> Result<Table, Fault> {
    let broken = |error: toml::de::Error| Fault::new(&file.path, 1, format!("is no TOML: {error}"));
    file.text().parse::<Table>().map_err(broken)
}

/// Every member's manifest.
pub(crate) fn members(repository: &Repository) -> impl Iterator<Item = &File> {
    repository.ending("/Cargo.toml")
}

/// The first line that starts with a key.
fn line_of(file: &File, key: &str) -> usize {
    let found = file.lines().find(|(_, line)| {
        line.trim_start()
            .strip_prefix(key)
            .is_some_and(|rest| rest.starts_with([' ', '=', '.', ']']))
    });
    found.map_or(1, |(number, _)| number)
}

fn each(repository: &Repository, look: impl Fn(&File, &Table, &mut Vec<Fault>)) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in members(repository) {
        match parse(file) {
            Ok(table) => look(file, &table, &mut faults),
            Err(fault) => faults.push(fault),
        }
    }
    faults
}

fn table<'t>(from: &'t Table, path: &[&str]) -> Option<&'t Table> {
    path.iter().try_fold(from, |table, name| table.get(*name)?.as_table())
}

/// The dependency tables of a manifest, those of targets included.
fn dependencies(manifest: &Table) -> impl Iterator<Item = (&String, &Value)> {
    let targets = manifest.get("target").and_then(Value::as_table).into_iter();
    let tables = targets.flat_map(Table::values).filter_map(Value::as_table);
    std::iter::once(manifest)
        .chain(tables)
        .flat_map(|table| {
            ["dependencies", "dev-dependencies", "build-dependencies"]
                .into_iter()
                .filter_map(move |kind| table.get(kind)?.as_table())
        })
        .flatten()
}

/// A version is written once, and means one version.
#[must_use]
pub fn versions_are_pinned_once(repository: &Repository) -> Vec<Fault> {
    let mut faults = each(repository, |file, manifest, faults| {
        for (name, value) in dependencies(manifest) {
            let shared = value.get("workspace").and_then(Value::as_bool) == Some(true);
            if !shared {
                let message =
                    format!("`{name}`: write `{name}.workspace = true`, and the version in {ROOT}");
                faults.push(Fault::new(&file.path, line_of(file, name), message));
            }
        }
    });
    let Some(root) = repository.file(ROOT) else {
        return vec![Fault::new(ROOT, 1, "is missing")];
    };
    let root_table = match parse(root) {
        Ok(table) => table,
        Err(fault) => return vec![fault],
    };
    for (name, value) in table(&root_table, &["workspace", "dependencies"]).into_iter().flatten() {
        let version = value.as_str().or_else(|| value.get("version").and_then(Value::as_str));
        let ours = value.get("path").is_some();
        if !ours && !version.is_some_and(is_exact) {
            let message = format!("`{name}` is not pinned: write its version as `=x.y.z`");
            faults.push(Fault::new(ROOT, line_of(root, name), message));
        }
        if ours && !name.starts_with("portcullis-") {
            let message =
                format!("`{name}` is ours: names of our packages start with `portcullis-`");
            faults.push(Fault::new(ROOT, line_of(root, name), message));
        }
    }
    faults
}

/// `=1.2.3`, also with a pre-release.
fn is_exact(version: &str) -> bool {
    version.strip_prefix('=').is_some_and(|version| {
        let numbers = version.split(['-', '+']).next().unwrap_or_default();
        numbers.split('.').count() == 3
            && numbers
                .split('.')
                .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
    })
}

/// What every member takes from the workspace.
const SHARED: [&str; 5] = ["version", "edition", "rust-version", "license", "publish"];

/// Members share the workspace's edition, licence and lints.
#[must_use]
pub fn members_are_alike(repository: &Repository) -> Vec<Fault> {
    each(repository, |file, manifest, faults| {
        let package = table(manifest, &["package"]);
        let name = package.and_then(|package| package.get("name")?.as_str()).unwrap_or_default();
        if !name.starts_with("portcullis-") {
            let message = format!("`{name}`: names of our packages start with `portcullis-`");
            faults.push(Fault::new(&file.path, line_of(file, "name"), message));
        }
        if package.and_then(|package| package.get("description")).is_none() {
            faults.push(Fault::new(&file.path, 1, "has no description: say in a line what it is"));
        }
        for field in SHARED {
            let shared = package
                .and_then(|package| package.get(field)?.get("workspace")?.as_bool())
                .unwrap_or_default();
            if !shared {
                let message = format!("does not share `{field}`: write `{field}.workspace = true`");
                faults.push(Fault::new(&file.path, line_of(file, field), message));
            }
        }
        let lints = table(manifest, &["lints"]);
        let shared = lints.and_then(|lints| lints.get("workspace")?.as_bool()).unwrap_or_default();
        if !shared && file.path != RUNTIME {
            let message = "has lints of its own: write `[lints]` and `workspace = true`";
            faults.push(Fault::new(&file.path, line_of(file, "[lints"), message));
        }
    })
}

/// The runtime's own lints are no weaker than the workspace's, but that `unsafe_code` is denied, not forbidden.
#[must_use]
pub fn the_runtimes_lints_are_the_workspaces(repository: &Repository) -> Vec<Fault> {
    let (Some(root), Some(runtime)) = (repository.file(ROOT), repository.file(RUNTIME)) else {
        return vec![Fault::new(RUNTIME, 1, "is missing")];
    };
    let (root_table, runtime_table) = match (parse(root), parse(runtime)) {
        (Ok(root), Ok(runtime)) => (root, runtime),
        (Err(fault), _) | (_, Err(fault)) => return vec![fault],
    };
    let mut faults = Vec::new();
    for tool in ["rust", "clippy"] {
        let shared = table(&root_table, &["workspace", "lints", tool]).cloned().unwrap_or_default();
        let own = table(&runtime_table, &["lints", tool]).cloned().unwrap_or_default();
        for (lint, level) in &shared {
            // What is allowed anyway need not be repeated.
            let expected = match (lint.as_str(), level.as_str()) {
                ("unsafe_code", _) => Value::from("deny"),
                (_, Some("allow")) => continue,
                _ => level.clone(),
            };
            if own.get(lint) != Some(&expected) {
                let message = format!(
                    "differs from {ROOT}: copy `{lint}` from [workspace.lints.{tool}] (unsafe_code is deny)"
                );
                faults.push(Fault::new(RUNTIME, line_of(runtime, lint), message));
            }
        }
        for (lint, level) in own.iter().filter(|(lint, _)| !shared.contains_key(*lint)) {
            if !matches!(level.as_str(), Some("deny" | "forbid")) {
                let message = format!("`{lint}` is weaker than in {ROOT}: remove it");
                faults.push(Fault::new(RUNTIME, line_of(runtime, lint), message));
            }
        }
    }
    faults
}

/// A crate that is both silently loses link-time optimisation, and tests cannot link a cdylib.
#[must_use]
pub fn a_crate_is_a_module_or_a_library(repository: &Repository) -> Vec<Fault> {
    each(repository, |file, manifest, faults| {
        let kinds = table(manifest, &["lib"]).and_then(|lib| lib.get("crate-type")?.as_array());
        let kinds: Vec<&str> = kinds.into_iter().flatten().filter_map(Value::as_str).collect();
        let line = line_of(file, "crate-type");
        let module = file.path.starts_with("filters/") && file.path.ends_with("/module/Cargo.toml");
        if kinds.contains(&"cdylib") && kinds.len() > 1 {
            let message =
                "is a cdylib and something else: two crates, as it loses link-time optimisation";
            faults.push(Fault::new(&file.path, line, message));
        } else if module && kinds != ["cdylib"] {
            faults.push(Fault::new(
                &file.path,
                line,
                "is no cdylib: write `crate-type = [\"cdylib\"]`",
            ));
        } else if !module && file.path.starts_with("filters/") && kinds.contains(&"cdylib") {
            let message = "is a cdylib: only filters/<control>/module is, as tests cannot link one";
            faults.push(Fault::new(&file.path, line, message));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARED_FIELDS: &str = "version.workspace = true\nedition.workspace = true\nrust-version.workspace = true\nlicense.workspace = true\npublish.workspace = true\n";

    fn member(rest: &str) -> Repository {
        let text = format!(
            "[package]\nname = \"portcullis-a\"\ndescription = \"x\"\n{SHARED_FIELDS}{rest}"
        );
        let root = "[workspace.dependencies]\nserde = \"=1.0.0\"\n";
        Repository::of(&[(ROOT, root), ("filters/a/Cargo.toml", &text)])
    }

    #[test]
    fn a_version_that_is_not_pinned_once_is_found() {
        for (line, expected) in [
            ("a = \"=1.2.3\"", 0),
            ("a = { version = \"=0.10.0-rc.20\" }", 0),
            ("portcullis-a = { path = \"a\" }", 0),
            ("a = \"1.2.3\"", 1),
            ("a = \"=1.2\"", 1),
            ("a = { git = \"x\" }", 1),
            ("b = { path = \"b\" }", 1),
        ] {
            let root = format!("[workspace.dependencies]\n{line}\n");
            let faults = versions_are_pinned_once(&Repository::of(&[(ROOT, &root)]));
            assert_eq!(faults.len(), expected, "{line}: {faults:?}");
            assert!(faults.iter().all(|fault| fault.line == 2), "{faults:?}");
        }
        for (rest, expected) in [
            (
                "[dependencies]\na.workspace = true\nb = { workspace = true, features = [\"x\"] }\n",
                0,
            ),
            ("[dependencies]\na = \"=1.0.0\"\n", 1),
            ("[dev-dependencies]\na = { path = \"../a\" }\n", 1),
            ("[target.'cfg(unix)'.dependencies]\na = \"1\"\n", 1),
        ] {
            let faults = versions_are_pinned_once(&member(rest));
            assert_eq!(faults.len(), expected, "{rest}: {faults:?}");
        }
    }

    #[test]
    fn a_member_that_differs_is_found() {
        assert_eq!(members_are_alike(&member("[lints]\nworkspace = true\n")), []);
        assert_eq!(members_are_alike(&member("")).len(), 1);
        assert_eq!(members_are_alike(&member("[lints.rust]\nunsafe_code = \"allow\"\n")).len(), 1);
        let text = "[package]\nname = \"a\"\n[lints]\nworkspace = true\n";
        let faults = members_are_alike(&Repository::of(&[("tests/a/Cargo.toml", text)]));
        assert_eq!(faults.len(), 2 + SHARED.len(), "{faults:?}");
    }

    #[test]
    fn a_runtime_with_weaker_lints_is_found() {
        let root = "[workspace.lints.rust]\nunsafe_code = \"forbid\"\nmissing_docs = \"warn\"\n[workspace.lints.clippy]\npanic = \"deny\"\nx = \"allow\"\n";
        let faults = |own: &str| {
            let files = [(ROOT, root), (RUNTIME, own)];
            the_runtimes_lints_are_the_workspaces(&Repository::of(&files)).len()
        };
        let good = "[lints.rust]\nunsafe_code = \"deny\"\nmissing_docs = \"warn\"\n[lints.clippy]\npanic = \"deny\"\nmore = \"deny\"\n";
        assert_eq!(faults(good), 0);
        assert_eq!(faults(&good.replace("unsafe_code = \"deny\"", "unsafe_code = \"allow\"")), 1);
        assert_eq!(faults(&good.replace("panic = \"deny\"", "panic = \"warn\"")), 1);
        assert_eq!(faults(&good.replace("missing_docs = \"warn\"\n", "")), 1);
        assert_eq!(faults(&good.replace("more = \"deny\"", "more = \"allow\"")), 1);
    }

    #[test]
    fn a_crate_of_two_kinds_is_found() {
        let faults = |path: &str, kinds: &str| {
            let text = format!("[lib]\ncrate-type = [{kinds}]\n");
            a_crate_is_a_module_or_a_library(&Repository::of(&[(path, &text)])).len()
        };
        let (module, control) = ("filters/a/module/Cargo.toml", "filters/a/Cargo.toml");
        assert_eq!(faults(module, "\"cdylib\""), 0);
        assert_eq!(faults("tests/probe/Cargo.toml", "\"cdylib\""), 0);
        assert_eq!(faults(module, "\"cdylib\", \"rlib\""), 1);
        assert_eq!(faults("tests/probe/Cargo.toml", "\"rlib\", \"cdylib\""), 1);
        assert_eq!(faults(module, "\"rlib\""), 1);
        assert_eq!(faults(control, "\"cdylib\""), 1);
    }
}
