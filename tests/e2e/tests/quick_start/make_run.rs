//! `make run`, from its first line to Ctrl-C.

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use portcullis_e2e::{envoy_binary, eventually, repository, within};

use crate::round;

/// `make run` builds what is not built.
const BUILD_PATIENCE: Duration = Duration::from_secs(600);

/// A command with all that it starts: one process group, as a terminal makes it.
struct Group(Child);

impl Group {
    fn signal(&self, name: &str) {
        let group = format!("-{}", self.0.id());
        let _ =
            Command::new("kill").args(["-s", name, "--", &group]).stderr(Stdio::null()).status();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            self.signal("TERM");
            let _ = self.0.wait();
        }
    }
}

/// What a command prints, read as it comes.
struct Printed(Arc<Mutex<Vec<u8>>>);

impl Printed {
    fn read(mut from: ChildStdout) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&text);
        // Ends with the command, whose end closes the pipe.
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                shared.lock().unwrap().extend_from_slice(&buffer[..count]);
            }
        });
        Self(text)
    }

    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

/// Ports that were free a moment ago; all held until all are known, so that they differ.
fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

fn make_run(ports: [u16; 4]) -> Command {
    let mut command = Command::new("make");
    command
        .arg("run")
        .args(
            ["PORT", "TLS_PORT", "ADMIN_PORT", "UPSTREAM_PORT"]
                .iter()
                .zip(ports)
                .map(|(n, p)| format!("{n}={p}")),
        )
        .current_dir(repository())
        .env("ENVOY", envoy_binary())
        // The test itself may run under make.
        .env_remove("MAKEFLAGS")
        .env_remove("MAKELEVEL")
        .stdin(Stdio::null())
        .process_group(0);
    command
}

#[test]
fn the_printed_tour_works_and_ctrl_c_stops_everything() {
    let ports = free_ports();
    let [gateway, tls, admin, upstream] =
        ports.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let mut run = Group(make_run(ports).stdout(Stdio::piped()).spawn().unwrap());
    let printed = Printed::read(run.0.stdout.take().unwrap());
    let invited = within(BUILD_PATIENCE, || {
        let ended = run.0.try_wait().unwrap();
        assert_eq!(ended, None, "make run ended before it was ready:\n{}", printed.so_far());
        // The last line of the tour.
        printed.so_far().contains("clients/expired.crt").then_some(())
    });
    assert!(invited.is_some(), "make run is not ready:\n{}", printed.so_far());
    let https = format!("https://{tls}");
    for word in ["ada.token", "/v1/premium/orders", "Ctrl-C", "clients/ada.crt", &https] {
        assert!(printed.so_far().contains(word), "{word} is missing in:\n{}", printed.so_far());
    }
    round::take(gateway, tls);
    eventually("the access log", || printed.so_far().contains(r#""decision":"#).then_some(()));

    run.signal("INT");
    let status = run.0.wait().unwrap();
    assert!(!status.success());
    for address in [gateway, tls, admin, upstream] {
        eventually("everything to stop", || TcpStream::connect(address).is_err().then_some(()));
    }
}

#[test]
fn a_taken_port_is_named_with_its_variable() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let [port, tls, admin] = free_ports();
    let taken = taken.local_addr().unwrap().port();
    for (variable, ports) in [
        ("PORT", [taken, tls, admin, port]),
        ("TLS_PORT", [port, taken, admin, tls]),
        ("ADMIN_PORT", [port, tls, taken, admin]),
        ("UPSTREAM_PORT", [port, tls, admin, taken]),
    ] {
        let output = make_run(ports).output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success());
        assert!(words.contains(&format!("port {taken} is taken")), "{words}");
        assert!(words.contains(&format!("make run {variable}=")), "{words}");
    }
}
