//! Cases and hostile inputs against the built modules in the wasmtime host.
//!
//! The modules are those that `make build` left in `dist/`; `PORTCULLIS_DIST` names another folder.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on should say so and stop"
)]

mod engine;

use std::path::PathBuf;

use portcullis_cases::load::repository;

pub use engine::{ModuleEngine, observed, request};

/// The folder of the built modules.
#[must_use]
pub fn dist() -> PathBuf {
    std::env::var_os("PORTCULLIS_DIST").map_or_else(|| repository().join("dist"), PathBuf::from)
}

/// Where a built module lies.
///
/// # Panics
/// When it is not there, with what to do about it.
#[must_use]
pub fn wasm(module: &str) -> PathBuf {
    let path = dist().join(format!("{module}.wasm"));
    assert!(path.is_file(), "{} is missing: `make build` makes it", path.display());
    path
}

/// The built test-only module: `$PORTCULLIS_PROBE`, else where cargo leaves it in the repository.
///
/// # Panics
/// When it is not there, with what to do about it.
#[must_use]
pub fn probe() -> PathBuf {
    let built = || repository().join("target/wasm32-wasip1/release/portcullis_probe.wasm");
    let path = std::env::var_os("PORTCULLIS_PROBE").map_or_else(built, PathBuf::from);
    let remedy = "`cargo build --release --target wasm32-wasip1 -p portcullis-probe` makes it";
    assert!(path.is_file(), "{} is missing: {remedy}", path.display());
    path
}

/// The names of all built modules, sorted.
///
/// # Panics
/// When there are none, with what to do about it.
#[must_use]
pub fn built() -> Vec<String> {
    let entries = std::fs::read_dir(dist()).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".wasm")?.to_owned()))
        .collect();
    // `make crs` makes further ones beside them, whose rules are not of this repository.
    names.retain(|name| !name.ends_with("-crs"));
    names.sort();
    assert!(!names.is_empty(), "no module in {}: `make build` makes them", dist().display());
    names
}
