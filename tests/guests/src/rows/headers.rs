//! Header maps: duplicates, names that are not there, empty values, upper case, all pairs, maps of other phases.

use super::CONTINUE;
use crate::guest::{Guest, OUT, WORD};
use crate::row::{Answer, Request, Row};

/// Reads a header of a map and logs it.
pub(super) fn get(g: &mut Guest, map: u32, name: &str) -> String {
    let key = g.text(name);
    g.bytes(&format!("get {name}"), &format!("$get_header (i32.const {map}) {key} {OUT}"))
}

/// A call on a map with a name and a value.
pub(super) fn change(g: &mut Guest, call: &str, map: u32, name: &str, value: &str) -> String {
    let (key, text) = (g.text(name), g.text(value));
    g.bytes(&format!("{call} {name}"), &format!("${call}_header (i32.const {map}) {key} {text}"))
}

fn remove(g: &mut Guest, map: u32, name: &str) -> String {
    let key = g.text(name);
    g.bytes(&format!("remove {name}"), &format!("$remove_header (i32.const {map}) {key}"))
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = vec![reads(), changes(), pairs(), odd_names(), response(), bytes(), pseudo()];
    rows.extend(whole_maps());
    rows.extend(required());
    rows
}

fn reads() -> Row {
    let mut g = Guest::new();
    let names = ["x-two", "X-TWO", "x-empty", "x-absent", "", "host", ":path", ":authority"];
    let body: String = names.iter().map(|name| get(&mut g, 0, name)).collect();
    Row::new(
        "a header reads as its first value whatever the case of its name",
        &g.on("proxy_on_request_headers", body + CONTINUE),
    )
    .send(
        Request::new("GET", "/p?q").header("x-two", "1").header("x-empty", "").header("X-Two", "2"),
    )
    .shows(
        "get x-two 0 '1'
         get X-TWO 0 '1'
         get x-empty 0 ''
         get x-absent 1
         get  1
         get host 0 'portcullis.test'
         get :path 0 '/p?q'
         get :authority 0 'portcullis.test'
         upstream GET /p?q x-empty= x-two=1 x-two=2
         client 200 content-length=6 'answer'",
    )
}

fn changes() -> Row {
    let mut g = Guest::new();
    let body = [
        change(&mut g, "add", 0, "X-Added", "new"),
        change(&mut g, "add", 0, "x-two", "3"),
        change(&mut g, "set", 0, "x-replaced", "new"),
        change(&mut g, "set", 0, "x-made", ""),
        remove(&mut g, 0, "X-Gone"),
        remove(&mut g, 0, "x-never-there"),
        get(&mut g, 0, "x-two"),
        get(&mut g, 0, "x-made"),
    ]
    .concat();
    Row::new(
        "added headers come behind those there and replaced ones lose their duplicates",
        &g.on("proxy_on_request_headers", body + CONTINUE),
    )
    .send(
        Request::new("GET", "/")
            .header("x-two", "1")
            .header("x-two", "2")
            .header("x-replaced", "a")
            .header("x-replaced", "b")
            .header("x-gone", "a")
            .header("x-gone", "b"),
    )
    .shows(
        "add X-Added 0
         add x-two 0
         set x-replaced 0
         set x-made 0
         remove X-Gone 0
         remove x-never-there 0
         get x-two 0 '1'
         get x-made 0 ''
         upstream GET / x-added=new x-made= x-replaced=new x-two=1 x-two=2 x-two=3
         client 200 content-length=6 'answer'",
    )
}

fn pairs() -> Row {
    let mut g = Guest::new();
    let size = g.word("size", &format!("$map_size (i32.const 0) {WORD}"));
    let count = g.numbers("count", &["(local.get $1)"]);
    let all = g.pairs("pairs", 0);
    Row::new(
        "all pairs come in order with duplicates",
        &g.on("proxy_on_request_headers", count + &all + &size + CONTINUE),
    )
    .send(Request::new("GET", "/").header("x-b", "1").header("X-A", "2").header("x-b", "3"))
    .shows(
        "count 8
         pairs 0 :authority=portcullis.test :path=/ :method=GET :scheme=http x-b=1 x-a=2 x-b=3 x-forwarded-proto=http
         size 0 85
         upstream GET / x-a=2 x-b=1 x-b=3
         client 200 content-length=6 'answer'",
    )
}

