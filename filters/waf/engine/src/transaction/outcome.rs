//! What a stretch of rules makes of TX: looked up where it is known, noted where the rules had to be run.

use portcullis_waf_seclang::syntax::Variable;

use super::Transaction;
use super::matched::Matched;
use super::tx::TxValue;
use crate::program::{LinkedRule, List, Program, Scheduled, Stretch, is_plain};

/// What becomes of a request that comes to a stretch with these values.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// What the stretch's slots held.
    before: Vec<Option<TxValue>>,
    /// The slots that hold something else behind it.
    after: Vec<(usize, Option<TxValue>)>,
    /// What matched last, if anything did.
    matched: Option<Matched>,
    /// Where the phase goes on.
    next: usize,
}

/// A stretch whose rules run.
struct Noting<'p> {
    stretch: &'p Stretch,
    before: Vec<Option<TxValue>>,
    matched: bool,
    /// Errors of the request before it: what could not be done is tried again the next time.
    errors: usize,
}

/// The way through a phase, from stretch to stretch.
pub(super) struct Walk<'p> {
    phase: &'p [Scheduled],
    /// Those that lie ahead.
    stretches: &'p [Stretch],
    noting: Option<Noting<'p>>,
    /// Where the next stretch begins, or the one that is noted ends.
    due: usize,
}

impl<'p> Walk<'p> {
    /// At the beginning of a phase.
    pub(super) fn new(program: &'p Program, index: usize) -> Self {
        let phase = program.phases.get(index).map_or(&[][..], AsRef::as_ref);
        let stretches = program.stretches.get(index).map_or(&[][..], Vec::as_slice);
        Walk { phase, stretches, noting: None, due: 0 }
    }

    /// The rule at a position.
    pub(super) fn rule(&self, position: usize) -> Option<&'p Scheduled> {
        self.phase.get(position)
    }

    /// True if more than a rule is at a position.
    pub(super) fn is_due(&self, position: usize) -> bool {
        position >= self.due
    }

    /// Does what the rules of stretches that begin here would do, where that is known, and notes what is not. Where the
    /// phase goes on.
    pub(super) fn come_to(&mut self, mut position: usize, transaction: &mut Transaction) -> usize {
        loop {
            if let Some(noting) = self.noting.take_if(|noting| position >= noting.stretch.end) {
                noting.keep(position, transaction);
            }
            while let Some((stretch, rest)) = self.stretches.split_first()
                && stretch.start < position
            {
                self.stretches = rest;
            }
            let Some((stretch, rest)) = self.stretches.split_first() else { break };
            if stretch.start != position {
                break;
            }
            self.stretches = rest;
            match transaction.arrive(self.phase, stretch) {
                Arrival::Known(next) => position = next,
                Arrival::New(noting) => {
                    self.noting = Some(noting);
                    break;
                }
                Arrival::Other => {}
            }
        }
        let noted = self.noting.as_ref().map(|noting| noting.stretch.end);
        let next = self.stretches.first().map(|stretch| stretch.start);
        self.due = noted.or(next).unwrap_or(usize::MAX);
        position
    }

    /// A gate matched.
    pub(super) fn came_through(&mut self) {
        if let Some(noting) = &mut self.noting {
            noting.matched = true;
        }
    }

    /// A rule was asked. Where it did more than another request would do that has the same in TX, what comes of its stretch
    /// is told by more than that.
    pub(super) fn asked(&mut self, linked: &LinkedRule, matched: bool, chain: &[Matched]) {
        if let Some(noting) = &mut self.noting {
            noting.matched |= matched;
            // What a part of a chain does is done, whether the others match or not.
            if !chain.is_empty() && !is_plain(linked) {
                self.noting = None;
            }
        }
    }
}

/// What comes of coming to a stretch.
enum Arrival<'p> {
    /// What its rules would do is done, and the phase goes on here.
    Known(usize),
    /// Its rules are to be run, and what comes of them is to be noted.
    New(Noting<'p>),
    /// Its rules are to be run.
    Other,
}

