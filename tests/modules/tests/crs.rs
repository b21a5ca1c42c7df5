//! The module that carries OWASP CRS, where `make crs` built it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say so and stop")]

use portcullis_host::{Builder, Host, Request};
use portcullis_modules::dist;

/// The module with a configuration, where it is there.
fn load(configuration: &str) -> Option<Builder> {
    let module = dist().join("waf-crs.wasm");
    if !module.is_file() {
        println!("{} is not there: `make crs CRS_DIR=…` builds it", module.display());
        return None;
    }
    Some(Host::load(module).configure(configuration))
}

fn start(configuration: &str) -> Option<Host> {
    load(configuration).map(|module| module.start().unwrap())
}

fn form(body: &str) -> Request {
    let form = Request::post("/").header("content-type", "application/x-www-form-urlencoded");
    from("curl/8", form.header("content-length", body.len().to_string()).body(body))
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
fn a_setup_of_ones_own_has_to_say_of_which_version_it_is() {
    let version = "SecAction \"id:1,phase:1,pass,nolog,setvar:tx.crs_setup_version=4290\"";
    for (setup, loads) in [(version, true), ("SecAction \"id:1,phase:1,pass,nolog\"", false)] {
        let configuration = serde_json::json!({"setup": setup}).to_string();
        let Some(module) = load(&configuration) else { return };
        assert_eq!(module.start().is_ok(), loads, "{setup}");
    }
}

#[test]
fn the_log_of_a_request_is_bounded_whatever_its_names_are() {
    let Some(mut host) = start("{}") else { return };
    let name = "\u{1}".repeat(100_000);
    let body = format!("{name}=<script>alert(1)' union select 1,user()-- -;cat /etc/passwd");
    let exchange = host.send(form(&body));
    assert_eq!(exchange.status(), 403);
    let written: usize = exchange.log.iter().map(|line| line.text.len()).sum();
    assert!(exchange.log.len() > 3 && written < 64 * 4_096, "{written} bytes");
}

#[test]
fn json_that_is_sent_as_a_form_shows_no_secret_in_its_name() {
    for log_data in ["matched", "none"] {
        let Some(mut host) = start(&format!(r#"{{"log_data": "{log_data}"}}"#)) else { return };
        let exchange = host.send(form(r#"{"password":"hunter2'or 1=1-- "}"#));
        assert_eq!(exchange.status(), 403);
        let lines: Vec<_> = exchange.log.iter().map(|line| line.text.as_str()).collect();
        assert!(lines.len() > 1, "{lines:#?}");
        assert!(lines.iter().all(|line| !line.contains("hunter2")), "{lines:#?}");
    }
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