fn odd_names() -> Row {
    let mut g = Guest::new();
    let body: String = (0..10)
        .map(|map| {
            let key = g.text("x");
            g.bytes(
                &format!("map {map} get"),
                &format!("$get_header (i32.const {map}) {key} {OUT}"),
            ) + &g.pairs(&format!("map {map} pairs"), map)
                + &g.word(
                    &format!("map {map} size"),
                    &format!("$map_size (i32.const {map}) {WORD}"),
                )
        })
        .skip(1)
        .collect();
    Row::new(
        "maps of other phases are empty as pairs and bad arguments as anything else",
        &g.on("proxy_on_request_headers", body + CONTINUE),
    )
    .get("/")
    .shows(
        "map 1 get 2
map 1 pairs 0
map 1 size 2
map 2 get 2
map 2 pairs 0
map 2 size 2
map 3 get 2
map 3 pairs 0
map 3 size 2
map 4 get 2
map 4 pairs 0
map 4 size 2
map 5 get 2
map 5 pairs 0
map 5 size 2
map 6 get 2
map 6 pairs 0
map 6 size 2
map 7 get 2
map 7 pairs 0
map 7 size 2
map 8 get 2
map 8 pairs 2
map 8 size 2
map 9 get 2
map 9 pairs 2
map 9 size 2
upstream GET /
client 200 content-length=6 'answer'",
    )
}

fn response() -> Row {
    let mut g = Guest::new();
    let body = [
        get(&mut g, 2, ":status"),
        get(&mut g, 2, "X-Up"),
        get(&mut g, 0, ":path"),
        change(&mut g, "add", 0, "x-late", "v"),
        change(&mut g, "set", 2, ":status", "418"),
        change(&mut g, "set", 2, "x-up", "new"),
        change(&mut g, "add", 2, "x-up", ""),
        remove(&mut g, 2, "x-down"),
        g.pairs("pairs", 2),
    ]
    .concat();
    Row::new(
        "response headers and the status itself can be changed",
        &g.on("proxy_on_response_headers", body + CONTINUE),
    )
    .answered(Answer::new(200).header("x-up", "1").header("x-up", "2").header("x-down", "1"))
    .get("/")
    .shows(
        "get :status 0 '200'
         get X-Up 0 '1'
         get :path 2
         add x-late 2
         set :status 0
         set x-up 0
         add x-up 0
         remove x-down 0
         pairs 0 :status=418 content-length=0 x-up=new x-up=
         upstream GET /
         client 418 content-length=0 x-up=new x-up=",
    )
}

