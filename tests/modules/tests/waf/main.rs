//! The WAF's module under hostile load: what it decides, and what it keeps of it.
//!
//! With `waf-crs.wasm` (`make crs`) beside `waf.wasm` everything is asked of both.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on should say so and stop"
)]

mod hostile;
mod length;
mod memory;
mod reload;

use portcullis_host::{Builder, Host, Level, Request};
use portcullis_modules::{dist, wasm};

/// The modules there are.
fn modules() -> Vec<&'static str> {
    let crs = dist().join("waf-crs.wasm").is_file();
    if !crs {
        println!("waf-crs.wasm is not there: only our own rules are asked");
    }
    [Some("waf"), crs.then_some("waf-crs")].into_iter().flatten().collect()
}

/// A host that keeps no log of what is refused, as a test sends a lot of it.
fn quiet(module: &str) -> Builder {
    Host::load(wasm(module)).log_level(Level::Critical)
}

/// A value as it may stand in a query or a form.
fn encoded(value: &str) -> String {
    let safe = |byte: u8| byte.is_ascii_alphanumeric();
    value
        .bytes()
        .map(|byte| if safe(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// A form as a browser would send it.
fn form(path: &str, body: String) -> Request {
    browser("POST", path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("content-length", body.len().to_string())
        .body(body)
}

/// A request as a browser would send it.
fn browser(method: &str, path: &str) -> Request {
    Request::new(method, path)
        .header("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101")
        .header("accept", "*/*")
}
