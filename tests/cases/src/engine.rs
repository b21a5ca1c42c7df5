//! What an engine is: it carries a case out and tells what happened; judging is common code.

use std::collections::BTreeMap;

use crate::case::Case;
use crate::prepared::Prepared;
use crate::words::Field;

/// The decision record's full key in filter state.
pub const DECISION_STATE: &str = "wasm.portcullis.decision";

/// How long an engine without a clock of its own lets a request wait, nanoseconds: longer than any control does.
pub const LONGEST_WAIT: u64 = 10_000_000_000;
/// Time that passes at once while one waits, nanoseconds: the time between ticks.
pub const WAIT_STEP: u64 = 50_000_000;

/// Runs cases.
pub trait Engine: Send + Sync + 'static {
    /// `native`, `module` or `envoy`.
    fn name(&self) -> &'static str;

    /// Carries a case out.
    ///
    /// # Errors
    /// Where it cannot express the case, or something broke that no case asks for.
    fn run(&self, case: &Case) -> Result<Run, Unable>;
}

/// Why there is nothing to judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unable {
    /// This engine cannot express the case; the reason is the same text for all cases of its sort.
    Skip(String),
    /// Something broke, such as a module that trapped.
    Failure(String),
}

/// What happened.
#[derive(Clone, Debug)]
pub struct Run {
    /// The case as it was carried out.
    pub prepared: Prepared,
    /// The fault lines, where the configuration was refused.
    pub refused: Option<Vec<String>>,
    /// The warnings at load.
    pub warned: Vec<String>,
    /// What came of the requests, one for each.
    pub exchanges: Vec<Observed>,
    /// The values of the metrics that the case names, after all exchanges.
    pub metrics: BTreeMap<String, u64>,
    /// What the module wrote.
    pub log: Vec<String>,
}

/// What came of one request.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// The status; `None` where the client got no answer.
    pub status: Option<u16>,
    /// The answer's header fields, names in lower case.
    pub headers: Vec<Field>,
    /// The answer's body.
    pub body: Vec<u8>,
    /// What the upstream got, if a whole request.
    pub upstream: Option<Message>,
    /// The upstream got the beginning of a request, and never its end.
    pub cut: bool,
    /// The decision record: `wasm.portcullis.decision` at the end of the stream.
    pub decision: Option<Vec<u8>>,
    /// Why this engine did not send the request, where it could not; then there is nothing else.
    pub left_out: Option<String>,
}

/// A request as the upstream got it.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// The request target.
    pub path: String,
    /// Header fields, names in lower case, `host` for the authority.
    pub headers: Vec<Field>,
    /// The body.
    pub body: Vec<u8>,
    /// Trailer fields.
    pub trailers: Vec<Field>,
}

/// Fault lines and warnings of a configuration, as the runtime writes them into a log. Each once: every worker writes
/// them again.
#[must_use]
pub fn load_lines<'l>(
    module: &str,
    log: impl IntoIterator<Item = &'l str>,
) -> (Vec<String>, Vec<String>) {
    let (mut refused, mut warned) = (Vec::new(), Vec::new());
    let prefix = format!("portcullis {module}: ");
    for line in log {
        let Some(line) = line.strip_prefix(&prefix) else { continue };
        let (list, text) = match line.strip_prefix("configuration refused: ") {
            Some(fault) => (&mut refused, fault),
            None => (&mut warned, line),
        };
        if !list.iter().any(|known| known == text) {
            list.push(text.to_owned());
        }
    }
    (refused, warned)
}