impl Transaction {
    /// Does what the rules of a stretch of this phase would do, if that is known.
    fn arrive<'p>(&mut self, phase: &[Scheduled], stretch: &'p Stretch) -> Arrival<'p> {
        if self.passed.is_some() || !self.runs_whole(phase, stretch) {
            return Arrival::Other;
        }
        let tx = &self.tx;
        let is_it = |outcome: &Outcome| {
            let mut slots = stretch.slots.iter().zip(&outcome.before);
            slots.all(|(slot, value)| tx.get(*slot) == value.as_ref())
        };
        let Some(outcome) = stretch.find(is_it) else {
            if !stretch.has_room() {
                return Arrival::Other;
            }
            let before = stretch.slots.iter().map(|slot| tx.get(*slot).cloned()).collect();
            return Arrival::New(Noting {
                stretch,
                before,
                matched: false,
                errors: self.errors.len(),
            });
        };
        for (slot, value) in &outcome.after {
            // There is room.
            let _ = self.tx.set(*slot, value.clone());
        }
        if let Some(matched) = &outcome.matched {
            self.matched = matched.clone();
        }
        Arrival::Known(outcome.next)
    }

    /// True if nobody took a rule or a value from a stretch, and there is room for all that it may write.
    fn runs_whole(&self, phase: &[Scheduled], stretch: &Stretch) -> bool {
        let rules = phase.get(stretch.start..stretch.end).unwrap_or_default();
        self.tx.has_room(stretch.slots.len())
            && !self.excluded.concern(List::of(Variable::Tx))
            && (self.removed.is_empty()
                || !rules.iter().any(|one| self.removed.has(one.rule as usize)))
    }
}

