//! What an endpoint answers, and the form in which one worker hands it to the others.

use std::fmt;

use crate::control::CallAnswer;
use crate::headers::HeaderMap;

/// Why an answer is of no use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Useless {
    /// No answer, or none in time.
    Unreachable,
    /// Another status than 200; a redirect too, as following it would let the endpoint choose the host.
    Status(String),
    /// More bytes than these, which a document of its kind may have.
    TooLong(usize),
    /// It is not what was asked for.
    Document(String),
}

impl fmt::Display for Useless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Useless::Unreachable => f.write_str("no answer; look at the cluster and its endpoint"),
            Useless::Status(status) => write!(f, "status {status}, but 200 is needed"),
            Useless::TooLong(most) => write!(f, "more than {most} bytes"),
            Useless::Document(fault) => f.write_str(fault),
        }
    }
}

/// The body of a good answer, and for how many seconds it may be kept.
pub(super) fn body(answer: &CallAnswer, most: usize) -> Result<(&[u8], Option<u64>), Useless> {
    let CallAnswer::Http { headers, body } = answer else { return Err(Useless::Unreachable) };
    match headers.first(":status") {
        Some(b"200") => {}
        // Envoy's own for a refused connection and a timeout.
        Some(b"503" | b"504") => return Err(Useless::Unreachable),
        status => {
            let status = String::from_utf8_lossy(status.unwrap_or_default()).into_owned();
            return Err(Useless::Status(status));
        }
    }
    if body.len() > most {
        return Err(Useless::TooLong(most));
    }
    Ok((body, max_age(headers)))
}

/// For how many more seconds Cache-Control lets the answer be kept (RFC 9111 §5.2.2.1), what it has spent in caches on
/// its way taken off (§5.1); 0 where caching is forbidden.
fn max_age(headers: &HeaderMap) -> Option<u64> {
    let directives = || {
        let lines = headers.all("cache-control");
        lines.flat_map(|line| line.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii)
    };
    if directives()
        .any(|one| one.eq_ignore_ascii_case(b"no-store") || one.eq_ignore_ascii_case(b"no-cache"))
    {
        return Some(0);
    }
    let max_age: u64 = directives().find_map(|one| {
        let (name, value) = one.split_at_checked(8)?;
        let digits = std::str::from_utf8(value).ok()?.trim_matches('"');
        name.eq_ignore_ascii_case(b"max-age=").then(|| digits.parse().ok())?
    })?;
    let age = headers.first("age").and_then(|age| std::str::from_utf8(age).ok()?.parse().ok());
    Some(max_age.saturating_sub(age.unwrap_or(0)))
}

/// A document as it is published: when it was fetched, for how long it is fresh (milliseconds), and its text.
pub(super) fn publish(fetched: u64, fresh: u64, text: &[u8]) -> Vec<u8> {
    [&fetched.to_le_bytes()[..], &fresh.to_le_bytes(), text].concat()
}

/// Reads what [`publish`] wrote.
pub(super) fn published(blob: &[u8]) -> Option<(u64, u64, &[u8])> {
    let (fetched, rest) = blob.split_first_chunk::<8>()?;
    let (fresh, text) = rest.split_first_chunk::<8>()?;
    Some((u64::from_le_bytes(*fetched), u64::from_le_bytes(*fresh), text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 1_000;

    fn answer(fields: &[(&str, &str)], body: Vec<u8>) -> CallAnswer {
        let mut headers = HeaderMap::default();
        fields.iter().for_each(|(name, value)| headers.push(name.as_bytes(), value.as_bytes()));
        CallAnswer::Http { headers, body }
    }

    #[test]
    fn only_a_whole_200_is_an_answer() {
        let with = |status| answer(&[(":status", status)], b"{}".to_vec());
        assert_eq!(body(&with("200"), MOST), Ok((&b"{}"[..], None)));
        for status in ["301", "302", "304", "404", "500", "201"] {
            assert_eq!(body(&with(status), MOST), Err(Useless::Status(status.to_owned())));
        }
        assert_eq!(body(&with("503"), MOST), Err(Useless::Unreachable));
        assert_eq!(body(&CallAnswer::Failed { grpc_status: 0 }, MOST), Err(Useless::Unreachable));
        let sized = |size| answer(&[(":status", "200")], vec![b' '; size]);
        assert!(body(&sized(MOST), MOST).is_ok());
        assert_eq!(body(&sized(MOST + 1), MOST), Err(Useless::TooLong(MOST)));
    }

    #[test]
    fn cache_control_says_how_long_it_may_be_kept() {
        for (line, age, seconds) in [
            ("max-age=600", "", Some(600)),
            ("max-age=600", "590", Some(10)),
            ("max-age=600", "601", Some(0)),
            ("max-age=600", "soon", Some(600)),
            ("public, MAX-AGE=\"60\", must-revalidate", "", Some(60)),
            ("no-store, max-age=600", "", Some(0)),
            ("no-cache", "", Some(0)),
            ("max-age=-1", "", None),
            ("max-age=99999999999999999999", "", None),
            ("s-maxage=5", "3", None),
            ("max-age", "", None),
            ("", "", None),
        ] {
            let fields = [(":status", "200"), ("cache-control", line), ("age", age)];
            let answer = answer(&fields, Vec::new());
            assert_eq!(body(&answer, MOST), Ok((&b""[..], seconds)), "{line}");
        }
    }

    #[test]
    fn what_is_published_is_read_again() {
        assert_eq!(published(&publish(1, 2, b"{}")), Some((1, 2, &b"{}"[..])));
        assert_eq!(published(b"short"), None);
    }
}
