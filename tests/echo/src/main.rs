//! The upstream of `make run`: prints its address and answers every request with what it saw.

use std::process::ExitCode;

use portcullis_echo::{Echo, Server};

const USAGE: &str = "usage: echo [--listen 127.0.0.1:PORT]";

fn listen_address() -> Result<String, String> {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next(), arguments.next()) {
        (None, _, _) => Ok("127.0.0.1:0".to_owned()),
        (Some("--listen"), Some(address), None) => Ok(address),
        _ => Err(USAGE.to_owned()),
    }
}

fn run() -> Result<(), String> {
    let address = listen_address()?;
    let server = Server::start(&address, Echo)
        .map_err(|error| format!("echo: cannot listen on {address}: {error}"))?;
    println!("{}", server.address());
    server.wait();
    Ok(())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
