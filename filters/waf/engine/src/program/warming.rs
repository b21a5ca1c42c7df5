//! Compiles patterns before a request needs them: a pattern costs milliseconds once, and nobody should wait for them all.

use std::cell::Cell;
use std::rc::Rc;

use portcullis_waf_operators::pattern::Pattern;

use super::{LinkedRule, Op};
use crate::bits::Bits;

/// Transactions of a program that are watched. Which rules are passed at a paranoia level shows in a few of them.
const WATCHED: u8 = 16;

/// Bytes of patterns that are compiled in advance, at most: those of the first paranoia level fit, and a worker's memory
/// does not grow by what hardly any request needs.
const MAX_BYTES: usize = 4 << 20;

/// How many of a program's transactions are still to be watched.
#[derive(Debug)]
pub(crate) struct Watch(Cell<u8>);

impl Default for Watch {
    fn default() -> Self {
        Watch(Cell::new(WATCHED))
    }
}

impl Watch {
    /// Where a transaction notes which rules it comes past, if it is watched.
    pub(crate) fn begin(&self) -> Option<Bits> {
        let left = self.0.get().checked_sub(1)?;
        self.0.set(left);
        Some(Bits::default())
    }
}

/// The patterns of a VM that are to be compiled.
#[derive(Debug, Default)]
pub(crate) struct Warming {
    /// The costliest last.
    queue: Vec<Rc<Pattern>>,
    /// Of what was compiled.
    bytes: usize,
}

impl Warming {
    /// Adds the patterns of rules that a transaction came past.
    pub(crate) fn add(&mut self, rules: &[Rc<LinkedRule>], passed: &Bits) {
        let passed = rules.iter().enumerate().filter(|(place, _)| passed.has(*place));
        let patterns = passed.flat_map(|(_, rule)| &rule.links).filter_map(|link| match &link.op {
            Op::Rx(pattern) if !pattern.is_compiled() => Some(Rc::clone(pattern)),
            _ => None,
        });
        self.queue.extend(patterns);
        self.queue.sort_by_key(|pattern| (pattern.as_translated().len(), Rc::as_ptr(pattern)));
        self.queue.dedup_by(|one, other| Rc::ptr_eq(one, other));
    }

    /// Forgets what was to be compiled; `bytes` are those of the compiled patterns that are left.
    pub(crate) fn start_again(&mut self, bytes: usize) {
        *self = Warming { queue: Vec::new(), bytes };
    }

    /// Compiles the costliest pattern that is left. True if there are more.
    pub(crate) fn step(&mut self) -> bool {
        while let Some(pattern) = self.queue.pop() {
            if self.bytes >= MAX_BYTES {
                self.queue.clear();
            } else if !pattern.is_compiled() {
                // One that can't be compiled is told when a request asks it.
                let _ = pattern.compile();
                self.bytes = self.bytes.saturating_add(pattern.memory_usage());
                break;
            }
        }
        !self.queue.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use portcullis_waf_seclang::syntax::{EngineMode, Phase};

    use super::*;
    use crate::{Connection, LogData, Profile, Program, Transaction};

    const RULES: &str = r#"
SecRule ARGS "@rx short" "id:1,phase:1,pass"
SecRule ARGS "@rx muchlongerthantheother" "id:2,phase:1,pass,chain"
    SecRule ARGS "@rx inthechain" ""
SecAction "id:3,phase:1,pass,skipAfter:END"
SecRule ARGS "@rx of a level that nobody asked for" "id:4,phase:1,pass"
SecMarker END
SecRule ARGS "@rx of a phase that has not come" "id:5,phase:4,pass"
"#;

    fn pass(program: &Rc<Program>) {
        let profile = Profile::new(program, EngineMode::On, &[], &[], LogData::None).unwrap();
        let mut transaction = Transaction::new(program, &Rc::new(profile), &Connection::default());
        transaction.request_line(b"GET", b"/", b"HTTP/1.1");
        transaction.run(Phase::RequestHeaders);
    }

    fn compiled(program: &Program) -> Vec<&str> {
        let links = program.rules.iter().flat_map(|rule| &rule.links);
        let patterns = links.filter_map(|link| match &link.op {
            Op::Rx(pattern) if pattern.is_compiled() => Some(pattern.as_translated()),
            _ => None,
        });
        patterns.collect()
    }

    #[test]
    fn nothing_is_compiled_before_a_request_came() {
        let program = Program::of_text(RULES);
        assert!(!program.warm());
        assert!(compiled(&program).is_empty());
    }

    #[test]
    fn what_a_request_came_past_is_compiled_one_at_a_time_and_the_costliest_first() {
        let program = Program::of_text(RULES);
        pass(&program);
        assert!(compiled(&program).is_empty(), "the request itself needed none");
        assert!(program.warm());
        assert_eq!(compiled(&program), ["muchlongerthantheother"]);
        assert!(program.warm());
        assert_eq!(compiled(&program), ["muchlongerthantheother", "inthechain"]);
        assert!(!program.warm());
        assert_eq!(compiled(&program), ["short", "muchlongerthantheother", "inthechain"]);
        assert!(!program.warm(), "and what nobody comes past never is");
    }

    #[test]
    fn a_few_transactions_are_watched_and_no_more() {
        let watch = Watch::default();
        assert_eq!((0..WATCHED).filter(|_| watch.begin().is_some()).count(), usize::from(WATCHED));
        assert!(watch.begin().is_none());
    }

    #[test]
    fn it_ends_where_enough_memory_is_taken() {
        let pattern = |text: &str| Rc::new(Pattern::translated(text));
        let queue = vec![pattern("a"), pattern("b")];
        let mut full = Warming { queue: queue.clone(), bytes: MAX_BYTES };
        assert!(!full.step());
        assert!(queue.iter().all(|pattern| !pattern.is_compiled()));
        let mut nearly = Warming { queue: queue.clone(), bytes: MAX_BYTES - 1 };
        assert!(nearly.step() && !nearly.step());
        assert_eq!(queue.iter().filter(|pattern| pattern.is_compiled()).count(), 1);
    }
}
