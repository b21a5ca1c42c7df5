//! What the server in front of an engine does before the engine sees a request, and the stages that are about it alone.

use crate::Request;
use crate::format::{Output, Stage};

/// As the servers do that the tests were written for: framing is settled, a repeated content type is one.
pub fn normalise(request: &mut Request) {
    let named = |name: &str| {
        let name = name.to_owned();
        move |(n, _): &(Vec<u8>, Vec<u8>)| n.eq_ignore_ascii_case(name.as_bytes())
    };
    let chunked = request.header("Transfer-Encoding").is_some_and(|coding| {
        coding.to_ascii_lowercase().windows(7).any(|word| word == b"chunked")
    });
    if chunked {
        // RFC 9112 6.3: the transfer coding overrides the length.
        let length = named("Content-Length");
        request.headers.retain(|field| !length(field));
    }
    let kind = named("Content-Type");
    let kinds: Vec<_> =
        request.headers.iter().filter(|f| kind(f)).map(|(_, value)| value.clone()).collect();
    if kinds.len() > 1 {
        let joined = kinds.join(b", ".as_slice());
        let mut first = Some(joined);
        request.headers.retain_mut(|field| {
            if !kind(field) {
                return true;
            }
            first.take().map(|joined| field.1 = joined).is_some()
        });
    }
}

/// How a stage is judged without a server in front.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// As it is written.
    AsWritten,
    /// A server's 400 is expected; here the engine must log the rule that the test is about.
    EngineLevel(Output),
    /// It says nothing about an engine.
    Skip(&'static str),
}

/// What a server answers to a request that it can't read.
const BAD_REQUEST: u16 = 400;

/// Decides how a stage is judged: with DetectionOnly no engine answers 400 or breaks an exchange off.
#[must_use]
pub fn plan(stage: &Stage, rule: u32) -> Plan {
    if stage.output.expect_error == Some(true) {
        return Plan::Skip("expects that the server ends the exchange");
    }
    if stage.input.save_cookie || stage.input.follow_redirect {
        return Plan::Skip("needs a client that keeps cookies or follows redirects");
    }
    if stage.output.status != Some(BAD_REQUEST) {
        return Plan::AsWritten;
    }
    let mut output = stage.output.clone();
    output.status = None;
    // It is not expected only because the server answers first.
    output.log.no_expect_ids.retain(|id| *id != rule);
    if !output.log.expect_ids.contains(&rule) {
        output.log.expect_ids.push(rule);
    }
    Plan::EngineLevel(output)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{Input, Log};
    use crate::wire;

    fn normalised(headers: &str) -> String {
        let mut request = wire::parse(format!("GET / HTTP/1.1\r\n{headers}\r\n\r\n").as_bytes());
        normalise(&mut request);
        let lines = request.headers.iter().map(|(name, value)| {
            format!("{}: {}", String::from_utf8_lossy(name), String::from_utf8_lossy(value))
        });
        lines.collect::<Vec<_>>().join("\r\n")
    }

    #[test]
    fn framing_and_content_type_are_settled() {
        let rows = [
            ("A: b\r\nContent-Length: 3", "A: b\r\nContent-Length: 3"),
            ("content-length: 3\r\nTransfer-Encoding: Chunked", "Transfer-Encoding: Chunked"),
            (
                "Content-Length: 3\r\nTransfer-Encoding: gzip",
                "Content-Length: 3\r\nTransfer-Encoding: gzip",
            ),
            ("content-type: a\r\nB: c\r\nContent-Type: d", "content-type: a, d\r\nB: c"),
            ("B: c\r\nB: d", "B: c\r\nB: d"),
        ];
        for (given, want) in rows {
            assert_eq!(normalised(given), want);
        }
    }

    #[test]
    fn a_servers_answer_becomes_the_engines_log() {
        let log = Log { no_expect_ids: vec![7, 8], ..Log::default() };
        let output = Output { status: Some(400), log, ..Output::default() };
        let stage = Stage { output, ..Stage::default() };
        let Plan::EngineLevel(output) = plan(&stage, 7) else { panic!("another plan") };
        assert_eq!(output.status, None);
        assert_eq!((output.log.expect_ids, output.log.no_expect_ids), (vec![7], vec![8]));
    }

    #[test]
    fn what_needs_a_server_or_a_browser_is_skipped() {
        let error = Output { expect_error: Some(true), ..Output::default() };
        let cookies = Input { save_cookie: true, ..Input::default() };
        let redirect = Input { follow_redirect: true, ..Input::default() };
        let stages = [
            Stage { output: error, ..Stage::default() },
            Stage { input: cookies, ..Stage::default() },
            Stage { input: redirect, ..Stage::default() },
        ];
        for stage in stages {
            assert!(matches!(plan(&stage, 1), Plan::Skip(_)), "{stage:?}");
        }
        let ok = Output { status: Some(200), expect_error: Some(false), ..Output::default() };
        assert_eq!(plan(&Stage { output: ok, ..Stage::default() }, 1), Plan::AsWritten);
    }
}
