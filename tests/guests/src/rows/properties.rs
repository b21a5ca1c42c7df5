//! Properties: what is known, what is not, whole maps, filter state across callbacks.

use super::CONTINUE;
use crate::guest::{Guest, OUT};
use crate::row::{Answer, Request, Row};

fn path(path: &str) -> String {
    path.replace('/', "\0")
}

/// Reads a property; segments are divided by `/`.
fn get(g: &mut Guest, name: &str) -> String {
    let key = g.text(path(name));
    g.bytes(name, &format!("$get_property {key} {OUT}"))
}

fn integer(g: &mut Guest, name: &str) -> String {
    let key = g.text(path(name));
    g.integer(name, &format!("$get_property {key} {OUT}"))
}

fn set(g: &mut Guest, name: &str, value: &str) -> String {
    let (key, text) = (g.text(path(name)), g.text(value));
    g.bytes(&format!("set {name}"), &format!("$set_property {key} {text}"))
}

pub(super) fn rows() -> Vec<Row> {
    vec![known(), numbers(), unknown(), phases(), filter_state(), root()]
}

fn request() -> Request {
    Request::post("abc").header("x-two", "1").header("x-two", "2").header("user-agent", "ua")
}

fn known() -> Row {
    let mut g = Guest::new();
    let names = [
        "request/path",
        "request/url_path",
        "request/query",
        "request/host",
        "request/scheme",
        "request/method",
        "request/protocol",
        "request/useragent",
        "request/referer",
        "request/id",
        "request/headers/x-two",
        "request/headers/X-Two",
        "request/headers/x-absent",
        "connection/requested_server_name",
        "xds/route_name",
        "xds/cluster_name",
        "xds/filter_chain_name",
    ];
    let body: String = names.iter().map(|name| get(&mut g, name)).collect();
    let mut sent = request();
    sent.path = "/p?q=1";
    Row::new("texts that a request has", &g.on("proxy_on_request_headers", body + CONTINUE))
        .send(sent)
        .shows(
            "request/path 0 '/p?q=1'
         request/url_path 0 '/p'
         request/query 0 'q=1'
         request/host 0 'portcullis.test'
         request/scheme 0 'http'
         request/method 0 'POST'
         request/protocol 0 'HTTP/1.1'
         request/useragent 0 'ua'
         request/referer 1
         request/id 1
         request/headers/x-two 0 '1,2'
         request/headers/X-Two 0 '1,2'
         request/headers/x-absent 1
         connection/requested_server_name 0 ''
         xds/route_name 0 'default'
         xds/cluster_name 0 'upstream'
         xds/filter_chain_name 0 ''
         upstream POST /p?q=1 content-length=3 user-agent=ua x-two=1 x-two=2 'abc'
         client 200 content-length=6 'answer'",
        )
}

fn numbers() -> Row {
    let mut g = Guest::new();
    let names = [
        "request/size",
        "request/total_size",
        "response/code",
        "response/flags",
        "response/grpc_status",
        "response/size",
        "xds/listener_direction",
        "xds/node/user_agent_build_version/version/major_number",
    ];
    let body: String = names.iter().map(|name| integer(&mut g, name)).collect();
    Row::new("numbers that a request has", &g.on("proxy_on_request_headers", body + CONTINUE))
        .send(request())
        .shows(
            "request/size 0 8 3
         request/total_size 0 8 113
         response/code 1
         response/flags 0 8 0
         response/grpc_status 1
         response/size 0 8 0
         xds/listener_direction 0 8 1
         xds/node/user_agent_build_version/version/major_number 0 8 1
         upstream POST / content-length=3 user-agent=ua x-two=1 x-two=2 'abc'
         client 200 content-length=6 'answer'",
        )
}

fn unknown() -> Row {
    let mut g = Guest::new();
    let names = [
        "",
        "nothing",
        "request",
        "request/nothing",
        "request/path/more",
        "request/",
        "request/headers/x-two/more",
        "response",
        "connection",
        "source",
        "destination",
        "upstream",
        "xds",
        "xds/nothing",
        "filter_state",
        "filter_state/nothing",
        "metadata",
        "metadata/filter_metadata",
        "metadata/filter_metadata/nothing",
        "connection/tls_version",
        "connection/subject_peer_certificate",
        "upstream/address",
    ];
    let body: String = names.iter().map(|name| get(&mut g, name)).collect();
    Row::new(
        "paths that lead nowhere or to what cannot be serialised",
        &g.on("proxy_on_request_headers", body + CONTINUE),
    )
    .send(request())
    .shows(
        "3
         nothing 1
         request 3
         request/nothing 1
         request/path/more 1
         request/ 3
         request/headers/x-two/more 1
         response 3
         connection 3
         source 3
         destination 3
         upstream 3
         xds 3
         xds/nothing 1
         filter_state 3
         filter_state/nothing 1
         metadata 0 ''
         metadata/filter_metadata 0 '\\0\\0\\0\\0'
         metadata/filter_metadata/nothing 1
         connection/tls_version 1
         connection/subject_peer_certificate 1
         upstream/address 1
         upstream POST / content-length=3 user-agent=ua x-two=1 x-two=2 'abc'
         client 200 content-length=6 'answer'",
    )
}

