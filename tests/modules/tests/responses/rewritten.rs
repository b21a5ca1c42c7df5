//! What becomes of a response that is edited, replaced or masked: its body, its fields, its length.

use portcullis_host::{Headers, HeadersAction, Host, Request, Response};
use portcullis_modules::wasm;
use serde_json::{Value, json};

use crate::{begun, client, decorated, has_its_length, in_parts, start, still_serves, told, with};

#[test]
fn controls_edit_one_after_the_other_and_the_second_sees_the_first_ones_result() {
    let mut host = start();
    for size in [1, 3, 100] {
        let answer = in_parts(Response::new(200).header("content-length", "5"), b"hello", size);
        let edited = host.send(told("response-edit").header("x-editor", "1").answered(answer));
        assert_eq!(edited.body(), "HELLO!(6)");
        has_its_length(&edited);
        // The first one does not look at so much; the second one does, and sees it as it came.
        let long = [b'x'; 50];
        let answer = in_parts(Response::new(200), &long, size);
        let edited = host.send(told("response-edit").header("x-editor", "1").answered(answer));
        assert_eq!(edited.body(), format!("{}(50)", "x".repeat(50)));
        // The first one refuses: nothing is left to edit.
        let answer = in_parts(Response::new(200), b"attack", size);
        let refused = host.send(told("response-hold").header("x-editor", "1").answered(answer));
        assert_eq!(refused.status(), 403);
        assert!(refused.body().starts_with("{\"message\":\"attack\""), "{refused:#?}");
        has_its_length(&refused);
        // The first one alone, or the second one alone.
        let answer = in_parts(Response::new(200), b"hello", size);
        assert_eq!(host.send(told("").header("x-editor", "1").answered(answer)).body(), "hello(5)");
        still_serves(&mut host);
    }
}

/// A response with everything that speaks of its body.
fn described(trailers: bool) -> Response {
    let response = Response::new(200)
        .header("content-encoding", "identity")
        .header("digest", "sha-256=x")
        .header("content-digest", "sha-256=:x:")
        .header("repr-digest", "sha-256=:x:")
        .header("content-md5", "x")
        .header("accept-ranges", "bytes")
        .header("etag", "\"x\"")
        .header("last-modified", "Mon, 05 Jan 2026 10:00:00 GMT")
        .header("cache-control", "public, max-age=3600")
        .header("content-disposition", "attachment")
        .header("set-cookie", "a=1")
        .header("x-upstream", "yes")
        .body("hel")
        .body("lo");
    if !trailers {
        return response;
    }
    response.trailer("content-digest", "sha-256=:x:").trailer("etag", "\"x\"").trailer("x-t", "1")
}

#[test]
fn fields_that_speak_of_the_old_body_go_with_it() {
    let of_the_bytes = [
        "content-encoding",
        "digest",
        "content-digest",
        "repr-digest",
        "content-md5",
        "accept-ranges",
    ];
    let mut host = start();
    for trailers in [false, true] {
        let edited = host.send(told("response-edit").answered(described(trailers)));
        assert_eq!(edited.body(), "HELLO!");
        for name in of_the_bytes {
            assert_eq!(edited.header(name), None, "{name}");
        }
        assert_eq!(edited.header("etag").as_deref(), Some("W/\"x\""));
        for name in
            ["last-modified", "cache-control", "content-disposition", "set-cookie", "x-upstream"]
        {
            assert!(edited.header(name).is_some(), "{name}");
        }
        // In trailers HTTP/1.1 has no length, and one would take the trailers away.
        assert_eq!(edited.header("content-length").is_some(), !trailers);
        if trailers {
            let seen = client(&edited).trailers.clone().unwrap();
            assert_eq!(seen.pairs(), [(b"x-t".to_vec(), b"1".to_vec())]);
        }
        let refused = host.send(told("response-refuse").answered(described(trailers)));
        assert_eq!(refused.status(), 403);
        for name in of_the_bytes.iter().chain(&["etag", "last-modified", "content-disposition"]) {
            assert_eq!(refused.header(name), None, "{name}");
        }
        assert_eq!(refused.header("cache-control").as_deref(), Some("no-store"));
        assert_eq!(refused.header("content-type").as_deref(), Some("application/json"));
        assert!(refused.body().starts_with("{\"message\":\"told to refuse\""));
        decorated(&refused);
        let held = host.send(told("response-hold").answered(described(trailers)));
        assert_eq!(
            (held.body().as_str(), held.header("etag").as_deref()),
            ("hello", Some("\"x\""))
        );
        assert_eq!(held.header("content-digest").as_deref(), Some("sha-256=:x:"));
        still_serves(&mut host);
    }
    for (tags, expected) in
        [(&["W/\"x\""][..], Some("W/\"x\"")), (&["\"x\"", "\"y\""], None), (&["x"], Some("W/x"))]
    {
        let answer = tags.iter().fold(Response::new(200), |answer, tag| answer.header("etag", tag));
        let edited = host.send(told("response-edit").answered(answer.body("a")));
        assert_eq!(edited.header("etag").as_deref(), expected, "{tags:?}");
    }
}

