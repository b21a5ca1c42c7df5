//! How a control looks at the bodies of responses, and what becomes of those that nobody can look at.

use std::time::Duration;

use crate::config::{Node, Section};
use crate::content_encoding::codings;
use crate::headers::HeaderMap;
use crate::media_type::essence;
use crate::reasons;

/// Bytes of a response that Envoy holds unless `per_connection_buffer_limit_bytes` of the listener says otherwise. Past
/// them it answers 500 itself, and no control of ours is asked.
pub const ENVOYS_BUFFER: usize = 1_048_576;

/// Bytes of a response that are held unless configured: half of what Envoy holds, so that as much again may come at once.
pub const DEFAULT_MAX: usize = ENVOYS_BUFFER / 2;

/// Bytes of a response that may be configured, at most: what a worker's memory has grown to it never gives back.
pub const LARGEST_MAX: usize = 16 * 1_048_576;

/// How long a response is held unless configured: few whole answers take so long, and their clients wait meanwhile. Below
/// the 15 seconds of a route of Envoy's (`timeout`), past which it answers itself, without any header of ours.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest that may be configured: whoever waits an hour for an answer has gone.
pub const LONGEST_TIMEOUT: Duration = Duration::from_secs(3_600);

/// How a control looks at responses on one route.
///
/// It asks for a body with [`crate::control::Verdict::Inspect`], for those responses alone that it cares for. Never held
/// are answers to HEAD and CONNECT, 1xx, 204, 206, 304, gRPC and event streams: a control that asks for one of them is
/// not asked about its body, as if it had let it pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// Bytes that are held at most, at least 1.
    pub max: usize,
    /// How long its body is held at most, from its headers on. It is looked at once a second, and as each part comes.
    pub timeout: Duration,
    /// What becomes of one that is larger, or takes longer.
    pub on_limit: OnLimit,
    /// What becomes of one that cannot be looked at.
    pub on_uninspected: OnUninspected,
    /// The upstream is asked for `identity`: otherwise the client chooses whether its response is looked at.
    pub strip_accept_encoding: bool,
    /// Bodies may be replaced: what an answer to HEAD, or 304, says of the bytes of one is not true then.
    pub rewrites: bool,
}

/// What becomes of a response that is larger than a control looks at, or not there in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnLimit {
    /// It is refused ([`Uninspected::OverLimit`], [`Uninspected::TimedOut`]).
    Refuse,
    /// It passes, whole, and is counted; the control is not asked about its body.
    Pass,
    /// The control is asked about the beginning (`complete: false`), which it cannot change. For a control whose answer
    /// does not need all of it, such as a mask.
    Beginning,
}

/// What becomes of a response that cannot be looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnUninspected {
    /// It is refused.
    #[default]
    Refuse,
    /// It passes, and is counted; the control is not asked about its body.
    Pass,
}

reasons! {
    /// Why nobody could look at a response, or at all of it. One that passes is counted as [`Uninspected::counter`].
    pub enum Uninspected {
        /// It is encoded, although `identity` was asked for.
        Encoded = (502, "response_encoded", "Bad gateway"),
        /// It is larger than its control looks at.
        OverLimit = (502, "response_over_limit", "Bad gateway"),
        /// It was not there in time.
        TimedOut = (504, "response_timeout", "Gateway timeout"),
        /// The host cannot hold its headers (`body_hold: stream`).
        Unheld = (502, "response_unheld", "Bad gateway"),
    }
}

impl Uninspected {
    /// What is counted, and noted, where such a response passes.
    #[must_use]
    pub const fn counter(self) -> &'static str {
        match self {
            Uninspected::Encoded => "uninspected.encoding",
            Uninspected::Unheld => "uninspected.unheld",
            // A beginning may have been looked at.
            Uninspected::OverLimit => "response_over_limit",
            Uninspected::TimedOut => "response_timeout",
        }
    }

    /// All such counters.
    pub const COUNTERS: [&'static str; 4] = [
        Uninspected::Encoded.counter(),
        Uninspected::OverLimit.counter(),
        Uninspected::TimedOut.counter(),
        Uninspected::Unheld.counter(),
    ];
}

impl Default for Inspection {
    /// Nothing passes that nobody has looked at: how large an answer is, a client often chooses by a parameter.
    fn default() -> Self {
        let (on_limit, on_uninspected) = (OnLimit::Refuse, OnUninspected::Refuse);
        Inspection {
            max: DEFAULT_MAX,
            timeout: DEFAULT_TIMEOUT,
            on_limit,
            on_uninspected,
            strip_accept_encoding: true,
            rewrites: false,
        }
    }
}

