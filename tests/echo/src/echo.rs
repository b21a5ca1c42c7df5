//! The answer that tells what was seen, as JSON.

use crate::{Answer, Handler, Headers, Request, Response};

/// Most bytes of a body that the answer repeats; the rest is only counted.
const SHOWN_BODY_BYTES: usize = 1024;

/// Answers every request with what it was:
/// `{"method":"GET","path":"/a?b","headers":{"host":"h","x":["1","2"]},"body_bytes":0}`, with the
/// body's first KiB as `body` and trailers as `trailers` where there are some. Bytes become the
/// characters of the same number (latin-1), so nothing is lost. An upgrade or CONNECT is accepted
/// and its bytes are sent back.
#[derive(Clone, Copy, Debug)]
pub struct Echo;

impl Handler for Echo {
    fn answer(&self, request: &Request) -> Answer {
        if request.method == "CONNECT" {
            return Answer::Tunnel(Response::new(200));
        }
        if let Some(protocol) = request.headers.text("upgrade") {
            return Answer::Tunnel(
                Response::new(101).header("connection", "upgrade").header("upgrade", protocol),
            );
        }
        Response::new(200).json(describe(request)).into()
    }
}

fn describe(request: &Request) -> String {
    let mut json = format!(
        "{{\"method\":{},\"path\":{},\"headers\":{}",
        string(request.method.as_bytes()),
        string(request.target.as_bytes()),
        object(&request.headers)
    );
    if !request.trailers.is_empty() {
        json += &format!(",\"trailers\":{}", object(&request.trailers));
    }
    json += &format!(",\"body_bytes\":{}", request.body_length);
    if !request.body.is_empty() {
        let shown = &request.body[..request.body.len().min(SHOWN_BODY_BYTES)];
        json += &format!(",\"body\":{}", string(shown));
    }
    json + "}\n"
}

/// Names in the order of their first appearance; several values of one name are an array.
fn object(headers: &Headers) -> String {
    let mut names: Vec<Vec<u8>> = Vec::new();
    for (name, _) in headers.iter() {
        let name = name.to_ascii_lowercase();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let member = |name: &Vec<u8>| {
        let values: Vec<_> = headers.all(name).into_iter().map(string).collect();
        let values = match values.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(",")),
        };
        format!("{}:{values}", string(name))
    };
    format!("{{{}}}", names.iter().map(member).collect::<Vec<_>>().join(","))
}

fn string(bytes: &[u8]) -> String {
    let mut out = String::from('"');
    for byte in bytes {
        match byte {
            b'"' => out += "\\\"",
            b'\\' => out += "\\\\",
            0..0x20 | 0x7f => out += &format!("\\u{byte:04x}"),
            _ => out.push(char::from(*byte)),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::describe;
    use crate::{Headers, Request};

    #[test]
    fn every_byte_of_a_header_survives_in_the_answer() {
        let request = Request {
            method: "POST".into(),
            target: "/a\"b".into(),
            headers: Headers::from_iter([
                (&b"X-A"[..], &b"1\\"[..]),
                (b"host", b"h\xe9\x01"),
                (b"x-a", b"2"),
            ]),
            body: b"hi".to_vec(),
            body_length: 2,
            trailers: Headers::from_iter([("x-t", "3")]),
        };
        assert_eq!(
            describe(&request),
            "{\"method\":\"POST\",\"path\":\"/a\\\"b\",\"headers\":{\"x-a\":[\"1\\\\\",\"2\"],\
             \"host\":\"h\u{e9}\\u0001\"},\"trailers\":{\"x-t\":\"3\"},\"body_bytes\":2,\
             \"body\":\"hi\"}\n"
        );
    }
}
