//! Faults a test injects: any host call can be made to answer any number, known to the ABI or not.

use crate::abi::Status;

/// One rule: which call answers what, when.
///
/// ```
/// use portcullis_host::{Fault, Process, Status};
/// let process = Process::new();
/// process.inject(Fault::new("proxy_get_property", Status(99)).matching("xds\0route_name").times(2));
/// ```
#[derive(Clone, Debug)]
pub struct Fault {
    call: String,
    answer: i32,
    matching: Option<Vec<u8>>,
    skip: u64,
    times: u64,
}

impl Fault {
    /// Every call of this import answers `status`. WASI imports work too: there it is an errno.
    pub fn new(call: &str, status: Status) -> Self {
        Self { call: call.to_owned(), answer: status.0, matching: None, skip: 0, times: u64::MAX }
    }

    /// Only calls whose main argument (header name, property path with NULs, shared-data key, metric,
    /// cluster, foreign function, log text; a number as decimal digits) contains these bytes.
    #[must_use]
    pub fn matching(mut self, argument: impl AsRef<[u8]>) -> Self {
        self.matching = Some(argument.as_ref().to_vec());
        self
    }

    /// Lets the first `calls` of those through.
    #[must_use]
    pub fn after(mut self, calls: u64) -> Self {
        self.skip = calls;
        self
    }

    /// Strikes that often and no more.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = times;
        self
    }
}

/// The rules in force; the first that fits decides.
#[derive(Default)]
pub(crate) struct Faults {
    rules: Vec<Fault>,
    hits: u64,
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.rules.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    pub(crate) fn hits(&self) -> u64 {
        self.hits
    }

    pub(crate) fn strike(&mut self, call: &str, argument: &[u8]) -> Option<i32> {
        for rule in &mut self.rules {
            let fits = rule.call == call
                && rule.times > 0
                && rule.matching.as_ref().is_none_or(|wanted| contains(argument, wanted));
            if !fits {
                continue;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
                continue;
            }
            rule.times -= 1;
            self.hits += 1;
            return Some(rule.answer);
        }
        None
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    needle.is_empty() || haystack.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_strikes_its_call_its_argument_and_its_number_of_times() {
        let mut faults = Faults::default();
        faults.add(Fault::new("proxy_log", Status(11)).matching("no").after(1).times(2));
        assert_eq!(faults.strike("proxy_done", b"no"), None);
        assert_eq!(faults.strike("proxy_log", b"yes"), None);
        let answers: Vec<_> = (0..4).map(|_| faults.strike("proxy_log", b"a no b")).collect();
        assert_eq!(answers, [None, Some(11), Some(11), None]);
        assert_eq!(faults.hits(), 2);
    }
}