impl Inspection {
    /// Reads `max_body_bytes`, `hold_timeout`, `on_limit` and `on_uninspected` of a control; what is not written stays as it is.
    #[must_use]
    pub fn read(self, section: &mut Section<'_>) -> Self {
        let largest = u64::try_from(LARGEST_MAX).unwrap_or(u64::MAX);
        let max = section.or("max_body_bytes", self.max, |node| {
            let max = usize::try_from(node.integer(1..=largest)?).ok()?;
            warn_past_envoys_buffer(&node, max, 500);
            Some(max)
        });
        let timeout = section.or("hold_timeout", self.timeout, |node| read_timeout(&node));
        let on_limit = section.or("on_limit", self.on_limit, |node| {
            node.word(&[("refuse", OnLimit::Refuse), ("pass", OnLimit::Pass)])
        });
        let on_uninspected = section.or("on_uninspected", self.on_uninspected, |node| {
            node.word(&[("refuse", OnUninspected::Refuse), ("pass", OnUninspected::Pass)])
        });
        Inspection { max, timeout, on_limit, on_uninspected, ..self }
    }

    /// True if a response passes as it is by what its head says.
    #[must_use]
    pub fn lets_pass(&self, sight: Sight) -> bool {
        match sight {
            Sight::Never => true,
            Sight::Encoded => self.on_uninspected == OnUninspected::Pass,
            Sight::Large => self.on_limit == OnLimit::Pass,
            Sight::Clear => false,
        }
    }
}

/// Warns of a bound that cannot act, as Envoy holds no body up to it and gives this `answer` itself.
pub fn warn_past_envoys_buffer(node: &Node<'_>, max: usize, answer: u16) {
    if max >= ENVOYS_BUFFER {
        node.warn(format!(
            "Envoy holds no more than `per_connection_buffer_limit_bytes`, {ENVOYS_BUFFER} unless set, and answers \
             {answer} itself past it: {max} bytes act only where that is larger"
        ));
    }
}

/// Seconds that a response is held at most.
#[must_use]
pub fn read_timeout(node: &Node<'_>) -> Option<Duration> {
    node.integer(1..=LONGEST_TIMEOUT.as_secs()).map(Duration::from_secs)
}

/// What the head of a response says of looking at its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Never: it has none, is a part of one, or ends when it ends.
    Never,
    /// It is encoded.
    Encoded,
    /// It tells that it is larger.
    Large,
    /// It can be looked at, as far as the head says.
    Clear,
}

impl Sight {
    /// What the head of a response to a request with this method says. `end`: no body follows. `max`: bytes that are of
    /// interest.
    ///
    /// Only the response counts: a client can name its request gRPC or an upgrade, and would choose what is looked at.
    #[must_use]
    pub fn of(method: &[u8], headers: &HeaderMap, end: bool, max: usize) -> Self {
        let status = headers.first(":status").unwrap_or_default();
        let bodiless = status.starts_with(b"1") || matches!(status, b"204" | b"206" | b"304");
        if bodiless || matches!(method, b"HEAD" | b"CONNECT") || is_endless(headers) {
            return Sight::Never;
        }
        if end {
            return Sight::Clear;
        }
        if codings(headers).next().is_some() {
            return Sight::Encoded;
        }
        let told = headers.only("content-length").and_then(|length| {
            let digits = length.iter().all(u8::is_ascii_digit);
            std::str::from_utf8(length).ok().filter(|_| digits)?.parse::<u64>().ok()
        });
        let most = u64::try_from(max).unwrap_or(u64::MAX);
        if told.is_some_and(|length| length > most) { Sight::Large } else { Sight::Clear }
    }
}

/// True for an answer to HEAD, and for 304: what they say is of a body that does not come (RFC 9110 §8.6 and §15.4.5).
#[must_use]
pub fn tells_of_absent_body(method: &[u8], headers: &HeaderMap) -> bool {
    method == b"HEAD" || says_not_modified(headers)
}

/// True for 304.
#[must_use]
pub fn says_not_modified(headers: &HeaderMap) -> bool {
    headers.first(":status") == Some(b"304")
}

