//! `audit`: which requests leave a whole transaction in the log, and what of it.

mod document;
mod parts;
mod shown;
mod timestamp;
mod writer;

use portcullis_control::config::{Node, Section};
use portcullis_control::exchange::Exchange;
use portcullis_waf_engine::{LogData, Transaction};
use portcullis_waf_operators::pattern::{Case, Pattern};

use parts::Parts;

/// Transactions a second and worker, at most: a flood of attacks must not fill a disk.
pub(crate) const MAX_LINES: u32 = 1_000;

/// What ModSecurity's recommended configuration says, without looking ahead: errors, and not those of wrong links.
const RELEVANT: &str = "^(?:5|4(?:0[0-35-9]|[1-9]))";

/// Bytes of the pattern, at most: a status has three.
const MAX_PATTERN: usize = 256;

/// Which transactions are written, and how.
pub(crate) struct Audit {
    relevant: Pattern,
    parts: Parts,
    /// The largest of 64 random bits with which one that is not relevant is written too.
    sample: Option<u64>,
    log_data: LogData,
}

impl Audit {
    pub(crate) fn read(node: &Node<'_>, log_data: &LogData) -> Option<Self> {
        node.section(|section| {
            let relevant = relevant(section);
            let parts = section.or("parts", Parts::default(), |node| Parts::read(&node));
            let sample = section.or("sample", None, |node| sample(&node));
            Some(Audit { relevant: relevant?, parts, sample, log_data: log_data.clone() })
        })
    }

    /// The transaction as a line of JSON, if this one is to be written: its status is relevant, a rule matched that does
    /// not say `noauditlog`, or chance took it.
    pub(crate) fn transaction(
        &self,
        exchange: &Exchange,
        transaction: &Transaction,
    ) -> Option<String> {
        let status = exchange.response_headers().first(":status").unwrap_or_default();
        // What can't be judged is relevant.
        let relevant = self.relevant.is_match(status).unwrap_or(true)
            || transaction.matches().iter().any(|one| one.rule.audit_log);
        let taken = || self.sample.is_some_and(|most| exchange.random() <= most);
        (relevant || taken())
            .then(|| document::of(exchange, transaction, self.parts, &self.log_data))
    }
}

fn relevant(section: &mut Section<'_>) -> Option<Pattern> {
    let node = section.optional("relevant_status");
    let text = match &node {
        Some(node) => node.text()?,
        None => RELEVANT,
    };
    let fault = |why: &str| {
        if let Some(node) = &node {
            node.fault(format!(
                "expected a pattern of statuses such as `{RELEVANT}`, which is all errors but 404: {why}"
            ));
        }
        None
    };
    if text.len() > MAX_PATTERN {
        return fault(&format!("it has more than {MAX_PATTERN} bytes"));
    }
    let pattern = Pattern::new(text.as_bytes(), Case::Sensitive);
    match pattern.and_then(|pattern| pattern.compile().map(|()| pattern)) {
        Ok(pattern) => Some(pattern),
        Err(why) => fault(&why.to_string()),
    }
}

/// A fraction, as the largest of 64 random bits that it takes.
fn sample(node: &Node<'_>) -> Option<Option<u64>> {
    let fraction = node.fraction()?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a float becomes the nearest bound within the type"
    )]
    let most = (fraction * u64::MAX as f64) as u64;
    Some((fraction > 0.0).then_some(most))
}

#[cfg(test)]
mod tests {
    use portcullis_control::config::Reader;
    use portcullis_control::json::parse;

    use super::*;

    fn read(json: &str) -> Result<Audit, String> {
        let value = parse(json.as_bytes()).unwrap();
        let reader = Reader::new(&|_: &str| None);
        let read = Audit::read(&reader.root(&value), &LogData::None);
        let (audit, _) = reader.finish(read).map_err(|faults| faults.to_string())?;
        Ok(audit)
    }

    #[test]
    fn a_pattern_at_its_bound_is_taken_and_one_past_it_is_not() {
        let pattern = |length: usize| format!(r#"{{"relevant_status":"{}"}}"#, "5".repeat(length));
        assert!(read(&pattern(MAX_PATTERN)).is_ok());
        assert!(read(&pattern(MAX_PATTERN + 1)).is_err_and(|why| why.contains("256 bytes")));
    }

    #[test]
    fn a_fraction_is_so_many_of_all_random_numbers() {
        let most = |json: &str| read(json).map(|audit| audit.sample);
        assert_eq!(most("{}"), Ok(None));
        assert_eq!(most(r#"{"sample":0}"#), Ok(None));
        assert_eq!(most(r#"{"sample":0.5}"#), Ok(Some(1 << 63)));
        assert_eq!(most(r#"{"sample":1}"#), Ok(Some(u64::MAX)));
        assert_eq!(most(r#"{"sample":"0.5"}"#), Ok(Some(1 << 63)), "as Envoy reads YAML");
        for wrong in ["-0.1", "1.01", "\"1.01\"", "\"NaN\"", "true"] {
            assert!(most(&format!(r#"{{"sample":{wrong}}}"#)).is_err(), "{wrong}");
        }
    }
}
