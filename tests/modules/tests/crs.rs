//! The module that carries OWASP CRS, where `make crs` built it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say so and stop")]

use portcullis_host::{Host, Request};
use portcullis_modules::dist;

/// What Apache sends to itself, and whoever knows that.
const DUMMY: &str = "Apache/2.4.58 (Unix) (internal dummy connection)";

#[test]
fn who_says_that_it_is_apache_itself_is_judged_as_anybody() {
    let module = dist().join("waf-crs.wasm");
    if !module.is_file() {
        println!("{} is not there: `make crs CRS_DIR=…` builds it", module.display());
        return;
    }
    let mut host = Host::load(module).configure("{}").start().unwrap();
    let request = |cookie: &str| {
        Request::get("/")
            .from_address("127.0.0.1:50000")
            .property(&["request", "protocol"], "HTTP/1.0")
            .header("user-agent", DUMMY)
            .header("accept", "*/*")
            .header("cookie", cookie)
    };
    assert_eq!(host.send(request("a=tea")).status(), 200);
    assert_eq!(host.send(request("a=1' union select password from users-- ")).status(), 403);
}
