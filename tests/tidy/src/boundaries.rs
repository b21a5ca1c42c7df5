//! Who may know whom: decisions do not know Envoy, what ships does not know the tests, and `unsafe` has one room.

use crate::fault::{Exception, Fault, except};
use crate::graph::{Graph, Package, Shipped};
use crate::repository::Repository;
use crate::source::places;

/// The only place of `unsafe`, and of the host's functions.
const ABI: &str = "filters/runtime/src/abi/";

/// An attribute that a macro writes into modules, none of them code that could be unsound.
const UNSAFE_WORDS: [Exception; 1] = [Exception {
    file: "filters/runtime/src/lib.rs",
    text: "#[unsafe(no_mangle)]",
    reason: "the entry that the host looks for has to keep its name",
}];

/// What knows a host, a clock, an operating system or JavaScript.
const FOREIGN: [&str; 14] = [
    "getrandom",
    "js-sys",
    "mio",
    "openssl",
    "proxy-wasm",
    "rand",
    "ring",
    "socket2",
    "tokio",
    "wasi",
    "wasip2",
    "wasm-bindgen",
    "wasmparser",
    "wasmtime",
];

/// Features of `serde_json` that change what a number or an object is.
const JSON_FEATURES: [&str; 2] = ["arbitrary_precision", "preserve_order"];

fn folder(package: &Package) -> &str {
    let manifest = package.manifest.as_deref().unwrap_or_default();
    manifest.strip_suffix("/Cargo.toml").unwrap_or(manifest)
}

fn ships(package: &Package) -> bool {
    folder(package).starts_with("filters/")
}

fn is_module(package: &Package) -> bool {
    ships(package) && folder(package).ends_with("/module")
}

fn fault(package: &Package, message: String) -> Fault {
    Fault::new(package.manifest.as_deref().unwrap_or("Cargo.lock"), 1, message)
}

/// The runtime is linked by modules alone: a control decides without it.
#[must_use]
pub fn modules_alone_know_the_runtime(graph: &Graph) -> Vec<Fault> {
    let controls = graph.ours().filter(|(_, package)| ships(package) && !is_module(package));
    controls
        .filter(|(_, package)| package.name != "portcullis-runtime")
        .filter_map(|(id, package)| {
            let linked = graph.linked_by(id);
            let by = linked.iter().find(|(id, _)| graph.name(id) == "portcullis-runtime")?.1;
            let message = format!(
                "links portcullis-runtime by way of `{by}`: a control is pure, its module/ runs it"
            );
            Some(fault(package, message))
        })
        .collect()
}

/// Nothing that ships links a host, an operating system's clock or randomness, or JavaScript, when it is built without
/// what the tests switch on.
#[must_use]
pub fn decisions_do_not_know_the_world(shipped: &[Shipped]) -> Vec<Fault> {
    let foreign = shipped
        .iter()
        .filter(|one| FOREIGN.contains(&one.name.as_str()) || one.name.starts_with("wasmtime-"));
    foreign
        .map(|one| {
            let message = format!(
                "`{0}` is linked by something in filters/ (`cargo tree --target wasm32-wasip1 -e normal -i {0}`): \
                 take what it gives as an argument instead",
                one.name
            );
            Fault::new("Cargo.lock", 1, message)
        })
        .collect()
}

/// What ships links nothing from `tests/`; its own tests may.
#[must_use]
pub fn what_ships_does_not_know_the_tests(graph: &Graph) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (_, package) in graph.ours().filter(|(_, package)| ships(package)) {
        for id in package.links.iter().chain(&package.builds_with) {
            if graph.packages.get(id).is_some_and(|other| folder(other).starts_with("tests/")) {
                let message =
                    format!("needs `{}` of tests/: make it a dev-dependency", graph.name(id));
                faults.push(fault(package, message));
            }
        }
    }
    faults
}

/// JSON in a module is what RFC 8259 and our own reader say, whatever the tests switch on.
#[must_use]
pub fn json_ships_plain(shipped: &[Shipped]) -> Vec<Fault> {
    let json = shipped.iter().filter(|one| one.name == "serde_json");
    let on = json.flat_map(|one| &one.features);
    on.filter(|feature| JSON_FEATURES.contains(&feature.as_str()))
        .map(|feature| {
            let message = format!("`{feature}` of serde_json is on in a module: switch it off");
            Fault::new("Cargo.toml", 1, message)
        })
        .collect()
}

