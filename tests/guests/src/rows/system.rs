//! Log levels, the clock, contexts, foreign functions, streams that are not HTTP, pointers out of memory.

use super::CONTINUE;
use crate::guest::{Guest, OUT, WORD};
use crate::row::Row;

pub(super) fn rows() -> Vec<Row> {
    vec![levels(), clock(), contexts(), streams(), foreign(), signatures(), memory()]
}

fn levels() -> Row {
    let mut g = Guest::new();
    let line = g.text("line");
    let body: String = (0..8)
        .map(|level| g.numbers("level", &[&format!("(call $log (i32.const {level}) {line})")]))
        .collect::<String>()
        + &g.word("log level", &format!("$log_level {WORD}"));
    Row::new("lines are logged from info on", &g.on("proxy_on_request_headers", body + CONTINUE))
        .get("/")
        .shows(
            "level 0
         level 0
         line
         level 0
         warn line
         level 0
         error line
         level 0
         critical line
         level 0
         level 2
         level 2
         log level 0 2
         upstream GET /
         client 200 content-length=6 'answer'",
        )
}

fn clock() -> Row {
    let mut g = Guest::new();
    let body = g.bytes("now", "$now (i32.const 24)")
        + &g.numbers(
            "after 2020",
            &["(i64.gt_u (i64.load (i32.const 24)) (i64.const 1577836800000000000))"],
        );
    Row::new(
        "the clock says nanoseconds since 1970",
        &g.on("proxy_on_request_headers", body + CONTINUE),
    )
    .get("/")
    .shows(
        "now 0
         after 2020 1
         upstream GET /
         client 200 content-length=6 'answer'",
    )
}

fn contexts() -> Row {
    let mut g = Guest::new();
    let body = [
        g.bytes("effective 0", "$effective (i32.const 0)"),
        g.bytes("effective 9999", "$effective (i32.const 9999)"),
        g.bytes("effective own", "$effective (local.get $0)"),
        g.bytes("done", "$done"),
        g.bytes("call status", &format!("$get_status (i32.const 24) {OUT}")),
    ]
    .concat();
    Row::new(
        "contexts that are not there cannot be acted for",
        &g.on("proxy_on_request_headers", body + CONTINUE),
    )
    .get("/")
    .shows(
        "effective 0 0
         effective 9999 2
         effective own 0
         done 1
         call status 0 ''
         upstream GET /
         client 200 content-length=6 'answer'",
    )
}

fn streams() -> Row {
    let mut g = Guest::new();
    let body: String = [2, 3, 4, -1]
        .iter()
        .map(|kind| {
            g.bytes(&format!("continue {kind}"), &format!("$continue (i32.const {kind})"))
                + &g.bytes(&format!("close {kind}"), &format!("$close (i32.const {kind})"))
        })
        .collect();
    Row::new(
        "streams that are not HTTP are neither continued nor closed",
        &g.on("proxy_on_request_headers", body + CONTINUE),
    )
    .get("/")
    .shows(
        "continue 2 0
         close 2 0
         continue 3 12
         close 3 0
         continue 4 2
         close 4 2
         continue -1 2
         close -1 2
         upstream GET /
         client 200 content-length=6 'answer'",
    )
}

fn foreign() -> Row {
    let mut g = Guest::new();
    let mut call = |name: &str, argument: &[u8]| {
        let (function, bytes) = (g.text(name), g.text(argument));
        g.bytes(name, &format!("$foreign {function} {bytes} {OUT}"))
    };
    let body = call("nothing", b"")
        + &call("", b"x")
        + &call("clear_route_cache", b"x")
        + &call("verify_signature", b"\xff");
    Row::new("a foreign function must be known", &g.on("proxy_on_request_headers", body + CONTINUE))
        .get("/")
        .shows(
            "nothing 1
         1
         clear_route_cache 0 ''
         verify_signature 2 ''
         upstream GET /
         client 200 content-length=6 'answer'",
        )
}

