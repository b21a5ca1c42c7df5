//! What a refused request needs: rules that must not match, as few as bring its score below the threshold.

use crate::line::Line;
use crate::request::Request;

/// The highest paranoia level.
const MAX_LEVEL: u64 = 4;

/// From which score requests and responses are refused.
#[derive(Clone, Copy, Debug)]
pub struct Thresholds {
    /// `inbound_anomaly_threshold`
    pub inbound: u64,
    /// `outbound_anomaly_threshold`
    pub outbound: u64,
}

impl Default for Thresholds {
    /// Those of CRS.
    fn default() -> Self {
        Thresholds { inbound: 5, outbound: 4 }
    }
}

/// What one request needs to pass.
#[derive(Clone, Debug, Default)]
pub(crate) struct Need {
    /// Rules that must not match, with all that each matched.
    pub(crate) lines: Vec<Line>,
    /// Where it was sent.
    pub(crate) path: Option<String>,
    /// Some of its rules are not in the log: what is excluded may not be enough.
    pub(crate) incomplete: bool,
}

impl Line {
    /// True for a rule that adds up what others found.
    pub(crate) fn is_evaluation(&self) -> bool {
        self.has_tag("anomaly-evaluation")
    }

    fn has_tag(&self, tag: &str) -> bool {
        self.tags.iter().any(|own| own == tag)
    }

    fn is_of_response(&self) -> bool {
        self.targets.iter().flatten().any(|target| target.starts_with("RESPONSE_"))
    }

    /// The level of the rule; rules without one run always.
    fn level(&self) -> u64 {
        let mut levels = self.tags.iter().filter_map(|tag| tag.strip_prefix("paranoia-level/"));
        levels.find_map(|level| level.parse().ok()).unwrap_or(1)
    }

    /// What it adds to the score for a value, as CRS weighs severities.
    fn score(&self) -> u64 {
        match self.severity.as_str() {
            "CRITICAL" => 5,
            "ERROR" => 4,
            "WARNING" => 3,
            "NOTICE" => 2,
            _ => 0,
        }
    }

    /// What it adds at most: for each value that it matched.
    fn most(&self) -> u64 {
        self.score() * u64::try_from(self.targets.len().max(1)).unwrap_or(1)
    }

    /// The score that a rule which adds up names.
    fn total(&self) -> u64 {
        let lower = self.msg.to_ascii_lowercase();
        let rest = lower.split_once("score: ").map_or("", |(_, rest)| rest);
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap_or_default()
    }
}

/// What a request needs.
pub(crate) fn of(request: &Request, thresholds: Thresholds) -> Need {
    let mut need = Need { path: request.path(), ..Need::default() };
    let evaluations: Vec<usize> =
        (0..request.lines.len()).filter(|place| request.lines[*place].is_evaluation()).collect();
    for place in &evaluations {
        let evaluation = &request.lines[*place];
        let outbound = evaluation.msg.starts_with("Outbound");
        let threshold = if outbound { thresholds.outbound } else { thresholds.inbound };
        let before = request.lines[..*place].iter();
        let scored: Vec<&Line> = before
            .filter(|line| line.score() > 0 && !line.is_evaluation())
            .filter(|line| line.is_of_response() == outbound)
            .collect();
        need.incomplete |= !choose(&scored, evaluation.total(), threshold, &mut need.lines);
    }
    if evaluations.is_empty() {
        // What refused is the last that ran; behind it there are only reports.
        let last = request.lines.iter().rfind(|line| !line.has_tag("reporting"));
        need.lines.extend(last.cloned());
    }
    need
}

/// Adds as few rules as bring the score below the threshold, the weightiest first. False if the log lacks some.
fn choose(scored: &[&Line], total: u64, threshold: u64, chosen: &mut Vec<Line>) -> bool {
    let of = |level: u64| scored.iter().filter(move |line| line.level() <= level);
    // Rules above the level that blocks are logged, and add nothing. Which one that is, the total says: each rule added
    // its score once at least, and once for each value at most. Where it may be several, the highest is safe.
    let fits = |level: &u64| {
        let least: u64 = of(*level).map(|line| line.score()).sum();
        let most: u64 = of(*level).map(|line| line.most()).sum();
        (least..=most).contains(&total)
    };
    let level = (1..=MAX_LEVEL).rev().find(fits);
    let mut counted: Vec<&&Line> = of(level.unwrap_or(MAX_LEVEL)).collect();
    counted.sort_by_key(|line| std::cmp::Reverse(line.most()));
    let mut left: u64 = counted.iter().map(|line| line.most()).sum();
    for line in counted {
        // Where it is not known what was added, all of them go.
        if level.is_some() && left < threshold {
            break;
        }
        left -= line.most();
        chosen.push((*line).clone());
    }
    level.is_some()
}
