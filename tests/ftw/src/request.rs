//! From a stage to the bytes on the wire, exactly those that go-ftw sends.

use crate::form;
use crate::format::Input;

const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data;";

/// The request's bytes, with one more header right after the request line for each of `extra`.
#[must_use]
pub fn bytes(input: &Input, extra: &[(&str, &str)]) -> Vec<u8> {
    if let Some(raw) = &input.encoded_request {
        return with_extra(raw.clone(), extra);
    }
    let mut headers = input.headers.clone();
    let method = input.method.as_deref().unwrap_or("GET");
    let mut data = input.data.clone().unwrap_or_default();
    if input.autocomplete_headers.unwrap_or(true) {
        complete(&mut headers, method, &mut data);
    }
    let uri = input.uri.as_deref().unwrap_or("/");
    let version = input.version.as_deref().unwrap_or("HTTP/1.1");
    let mut out = format!("{method} {uri} {version}\r\n").into_bytes();
    for (name, value) in &headers {
        out.extend(format!("{name}: {value}\r\n").bytes());
    }
    out.extend(b"\r\n");
    out.extend(data);
    with_extra(out, extra)
}

/// What go-ftw adds unless a stage says `autocomplete_headers: false`.
fn complete(headers: &mut Vec<(String, String)>, method: &str, data: &mut Vec<u8>) {
    if !data.is_empty() {
        let kind = value(headers, "Content-Type").unwrap_or(FORM).to_owned();
        if kind == FORM {
            *data = form::encode(data).into_owned();
        }
        if kind.starts_with(MULTIPART) {
            *data = line_ends(data);
        }
        add(headers, "Content-Type", FORM);
    }
    add(headers, "Connection", "close");
    if !data.is_empty() || has_body(method) {
        add(headers, "Content-Length", &data.len().to_string());
    }
}

/// go-ftw's `^POST|PUT|PATCH|DELETE$`, whose anchors hold the first and the last word only.
fn has_body(method: &str) -> bool {
    method.starts_with("POST")
        || method.contains("PUT")
        || method.contains("PATCH")
        || method.ends_with("DELETE")
}

fn value<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    let found = headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

/// Adds a header that is not there in any case of its name.
fn add(headers: &mut Vec<(String, String)>, name: &str, with: &str) {
    if value(headers, name).is_none() {
        headers.push((name.to_owned(), with.to_owned()));
    }
}

/// Each line feed becomes CR LF.
fn line_ends(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len());
    for byte in data {
        if *byte == b'\n' {
            out.push(b'\r');
        }
        out.push(*byte);
    }
    out
}

/// Puts headers after the first line, where even a broken request has a place for them.
fn with_extra(raw: Vec<u8>, extra: &[(&str, &str)]) -> Vec<u8> {
    let Some(end) = raw.windows(2).position(|two| two == b"\r\n") else { return raw };
    let (line, rest) = raw.split_at(end + 2);
    let mut out = line.to_vec();
    for (name, value) in extra {
        out.extend(format!("{name}: {value}\r\n").bytes());
    }
    out.extend(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(headers: &[(&str, &str)], data: &str) -> Input {
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let data = (!data.is_empty()).then(|| data.as_bytes().to_vec());
        Input { headers, data, ..Input::default() }
    }

    fn sent(input: &Input) -> String {
        String::from_utf8(bytes(input, &[])).unwrap()
    }

    #[test]
    fn nothing_given_is_a_get_of_the_root() {
        assert_eq!(sent(&Input::default()), "GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
    }

    #[test]
    fn explicitly_empty_is_sent_empty() {
        let empty = || Some(String::new());
        let version = Input { version: empty(), ..Input::default() };
        assert!(sent(&version).starts_with("GET / \r\n"));
        let all = Input { method: empty(), uri: empty(), ..Input::default() };
        assert!(sent(&all).starts_with("  HTTP/1.1\r\n"));
    }

    #[test]
    fn data_is_completed_with_length_and_type() {
        let got = sent(&input(&[("Host", "h")], "a=b c"));
        let want = "GET / HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n\
            Connection: close\r\nContent-Length: 5\r\n\r\na=b+c";
        assert_eq!(got, want);
    }

    #[test]
    fn what_is_there_in_any_case_is_not_added() {
        let headers =
            [("connection", "x"), ("CONTENT-LENGTH", "3"), ("content-type", "text/plain")];
        let got = sent(&input(&headers, "a b"));
        let want = "GET / HTTP/1.1\r\nconnection: x\r\nCONTENT-LENGTH: 3\r\ncontent-type: text/plain\r\n\r\na b";
        assert_eq!(got, want);
    }

    #[test]
    fn a_method_that_has_a_body_gets_a_length_without_one() {
        let rows = [
            ("POST", true),
            ("POSTER", true),
            ("XPOST", false),
            ("XPUTX", true),
            ("XPATCHX", true),
            ("XDELETE", true),
            ("DELETEX", false),
            ("GET", false),
        ];
        for (method, length) in rows {
            let input = Input { method: Some(method.to_owned()), ..Input::default() };
            assert_eq!(sent(&input).contains("Content-Length: 0"), length, "{method}");
        }
    }

    #[test]
    fn multipart_lines_end_as_the_standard_wants() {
        let kind = [("Content-Type", "multipart/form-data; boundary=x")];
        assert!(sent(&input(&kind, "--x\na\n")).ends_with("Content-Length: 8\r\n\r\n--x\r\na\r\n"));
        let plain = [("Content-Type", "multipart/related; boundary=x")];
        assert!(sent(&input(&plain, "--x\n")).ends_with("\r\n\r\n--x\n"));
    }

    #[test]
    fn without_completion_everything_stays() {
        let given = input(&[("Content-Type", "multipart/form-data; boundary=x")], "a=b c\n");
        let given = Input { autocomplete_headers: Some(false), ..given };
        let want = "GET / HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x\r\n\r\na=b c\n";
        assert_eq!(sent(&given), want);
    }

    #[test]
    fn a_whole_request_is_sent_as_it_is_but_for_the_mark() {
        let raw = Input {
            encoded_request: Some(b"G / X\r\nA:b\r\n\r\nz".to_vec()),
            ..input(&[("H", "i")], "q")
        };
        assert_eq!(sent(&raw), "G / X\r\nA:b\r\n\r\nz");
        let marked = bytes(&raw, &[("X-CRS-Test", "1-1")]);
        assert_eq!(marked, b"G / X\r\nX-CRS-Test: 1-1\r\nA:b\r\n\r\nz");
    }
}
