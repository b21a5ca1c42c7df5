//! What is told of a masked error: enough to find the same one again, and nothing of its text.

use portcullis_host::{Host, Request, Response};
use portcullis_modules::wasm;
use serde_json::{Value, json};

const TRACE: &str = "NullPointerException at Orders.java:42";

fn transforming(configuration: &Value) -> Host {
    let name = "response-transformer";
    Host::load(wasm(name)).plugin(name, name).configure(configuration.to_string()).start().unwrap()
}

fn failed(host: &mut Host, body: &str) -> Value {
    let answer = Response::new(500).header("content-type", "text/plain").body(body);
    let exchange = host.send(Request::get("/").answered(answer));
    assert_eq!(exchange.status(), 500);
    let record = exchange.state("portcullis.decision").unwrap();
    assert!(!record.contains("Orders.java"), "{record}");
    serde_json::from_str::<Value>(&record).unwrap()[0].clone()
}

#[test]
fn the_same_error_has_the_same_hash_and_another_one_another() {
    let mut host = transforming(&json!({"mask_errors": {}}));
    let hashes = [TRACE, TRACE, "NullPointerException at Orders.java:43"].map(|body| {
        let hash = failed(&mut host, body)["hash"].as_str().unwrap().to_owned();
        assert!(hash.len() >= 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hash}");
        hash
    });
    assert_eq!(hashes[0], hashes[1]);
    assert_ne!(hashes[0], hashes[2]);
    // Its key is random: whoever guesses a text can't look for its hash.
    let mut other = transforming(&json!({"mask_errors": {}}));
    other.process().seed(4_711);
    assert_ne!(failed(&mut other, TRACE)["hash"], hashes[0]);
}

#[test]
fn an_answer_without_a_body_whose_fields_were_to_be_changed_is_counted() {
    let mut host = transforming(&json!({"remove": {"json": ["secret"]}}));
    let json = |status| Response::new(status).header("content-type", "application/json");
    for (answer, count) in [
        (json(200), 1),
        (json(200).body("{\"secret\":1}"), 1),
        (json(500).header("content-length", "0"), 2),
        (Response::new(200), 2),
    ] {
        host.send(Request::get("/").answered(answer));
        host.tick();
        assert_eq!(host.process().metric("portcullis.response-transformer.no_body"), count);
    }
}
