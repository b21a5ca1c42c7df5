//! `preview`: what stricter thresholds, or a higher paranoia level, would have refused. It decides nothing.

use portcullis_control::config::{Node, Section};
use portcullis_control::exchange::Exchange;
use portcullis_waf_engine::Transaction;

use crate::report;

/// Counted and noted: a request that passed, and would not under the preview.
pub(crate) const PREVIEW_REFUSED: &str = "preview_refused";
/// The same of a response.
pub(crate) const RESPONSE_PREVIEW_REFUSED: &str = "response_preview_refused";

/// Where scores stand in TX, as CRS names them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scores {
    blocking: &'static str,
    levels: [&'static str; 4],
    threshold: &'static str,
    previewed: fn(Preview) -> Option<u64>,
    counter: &'static str,
}

/// What requests are judged by.
pub(crate) const INBOUND: Scores = Scores {
    blocking: report::INBOUND,
    levels: [
        "inbound_anomaly_score_pl1",
        "inbound_anomaly_score_pl2",
        "inbound_anomaly_score_pl3",
        "inbound_anomaly_score_pl4",
    ],
    threshold: "inbound_anomaly_score_threshold",
    previewed: |preview| preview.inbound,
    counter: PREVIEW_REFUSED,
};

/// What responses are judged by.
pub(crate) const OUTBOUND: Scores = Scores {
    blocking: report::OUTBOUND,
    levels: [
        "outbound_anomaly_score_pl1",
        "outbound_anomaly_score_pl2",
        "outbound_anomaly_score_pl3",
        "outbound_anomaly_score_pl4",
    ],
    threshold: "outbound_anomaly_score_threshold",
    previewed: |preview| preview.outbound,
    counter: RESPONSE_PREVIEW_REFUSED,
};

/// Another threshold, another level, or both.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Preview {
    inbound: Option<u64>,
    outbound: Option<u64>,
    level: Option<usize>,
}

impl Preview {
    /// Reads it beside the level up to which rules run.
    pub(crate) fn read(node: &Node<'_>, detected: u64) -> Option<Self> {
        node.section(|section| {
            let mut number = |name, range| section.optional(name).map(|node| node.integer(range));
            let inbound = number("inbound_anomaly_threshold", 1..=100_000);
            let outbound = number("outbound_anomaly_threshold", 1..=100_000);
            let level = level(section, detected);
            if inbound.is_none() && outbound.is_none() && level.is_none() {
                section.node().fault(
                    "expected `inbound_anomaly_threshold`, `outbound_anomaly_threshold` or `paranoia_level`: what is \
                     other than today",
                );
            }
            Some(Preview { inbound: inbound.flatten(), outbound: outbound.flatten(), level: level.flatten() })
        })
    }

    /// True if it needs a rule set whose rules have levels.
    pub(crate) fn has_level(self) -> bool {
        self.level.is_some()
    }

    /// Notes and counts what passed and would not under the preview.
    pub(crate) fn look(self, exchange: &mut Exchange, transaction: &Transaction, scores: Scores) {
        let score = match self.level {
            None => transaction.score(scores.blocking),
            Some(level) => {
                scores.levels.iter().take(level).map(|name| transaction.score(name)).sum()
            }
        };
        let configured =
            (scores.previewed)(self).map(|threshold| i64::try_from(threshold).unwrap_or(i64::MAX));
        let threshold = configured.unwrap_or_else(|| transaction.score(scores.threshold));
        // A set without a threshold refuses nothing by scores.
        if threshold > 0 && score >= threshold {
            let mut fields = report::fields(transaction);
            fields.push(("preview_score", score.to_string()));
            fields.push(("preview_threshold", threshold.to_string()));
            exchange.note(scores.counter, fields);
        }
    }
}

fn level(section: &mut Section<'_>, detected: u64) -> Option<Option<usize>> {
    let node = section.optional("paranoia_level")?;
    let level = node.integer(1..=4);
    if level.is_some_and(|level| level > detected) {
        node.fault(format!(
            "expected at most {detected}, the level up to which rules run: raise `detection_paranoia_level` to it"
        ));
    }
    Some(level.and_then(|level| usize::try_from(level).ok()))
}
