//! `docker compose up` with the official image's name, wherever a Docker engine answers.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use portcullis_e2e::{envoy_binary, envoy_version, eventually, repository, wasm};

use crate::round;

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let status = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

/// The plugin where there is one, else the program of old.
fn find_compose() -> Option<&'static [&'static str]> {
    let known: [&[&str]; 2] = [&["docker", "compose"], &["docker-compose"]];
    known.into_iter().find(|words| {
        let mut arguments = words[1..].to_vec();
        arguments.push("version");
        succeeds(words[0], &arguments)
    })
}

/// The image under its own name; one that had to be imported is removed again, so that it never
/// passes for the real one.
struct Image {
    name: String,
    is_imported: bool,
}

impl Image {
    fn get(name: String) -> Self {
        let is_there = succeeds("docker", &["image", "inspect", &name])
            || succeeds("docker", &["pull", "--quiet", &name]);
        if !is_there {
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("import-envoy-image.sh");
            let output = Command::new(script).arg(envoy_binary()).arg(&name).output().unwrap();
            assert!(output.status.success(), "{}", text(&output));
            println!("{name} cannot be pulled: imported {}", envoy_binary().display());
        }
        Self { name, is_imported: !is_there }
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        if self.is_imported {
            succeeds("docker", &["image", "rm", &self.name]);
        }
    }
}

/// A project of its own, taken down with this value.
struct Project {
    compose: &'static [&'static str],
    name: String,
}

impl Project {
    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(self.compose[0])
            .args(&self.compose[1..])
            .args(["--project-name", &self.name, "--file", "envoy/docker-compose.yaml"])
            .args(arguments)
            // Docker chooses free ports.
            .envs([("PORT", "0"), ("TLS_PORT", "0")])
            .current_dir(repository())
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", text(&self.run(&["logs", "--no-color"])));
        }
        let output = self.run(&["down", "--volumes", "--timeout", "2"]);
        if !output.status.success() {
            eprintln!("{}", text(&output));
        }
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

#[test]
fn docker_compose_serves_the_same_tour() {
    if !succeeds("docker", &["info"]) {
        println!("skipped: no Docker engine answers");
        return;
    }
    let Some(compose) = find_compose() else {
        println!("skipped: there is a Docker engine, but no docker compose");
        return;
    };
    let pinned = std::fs::read_to_string(repository().join("envoy/version")).unwrap();
    let pinned = pinned.trim();
    if envoy_version().to_string() != pinned {
        println!("skipped: the image has Envoy {pinned}, which is not the one under test");
        return;
    }
    let image = format!("envoyproxy/envoy:v{pinned}");
    let file = std::fs::read_to_string(repository().join("envoy/docker-compose.yaml")).unwrap();
    let images: Vec<_> =
        file.lines().filter_map(|line| line.trim().strip_prefix("image: ")).collect();
    assert_eq!(images, [&image, &image]);
    let _ = wasm("gateway");

    let _image = Image::get(image);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let name = format!("portcullis-{}-{}", std::process::id(), since.subsec_nanos());
    let project = Project { compose, name };
    let up = project.run(&["up", "--detach"]);
    assert!(up.status.success(), "{}", text(&up));
    let [gateway, tls] = ["8080", "8443"].map(|port| {
        let printed = String::from_utf8(project.run(&["port", "envoy", port]).stdout).unwrap();
        let address: SocketAddr = printed.trim().parse().unwrap();
        assert!(address.ip().is_loopback(), "{address} is open to the network");
        address
    });
    eventually("the gateway in its container", || round::ask(gateway));
    round::take(gateway, tls);
}
