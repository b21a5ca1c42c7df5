//! `envoy/certs.sh`: what it makes, when it makes it anew, and what it says where it cannot.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;

use portcullis_e2e::repository;
use tempfile::TempDir;

fn script(folder: &Path) -> Command {
    let mut command = Command::new(repository().join("envoy/certs.sh"));
    command.arg(folder).stdin(Stdio::null());
    command
}

fn run(folder: &Path) {
    let output = script(folder).output().unwrap();
    assert!(output.status.success(), "{}", words(&output));
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

/// Everything in `tls/` and `clients/`.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for part in ["tls", "clients"] {
        for entry in std::fs::read_dir(folder.join(part)).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{part}/{}", entry.file_name().to_str().unwrap());
            all.insert(name, std::fs::read(entry.path()).unwrap());
        }
    }
    all
}

#[test]
fn certificates_stay_until_they_are_about_to_expire() {
    let folder = TempDir::new().unwrap();
    // However many ask at once, one makes them.
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| run(folder.path()));
        }
    });
    let first = files(folder.path());
    run(folder.path());
    assert_eq!(first, files(folder.path()), "a second call changes nothing");

    let made = folder.path().join("certificates");
    let text = std::fs::read_to_string(&made).unwrap();
    let (_until, recipe) = text.split_once('\n').unwrap();
    // That second has passed long ago; or another script made them; or they were never finished.
    for old in [&format!("1000000000\n{recipe}"), "99999999999\n1 2\n", ""] {
        std::fs::write(&made, old).unwrap();
        let before = files(folder.path());
        run(folder.path());
        let after = files(folder.path());
        assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
        assert!(before.iter().all(|(name, bytes)| after[name] != *bytes), "{old:?}");
    }
}

#[test]
fn keys_are_closed_and_the_authorities_keys_are_gone() {
    let folder = TempDir::new().unwrap();
    let inner = folder.path().join("demo");
    run(&inner);
    let mode = |path: &str| inner.join(path).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("."), 0o700);
    // A container's user reads it, behind the closed folder.
    assert_eq!((mode("tls"), mode("tls/server.key")), (0o755, 0o644));
    assert_eq!((mode("clients"), mode("clients/ada.key")), (0o700, 0o600));
    let all = files(&inner);
    for authority in ["tls/ca", "clients/ca", "clients/middle", "clients/another-ca"] {
        assert!(!all.contains_key(&format!("{authority}.key")), "{authority}");
    }
    let left: Vec<_> = std::fs::read_dir(&inner)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| {
            !["tls", "clients", "certificates", "certificates.lock"].contains(&name.as_str())
        })
        .collect();
    assert_eq!(left, [""; 0]);
}

#[test]
fn without_openssl_one_sentence_says_what_to_do() {
    let folder = TempDir::new().unwrap();
    // All programs of this machine, but for openssl and what could fetch it.
    let tools = folder.path().join("bin");
    std::fs::create_dir(&tools).unwrap();
    let path = std::env::var_os("PATH").unwrap();
    let entries = std::env::split_paths(&path).filter_map(|part| std::fs::read_dir(part).ok());
    for entry in entries.flatten().flatten() {
        if !["openssl", "apt-get"].iter().any(|name| entry.file_name() == *name) {
            // The first of a name is the one that a shell finds.
            let _ = std::os::unix::fs::symlink(entry.path(), tools.join(entry.file_name()));
        }
    }
    let made = folder.path().join("made");
    let copy = folder.path().join("repository/envoy");
    std::fs::create_dir_all(&copy).unwrap();
    for file in ["certs.sh", "debian.sh"] {
        std::fs::copy(repository().join("envoy").join(file), copy.join(file)).unwrap();
    }
    let run = |path: &Path| {
        Command::new("/bin/sh")
            .arg(copy.join("certs.sh"))
            .arg(&made)
            .env("PATH", path)
            .output()
            .unwrap()
    };
    let output = run(&tools);
    assert!(!output.status.success());
    let said = words(&output);
    assert!(
        said.contains("openssl is missing: install it (on Debian and Ubuntu: apt-get"),
        "{said}"
    );
    // One that fails half way leaves nothing that would count.
    std::fs::write(
        tools.join("openssl"),
        "#!/bin/sh\n[ $1 = version ] || { echo no more; exit 3; }\n",
    )
    .unwrap();
    std::fs::set_permissions(tools.join("openssl"), PermissionsExt::from_mode(0o700)).unwrap();
    let output = run(&tools);
    assert!(!output.status.success());
    let said = words(&output);
    assert!(said.contains("no more") && said.contains("could not make the certificates"), "{said}");
    assert!(!made.join("certificates").exists() && !made.join("tls").exists());
}