#[test]
fn there_is_one_length_and_it_is_right() {
    let mut host = start();
    for lengths in [&["5"][..], &["5", "5"], &["5", "7"], &["99", "1"], &["nonsense"], &[]] {
        for trailers in [false, true] {
            let answer = lengths
                .iter()
                .fold(Response::new(200), |answer, length| answer.header("content-length", length));
            let answer = answer.body("hel").body("lo");
            let answer = if trailers { answer.trailer("x-t", "1") } else { answer };
            for what in ["response-edit", "response-empty", "response-refuse"] {
                let exchange = host.send(told(what).answered(answer.clone()));
                let told_none = trailers && lengths.is_empty() && what != "response-refuse";
                if told_none {
                    assert_eq!(exchange.header("content-length"), None);
                    assert!(client(&exchange).trailers.is_some());
                } else {
                    has_its_length(&exchange);
                }
            }
        }
    }
    still_serves(&mut host);
}

#[test]
fn a_response_without_a_body_is_answered_by_a_reply_with_every_decoration() {
    let mut host = start();
    for request in [told("response-refuse"), told("response-refuse").set(":method", "HEAD")] {
        let head = request
            .clone()
            .set(":method", "HEAD")
            .header("x-probe", "")
            .answered(Response::new(200));
        assert_eq!(host.send(head).body(), "");
        let refused = host.send(request.answered(Response::new(200).header("x-upstream", "1")));
        assert_eq!((refused.status(), refused.header("x-upstream")), (403, None));
        decorated(&refused);
    }
    let masked = host.send(told("response-mask").answered(Response::new(500)));
    assert_eq!(masked.status(), 500);
    assert!(masked.body().contains("an unexpected error occurred"), "{masked:#?}");
    decorated(&masked);
    // Nothing can be put into a response that has no body: what was to be changed does not pass.
    assert_eq!(host.send(told("response-edit").answered(Response::new(200))).status(), 503);
    // Trailers right behind the headers: again there is no body to write into.
    for (what, status) in [("response-refuse", 403), ("response-edit", 503), ("response-hold", 200)]
    {
        let exchange = host.send(told(what).answered(Response::new(200).trailer("x-t", "1")));
        assert_eq!(exchange.status(), status, "{what}: {exchange:#?}");
        assert_eq!(client(&exchange).trailers.is_some(), status == 200, "{what}: {exchange:#?}");
        decorated(&exchange);
    }
    still_serves(&mut host);
}

#[test]
fn an_error_is_masked_and_nothing_else_is_held() {
    let mut host = start();
    for status in [500, 502, 599] {
        for part in [1, 100] {
            let answer = in_parts(Response::new(status), b"java.lang.Exception", part);
            let masked = host.send(told("response-mask").answered(answer));
            assert_eq!(masked.status(), status);
            assert!(!masked.body().contains("java"), "{masked:#?}");
            has_its_length(&masked);
            decorated(&masked);
        }
    }
    let mut stream = begun(&mut host, "response-mask");
    let head = Headers::new([(":status", "200")]);
    assert_eq!(stream.response_headers(&head, false), Some(HeadersAction::Continue));
    stream.response_body("good", true);
    assert_eq!(stream.exchange().body(), "good");
    still_serves(&mut host);
}

#[test]
fn refusals_are_problems_where_the_configuration_says_so() {
    let mut host = with(&json!({"refusals": {"format": "problem"}}));
    let body = Response::new(200).header("content-type", "text/html").body("attack");
    for (what, answer, detail) in [
        ("refuse", Response::new(200), "told to refuse"),
        ("response-refuse", Response::new(204), "told to refuse"),
        ("response-hold", body, "attack"),
    ] {
        let exchange = host.send(told(what).answered(answer));
        assert_eq!(exchange.status(), 403);
        assert_eq!(exchange.header("content-type").as_deref(), Some("application/problem+json"));
        let problem: Value = serde_json::from_str(&exchange.body()).unwrap();
        let id = portcullis_host::REQUEST_ID;
        assert_eq!(
            problem,
            json!({
                "type": "about:blank", "title": "Forbidden", "status": 403, "detail": detail,
                "instance": format!("urn:uuid:{id}"), "request_id": id,
            })
        );
        for name in ["access-control-allow-origin", "x-witness"] {
            assert!(exchange.header(name).is_some(), "{name}: {exchange:#?}");
        }
    }
    still_serves(&mut host);
}

/// A host has no headers of a request any more when its response comes.
#[test]
fn a_refused_response_is_told_with_the_id_and_the_path_of_its_request() {
    let configuration = json!({"size_unit": "bytes", "response": {"allowed_payload_size": 5}});
    let module = Host::load(wasm("request-size-limiting"));
    let mut host = module.configure(configuration.to_string()).start().unwrap();
    let answer = Response::new(200).header("content-length", "6").body("sixsix");
    let refused = host.send(Request::get("/orders").answered(answer));
    assert_eq!(refused.status(), 502);
    let body: Value = serde_json::from_str(&refused.body()).unwrap();
    let id = portcullis_host::REQUEST_ID;
    assert_eq!(body["request_id"], id);
    assert!(refused.logged(&format!(r#""path":"/orders","request_id":"{id}""#)), "{refused:#?}");
}
