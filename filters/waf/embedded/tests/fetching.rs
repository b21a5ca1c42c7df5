//! What `get-crs.sh` takes for a release, and what it refuses: releases of files that stand here, signed by a key of their own.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say so and stop")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// Of `tests/release/key.asc`.
const FINGERPRINT: &str = "55A30182E91B53F68C4582C93ED9F499F8ED50CD";

/// Of `tests/release/release.tar.gz`.
const CHECKSUM: &str = "2cbcddcc922d4abd74911b728a733281d0996b64b496b7e11d4ea55f440e05c8";

/// Where a release is fetched from, and into.
struct Fetching {
    folder: TempDir,
    variables: Vec<(&'static str, String)>,
}

fn release(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/release").join(name)
}

fn url(path: &Path) -> String {
    format!("file://{}", path.display())
}

impl Fetching {
    fn new() -> Self {
        let file = |name| url(&release(name));
        let variables = vec![
            ("CRS_URL", file("release.tar.gz")),
            ("CRS_SIGNATURE_URL", file("release.tar.gz.asc")),
            ("CRS_KEY_URL", file("key.asc")),
            ("CRS_FINGERPRINT", FINGERPRINT.to_owned()),
        ];
        Fetching { folder: TempDir::new().unwrap(), variables }
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// With another archive than the one that was signed.
    fn with_archive(self, bytes: &[u8]) -> Self {
        let path = self.folder.path().join("other.tar.gz");
        fs::write(&path, bytes).unwrap();
        let url = url(&path);
        self.with("CRS_URL", url)
    }

    fn target(&self) -> PathBuf {
        self.folder.path().join("into/coreruleset")
    }

    fn run(&self) -> Output {
        Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("get-crs.sh"))
            .arg(self.target())
            .env_remove("CRS_SHA256")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .output()
            .unwrap()
    }

    fn is_taken(&self) {
        let output = self.run();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(text(&output.stdout), format!("{}\n", self.target().display()));
        assert!(self.target().join("rules/REQUEST-900-TEST.conf").is_file());
        assert!(self.target().join("crs-setup.conf.example").is_file());
    }

    /// Refused with this, and nothing of it is left.
    fn is_refused(&self, why: &str) {
        let output = self.run();
        assert!(!output.status.success(), "{output:?}");
        assert!(text(&output.stderr).contains(why), "{output:?}");
        assert_eq!(text(&output.stdout), "");
        let left = fs::read_dir(self.folder.path().join("into")).into_iter().flatten();
        assert_eq!(left.count(), 0);
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn has_gpg() -> bool {
    Command::new("gpg").arg("--version").output().is_ok_and(|output| output.status.success())
}

/// What is signed is taken where something can tell, and refused where nothing can.
fn is_taken_for(fetching: &Fetching, why_not: Option<&str>) {
    match why_not {
        _ if !has_gpg() => fetching.is_refused("gpg is missing"),
        Some(why) => fetching.is_refused(why),
        None => fetching.is_taken(),
    }
}

/// The archive with one byte changed.
fn tampered() -> Vec<u8> {
    let mut bytes = fs::read(release("release.tar.gz")).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    bytes
}

#[test]
fn a_signed_release_is_taken_and_not_fetched_again() {
    let fetching = Fetching::new();
    is_taken_for(&fetching, None);
    if has_gpg() {
        fetching.with("CRS_URL", "file:///nowhere").is_taken();
    }
}

#[test]
fn what_the_signature_is_not_of_is_refused() {
    is_taken_for(&Fetching::new().with_archive(&tampered()), Some("is not signed by the key"));
}

#[test]
fn a_signature_of_another_key_is_refused() {
    let other = FINGERPRINT.replace('3', "4");
    is_taken_for(&Fetching::new().with("CRS_FINGERPRINT", other), Some("is not signed by the key"));
}

#[test]
fn what_is_no_key_or_no_signature_is_refused() {
    let no_key = Fetching::new().with("CRS_KEY_URL", url(&release("release.tar.gz")));
    is_taken_for(&no_key, Some("is no key of OpenPGP"));
    let no_signature = Fetching::new().with("CRS_SIGNATURE_URL", url(&release("key.asc")));
    is_taken_for(&no_signature, Some("is not signed by the key"));
}

#[test]
fn a_checksum_that_is_given_stands_for_the_signature() {
    let nowhere = |fetching: Fetching| fetching.with("CRS_SIGNATURE_URL", "file:///nowhere");
    nowhere(Fetching::new()).with("CRS_SHA256", CHECKSUM).is_taken();
    nowhere(Fetching::new()).with("CRS_SHA256", CHECKSUM.to_uppercase()).is_taken();
    let why = "is not what CRS_SHA256 says";
    Fetching::new().with("CRS_SHA256", CHECKSUM.replace('a', "b")).is_refused(why);
    Fetching::new().with("CRS_SHA256", CHECKSUM).with_archive(&tampered()).is_refused(why);
}

#[test]
fn what_is_not_there_or_no_release_is_refused() {
    let checked = || Fetching::new().with("CRS_SHA256", CHECKSUM);
    checked().with("CRS_URL", "file:///nowhere").is_refused("could not be fetched");
    // The checksum of nothing.
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    Fetching::new().with("CRS_SHA256", empty).with_archive(b"").is_refused("get-crs.sh: file:///");
}

#[test]
fn a_folder_that_is_no_release_is_in_the_way() {
    let fetching = Fetching::new().with("CRS_SHA256", CHECKSUM);
    fs::create_dir_all(fetching.target().join("something")).unwrap();
    let output = fetching.run();
    assert!(
        !output.status.success() && text(&output.stderr).contains("is in the way"),
        "{output:?}"
    );
}