impl Noting<'_> {
    /// Keeps what came of it; the phase goes on at this position.
    fn keep(self, position: usize, transaction: &Transaction) {
        let Noting { stretch, before, matched, errors } = self;
        if transaction.errors.len() != errors {
            return;
        }
        let held = |slot: usize| transaction.tx.get(slot);
        let slots = stretch.slots.iter().copied().zip(&before);
        let changed = slots.filter(|(slot, value)| held(*slot) != value.as_ref());
        let after = changed.map(|(slot, _)| (slot, held(slot).cloned())).collect();
        let matched = matched.then(|| transaction.matched.clone());
        stretch.keep(Outcome { before, after, matched, next: position });
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use portcullis_waf_seclang::parse_variable;
    use portcullis_waf_seclang::syntax::{EngineMode, IdRange, Phase, Removal};

    use super::*;
    use crate::{Connection, Exclusion, LogData, Profile};

    /// A stretch of everything that one may hold, between rules that ask the request.
    const RULES: &str = r#"
SecRule ARGS:level "@rx ^\d+$" "id:1,phase:1,pass,nolog,setvar:tx.level=%{MATCHED_VAR}"
SecRule ARGS:strict "@streq yes" "id:2,phase:1,pass,nolog,ctl:ruleRemoveById=11"
SecRule ARGS:blind "@streq yes" "id:3,phase:1,pass,nolog,ctl:ruleRemoveTargetById=11;TX:level"
SecRule &TX:level "@eq 0" "id:10,phase:1,pass,nolog,setvar:tx.level=1"
SecRule TX:level "@ge 2" "id:11,phase:1,pass,nolog,setvar:tx.score=+%{tx.level},setvar:tx.name=level %{tx.level}"
SecRule TX:level "@ge 3" "id:12,phase:1,pass,nolog,setvar:tx.seen=%{ARGS.q}"
SecRule TX:level "@eq 1" "id:13,phase:1,pass,nolog,setvar:tx.begun=%{ARGS.q},chain"
    SecRule ARGS:q "@streq never" "t:none"
SecRule TX:level "@ge 5" "id:14,phase:1,pass,log,msg:'level %{tx.level}'"
SecRule TX:level "@ge 6" "id:15,phase:1,pass,nolog,skipAfter:END"
SecAction "id:16,phase:1,pass,nolog,setvar:tx.score=+1,setvar:!tx.level"
SecRule TX:score "@gt %{tx.level}" "id:17,phase:1,pass,nolog,setvar:tx.more=1"
SecMarker END
SecRule ARGS:w "@streq %{MATCHED_VAR}" "id:18,phase:1,pass,nolog,setvar:tx.last=score"
SecRule ARGS:q "@rx ." "id:19,phase:1,pass,nolog,setvar:tx.score=+1"
"#;

    /// All that a request leaves in TX, and what it logs.
    fn run(program: &Rc<Program>, target: &str, exclusions: &[Exclusion]) -> Vec<String> {
        let log_data = LogData::Full;
        let profile = Profile::new(program, EngineMode::On, &[], exclusions, log_data).unwrap();
        let mut transaction = Transaction::new(program, &Rc::new(profile), &Connection::default());
        transaction.request_line(b"GET", target.as_bytes(), b"HTTP/1.1");
        transaction.run(Phase::RequestHeaders);
        let store = program.store.borrow();
        let text = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
        let all = transaction.tx.all(&store);
        let held = all.map(|(name, value)| format!("{}={}", text(&name), text(&value.as_text())));
        let logged = transaction.matches().iter().map(|one| format!("{one:?}"));
        held.chain(logged).collect()
    }

    /// Every request in turn, again and again, beside a program of its own, whose rules run as they are watched.
    fn differences(exclusions: &[Exclusion]) -> Vec<String> {
        let requests: Vec<String> = ["", "&strict=yes", "&blind=yes"]
            .iter()
            .flat_map(|more| {
                (0..8).map(move |level| format!("/?level={level}&q=a{level}&w=1{more}"))
            })
            .chain(["/".to_owned(), "/?q=b".to_owned(), "/?q=never&level=1".to_owned()])
            .collect();
        let shared = Program::of_text(RULES);
        let rounds = requests.iter().cycle().take(requests.len() * 3);
        let other = rounds.filter(|target| {
            run(&shared, target, exclusions) != run(&Program::of_text(RULES), target, exclusions)
        });
        other.cloned().collect()
    }

    fn rule(id: u32) -> Removal {
        Removal::Ids(vec![IdRange { first: id, last: id }])
    }

    #[test]
    fn what_is_looked_up_is_what_the_rules_would_do() {
        let stretches = &Program::of_text(RULES).stretches[0];
        assert!(stretches.iter().any(|stretch| stretch.end - stretch.start >= 7), "{stretches:?}");
        assert_eq!(differences(&[]), [""; 0]);
    }

    #[test]
    fn rules_and_values_that_are_left_out_are_left_out() {
        let target = |name| Some(parse_variable(name).unwrap());
        for exclusion in [
            Exclusion { rules: rule(16), target: None },
            Exclusion { rules: rule(11), target: target("TX:level") },
            Exclusion { rules: rule(10), target: target("TX") },
        ] {
            assert_eq!(differences(std::slice::from_ref(&exclusion)), [""; 0], "{exclusion:?}");
        }
    }

    #[test]
    fn as_many_outcomes_are_kept_as_there_is_room_for() {
        let program = Program::of_text(RULES);
        let kept = |program: &Program| {
            let outcomes = program.stretches[0].iter().map(Stretch::outcomes);
            outcomes.max().unwrap_or_default()
        };
        // Level 1, and 3 and above, write what only the request tells.
        for level in [0, 0, 1, 2].iter().cycle().take(40) {
            run(&program, &format!("/?level={level}"), &[]);
        }
        assert_eq!(kept(&program), 2);
        for level in 0..100 {
            run(&program, &format!("/?level=-{level}"), &[]);
            run(&program, &format!("/?level=0{level}"), &[]);
        }
        assert!(!program.stretches[0].iter().any(|stretch| stretch.outcomes() > 4));
    }

    #[test]
    fn nothing_is_looked_up_where_tx_has_no_room_for_what_is_written() {
        let many = |count: usize| {
            let arguments = (0..count).map(|n| format!("&a{n}=1"));
            format!("/?level=2{}", arguments.collect::<String>())
        };
        let rules = format!(
            "SecArgumentsLimit 5000\nSecRule ARGS_NAMES \"@rx ^a\" \"id:5,phase:1,pass,nolog,setvar:tx.of_%{{MATCHED_VAR}}=1\"\n{RULES}"
        );
        let shared = Program::of_text(&rules);
        for target in [many(0), many(0), many(1990), many(1999), many(2500)].iter().cycle().take(30)
        {
            assert_eq!(
                run(&shared, target, &[]),
                run(&Program::of_text(&rules), target, &[]),
                "{}",
                target.len()
            );
        }
    }
}
