//! What log and decision record say of a transaction.

use portcullis_control::exchange::Exchange;
use portcullis_waf_engine::{EngineError, Match, Transaction};
use portcullis_waf_seclang::syntax::Expression;

use crate::reason::Refused;

/// Ids that the record names, at most: the score tells the rest.
const MAX_IDS: usize = 32;

/// Bytes of a path that a line shows: enough to recognise a route.
const MAX_URI: usize = 256;

/// The names under which CRS, and our own rules, add up what matched.
pub(crate) const INBOUND: &str = "blocking_inbound_anomaly_score";
pub(crate) const OUTBOUND: &str = "blocking_outbound_anomaly_score";

/// What a class's name begins with among the tags of a rule, in CRS as in our own set.
const CLASS: &str = "attack-";

/// Bytes of a class's name, at most; a longer one is none.
const MAX_CLASS: usize = 32;

/// What a rule is about (`sqli`), by the first of its tags that says so.
pub(crate) fn class(tags: &[Expression]) -> &str {
    let mut tags = tags.iter().filter_map(|tag| std::str::from_utf8(tag.literal()?).ok());
    let harmless = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    tags.find_map(|tag| {
        let class = tag.strip_prefix(CLASS)?;
        (class.len() <= MAX_CLASS && class.bytes().all(harmless)).then_some(class)
    })
    .unwrap_or("unclassified")
}

/// The fields of the decision record.
pub(crate) fn fields(transaction: &Transaction) -> Vec<(&'static str, String)> {
    let ids = transaction.logged().take(MAX_IDS);
    let ids: Vec<String> = ids.map(|one| one.rule.metadata.id.to_string()).collect();
    let mut fields = vec![("rule_ids", ids.join(","))];
    for (name, score) in [("inbound_score", INBOUND), ("outbound_score", OUTBOUND)] {
        let score = transaction.score(score);
        if score != 0 {
            fields.push((name, score.to_string()));
        }
    }
    fields.push(("unique_id", String::from_utf8_lossy(transaction.unique_id()).into_owned()));
    fields
}

/// Why something was not judged.
pub(crate) fn error(
    error: &EngineError,
    unjudged: Refused,
) -> (Refused, Vec<(&'static str, String)>) {
    match error {
        EngineError::Body { text } => (Refused::BadBody, vec![("error", text.clone())]),
        EngineError::Operator { rule } => {
            (unjudged, vec![("error", "operator".to_owned()), ("rule", rule.to_string())])
        }
        EngineError::TxFull { rule } => {
            (unjudged, vec![("error", "tx_full".to_owned()), ("rule", rule.to_string())])
        }
    }
}

/// A line of Envoy's log, as ModSecurity writes it. The query is left out: it is where secrets are.
pub(crate) fn line(exchange: &Exchange, one: &Match, unique_id: &[u8]) -> String {
    let target = exchange.request_headers().first(":path").unwrap_or_default();
    let path = target.split(|byte| *byte == b'?').next().unwrap_or_default();
    let shown = path.get(..MAX_URI).unwrap_or(path);
    format!("portcullis: waf: {}", one.line(shown, unique_id))
}
