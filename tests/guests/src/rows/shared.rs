//! Shared data and shared queues.

use super::CONTINUE;
use crate::guest::{Guest, OUT, WORD};
use crate::row::Row;

/// Reads a key; its compare-and-swap number stays at 24.
fn get(g: &mut Guest, key: &str) -> String {
    let name = g.text(key);
    g.bytes(&format!("get {key}"), &format!("$get_shared {name} {OUT} (i32.const 24)"))
}

fn set(g: &mut Guest, key: &str, value: &str, cas: &str) -> String {
    let (name, text) = (g.text(key), g.text(value));
    g.bytes(&format!("set {key} {value}"), &format!("$set_shared {name} {text} {cas}"))
}

/// The number that was read last.
const CAS: &str = "(i32.load (i32.const 24))";
/// One that no entry has.
const WRONG: &str = "(i32.const 0x7fffffff)";
const ANY: &str = "(i32.const 0)";

pub(super) fn rows() -> Vec<Row> {
    vec![shared_data(), numbers(), queues()]
}

fn shared_data() -> Row {
    let mut g = Guest::new();
    let body = [
        get(&mut g, "k"),
        set(&mut g, "k", "one", ANY),
        get(&mut g, "k"),
        set(&mut g, "k", "two", CAS),
        set(&mut g, "k", "stale", CAS),
        get(&mut g, "k"),
        set(&mut g, "k", "wrong", WRONG),
        set(&mut g, "k", "", ANY),
        get(&mut g, "k"),
        set(&mut g, "absent", "put", WRONG),
        get(&mut g, "absent"),
        set(&mut g, "", "no name", ANY),
        get(&mut g, ""),
    ]
    .concat();
    Row::new(
        "shared data is set by a right number or by none and stays",
        &g.on("proxy_on_request_headers", body + CONTINUE),
    )
    .get("/")
    .get("/")
    .shows(
        "get k 1
         set k one 0
         get k 0 'one'
         set k two 0
         set k stale 8
         get k 0 'two'
         set k wrong 8
         set k  0
         get k 0 ''
         set absent put 0
         get absent 0 'put'
         set  no name 0
         get  0 'no name'
         upstream GET /
         client 200 content-length=6 'answer'
         get k 0 ''
         set k one 0
         get k 0 'one'
         set k two 0
         set k stale 8
         get k 0 'two'
         set k wrong 8
         set k  0
         get k 0 ''
         set absent put 8
         get absent 0 'put'
         set  no name 0
         get  0 'no name'
         upstream GET /
         client 200 content-length=6 'answer'",
    )
}

fn numbers() -> Row {
    let mut g = Guest::new();
    let body = [
        set(&mut g, "k", "one", ANY),
        get(&mut g, "k"),
        "(i32.store (i32.const 28) (i32.load (i32.const 24)))".to_owned(),
        set(&mut g, "k", "one", ANY),
        get(&mut g, "k"),
        g.numbers("same number", &["(i32.eq (i32.load (i32.const 24)) (i32.load (i32.const 28)))"]),
        "(i32.store (i32.const 24) (i32.const 7))".to_owned(),
        get(&mut g, "absent"),
        g.numbers("untouched", &[CAS]),
    ]
    .concat();
    Row::new(
        "each write gives a new number even to the same value",
        &g.on("proxy_on_request_headers", body + CONTINUE),
    )
    .get("/")
    .shows(
        "set k one 0
         get k 0 'one'
         set k one 0
         get k 0 'one'
         same number 0
         get absent 1
         untouched 7
         upstream GET /
         client 200 content-length=6 'answer'",
    )
}

fn queues() -> Row {
    let mut g = Guest::new();
    let (name, vm, one, two) = (g.text("queue"), g.text("nobody"), g.text("one"), g.text(""));
    let body = [
        g.word("resolve", &format!("$resolve_queue {vm} {name} {WORD}")),
        g.bytes("register", &format!("$register_queue {name} (i32.const 24)")),
        g.bytes("dequeue", &format!("$dequeue (i32.load (i32.const 24)) {OUT}")),
        g.bytes("enqueue", &format!("$enqueue (i32.load (i32.const 24)) {one}")),
        g.bytes("enqueue", &format!("$enqueue (i32.load (i32.const 24)) {two}")),
        g.bytes("dequeue", &format!("$dequeue (i32.load (i32.const 24)) {OUT}")),
        g.bytes("dequeue", &format!("$dequeue (i32.load (i32.const 24)) {OUT}")),
        g.bytes("dequeue", &format!("$dequeue (i32.load (i32.const 24)) {OUT}")),
        g.bytes("dequeue unknown", &format!("$dequeue (i32.const 9999) {OUT}")),
        g.bytes("enqueue unknown", &format!("$enqueue (i32.const 9999) {one}")),
    ]
    .concat();
    Row::new(
        "a queue gives its entries in order and then says that it is empty",
        &g.on("proxy_on_request_headers", body + CONTINUE),
    )
    .get("/")
    .shows(
        "resolve 1
         register 0
         dequeue 7
         enqueue 0
         enqueue 0
         dequeue 0 'one'
         dequeue 0 ''
         dequeue 7
         dequeue unknown 1
         enqueue unknown 1
         upstream GET /
         client 200 content-length=6 'answer'",
    )
}