fn bytes() -> Row {
    let mut g = Guest::new();
    let body = get(&mut g, 0, "x-u")
        + &change(&mut g, "set", 0, "x-long", &"v".repeat(300))
        + &change(&mut g, "set", 0, "x-tab", "a\tb");
    Row::new("values may be any text and long", &g.on("proxy_on_request_headers", body + CONTINUE))
        .send(Request::new("GET", "/").header("x-u", "caf\u{e9}").header("x-long", "1"))
        .shows("get x-u 0 'café'
         set x-long 0
         set x-tab 0
         upstream GET / x-long=vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv x-tab=a	b x-u=café
         client 200 content-length=6 'answer'")
}

fn pseudo() -> Row {
    let mut g = Guest::new();
    let body = [
        change(&mut g, "set", 0, ":path", "/other?x"),
        change(&mut g, "set", 0, ":method", "PUT"),
        change(&mut g, "set", 0, "host", "other.test"),
        get(&mut g, 0, ":authority"),
        change(&mut g, "add", 0, ":path", "/second"),
        get(&mut g, 0, ":path"),
        g.pairs("pairs", 0),
    ]
    .concat();
    Row::new(
        "pseudo-headers can be changed and host is the authority",
        &g.on("proxy_on_request_headers", body + CONTINUE),
    )
    .get("/")
    .shows("set :path 0
         set :method 0
         set host 0
         get :authority 0 'other.test'
         add :path 0
         get :path 0 '/other?x,/second'
         pairs 0 :scheme=http :path=/other?x,/second :method=PUT :authority=other.test x-forwarded-proto=http
         upstream PUT /other?x,/second content-length=0 host=other.test
         client 200 content-length=6 'answer'")
}

/// A header that a message needs is taken away: who answers, and what.
fn required() -> Vec<Row> {
    let row = |name, callback: &str, map, header: &str, expected| {
        let mut g = Guest::new();
        let body = remove(&mut g, map, header);
        let log = g.say("log");
        let guest = g.on(callback, body + CONTINUE).on("proxy_on_log", log);
        Row::new(name, &guest).get("/").shows(expected)
    };
    vec![
        row(
            "a request without its method is 503",
            "proxy_on_request_headers",
            0,
            ":method",
            "remove :method 0
         log
         client 503 content-length=32 content-type=text/plain 'missing required header: :method'",
        ),
        row(
            "a request without its authority goes on",
            "proxy_on_request_headers",
            0,
            ":authority",
            "remove :authority 0
         log
         upstream GET /
         client 200 content-length=6 'answer'",
        ),
        row(
            "a request without its scheme",
            "proxy_on_request_headers",
            0,
            ":scheme",
            "remove :scheme 0
         log
         upstream GET /
         client 200 content-length=6 'answer'",
        ),
        row(
            "a request without its x-forwarded-proto",
            "proxy_on_request_headers",
            0,
            "x-forwarded-proto",
            "remove x-forwarded-proto 0
         log
         client 404 content-length=0",
        ),
        row(
            "a response without its status is 502",
            "proxy_on_response_headers",
            2,
            ":status",
            "remove :status 0
         log
         upstream GET /
         client 502 content-length=32 content-type=text/plain 'missing required header: :status'",
        ),
    ]
}

fn whole_maps() -> Vec<Row> {
    let set = |name, map: &[(&str, &str)], expected| {
        let mut g = Guest::new();
        let map = g.map(map);
        let body =
            g.bytes("set", &format!("$set_pairs (i32.const 0) {map}")) + &g.pairs("pairs", 0);
        Row::new(name, &g.on("proxy_on_request_headers", body + CONTINUE))
            .send(Request::new("GET", "/").header("x-old", "1"))
            .shows(expected)
    };
    let raw = |name, bytes: &[u8], expected| {
        let mut g = Guest::new();
        let map = g.text(bytes);
        let body =
            g.bytes("set", &format!("$set_pairs (i32.const 2) {map}")) + &g.pairs("pairs", 2);
        let guest = g.on("proxy_on_response_headers", body + CONTINUE);
        Row::new(name, &guest)
            .answered(Answer::new(200).header("x-old", "1"))
            .get("/")
            .shows(expected)
    };
    vec![
        set(
            "a whole map replaces all headers",
            &[
                ("x-two", "1"),
                (":method", "GET"),
                (":path", "/new"),
                ("X-Two", "2"),
                (":authority", "new.test"),
                ("x-empty", ""),
            ],
            "set 0
         pairs 0 :method=GET :path=/new :authority=new.test x-two=1 x-two=2 x-empty=
         client 404 content-length=0",
        ),
        set(
            "a map without pairs leaves no headers",
            &[],
            "set 0
         pairs 0
         client 404 content-length=0",
        ),
        raw(
            "no bytes leave no headers",
            b"",
            "set 0
         pairs 0
         upstream GET /
         client 502 content-length=32 content-type=text/plain 'missing required header: :status'",
        ),
        raw(
            "a map that is cut leaves no headers",
            b"\x01\0\0\0\x03\0\0\0\x01\0\0\0x-a\0",
            "set 0
         pairs 0
         upstream GET /
         client 502 content-length=32 content-type=text/plain 'missing required header: :status'",
        ),
        raw(
            "a map whose parts are not closed leaves no headers",
            b"\x01\0\0\0\x03\0\0\0\x01\0\0\0x-a=1;",
            "set 0
         pairs 0
         upstream GET /
         client 502 content-length=32 content-type=text/plain 'missing required header: :status'",
        ),
        raw(
            "a map may have bytes behind it",
            b"\x01\0\0\0\x07\0\0\0\x03\0\0\0:status\x00201\x00more",
            "set 0
         pairs 0
         upstream GET /
         client 502 content-length=32 content-type=text/plain 'missing required header: :status'",
        ),
    ]
}