/// `unsafe` and the host's functions stay in one folder.
#[must_use]
pub fn unsafe_code_has_one_room(repository: &Repository) -> Vec<Fault> {
    unsafe_code_but_for(repository, &UNSAFE_WORDS)
}

fn unsafe_code_but_for(repository: &Repository, exceptions: &[Exception]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in repository.ending(".rs").filter(|file| !file.path.starts_with(ABI)) {
        let code = file.code();
        for (number, line) in (1..).zip(code.lines()) {
            let mut found = |what: &str| {
                let message =
                    format!("{what} outside of {ABI}: write it without, or move it there");
                faults.push(Fault::new(&file.path, number, message));
            };
            if places(line, "unsafe").next().is_some() {
                found("has `unsafe`");
            }
            if line.contains("wasm_import_module") {
                found("declares a function of the host");
            }
            let allow = ["allow(", "expect("].iter().any(|word| line.contains(word));
            if allow && places(line, "unsafe_code").next().is_some() {
                found("allows `unsafe_code`");
            }
        }
    }
    except(faults, exceptions, |fault| repository.line(fault))
}

/// Each block says why it is sound, where it stands.
#[must_use]
pub fn unsafe_blocks_say_why(repository: &Repository) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in repository.ending(".rs") {
        let code = file.code();
        let lines: Vec<&str> = file.text().lines().collect();
        for (index, line) in code.lines().enumerate() {
            let block = places(line, "unsafe").any(|place| {
                let rest = line[place + "unsafe".len()..].trim_start();
                rest.starts_with('{') || rest.starts_with("impl") || rest.is_empty()
            });
            if block && !says_why(&lines[..index]) {
                let message = "does not say why it is sound: put `// SAFETY: …` above it";
                faults.push(Fault::new(&file.path, index + 1, message));
            }
        }
    }
    faults
}

