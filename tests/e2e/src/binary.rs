//! Which Envoy is tested, and where the modules are.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The root of the repository.
#[must_use]
pub fn repository() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        root.canonicalize().unwrap_or(root)
    })
}

/// The built module of that name: `$PORTCULLIS_DIST/<name>.wasm`, else `dist/<name>.wasm` in the
/// repository.
///
/// # Panics
/// When it has not been built, with what to run.
#[must_use]
pub fn wasm(name: &str) -> PathBuf {
    let dist = match std::env::var_os("PORTCULLIS_DIST") {
        Some(dist) => repository().join(dist),
        None => repository().join("dist"),
    };
    let path = dist.join(name).with_extension("wasm");
    assert!(path.is_file(), "{} does not exist: run `make build` first", path.display());
    path
}

/// The built test-only module: `$PORTCULLIS_PROBE`, else where cargo leaves it in the repository.
///
/// # Panics
/// When it has not been built, with what to run.
#[must_use]
pub fn probe() -> PathBuf {
    let path = match std::env::var_os("PORTCULLIS_PROBE") {
        Some(path) => PathBuf::from(path),
        None => repository().join("target/wasm32-wasip1/release/portcullis_probe.wasm"),
    };
    let remedy = "cargo build --release --target wasm32-wasip1 -p portcullis-probe";
    assert!(path.is_file(), "{} does not exist: run `{remedy}` first", path.display());
    path
}

/// The module that ours are compared with, `portcullis-noop-<name>`, where cargo leaves it beside this program.
///
/// # Panics
/// When it has not been built, with what to run.
#[must_use]
pub fn yardstick(name: &str) -> PathBuf {
    let program = std::env::current_exe().expect("this program's path");
    let file = format!("wasm32-wasip1/release/portcullis_noop_{name}.wasm");
    // target/release/<program>, and target/debug/deps/<test>.
    let path = program.ancestors().skip(2).map(|folder| folder.join(&file)).find(|p| p.is_file());
    path.unwrap_or_else(|| {
        panic!("{file} does not exist: run `cargo build --release --target wasm32-wasip1 -p portcullis-noop-{name}` first")
    })
}

/// An Envoy's version, as it says itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// 1 in 1.40.0.
    pub major: u32,
    /// 40 in 1.40.0.
    pub minor: u32,
    /// 0 in 1.40.0.
    pub patch: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// The version of the Envoy under test, for what differs between versions.
///
/// # Panics
/// When there is no Envoy, or when `ENVOY_VERSION` names another version than the binary has.
#[must_use]
pub fn envoy_version() -> Version {
    static VERSION: OnceLock<Version> = OnceLock::new();
    *VERSION.get_or_init(|| {
        let output = Command::new(envoy_binary()).arg("--version").output();
        let output = output.expect("the Envoy under test runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        // <path of the binary>  version: <commit>/1.40.0/Clean/RELEASE/BoringSSL
        let words = text.split_once(" version: ").map_or("", |(_path, words)| words);
        let version = words.split('/').nth(1).unwrap_or_default();
        if let Ok(wanted) = std::env::var("ENVOY_VERSION") {
            assert_eq!(wanted, version, "ENVOY_VERSION is not what the binary says of itself");
        }
        let mut numbers = version.split(['.', '-']).map_while(|part| part.parse().ok());
        let mut next = || numbers.next().unwrap_or_else(|| panic!("no version in {text:?}"));
        Version { major: next(), minor: next(), patch: next() }
    })
}

/// The Envoy under test: `$ENVOY`, else what `envoy/get.sh [$ENVOY_VERSION]` prints.
///
/// # Panics
/// When there is none, with the script's own words.
#[must_use]
pub fn envoy_binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| match std::env::var_os("ENVOY") {
        Some(path) => PathBuf::from(path),
        None => fetch(),
    })
}

fn fetch() -> PathBuf {
    let script = repository().join("envoy/get.sh");
    let output = Command::new(&script)
        .args(std::env::var_os("ENVOY_VERSION"))
        .current_dir(repository())
        .stderr(Stdio::inherit())
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}; set ENVOY instead", script.display()));
    assert!(output.status.success(), "{} failed: {}", script.display(), output.status);
    let path = String::from_utf8(output.stdout).expect("a path in UTF-8");
    repository().join(path.trim_end_matches('\n'))
}
