//! Properties: what is computed, what a test sets, what is not there, filter state.

use portcullis_host::{Host, Request, property};

use crate::guest::{Guest, OUT};
use crate::lines;

/// A guest that reads these paths in the request headers and logs status and value of each.
fn reading(paths: &[&str]) -> Vec<u8> {
    let mut g = Guest::new();
    let mut body = String::new();
    for path in paths {
        let key = g.text(path.replace('.', "\0"));
        body += &g.status(&format!("$get_property {key} {OUT}"));
        body += "(call $show)";
    }
    g.on("proxy_on_request_headers", body + "(i32.const 0)").build()
}

fn read(paths: &[&str], request: Request) -> Vec<(String, String)> {
    let mut host = Host::of(&reading(paths)).plugin("p", "r").start().unwrap();
    host.send(request);
    let lines = lines(&host);
    lines.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
}

#[test]
fn properties_of_the_request_and_its_surroundings() {
    let table = [
        ("source.address", "203.0.113.7:50000"),
        ("request.path", "/a/b?c=d"),
        ("request.url_path", "/a/b"),
        ("request.query", "c=d"),
        ("request.method", "GET"),
        ("request.host", "gateway.test"),
        ("request.scheme", "http"),
        ("request.protocol", "HTTP/1.1"),
        ("request.headers.x-two", "1,2"),
        ("request.id", "abc"),
        ("xds.route_name", "default"),
        ("xds.cluster_name", "upstream"),
        ("plugin_name", "p"),
        ("plugin_root_id", "r"),
        ("plugin_vm_id", "portcullis"),
    ];
    let request = Request::get("/a/b?c=d")
        .header("x-two", "1")
        .header("x-two", "2")
        .set("x-request-id", "abc");
    let paths: Vec<_> = table.iter().map(|(path, _)| *path).collect();
    for ((path, wanted), (status, found)) in table.iter().zip(read(&paths, request)) {
        assert_eq!((status.as_str(), found.as_str()), ("0", *wanted), "{path}");
    }
}

#[test]
fn what_is_not_there_is_not_found_and_a_whole_map_is_no_value() {
    let paths =
        ["nothing", "request.headers.absent", "connection.tls_version", "route_name", "request"];
    let found = read(&paths, Request::get("/"));
    let statuses: Vec<_> = found.iter().map(|(status, _)| status.as_str()).collect();
    assert_eq!(statuses, ["1", "1", "1", "1", "3"]);
}

#[test]
fn a_test_sets_and_takes_away_properties() {
    let wasm = reading(&["source.address", "xds.route_name", "connection.tls_version"]);
    let mut host =
        Host::of(&wasm).property(&["connection", "tls_version"], "TLSv1.3").start().unwrap();
    let request =
        Request::get("/").from_address("[2001:db8::1]:9").without_property(&["xds", "route_name"]);
    host.send(request);
    assert_eq!(lines(&host), ["0", "[2001:db8::1]:9", "1", "", "0", "TLSv1.3"]);
}

#[test]
fn numbers_are_eight_bytes_little_endian() {
    assert_eq!(property::integer(1), [1, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(property::boolean(true), [1]);
    assert_eq!(property::double(1.0), [0, 0, 0, 0, 0, 0, 0xf0, 0x3f]);
    assert_eq!(property::map([("a", "")]), b"\x01\0\0\0\x01\0\0\0\0\0\0\0a\0\0");
}

#[test]
fn what_is_set_reads_back_under_both_names_and_belongs_to_the_stream() {
    let mut g = Guest::new();
    let (key, full, value) = (g.text("foo"), g.text("filter_state\0wasm.foo"), g.text("bar"));
    let earlier = g.text("from.before");
    let body = format!(
        "{} (drop (call $get_property {key} {OUT})) (call $show)
         (drop (call $get_property {full} {OUT})) (call $show)
         (drop (call $get_property {earlier} {OUT})) (call $show) (i32.const 0)",
        g.status(&format!("$set_property {key} {value}")),
    );
    let configure = format!("{} (i32.const 1)", g.status(&format!("$set_property {key} {value}")));
    let wasm = g.on("proxy_on_configure", configure).on("proxy_on_request_headers", body).build();
    let mut host = Host::of(&wasm).start().unwrap();
    let exchange = host.send(Request::get("/").filter_state("from.before", "x"));
    assert_eq!(lines(&host), ["1", "0", "bar", "bar", "x"]);
    assert_eq!(exchange.state("foo").unwrap(), "bar");
}

#[test]
fn a_root_context_reads_the_plugin_and_the_node_and_no_stream() {
    let mut g = Guest::new();
    let mut body = String::new();
    for path in ["plugin_root_id", "source\0address", "request\0path", "xds\0node\0id"] {
        let key = g.text(path);
        body += &g.status(&format!("$get_property {key} {OUT}"));
    }
    let wasm = g.on("proxy_on_configure", body + "(i32.const 1)").build();
    let host = Host::of(&wasm).start().unwrap();
    assert_eq!(lines(&host), ["0", "1", "1", "0"]);
}