/// The comment right above, attributes and the beginning of the statement left out.
fn says_why(above: &[&str]) -> bool {
    let mut lines = above.iter().rev().map(|line| line.trim());
    let mut steps = 0;
    lines.find_map(|line| {
        steps += 1;
        let comment = line.starts_with("//");
        if line.starts_with("// SAFETY: ") {
            return Some(true);
        }
        let goes_on =
            comment || line.starts_with("#[") || (steps == 1 && !line.ends_with([';', '}']));
        (!goes_on).then_some(false)
    }) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(links: &[(&str, &str)]) -> Graph {
        let mut graph = Graph::default();
        for (id, name, manifest) in [
            ("c", "portcullis-control", Some("filters/control/Cargo.toml")),
            ("r", "portcullis-runtime", Some("filters/runtime/Cargo.toml")),
            ("a", "portcullis-a", Some("filters/a/Cargo.toml")),
            ("m", "portcullis-a-module", Some("filters/a/module/Cargo.toml")),
            ("t", "portcullis-t", Some("tests/t/Cargo.toml")),
            ("x", "x", None),
        ] {
            let links = links.iter().filter(|(from, _)| *from == id).map(|(_, to)| (*to).into());
            let package = Package {
                name: name.into(),
                manifest: manifest.map(str::to_owned),
                links: links.collect(),
                ..Package::default()
            };
            graph.packages.insert(id.into(), package);
        }
        graph
    }

    #[test]
    fn a_control_that_knows_the_runtime_is_found() {
        let good = [("m", "r"), ("m", "a"), ("a", "c"), ("r", "c"), ("t", "r")];
        assert_eq!(modules_alone_know_the_runtime(&graph(&good)), []);
        let bad = [("a", "c"), ("c", "x"), ("x", "r")];
        let faults = modules_alone_know_the_runtime(&graph(&bad));
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults.iter().any(|fault| fault.file == "filters/a/Cargo.toml"));
    }

    #[test]
    fn a_decision_that_knows_the_world_is_found() {
        let tree = "portcullis-control v0.1.0 (x)|Apache-2.0|\nserde v1.0.0|MIT|std\n";
        let faults = |more: &str| {
            let shipped = crate::graph::read_tree(&format!("{tree}{more}"));
            decisions_do_not_know_the_world(&shipped).len()
        };
        assert_eq!(faults(""), 0);
        assert_eq!(faults("proxy-wasm v0.2.4|Apache-2.0|\n"), 1);
        assert_eq!(faults("wasmtime-internal-core v48.0.8|Apache-2.0|\n"), 1);
        assert_eq!(faults("getrandom v0.4.0|MIT|wasm_js,js\n"), 1);
    }

    #[test]
    fn what_ships_and_knows_a_test_is_found() {
        assert_eq!(what_ships_does_not_know_the_tests(&graph(&[("t", "a")])), []);
        assert_eq!(what_ships_does_not_know_the_tests(&graph(&[("a", "t")])).len(), 1);
        let mut build = graph(&[]);
        build.packages.get_mut("c").unwrap().builds_with.push("t".into());
        assert_eq!(what_ships_does_not_know_the_tests(&build).len(), 1);
    }

    #[test]
    fn a_dev_dependency_is_no_link() {
        let metadata = serde_json::json!({
            "packages": [
                {"id": "a", "name": "a", "version": "1.0.0", "source": null, "manifest_path": "/r/filters/a/Cargo.toml"},
                {"id": "b", "name": "b", "version": "1.0.0", "license": "MIT", "source": "x", "manifest_path": "/x/Cargo.toml"},
            ],
            "resolve": {"nodes": [{"id": "a", "deps": [
                {"pkg": "b", "dep_kinds": [{"kind": "dev"}]},
                {"pkg": "c", "dep_kinds": [{"kind": null}, {"kind": "build"}]},
            ]}]},
        });
        let graph = Graph::read(&metadata, "/r");
        let package = &graph.packages["a"];
        assert_eq!(
            (package.links.as_slice(), package.builds_with.len()),
            (&["c".to_owned()][..], 1)
        );
        assert_eq!(package.manifest.as_deref(), Some("filters/a/Cargo.toml"));
        assert_eq!(graph.packages["b"].manifest, None);
    }

    #[test]
    fn a_feature_of_json_that_ships_is_found() {
        let shipped = |features: &str| {
            let line =
                format!("serde v1.0.0|MIT|std,preserve_order\nserde_json v1.0.0|MIT|{features}\n");
            json_ships_plain(&crate::graph::read_tree(&line)).len()
        };
        let found = [
            shipped("std"),
            shipped(""),
            shipped("std,preserve_order"),
            shipped("arbitrary_precision"),
        ];
        assert_eq!(found, [0, 0, 1, 1]);
    }

    #[test]
    fn unsafe_code_elsewhere_is_found() {
        for (path, text, expected) in [
            ("filters/a/src/b.rs", "unsafe { f() }", 1),
            ("tests/a/src/b.rs", "unsafe impl Send for X {}", 1),
            ("filters/a/src/b.rs", "#[unsafe(no_mangle)]", 1),
            ("filters/a/src/b.rs", "#![allow(unsafe_code, reason = \"x\")]", 1),
            ("filters/a/src/b.rs", "#[link(wasm_import_module = \"env\")]", 1),
            ("filters/a/src/b.rs", "// unsafe", 0),
            ("filters/runtime/src/abi/b.rs", "unsafe { f() }", 0),
        ] {
            let faults = unsafe_code_but_for(&Repository::of(&[(path, text)]), &[]);
            assert_eq!(faults.len(), expected, "{path}: {text}");
        }
    }

    #[test]
    fn an_unsafe_block_that_does_not_say_why_is_found() {
        for (text, expected) in [
            ("// SAFETY: it is.\nunsafe { f() }", 0),
            ("// SAFETY: it is,\n// and was.\n#[cfg(x)]\nunsafe { f() }", 0),
            ("// SAFETY: it is.\nlet x =\n    unsafe { f() };", 0),
            ("unsafe { f() }", 1),
            ("// SAFETY: it is.\nunsafe { f() };\nunsafe { g() };", 1),
            ("// It is.\nlet x = unsafe { f() };", 1),
            ("// SAFETY: it is.\ng();\nlet y = 1;\nunsafe { f() }", 1),
            ("unsafe extern \"C\" {}\nunsafe fn f() {}", 0),
        ] {
            let faults = unsafe_blocks_say_why(&Repository::of(&[("a.rs", text)]));
            assert_eq!(faults.len(), expected, "{text}");
        }
    }
}
