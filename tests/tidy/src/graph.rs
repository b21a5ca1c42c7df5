//! The dependency graph as cargo resolved it.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

use crate::repository::Repository;

/// A package of the lock file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SPDX expression.
    pub licence: String,
    /// The manifest from the repository's root; `None` for what is not ours.
    pub manifest: Option<String>,
    /// What it links: packages by id, build and dev dependencies left out.
    pub links: Vec<String>,
    /// What its build scripts need.
    pub builds_with: Vec<String>,
}

/// All packages by their id.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Every package of the lock file.
    pub packages: BTreeMap<String, Package>,
}

/// Runs cargo in the repository; first without a network, then with one.
fn cargo(arguments: &[&str]) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut words = String::new();
    for offline in [&["--offline"][..], &[]] {
        let mut command = Command::new(&cargo);
        command.args(arguments).args(["--locked"]).args(offline).current_dir(Repository::root());
        let output = command.output().expect("cargo runs, as it runs this test");
        if output.status.success() {
            return String::from_utf8(output.stdout).expect("cargo writes UTF-8");
        }
        words = String::from_utf8_lossy(&output.stderr).into_owned();
    }
    panic!("cargo {arguments:?} failed; `cargo fetch` may help: {words}");
}

impl Graph {
    /// The graph of this repository, on all platforms; cargo is asked once.
    ///
    /// # Panics
    /// When cargo cannot say it.
    #[must_use]
    pub fn resolve() -> &'static Self {
        static RESOLVED: LazyLock<Graph> = LazyLock::new(Graph::ask);
        &RESOLVED
    }

    fn ask() -> Self {
        let text = cargo(&["metadata", "--format-version", "1"]);
        let metadata = serde_json::from_str(&text).expect("cargo writes JSON");
        Self::read(&metadata, &Repository::root().to_string_lossy())
    }

    /// Reads what `cargo metadata` writes.
    #[must_use]
    pub fn read(metadata: &Value, root: &str) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut packages = BTreeMap::new();
        for package in metadata["packages"].as_array().into_iter().flatten() {
            let manifest = text(&package["manifest_path"]);
            let ours =
                manifest.strip_prefix(root).map(|path| path.trim_start_matches('/').to_owned());
            packages.insert(
                text(&package["id"]),
                Package {
                    name: text(&package["name"]),
                    version: text(&package["version"]),
                    licence: text(&package["license"]),
                    manifest: ours.filter(|_| package["source"].is_null()),
                    ..Package::default()
                },
            );
        }
        for node in metadata["resolve"]["nodes"].as_array().into_iter().flatten() {
            let Some(package) = packages.get_mut(&text(&node["id"])) else { continue };
            for dependency in node["deps"].as_array().into_iter().flatten() {
                let id = text(&dependency["pkg"]);
                for kind in dependency["dep_kinds"].as_array().into_iter().flatten() {
                    match kind["kind"].as_str() {
                        None => package.links.push(id.clone()),
                        Some("build") => package.builds_with.push(id.clone()),
                        Some(_) => {}
                    }
                }
            }
        }
        Graph { packages }
    }

    /// Our own packages.
    pub fn ours(&self) -> impl Iterator<Item = (&String, &Package)> {
        self.packages.iter().filter(|(_, package)| package.manifest.is_some())
    }

    /// All that a package links, itself left out, each with the package that brings it in.
    #[must_use]
    pub fn linked_by(&self, id: &str) -> BTreeMap<String, String> {
        let mut found: BTreeMap<String, String> = BTreeMap::new();
        let mut waiting = vec![id.to_owned()];
        while let Some(next) = waiting.pop() {
            for link in self.packages.get(&next).into_iter().flat_map(|package| &package.links) {
                if link != id && !found.contains_key(link) {
                    found.insert(link.clone(), self.name(&next));
                    waiting.push(link.clone());
                }
            }
        }
        found
    }

    /// A package's name.
    #[must_use]
    pub fn name(&self, id: &str) -> String {
        self.packages.get(id).map(|package| package.name.clone()).unwrap_or_default()
    }
}

/// What a shipped module links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shipped {
    /// The package.
    pub name: String,
    /// SPDX expression.
    pub licence: String,
    /// The features that are on in what ships.
    pub features: Vec<String>,
}

/// Everything that the crates of `filters/` link when they are built for Envoy, with the features that are on then: no
/// test's features are among them. Cargo is asked once.
///
/// # Panics
/// When cargo cannot say it.
#[must_use]
pub fn shipped() -> &'static [Shipped] {
    static SHIPPED: LazyLock<Vec<Shipped>> = LazyLock::new(ask_for_shipped);
    &SHIPPED
}

fn ask_for_shipped() -> Vec<Shipped> {
    let manifests = crate::manifests::members(Repository::open());
    let packages: Vec<String> = manifests
        .filter(|file| file.path.starts_with("filters/"))
        .filter_map(|file| {
            let name = file.lines().find_map(|(_, line)| line.strip_prefix("name = "))?;
            Some(name.trim_matches('"').to_owned())
        })
        .collect();
    let mut arguments = vec![
        "tree",
        "--target",
        "wasm32-wasip1",
        "--edges",
        "normal,no-proc-macro",
        "--prefix",
        "none",
        "--no-dedupe",
        "--format",
        "{p}|{l}|{f}",
    ];
    packages.iter().for_each(|package| arguments.extend(["-p", package]));
    read_tree(&cargo(&arguments))
}

/// Reads lines of `cargo tree` as `shipped` asks for them.
#[must_use]
pub fn read_tree(text: &str) -> Vec<Shipped> {
    let mut found: Vec<Shipped> = Vec::new();
    for line in text.lines() {
        let mut parts = line.split('|');
        let name = parts.next().and_then(|package| package.split(' ').next()).unwrap_or_default();
        let licence = parts.next().unwrap_or_default().to_owned();
        let features = parts.next().unwrap_or_default().split(',').map(str::to_owned).collect();
        let one = Shipped { name: name.to_owned(), licence, features };
        if !name.is_empty() && !found.contains(&one) {
            found.push(one);
        }
    }
    found
}
