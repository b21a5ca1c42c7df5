//! Metrics: kinds, numbers, what may be done to which.

use super::CONTINUE;
use crate::guest::{Guest, WORD};
use crate::row::Row;

/// Defines a metric; its id is kept at this address.
fn define(g: &mut Guest, kind: u32, name: &str, id: u32) -> String {
    let text = g.text(name);
    g.word(&format!("define {name}"), &format!("$define_metric (i32.const {kind}) {text} {WORD}"))
        + &format!("(i32.store (i32.const {id}) (i32.load {WORD}))\n")
}

fn increment(g: &mut Guest, id: &str, by: i64) -> String {
    g.word(&format!("increment {by}"), &format!("$increment {id} (i64.const {by})"))
}

fn record(g: &mut Guest, id: &str, value: i64) -> String {
    g.word(&format!("record {value}"), &format!("$record {id} (i64.const {value})"))
}

fn get(g: &mut Guest, id: &str) -> String {
    g.word("get", &format!("$get_metric {id} {WORD}"))
}

pub(super) fn rows() -> Vec<Row> {
    vec![kinds(), twice(), unknown()]
}

fn kinds() -> Row {
    let mut g = Guest::new();
    let mut body = String::new();
    for (kind, name, at) in
        [(0, "guests.counter", 32), (1, "guests.gauge", 36), (2, "guests.histogram", 40)]
    {
        let id = format!("(i32.load (i32.const {at}))");
        body += &define(&mut g, kind, name, at);
        body += &get(&mut g, &id);
        for by in [3, 0, -2] {
            body += &(increment(&mut g, &id, by) + &get(&mut g, &id));
        }
        body += &(record(&mut g, &id, 7) + &get(&mut g, &id));
    }
    body += &define(&mut g, 3, "guests.none", 44);
    Row::new(
        "counters only grow and gauges go both ways and histograms cannot be read",
        &g.on("proxy_on_request_headers", body + CONTINUE),
    )
    .get("/")
    .shows(
        "define guests.counter 0 4
         get 0 0
         increment 3 0
         get 0 3
         increment 0 2
         get 0 3
         increment -2 2
         get 0 3
         record 7 0
         get 0 10
         define guests.gauge 0 5
         get 0 0
         increment 3 0
         get 0 3
         increment 0 0
         get 0 3
         increment -2 0
         get 0 1
         record 7 0
         get 0 7
         define guests.histogram 0 6
         get 2
         increment 3 2
         get 2
         increment 0 2
         get 2
         increment -2 2
         get 2
         record 7 0
         get 2
         define guests.none 2
         upstream GET /
         client 200 content-length=6 'answer'",
    )
}

fn twice() -> Row {
    let mut g = Guest::new();
    let mut body = define(&mut g, 0, "guests.twice", 32) + &define(&mut g, 0, "guests.twice", 36);
    body += &increment(&mut g, "(i32.load (i32.const 32))", 2);
    body += &increment(&mut g, "(i32.load (i32.const 36))", 5);
    body += &get(&mut g, "(i32.load (i32.const 32))");
    body += &define(&mut g, 1, "guests.gauge.of.twice", 40);
    Row::new(
        "a name defined twice is one metric with two ids",
        &g.on("proxy_on_request_headers", body + CONTINUE),
    )
    .get("/")
    .shows(
        "define guests.twice 0 4
         define guests.twice 0 8
         increment 2 0
         increment 5 0
         get 0 7
         define guests.gauge.of.twice 0 5
         upstream GET /
         client 200 content-length=6 'answer'",
    )
}

fn unknown() -> Row {
    let mut g = Guest::new();
    let body: String = [0, 1, 2, 3, 400, 401, 402, 403]
        .iter()
        .map(|id| {
            let id = format!("(i32.const {id})");
            g.numbers("id", &[&id])
                + &increment(&mut g, &id, 1)
                + &increment(&mut g, &id, -1)
                + &record(&mut g, &id, 1)
                + &get(&mut g, &id)
        })
        .collect();
    Row::new("ids that nobody was given", &g.on("proxy_on_request_headers", body + CONTINUE))
        .get("/")
        .shows(
            "id 0
         increment 1 1
         increment -1 1
         record 1 1
         get 1
         id 1
         increment 1 1
         increment -1 1
         record 1 1
         get 1
         id 2
         increment 1 2
         increment -1 2
         record 1 1
         get 2
         id 3
         increment 1 2
         increment -1 2
         record 1 1
         get 2
         id 400
         increment 1 1
         increment -1 1
         record 1 1
         get 1
         id 401
         increment 1 1
         increment -1 1
         record 1 1
         get 1
         id 402
         increment 1 2
         increment -1 2
         record 1 1
         get 2
         id 403
         increment 1 2
         increment -1 2
         record 1 1
         get 2
         upstream GET /
         client 200 content-length=6 'answer'",
        )
}