/// A protobuf message of these fields, each of bytes.
fn message(fields: &[(u8, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (number, value) in fields {
        out.extend([number << 3 | 2, u8::try_from(value.len()).expect("a short field")]);
        out.extend_from_slice(value);
    }
    out
}

/// A P-256 public key: the curve's generator, as SubjectPublicKeyInfo.
const KEY: &str = "3059301306072a8648ce3d020106082a8648ce3d030107034200046b17d1f2e12c4247f8bce6e563a440f277037d81\
                   2deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

fn key() -> Vec<u8> {
    let digits: Vec<u8> = KEY.bytes().filter(|byte| byte.is_ascii_hexdigit()).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("digits"), 16);
    digits.chunks(2).map(|pair| byte(pair).expect("two digits")).collect()
}

fn signatures() -> Row {
    let mut g = Guest::new();
    let name = g.text("verify_signature");
    let mut verify = |label: &str, argument: Vec<u8>| {
        let bytes = g.text(argument);
        let text = g.text(label);
        // Of the result's tag and length bytes only the text behind them is shown.
        format!(
            "(call $put {text}) (call $clear) (call $dec (call $foreign {name} {bytes} {OUT}))
             (if (i32.gt_s (i32.load (i32.const 20)) (i32.const 2)) (then
               (i32.store (i32.const 16) (i32.add (i32.load (i32.const 16)) (i32.const 2)))
               (i32.store (i32.const 20) (i32.sub (i32.load (i32.const 20)) (i32.const 2)))
               (call $quote)))
             (call $end)\n"
        )
    };
    let key = key();
    let body = [
        verify("empty", Vec::new()),
        verify("garbage", vec![0xff; 9]),
        verify("cut", vec![0x0a, 0x06, b's']),
        verify("no key", message(&[(1, b"sha256"), (3, b"x"), (4, b"x")])),
        verify("bad key", message(&[(1, b"sha256"), (2, b"x"), (3, b"x"), (4, b"x")])),
        verify("bad hash", message(&[(1, b"sha-256"), (2, &key), (3, b"x"), (4, b"x")])),
        verify("no hash", message(&[(2, &key), (3, b"x"), (4, b"x")])),
        verify("bad hash and key", message(&[(1, b"sha-256"), (2, b"x"), (3, b"x"), (4, b"x")])),
        verify("bad signature", message(&[(1, b"sha256"), (2, &key), (3, b"x"), (4, b"x")])),
        verify("no signature", message(&[(1, b"sha256"), (2, &key), (4, b"x")])),
        verify("hash in capitals", message(&[(1, b"SHA512"), (2, &key), (3, b"x"), (4, b"x")])),
        verify("hash that is no text", message(&[(1, b"\xff"), (2, &key), (3, b"x"), (4, b"x")])),
        verify(
            "key with more behind it",
            message(&[(1, b"sha256"), (2, &[&key[..], b"more"].concat()), (4, b"x")]),
        ),
    ]
    .concat();
    Row::new(
        "signatures that cannot be verified and why",
        &g.on("proxy_on_request_headers", body + CONTINUE),
    )
    .get("/")
    .shows(
        "empty 2
         garbage 2
         cut 2
         no key 2
         bad key 0 'Failed to initialize digest verify.'
         bad hash 0 'sha-256 is not supported.'
         no hash 0 ' is not supported.'
         bad hash and key 0 'sha-256 is not supported.'
         bad signature 0 'Failed to verify digest. Error code: 0'
         no signature 0 'Failed to verify digest. Error code: 0'
         hash in capitals 0 'Failed to verify digest. Error code: 0'
         hash that is no text 2
         key with more behind it 0 'Failed to verify digest. Error code: 0'
         upstream GET /
         client 200 content-length=6 'answer'",
    )
    .before(37, "empty 2", "empty 0 ' is not supported.'")
    .before(37, "no key 2", "no key 0 'Failed to initialize digest verify.'")
}

fn memory() -> Row {
    let mut g = Guest::new();
    let name = g.text(":path");
    let far = "(i32.const 0x7ffffff0) (i32.const 16)";
    let over = "(i32.const 16) (i32.const 0x7fffffff)";
    let out = "(i32.const 0x7ffffff0)";
    let calls = [
        ("log from far", format!("$log (i32.const 2) {far}")),
        ("log over the end", format!("$log (i32.const 2) {over}")),
        ("key from far", format!("$get_header (i32.const 0) {far} {OUT}")),
        ("value to far", format!("$get_header (i32.const 0) {name} {out} {out}")),
        ("add from far", format!("$add_header (i32.const 0) {name} {far}")),
        ("pairs to far", format!("$get_pairs (i32.const 0) {out} {out}")),
        ("pairs from far", format!("$set_pairs (i32.const 0) {far}")),
        ("size to far", format!("$map_size (i32.const 0) {out}")),
        ("property from far", format!("$get_property {far} {OUT}")),
        ("property to far", format!("$get_property {name} {out} {out}")),
        ("shared from far", format!("$set_shared {far} {far} (i32.const 0)")),
        ("now to far", format!("$now {out}")),
        ("reply from far", format!("$reply (i32.const 403) {far} {far} {far} (i32.const -1)")),
        ("foreign from far", format!("$foreign {far} {far} {OUT}")),
        ("metric from far", format!("$define_metric (i32.const 0) {far} {WORD}")),
        ("log level to far", format!("$log_level {out}")),
    ];
    let body: String = calls.iter().map(|(label, call)| g.bytes(label, call)).collect();
    Row::new("pointers out of memory", &g.on("proxy_on_request_headers", body + CONTINUE))
        .get("/")
        .shows(
            "log from far 6
         log over the end 6
         key from far 6
         value to far 6
         add from far 6
         pairs to far 6
         pairs from far 6
         size to far 6
         property from far 6
         property to far 1
         shared from far 6
         now to far 6
         reply from far 6
         foreign from far 6
         metric from far 6
         log level to far 6
         upstream GET /
         client 200 content-length=6 'answer'",
        )
}