fn phases() -> Row {
    let mut g = Guest::new();
    let mut read = |phase: &str| {
        let mut body = g.say(phase);
        for name in [
            "request/path",
            "request/headers/x-two",
            "response/headers/x-up",
            "response/code_details",
        ] {
            body += &get(&mut g, name);
        }
        for name in ["request/size", "response/code", "response/size"] {
            body += &integer(&mut g, name);
        }
        body
    };
    let (body, headers) = (read("body") + CONTINUE, read("response headers") + CONTINUE);
    let (answer, log) = (read("response body") + CONTINUE, read("log"));
    Row::new(
        "what can be read of the headers as the phases go on",
        &g.on("proxy_on_request_body", body)
            .on("proxy_on_response_headers", headers)
            .on("proxy_on_response_body", answer)
            .on("proxy_on_log", log),
    )
    .answered(Answer::new(201).header("x-up", "1").body("answer"))
    .send(request())
    .shows(
        "body
         request/path 1
         request/headers/x-two 1
         response/headers/x-up 1
         response/code_details 1
         request/size 0 8 3
         response/code 1
         response/size 0 8 0
         body
         request/path 1
         request/headers/x-two 1
         response/headers/x-up 1
         response/code_details 1
         request/size 0 8 3
         response/code 1
         response/size 0 8 0
         response headers
         request/path 1
         request/headers/x-two 1
         response/headers/x-up 0 '1'
         response/code_details 0 'via_upstream'
         request/size 0 8 3
         response/code 0 8 201
         response/size 0 8 0
         response body
         request/path 1
         request/headers/x-two 1
         response/headers/x-up 1
         response/code_details 0 'via_upstream'
         request/size 0 8 3
         response/code 0 8 201
         response/size 0 8 0
         response body
         request/path 1
         request/headers/x-two 1
         response/headers/x-up 1
         response/code_details 0 'via_upstream'
         request/size 0 8 3
         response/code 0 8 201
         response/size 0 8 6
         log
         request/path 0 '/'
         request/headers/x-two 0 '1,2'
         response/headers/x-up 0 '1'
         response/code_details 0 'via_upstream'
         request/size 0 8 3
         response/code 0 8 201
         response/size 0 8 6
         upstream POST / content-length=3 user-agent=ua x-two=1 x-two=2 'abc'
         client 201 content-length=6 x-up=1 'answer'",
    )
}

fn filter_state() -> Row {
    let mut g = Guest::new();
    let first = [
        get(&mut g, "mine"),
        set(&mut g, "mine", "one"),
        get(&mut g, "mine"),
        get(&mut g, "filter_state/wasm.mine"),
        get(&mut g, "filter_state/mine"),
        set(&mut g, "mine", "two"),
        set(&mut g, "empty", ""),
        get(&mut g, "empty"),
        set(&mut g, "a/b", "three"),
        get(&mut g, "a/b"),
        set(&mut g, "request/path", "four"),
        get(&mut g, "request/path"),
    ]
    .concat();
    let later = get(&mut g, "mine") + &set(&mut g, "mine", "five") + &get(&mut g, "mine");
    let log = get(&mut g, "mine") + &set(&mut g, "mine", "six") + &get(&mut g, "mine");
    Row::new(
        "a property that was set is there until the end and of this request alone",
        &g.on("proxy_on_request_headers", first + CONTINUE)
            .on("proxy_on_response_headers", later + CONTINUE)
            .on("proxy_on_log", log),
    )
    .get("/")
    .get("/")
    .shows(
        "mine 1
         set mine 0
         mine 0 'one'
         filter_state/wasm.mine 0 'one'
         filter_state/mine 1
         set mine 0
         set empty 0
         empty 0 ''
         set a/b 0
         a/b 1
         set request/path 0
         request/path 0 '/'
         mine 0 'two'
         set mine 0
         mine 0 'five'
         mine 0 'five'
         set mine 0
         mine 0 'six'
         upstream GET /
         client 200 content-length=6 'answer'
         mine 1
         set mine 0
         mine 0 'one'
         filter_state/wasm.mine 0 'one'
         filter_state/mine 1
         set mine 0
         set empty 0
         empty 0 ''
         set a/b 0
         a/b 1
         set request/path 0
         request/path 0 '/'
         mine 0 'two'
         set mine 0
         mine 0 'five'
         mine 0 'five'
         set mine 0
         mine 0 'six'
         upstream GET /
         client 200 content-length=6 'answer'",
    )
}

fn root() -> Row {
    let mut g = Guest::new();
    let read = [
        get(&mut g, "request/path"),
        get(&mut g, "connection/requested_server_name"),
        get(&mut g, "mine"),
        set(&mut g, "mine", "one"),
        get(&mut g, "request"),
        get(&mut g, ""),
    ]
    .concat();
    // As the root context, whichever its number: the one that this request was made under.
    let body = format!("(drop (call $effective (global.get $root))) {read} {CONTINUE}");
    let guest = g
        .with("(global $root (mut i32) (i32.const 0))")
        .on("proxy_on_configure", "(global.set $root (local.get $0)) (i32.const 1)")
        .on("proxy_on_request_headers", body);
    Row::new("a root context has no properties of a request", &guest).get("/").shows(
        "request/path 1
         connection/requested_server_name 1
         mine 1
         set mine 1
         request 1
         3
         upstream GET /
         client 200 content-length=6 'answer'",
    )
}