/// True if any content type says so, alone or in a list: held, such a response would never come.
fn is_endless(headers: &HeaderMap) -> bool {
    let mut types = headers
        .all("content-type")
        .flat_map(|field| field.split(|byte| *byte == b','))
        .map(|field| essence(field).to_ascii_lowercase());
    types.any(|essence| {
        let grpc = essence.strip_prefix(b"application/grpc");
        grpc.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b'-')))
            || essence == b"text/event-stream"
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Fault, Reader};

    fn head(status: &str, fields: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::default();
        headers.push(b":status", status.as_bytes());
        for (name, value) in fields {
            headers.push(name.as_bytes(), value.as_bytes());
        }
        headers
    }

    fn read(json: &str) -> (Option<Inspection>, Vec<String>) {
        let value = crate::json::parse(json.as_bytes()).unwrap();
        let reader = Reader::new(&|_: &str| None);
        let read = reader.root(&value).section(|section| Some(Inspection::default().read(section)));
        let text = |faults: &[Fault]| faults.iter().map(ToString::to_string).collect();
        match reader.finish(read) {
            Ok((inspection, warnings)) => (Some(inspection), text(&warnings)),
            Err(faults) => (None, text(&faults.list)),
        }
    }

    #[test]
    fn a_bound_is_told_where_it_cannot_act_or_is_none() {
        assert_eq!(read("{}"), (Some(Inspection::default()), Vec::new()));
        let written =
            r#"{"max_body_bytes":1,"hold_timeout":1,"on_limit":"pass","on_uninspected":"pass"}"#;
        let (on_limit, on_uninspected) = (OnLimit::Pass, OnUninspected::Pass);
        let inspection = Inspection {
            max: 1,
            timeout: Duration::from_secs(1),
            on_limit,
            on_uninspected,
            ..Inspection::default()
        };
        assert_eq!(read(written), (Some(inspection), Vec::new()));
        for (max, faults, warnings) in [
            (0, 1, 0),
            (1_048_575, 0, 0),
            (1_048_576, 0, 1),
            (16_777_216, 0, 1),
            (16_777_217, 1, 0),
        ] {
            let (inspection, said) = read(&format!("{{\"max_body_bytes\":{max}}}"));
            assert_eq!(
                (inspection.is_none(), said.len()),
                (faults > 0, faults + warnings),
                "{max}"
            );
        }
        for (timeout, is_one) in [(0, false), (1, true), (3_600, true), (3_601, false)] {
            let (inspection, faults) = read(&format!("{{\"hold_timeout\":{timeout}}}"));
            assert_eq!((inspection.is_some(), faults.is_empty()), (is_one, is_one), "{timeout}");
        }
        assert_eq!(
            read(r#"{"on_limit":"beginning","on_uninspected":"mask"}"#).1,
            [
                "on_limit: expected one of refuse, pass, but found `beginning`",
                "on_uninspected: expected one of refuse, pass, but found `mask`",
            ]
        );
    }

    #[test]
    fn what_has_no_body_or_never_ends_is_never_looked_at() {
        let html = [("content-type", "text/html")];
        for status in ["100", "101", "103", "204", "206", "304"] {
            for end in [false, true] {
                assert_eq!(Sight::of(b"GET", &head(status, &html), end, 9), Sight::Never);
            }
        }
        for method in [&b"HEAD"[..], b"CONNECT"] {
            assert_eq!(Sight::of(method, &head("500", &html), true, 9), Sight::Never);
        }
        for endless in [
            "text/event-stream",
            "TEXT/Event-Stream ; charset=utf-8",
            "text/html, text/event-stream",
            "application/grpc",
            "Application/GRPC+proto",
            "application/grpc-web-text; x=1",
        ] {
            let once = head("500", &[("content-type", endless)]);
            let twice = head("200", &[("content-type", "text/html"), ("Content-Type", endless)]);
            assert_eq!(Sight::of(b"GET", &once, false, 9), Sight::Never, "{endless}");
            assert_eq!(Sight::of(b"POST", &twice, false, 9), Sight::Never, "{endless}");
        }
        for other in ["text/event-streams", "application/grpcx", "text/html; x=text/event-stream"] {
            let other = head("500", &[("content-type", other)]);
            assert_eq!(Sight::of(b"GET", &other, false, 9), Sight::Clear);
        }
    }

    #[test]
    fn an_encoded_body_is_one_in_every_spelling() {
        for (encodings, expected) in [
            (&["identity"][..], Sight::Clear),
            (&["", " Identity , identity"], Sight::Clear),
            (&["gzip"], Sight::Encoded),
            (&["identity", "GZIP"], Sight::Encoded),
            (&["identity,br"], Sight::Encoded),
        ] {
            let fields: Vec<_> =
                encodings.iter().map(|coding| ("Content-Encoding", *coding)).collect();
            assert_eq!(Sight::of(b"GET", &head("200", &fields), false, 9), expected, "{fields:?}");
            assert_eq!(Sight::of(b"GET", &head("200", &fields), true, 9), Sight::Clear);
        }
    }

    #[test]
    fn a_told_length_past_the_bound_is_known_before_the_body() {
        for (lengths, expected) in [
            (&["9"][..], Sight::Clear),
            (&["10"], Sight::Large),
            (&["18446744073709551615"], Sight::Large),
            // What is no number, or is there twice, tells nothing: the bytes are counted.
            (&["18446744073709551616"], Sight::Clear),
            (&["+10"], Sight::Clear),
            (&["10", "10"], Sight::Clear),
            (&[""], Sight::Clear),
        ] {
            let fields: Vec<_> = lengths.iter().map(|length| ("content-length", *length)).collect();
            assert_eq!(Sight::of(b"GET", &head("200", &fields), false, 9), expected, "{fields:?}");
        }
    }
}
