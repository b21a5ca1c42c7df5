//! The requests, and responses, that a log says were refused, each with the lines of its rules.

use std::collections::BTreeMap;

use portcullis_control::path::Path;
use serde_json::Value;

use crate::line::{self, Line};

/// What a decision of the WAF begins with in the log.
const RECORD: &str = "{\"portcullis\":{\"control\":\"waf\",";

/// Bytes of a path that a line shows: one as long as this may have been longer.
const SHOWN: usize = 256;

/// A request that was refused, or would have been.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    /// Its rules, in the order in which they matched.
    pub(crate) lines: Vec<Line>,
    /// A decision said so, whatever its rules say.
    pub(crate) decided: bool,
}

impl Request {
    /// The path as configurations match it; `None` where it was cut, or is one that servers disagree on.
    pub(crate) fn path(&self) -> Option<String> {
        let uri = &self.lines.first()?.uri;
        let path = Path::parse(uri);
        let whole = uri.len() < SHOWN && uri.starts_with(b"/") && !path.is_ambiguous();
        whole.then(|| String::from_utf8(path.normalised().to_vec()).ok()).flatten()
    }
}

/// Reads a log. A request is refused if a rule that adds up scores matched, or a decision names it.
pub(crate) fn refused(log: &str) -> Vec<Request> {
    let mut order: Vec<String> = Vec::new();
    let mut all: BTreeMap<String, Request> = BTreeMap::new();
    let mut of = |id: &str, add: &dyn Fn(&mut Request)| {
        if !all.contains_key(id) {
            order.push(id.to_owned());
        }
        add(all.entry(id.to_owned()).or_default());
    };
    for text in log.lines() {
        if let Some(line) = line::read(text) {
            of(&line.unique_id, &|request| request.lines.push(line.clone()));
        } else if let Some(id) = decided(text) {
            of(&id, &|request| request.decided = true);
        }
    }
    let mut requests: Vec<Request> = order.iter().filter_map(|id| all.remove(id)).collect();
    requests.retain(|one| {
        !one.lines.is_empty() && (one.decided || one.lines.iter().any(Line::is_evaluation))
    });
    requests
}

/// The unique id of what a rule refused, by the WAF's decision.
fn decided(text: &str) -> Option<String> {
    let start = text.find(RECORD)?;
    let mut values = serde_json::Deserializer::from_str(&text[start..]).into_iter::<Value>();
    let record = values.next()?.ok()?;
    let member = |name: &str| record["portcullis"][name].as_str();
    let refused = matches!(member("outcome"), Some("refused" | "would_refuse"));
    let by_rule = matches!(member("reason"), Some("rule" | "response_rule"));
    (refused && by_rule).then(|| member("unique_id").map(str::to_owned)).flatten()
}
