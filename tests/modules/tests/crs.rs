//! The module that carries OWASP CRS, where `make crs` built it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say so and stop")]

use portcullis_host::{Host, Request};
use portcullis_modules::dist;

/// A host with the module, where it is there.
fn start(configuration: &str) -> Option<Host> {
    let module = dist().join("waf-crs.wasm");
    if !module.is_file() {
        println!("{} is not there: `make crs CRS_DIR=…` builds it", module.display());
        return None;
    }
    Some(Host::load(module).configure(configuration).start().unwrap())
}

fn from(agent: &str, request: Request) -> Request {
    request.header("user-agent", agent).header("accept", "*/*")
}

#[test]
fn who_says_that_it_is_apache_itself_is_judged_as_anybody() {
    let Some(mut host) = start("{}") else { return };
    // What Apache sends to itself, and whoever knows that.
    let request = |cookie: &str| {
        from("Apache/2.4.58 (Unix) (internal dummy connection)", Request::get("/"))
            .from_address("127.0.0.1:50000")
            .property(&["request", "protocol"], "HTTP/1.0")
            .header("cookie", cookie)
    };
    assert_eq!(host.send(request("a=tea")).status(), 200);
    assert_eq!(host.send(request("a=1' union select password from users-- ")).status(), 403);
}

#[test]
fn requests_of_every_shape_pass_if_nothing_is_wrong_with_them() {
    let Some(mut host) = start(r#"{"on_stream": "pass"}"#) else { return };
    let browser = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
    let json = |request: Request| request.header("content-type", "application/json");
    for request in [
        Request::get("/"),
        // Envoy takes `Transfer-Encoding` away, so that nothing tells a length.
        json(Request::post("/")).body("{\"a\":").body("1}"),
        json(Request::post("/")).body("{\"a\":1}").trailer("x-checksum", "1"),
        json(Request::post("/")).header("content-length", "7").body("{\"a\":1}"),
        Request::get("/")
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
            .header("sec-websocket-version", "13"),
        Request::post("/pkg.Service/Method").header("content-type", "application/grpc").body("x"),
    ] {
        let shown = format!("{request:?}");
        let exchange = host.send(from(browser, request));
        assert_eq!(exchange.status(), 200, "{shown}: {:?}", exchange.state("portcullis.decision"));
    }
}
