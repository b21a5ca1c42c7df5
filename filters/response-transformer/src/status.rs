//! Sets of status codes, as Kong's `if_status` writes them: `404`, `"500-599"`.

use std::ops::RangeInclusive;

use portcullis_control::config::Node;

/// Entries of one set, at most: there are 500 codes, and each response is compared with all entries.
const MAX_ENTRIES: usize = 64;

/// The codes that a final response may have (RFC 9110 §15).
const CODES: RangeInclusive<u16> = 200..=599;

/// Some status codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statuses(Vec<RangeInclusive<u16>>);

impl Statuses {
    /// These codes alone.
    pub(crate) fn of(codes: RangeInclusive<u16>) -> Self {
        Statuses(vec![codes])
    }

    /// Reads a list of codes and ranges within `allowed`.
    pub(crate) fn read(node: &Node<'_>, allowed: &RangeInclusive<u16>) -> Option<Self> {
        let items = node.list()?;
        if items.is_empty() || items.len() > MAX_ENTRIES {
            let found = items.len();
            node.fault(format!("expected 1 to {MAX_ENTRIES} entries, but found {found}"));
            return None;
        }
        let codes: Vec<_> = items.iter().filter_map(|item| read_entry(item, allowed)).collect();
        (codes.len() == items.len()).then_some(Statuses(codes))
    }

    /// True if it has this code.
    pub(crate) fn has(&self, code: u16) -> bool {
        self.0.iter().any(|codes| codes.contains(&code))
    }
}

/// Reads `if_status`, which may name any final response.
pub(crate) fn read_if_status(node: &Node<'_>) -> Option<Statuses> {
    Statuses::read(node, &CODES)
}

fn read_entry(node: &Node<'_>, allowed: &RangeInclusive<u16>) -> Option<RangeInclusive<u16>> {
    let codes = match node.value().as_str() {
        Some(text) => parse(text),
        None => node.value().as_f64().and_then(|code| {
            // Envoy's `Struct` knows doubles only.
            let code = format!("{code}").parse().ok()?;
            Some(code..=code)
        }),
    };
    let inside = |codes: &RangeInclusive<u16>| {
        codes.start() <= codes.end()
            && allowed.contains(codes.start())
            && allowed.contains(codes.end())
    };
    let codes = codes.filter(inside);
    if codes.is_none() {
        let (first, last) = (allowed.start(), allowed.end());
        node.fault(format!(
            "expected a status from {first} to {last}, or a range of them such as `{first}-{last}`, but found `{}`",
            shown(node)
        ));
    }
    codes
}

fn parse(text: &str) -> Option<RangeInclusive<u16>> {
    let code = |text: &str| {
        let plain = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| text.parse::<u16>().ok()).flatten()
    };
    match text.split_once('-') {
        Some((first, last)) => Some(code(first.trim())?..=code(last.trim())?),
        None => code(text).map(|code| code..=code),
    }
}

/// What was written, as far as it is worth showing.
fn shown(node: &Node<'_>) -> String {
    let text = node.value().as_str().map_or_else(|| node.value().to_string(), str::to_owned);
    text.chars().take(32).collect()
}

#[cfg(test)]
mod tests {
    use portcullis_control::config::Reader;
    use portcullis_control::json::parse as json;

    use super::*;

    fn read(text: &str) -> Result<Statuses, Vec<String>> {
        let value = json(text.as_bytes()).unwrap();
        let nothing = |_: &str| None;
        let reader = Reader::new(&nothing);
        let statuses = read_if_status(&reader.root(&value));
        match reader.finish(statuses) {
            Ok((statuses, _)) => Ok(statuses),
            Err(faults) => Err(faults.list.iter().map(ToString::to_string).collect()),
        }
    }

    #[test]
    fn codes_and_ranges_are_a_set_with_both_ends() {
        let statuses = read(r#"["500-503", 404, 410.0, "418", "200 - 201"]"#).unwrap();
        for code in [200, 201, 404, 410, 418, 500, 503] {
            assert!(statuses.has(code), "{code}");
        }
        for code in [199, 202, 403, 405, 417, 419, 499, 504, 599] {
            assert!(!statuses.has(code), "{code}");
        }
    }

    #[test]
    fn what_is_no_status_is_refused_with_its_place() {
        for bad in [
            "199",
            "600",
            "404.5",
            "-404",
            "\"\"",
            "\"500-\"",
            "\"-500\"",
            "\"503-500\"",
            "\"500-600\"",
            "\"0500\"",
            "\"+50\"",
            "\"5xx\"",
            "true",
            "null",
            "[]",
            "{}",
            "\"500-501-502\"",
            "1e300",
        ] {
            let faults = read(&format!("[200, {bad}]")).unwrap_err();
            assert_eq!(faults.len(), 1, "{bad}");
            assert!(faults[0].starts_with("[1]: expected a status from 200 to 599"), "{faults:?}");
        }
        assert!(read("[]").is_err() && read("404").is_err());
        let many = |count: usize| format!("[{}]", vec!["404"; count].join(","));
        assert!(read(&many(MAX_ENTRIES)).is_ok());
        assert!(read(&many(MAX_ENTRIES + 1)).is_err());
    }
}
