//! The backend that the tests are written for: it answers anything with an empty 200, and `POST /reflect` with what it is told.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::{Request, Response, sniff};

/// The answer to a request.
#[must_use]
pub fn answer(request: &Request) -> Response {
    let path = request.uri.split(|b| *b == b'?').next().unwrap_or_default();
    if request.method == b"POST" && path == b"/reflect" {
        return reflect(&request.body).unwrap_or_else(|why| plain(400, &why));
    }
    plain(200, "")
}

fn plain(status: u16, body: &str) -> Response {
    Response { status, headers: Vec::new(), body: body.as_bytes().to_vec() }
}

/// `{status, headers, body | encodedBody}`, each optional.
fn reflect(body: &[u8]) -> Result<Response, String> {
    let told: Value = serde_json::from_slice(body).map_err(|e| format!("no JSON: {e}"))?;
    let text = |name: &str| told.get(name).and_then(Value::as_str);
    let status = match told.get("status") {
        None | Some(Value::Null) => 200,
        Some(status) => status
            .as_u64()
            .and_then(|n| u16::try_from(n).ok())
            .filter(|n| (100..1000).contains(n))
            .ok_or("no status")?,
    };
    let mut headers = Vec::new();
    for (name, value) in told.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        headers.push((name.clone().into_bytes(), value.into_bytes()));
    }
    let body = match (text("body"), text("encodedBody")) {
        (Some(_), Some(encoded)) if !encoded.is_empty() => {
            return Err("both body and encodedBody".to_owned());
        }
        (_, Some(encoded)) if !encoded.is_empty() => {
            STANDARD.decode(encoded).map_err(|e| format!("encodedBody: {e}"))?
        }
        (body, _) => body.unwrap_or_default().as_bytes().to_vec(),
    };
    let named = |name: &str| {
        headers.iter().any(|(n, v): &(Vec<u8>, Vec<u8>)| {
            n.eq_ignore_ascii_case(name.as_bytes()) && !v.is_empty()
        })
    };
    if !body.is_empty() && !named("content-type") && !named("content-encoding") {
        let kind = sniff::content_type(&body).as_bytes().to_vec();
        headers.push((b"Content-Type".to_vec(), kind));
    }
    Ok(Response { status, headers, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: &str, uri: &str, body: &str) -> Response {
        answer(&Request {
            method: method.into(),
            uri: uri.into(),
            body: body.into(),
            ..Request::default()
        })
    }

    #[test]
    fn anything_is_an_empty_200() {
        for (method, uri) in [("GET", "/"), ("POST", "/post"), ("GET", "/reflect"), ("X", "*")] {
            assert_eq!(asked(method, uri, "{}"), plain(200, ""), "{method} {uri}");
        }
    }

    #[test]
    fn reflect_answers_what_it_is_told() {
        let rows: [(&str, u16, &[u8]); 6] = [
            ("{}", 200, b""),
            (r#"{"status": 503, "body": "down"}"#, 503, b"down"),
            (r#"{"encodedBody": "AP8="}"#, 200, b"\x00\xff"),
            (r#"{"body": "", "encodedBody": ""}"#, 200, b""),
            (r#"{"body": "\u00e4"}"#, 200, "ä".as_bytes()),
            (r#"{"status": null}"#, 200, b""),
        ];
        for (told, status, body) in rows {
            let got = asked("POST", "/reflect", told);
            assert_eq!((got.status, got.body.as_slice()), (status, body), "{told}");
        }
        let told = r#"{"headers": {"Content-Type": "text/html", "X-N": 1}}"#;
        let headers = asked("POST", "/reflect?x", told).headers;
        assert_eq!(headers[0], (b"Content-Type".to_vec(), b"text/html".to_vec()));
        assert_eq!(headers[1], (b"X-N".to_vec(), b"1".to_vec()));
    }

    #[test]
    fn a_body_without_a_type_gets_one() {
        let rows = [
            (r#"{"body": "x"}"#, Some("text/plain; charset=utf-8")),
            (r#"{"body": "<p>x"}"#, Some("text/html; charset=utf-8")),
            (r#"{"body": "x", "headers": {"content-type": "a/b"}}"#, Some("a/b")),
            (r#"{"body": "x", "headers": {"content-encoding": "gzip"}}"#, None),
            ("{}", None),
        ];
        for (told, want) in rows {
            let headers = asked("POST", "/reflect", told).headers;
            let kind = headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(b"content-type"));
            let kind = kind.map(|(_, value)| std::str::from_utf8(value).unwrap());
            assert_eq!(kind, want, "{told}");
        }
    }

    #[test]
    fn what_it_cannot_answer_is_a_400() {
        for told in [
            "",
            "{",
            r#"{"status": 5}"#,
            r#"{"status": "x"}"#,
            r#"{"encodedBody": "*"}"#,
            r#"{"body":"a","encodedBody":"YQ=="}"#,
        ] {
            assert_eq!(asked("POST", "/reflect", told).status, 400, "{told}");
        }
    }
}
