//! What may be shown of a request, by `log_data`: values of secret names never are.

use portcullis_control::arguments::{decode_form, encode_form};
use portcullis_waf_engine::{HIDDEN, LogData};

/// Bytes of a path that are shown.
const MAX_PATH: usize = 256;

/// Bytes of a query, or of a body's arguments, that are shown.
const MAX_ARGUMENTS: usize = 512;

/// What stands before the name of an argument in that of its variable.
const ARGUMENT: &[u8] = b"ARGS:";

/// Headers whose values are addresses, in whose queries other sites' secrets are.
const ADDRESSES: [&[u8]; 3] = [b"referer", b"location", b"content-location"];

/// The value of a header.
pub(super) fn header(log_data: &LogData, variable: &str, name: &[u8], value: &[u8]) -> Vec<u8> {
    let masks = !matches!(log_data, LogData::Full);
    let address = ADDRESSES.iter().any(|known| known.eq_ignore_ascii_case(name));
    let value = if masks && address { before_query(value) } else { value };
    let mut shown = Vec::new();
    log_data.append(&[variable.as_bytes(), b":", name].concat(), value, &mut shown);
    shown
}

/// A request's target: its path, and the arguments of its query.
pub(super) fn target(log_data: &LogData, target: &[u8]) -> Vec<u8> {
    let path = before_query(target);
    let mut shown = path.get(..MAX_PATH).unwrap_or(path).to_vec();
    if let (LogData::Full | LogData::Matched(_), Some(query)) =
        (log_data, target.get(path.len().saturating_add(1)..))
    {
        let pairs = query.split(|byte| *byte == b'&').map(|pair| {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            (halves.next().unwrap_or_default(), halves.next())
        });
        shown.push(b'?');
        append(log_data, pairs, decode_form, <[u8]>::to_vec, &mut shown);
    }
    shown
}

/// The arguments of a body, written as a form.
pub(super) fn arguments<'a>(
    log_data: &LogData,
    arguments: impl Iterator<Item = (&'a [u8], &'a [u8])>,
) -> Vec<u8> {
    let encoded = |text: &[u8]| {
        let mut encoded = Vec::new();
        encode_form(text, &mut encoded);
        encoded
    };
    let mut shown = Vec::new();
    let pairs = arguments.map(|(name, value)| (name, Some(value)));
    append(log_data, pairs, <[u8]>::to_vec, encoded, &mut shown);
    shown
}

/// Adds `name=value` for each, as long as there is room: `read` makes the name that a rule sees, `write` what is shown.
fn append<'a>(
    log_data: &LogData,
    pairs: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)>,
    read: impl Fn(&[u8]) -> Vec<u8>,
    write: impl Fn(&[u8]) -> Vec<u8>,
    shown: &mut Vec<u8>,
) {
    let end = shown.len().saturating_add(MAX_ARGUMENTS);
    for (place, (name, value)) in pairs.enumerate() {
        if shown.len() >= end {
            break;
        }
        if place > 0 {
            shown.push(b'&');
        }
        let variable = [ARGUMENT, &read(name)].concat();
        let own = log_data.name(&variable);
        if own == variable || matches!(log_data, LogData::Full) {
            shown.extend_from_slice(&write(name.get(..MAX_ARGUMENTS).unwrap_or(name)));
        } else {
            // What is left of a body that somebody took for a name is not spelled as it was sent.
            encode_form(own.strip_prefix(ARGUMENT).unwrap_or(&own), shown);
        }
        if let Some(value) = value {
            shown.push(b'=');
            let mut own = Vec::new();
            log_data.append(&variable, value, &mut own);
            // What stands for a secret is no argument of the client.
            if own == HIDDEN {
                shown.extend_from_slice(HIDDEN);
            } else {
                shown.extend(write(&own));
            }
        }
    }
    if shown.len() > end {
        shown.truncate(end);
        shown.extend_from_slice(b"...");
    }
}

fn before_query(target: &[u8]) -> &[u8] {
    target.split(|byte| *byte == b'?').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use portcullis_waf_engine::DataPolicy;

    use super::*;
    use crate::secret::secret;

    fn shown(target: &str, log_data: &LogData) -> String {
        String::from_utf8(super::target(log_data, target.as_bytes())).unwrap()
    }

    #[test]
    fn a_query_is_shown_without_its_secrets_in_whatever_spelling() {
        let matched = LogData::Matched(DataPolicy { max: 4, secret });
        for (target, expected) in [
            ("/a", "/a"),
            ("/a?", "/a?"),
            ("/a?b&c=1&=2", "/a?b&c=1&=2"),
            ("/a?token=x&b=12345", "/a?token=***&b=1234..."),
            ("/a?%74oke%6e=x?y&user[Password]=z", "/a?%74oke%6e=***&user[Password]=***"),
            ("/a?{\"token\":\"x\"}", "/a?%7B%22token..."),
        ] {
            assert_eq!(shown(target, &matched), expected);
            assert_eq!(shown(target, &LogData::Full), target);
            assert!(!shown(target, &LogData::None).contains('?'));
        }
        let long = format!("/{}?{}", "a".repeat(1_000), "b=1&".repeat(1_000));
        assert_eq!(shown(&long, &matched).len(), MAX_PATH + 1 + MAX_ARGUMENTS + 3);
    }
}
