//! Fields that are variables of the rules: each is one in TX, under the name that CRS gives it.

use portcullis_control::config::{Node, Section};

/// What the fields set.
pub(crate) struct TxFields<'v> {
    fields: Vec<TxField>,
    /// The paranoia level up to which rules run, as far as fields say.
    detected: u64,
    /// Where levels are written.
    levels: Vec<Node<'v>>,
}

struct TxField {
    /// The variable.
    name: &'static str,
    value: String,
    /// The field, if somebody wrote it; else it is our default, which rules of the user may set otherwise.
    written: Option<&'static str>,
}

/// What browsers and clients of APIs send; CRS's own default leaves the last three out.
const METHODS: &str = "GET HEAD POST OPTIONS PUT PATCH DELETE";

pub(crate) fn read<'v>(section: &mut Section<'v>) -> TxFields<'v> {
    let (mut fields, mut levels) = (Vec::new(), Vec::new());
    let mut number = |field, name: &'static str, range: std::ops::RangeInclusive<u64>| {
        let node = section.optional(field)?;
        let value = node.integer(range)?;
        fields.push(TxField { name, value: value.to_string(), written: Some(field) });
        if field.ends_with("_level") {
            levels.push(node);
        }
        Some(value)
    };
    let blocking = number("paranoia_level", "blocking_paranoia_level", 1..=4);
    let detection = number("detection_paranoia_level", "detection_paranoia_level", 1..=4);
    number("inbound_anomaly_threshold", "inbound_anomaly_score_threshold", 1..=100_000);
    number("outbound_anomaly_threshold", "outbound_anomaly_score_threshold", 1..=100_000);
    match detection {
        Some(detection) if detection < blocking.unwrap_or(1) => section.node().fault(
            "expected `detection_paranoia_level` to be no lower than `paranoia_level`: what blocks has to be detected",
        ),
        // What blocks is detected: CRS itself says so of the level that is not set.
        _ => {}
    }
    let mut list = |field, name, write: fn(&str) -> String, default: Option<&str>| {
        let node = section.optional(field);
        let written = node.is_some().then_some(field);
        let value = match node {
            Some(node) => words(&node).map(|words| join(&words, write)),
            None => default.map(str::to_owned),
        };
        fields.extend(value.map(|value| TxField { name, value, written }));
    };
    list("allowed_methods", "allowed_methods", str::to_owned, Some(METHODS));
    let bars = |word: &str| format!("|{}|", word.to_ascii_lowercase());
    list("allowed_content_types", "allowed_request_content_type", bars, None);
    list("allowed_charsets", "allowed_request_content_type_charset", bars, None);
    let slashes = |word: &str| format!("/{}/", word.to_ascii_lowercase());
    list("restricted_headers", "restricted_headers_basic", slashes, None);
    let dot = |word: &str| {
        let word = word.to_ascii_lowercase();
        format!(".{}/", word.strip_prefix('.').unwrap_or(&word))
    };
    list("restricted_extensions", "restricted_extensions", dot, None);
    let detected = detection.or(blocking).unwrap_or(1);
    TxFields { fields, detected, levels }
}

/// Words that can stand in a list of CRS, which separates them with spaces, bars and slashes.
fn words<'v>(node: &Node<'v>) -> Option<Vec<&'v str>> {
    let words = node.texts()?;
    let bad = words.iter().find(|word| {
        word.bytes().any(|byte| byte.is_ascii_whitespace() || matches!(byte, b'|' | b'%' | b'\''))
    });
    if let Some(bad) = bad {
        node.fault(format!(
            "expected words without spaces, `|`, `%` and quotes, but found `{bad}`"
        ));
        return None;
    }
    Some(words)
}

fn join(words: &[&str], write: fn(&str) -> String) -> String {
    words.iter().map(|word| write(word)).collect::<Vec<_>>().join(" ")
}

impl TxFields<'_> {
    /// The paranoia level up to which rules run, as far as fields say.
    pub(crate) fn detected(&self) -> u64 {
        self.detected
    }

    /// What is set before the first rule runs.
    pub(crate) fn values(&self, pass_streams: bool) -> Vec<(&str, &[u8])> {
        let fields = self.fields.iter().map(|field| (field.name, field.value.as_bytes()));
        // What `allowances.conf` asks for.
        let grpc = pass_streams.then_some(("portcullis_allow_grpc", &b"1"[..]));
        fields.chain(grpc).collect()
    }

    /// Levels beside a set that has none.
    pub(crate) fn refuse_levels(&self) {
        for node in &self.levels {
            node.fault("expected `ruleset: crs` beside it: `base` has no levels");
        }
    }

    /// The field that somebody wrote for a variable, in lower case.
    pub(crate) fn written(&self, name: &[u8]) -> Option<&'static str> {
        self.fields.iter().find(|field| field.name.as_bytes() == name)?.written
    }
}
