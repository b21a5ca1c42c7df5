//! What the upstream answers: one order to most requests, and to others what a control is measured at.

use std::fmt::Write as _;
use std::rc::Rc;

use crate::credentials::Message;

/// One order; also what clients send.
pub const ORDER: &str = r#"{"order":4711,"state":"shipped","lines":[{"item":"a-17","count":2},{"item":"b-3","count":1}]}"#;

/// What an application says of itself that failed, and no client should see.
pub const TRACE: &str = "java.lang.IllegalStateException: no connection to jdbc:postgresql://orders-db.internal:5432/orders\n\
    \tat com.example.orders.store.OrderStore.find(OrderStore.java:141)\n\
    \tat com.example.orders.store.OrderStore.lambda$expand$3(OrderStore.java:97)\n\
    \tat com.example.orders.web.OrderController.show(OrderController.java:58)\n\
    \tat org.eclipse.jetty.servlet.ServletHolder.handle(ServletHolder.java:764)\n\
    \tat org.eclipse.jetty.server.Server.handle(Server.java:516)\n\
    \tat java.base/java.lang.Thread.run(Thread.java:833)\n";

/// Bytes of the list of orders, at least.
const LIST: usize = 10_000;

/// The fields of the list that a transformer takes out: one stands before the orders and one behind.
pub const REMOVED: [&str; 2] = ["cost_center", "margin"];

/// A field that it adds, and its value.
pub const SHOWN_BY: (&str, &str) = ("shown_by", "gateway");

/// Ten kilobytes of orders.
#[must_use]
pub fn orders() -> String {
    let mut list = String::from(r#"{"cost_center":"c-204","orders":["#);
    let mut number = 4_711;
    while list.len() < LIST {
        let comma = if number == 4_711 { "" } else { "," };
        let written = write!(
            list,
            r#"{comma}{{"order":{number},"state":"shipped","total":{{"amount":1{number}.50,"currency":"EUR"}},"note":"leave it at the caf\u00e9"}}"#
        );
        written.expect("a string takes text");
        number += 1;
    }
    list.push_str(r#"],"margin":0.17}"#);
    list
}

/// The path that a client asks for, and by which the upstream knows what to answer. All are equally long.
pub(crate) const fn target(message: Message) -> &'static str {
    match message {
        Message::Get | Message::Page | Message::Post => "/v1/orders/4711?expand=lines",
        Message::Failing => "/v1/failed/4711?expand=lines",
        Message::List => "/v1/listed/4711?expand=lines",
    }
}

/// How the answer to it begins.
pub(crate) const fn status_line(message: Message) -> &'static str {
    match message {
        Message::Failing => "HTTP/1.1 500 ",
        _ => "HTTP/1.1 200 ",
    }
}

/// Whole answers, with the headers that applications have; none of those that a transformer adds.
pub(crate) struct Answers {
    order: Rc<[u8]>,
    failed: Rc<[u8]>,
    list: Rc<[u8]>,
}

impl Answers {
    pub(crate) fn new() -> Self {
        Answers {
            order: whole("200 OK", "application/json", ORDER),
            failed: whole("500 Internal Server Error", "text/plain;charset=utf-8", TRACE),
            list: whole("200 OK", "application/json", &orders()),
        }
    }

    /// The answer to a request as it came from Envoy.
    pub(crate) fn to(&self, request: &[u8]) -> Rc<[u8]> {
        let asks = |message| {
            let mut parts = request.splitn(3, |byte| *byte == b' ');
            parts.nth(1) == Some(target(message).as_bytes())
        };
        let answer = if asks(Message::Failing) {
            &self.failed
        } else if asks(Message::List) {
            &self.list
        } else {
            &self.order
        };
        Rc::clone(answer)
    }
}

fn whole(status: &str, media_type: &str, body: &str) -> Rc<[u8]> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\n\
         content-type: {media_type}\r\n\
         content-length: {length}\r\n\
         content-language: en\r\n\
         server: orders\r\n\
         date: Mon, 05 Jan 2026 10:00:00 GMT\r\n\
         etag: \"5f2c1a\"\r\n\
         x-orders-version: 2026.1\r\n\r\n\
         {body}"
    )
    .into_bytes()
    .into()
}
