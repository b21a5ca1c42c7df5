//! Passing over a chain that has judged all values of its list before, and learning what it judged.

use std::borrow::Cow;

use portcullis_waf_seclang::syntax::Variable;

use super::Transaction;
use super::matched::Matched;
use crate::program::{Capture, LinkedRule, List, Op, Program, Secluded, Store};

impl Transaction {
    /// True if a rule is a chain that keeps to itself and does not match, as it has judged all of its values. What it would
    /// leave for other rules to see is there: its head's last match.
    pub(super) fn has_judged(
        &mut self,
        program: &Program,
        store: &Store,
        linked: &LinkedRule,
        index: usize,
    ) -> bool {
        let Some(secluded) = program.secluded.iter().find(|one| one.rule == index) else {
            return false;
        };
        let Some(with) = self.compared_with(store, linked, secluded) else { return false };
        let values = self.values.named(secluded.list).map(|(_, value)| value);
        let is_judged = secluded.has_judged(values, &with);
        if is_judged {
            self.leave_last_match(store, linked, secluded.list);
        }
        is_judged
    }

    /// Remembers that a chain that keeps to itself did not match with the values that it was just asked about.
    pub(super) fn judge_values(
        &self,
        program: &Program,
        store: &Store,
        linked: &LinkedRule,
        index: usize,
        errors: usize,
    ) {
        let is_it = |one: &&Secluded| one.rule == index;
        let Some(secluded) = program.secluded.iter().find(is_it).filter(|_| self.learns) else {
            return;
        };
        let Some(with) = self.compared_with(store, linked, secluded) else { return };
        // Of two values that become one variable the chain has seen one, and where TX was full none.
        let names = self.tx.others().map(|(name, _)| name);
        let made: Vec<_> = names.filter(|name| secluded.variables().means(name, false)).collect();
        let is_whole = !self.undecided
            && self.errors.len() == errors
            && made.len() == self.values.count(secluded.list)
            && !made.iter().any(|name| secluded.is_seen_by_others(name));
        if is_whole {
            let values = self.values.named(secluded.list);
            secluded.judge(values.map(|(_, value)| value), &with);
        }
    }

    /// What the chain compares its variables with, unless something is taken from it or there may be other variables of
    /// such names, or too many.
    fn compared_with(
        &self,
        store: &Store,
        linked: &LinkedRule,
        secluded: &Secluded,
    ) -> Option<Vec<u8>> {
        let is_free = self.excluded.of(secluded.rule, secluded.list).next().is_none()
            && !self.excluded.concern(List::of(Variable::Tx))
            && secluded.variables().matching(store).is_empty();
        let Op::Text(_, argument) = &linked.links.get(1).filter(|_| is_free)?.op else {
            return None;
        };
        if !self.tx.has_room(self.values.count(secluded.list)) {
            return None;
        }
        self.expand(store, &linked.rule, argument).map(Cow::into_owned)
    }

    fn leave_last_match(&mut self, store: &Store, linked: &LinkedRule, list: List) {
        let Some(head) = linked.links.first() else { return };
        let last = self.values.count(list).checked_sub(1);
        let item = last.and_then(|last| self.values.at(list, last));
        let (Some(item), Some(stage)) = (item, head.stages.first()) else { return };
        let Some(form) = self.values.transformed(item, *stage, &store.pipelines) else { return };
        if head.capture != Capture::Nothing {
            let text = self.values.text_of(form).into();
            self.capture(vec![text]);
        }
        self.matched = Matched::Item(list, item, form);
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use portcullis_waf_seclang::parse_variable;
    use portcullis_waf_seclang::syntax::{EngineMode, IdRange, Phase, Removal};

    use crate::transaction::Transaction;
    use crate::{Connection, Exclusion, LogData, Profile, Program};

    /// As CRS compares names of headers; what is compared with is the request's to choose here.
    const CHAIN: &str = r#"
SecAction "id:1,phase:1,pass,nolog,setvar:tx.bad=/forwarded/ /x-bad/"
SecRule ARGS:bad "@rx ." "id:2,phase:1,pass,nolog,setvar:tx.bad=/%{MATCHED_VAR}/"
SecRule ARGS:full "@rx ." "id:3,phase:1,pass,nolog,ctl:ruleRemoveTargetById=10;REQUEST_HEADERS_NAMES:x-bad"
SecRule REQUEST_HEADERS_NAMES "@rx ^.*$" "id:10,phase:1,deny,log,capture,t:none,t:lowercase,msg:'%{tx.0}',setvar:'tx.name_of_%{tx.0}=/%{tx.0}/',chain"
    SecRule TX:/^name_of_/ "@within %{tx.bad}" "t:none,setvar:tx.score=+1"
SecRule ARGS:see "@streq %{tx.0} %{MATCHED_VAR}" "id:11,phase:1,pass,log,msg:'seen'"
"#;

    /// What a request matches, and the last things that rules left.
    fn run(
        program: &Rc<Program>,
        target: &str,
        names: &[&str],
        exclusions: &[Exclusion],
    ) -> String {
        let profile = Profile::new(program, EngineMode::On, &[], exclusions, LogData::Full);
        let profile = Rc::new(profile.unwrap());
        let mut transaction = Transaction::new(program, &profile, &Connection::default());
        transaction.learn();
        transaction.request_line(b"GET", target.as_bytes(), b"HTTP/1.1");
        for name in names {
            transaction.request_header(name.as_bytes(), b"1");
        }
        transaction.run(Phase::RequestHeaders);
        let logged = transaction.matches().iter();
        let ids: Vec<_> = logged.map(|one| (one.rule.metadata.id, one.msg.clone())).collect();
        let last = transaction.matched.text(&transaction.values).into_owned();
        format!("{ids:?} {:?} {:?}", transaction.tx.get(0), String::from_utf8_lossy(&last))
    }

    const NAMES: [&[&str]; 10] = [
        &["host", "accept"],
        &["host", "accept", "x-other"],
        &["accept", "host"],
        &["host", "x-bad"],
        &["host", "X-Bad", "accept"],
        &["host", "Host"],
        &["x-a", "X-A", "forwarded"],
        &["host", "a-name-that-is-longer-than-what-is-remembered-of-the-names-of-headers"],
        &["x-\u{e9}"],
        &[],
    ];

    const TARGETS: [&str; 6] = [
        "/",
        "/?see=accept+accept",
        "/?see=host+host",
        "/?bad=accept",
        "/?bad=host&see=host+host",
        "/?full=1",
    ];

    /// Every request in turn, beside a program of its own that has judged nothing.
    fn compare(rules: &str, exclusions: &[Exclusion]) {
        let shared = Program::of_text(rules);
        for _ in 0..3 {
            for target in TARGETS {
                for names in NAMES.iter().chain(&NAMES) {
                    assert_eq!(
                        run(&shared, target, names, exclusions),
                        run(&Program::of_text(rules), target, names, exclusions),
                        "{target} {names:?} {rules}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_chain_that_judged_all_names_leaves_what_it_would_leave() {
        let program = Program::of_text(CHAIN);
        assert_eq!(program.secluded.len(), 1);
        run(&program, "/", &["host", "accept"], &[]);
        assert_eq!(program.secluded[0].count(), 2);
        compare(CHAIN, &[]);
    }

    #[test]
    fn names_that_become_one_variable_and_what_was_compared_with_something_else_are_not_judged() {
        let count = |target: &str, names: &[&str]| {
            let program = Program::of_text(CHAIN);
            run(&program, target, names, &[]);
            program.secluded[0].count()
        };
        assert_eq!(count("/", &["host", "accept"]), 2);
        assert_eq!(count("/", &["host", "Host"]), 0);
        assert_eq!(count("/", &["host", "host"]), 0);
        assert_eq!(count("/", &["host", "x-bad"]), 0);
        assert_eq!(count("/?full=1", &["host"]), 0);
        let program = Program::of_text(CHAIN);
        for (target, known) in [("/", 2), ("/?bad=x", 1), ("/?bad=x", 1)] {
            run(&program, target, if known == 2 { &["a", "b"] } else { &["c"] }, &[]);
            assert_eq!(program.secluded[0].count(), known);
        }
        let many: Vec<String> = (0..200).map(|number| format!("x-{number}")).collect();
        for name in &many {
            run(&program, "/", &[name], &[]);
            assert!(program.secluded[0].count() <= 64);
        }
    }

    #[test]
    fn what_is_taken_from_a_chain_is_taken() {
        let rule = |id| Removal::Ids(vec![IdRange { first: id, last: id }]);
        for (id, target) in [
            (10, None),
            (10, Some("REQUEST_HEADERS_NAMES:x-bad")),
            (10, Some("TX:name_of_x-bad")),
            (10, Some("TX")),
        ] {
            let target = target.map(|target| parse_variable(target).unwrap());
            compare(CHAIN, &[Exclusion { rules: rule(id), target }]);
        }
    }

    #[test]
    fn a_chain_whose_variables_others_may_see_or_make_is_always_asked() {
        for other in [
            r#"SecRule TX "@streq /accept/" "id:20,phase:1,pass,log,msg:'x'""#,
            r#"SecRule ARGS "@rx ." "id:20,phase:1,pass,nolog,setvar:tx.%{MATCHED_VAR}=1""#,
            r#"SecRule ARGS "@rx ." "id:20,phase:1,pass,nolog,setvar:tx.name_%{MATCHED_VAR}=1""#,
            r#"SecAction "id:20,phase:1,pass,log,msg:'%{TX}'""#,
        ] {
            let rules = format!("{CHAIN}{other}\n");
            assert_eq!(Program::of_text(&rules).secluded.len(), 0, "{other}");
            compare(&rules, &[]);
        }
        // Others see some of the names: CRS 921180 does.
        for (other, known) in [
            (r#"SecRule TX:/^name/ "@streq /accept/" "id:20,phase:1,pass,log,msg:'x'""#, 0),
            (r#"SecRule TX:/of_acc/ "@streq /accept/" "id:20,phase:1,pass,log,msg:'x'""#, 1),
            (r#"SecRule &TX:/^name_of_acc/ "@eq 1" "id:20,phase:1,pass,log,msg:'x'""#, 1),
        ] {
            let rules = format!("{CHAIN}{other}\n");
            let program = Program::of_text(&rules);
            run(&program, "/", &["accept"], &[]);
            assert_eq!(program.secluded[0].count(), 0, "{other}");
            run(&program, "/", &["host"], &[]);
            assert_eq!(program.secluded[0].count(), known, "{other}");
            compare(&rules, &[]);
        }
        // Names that are spelled out are seen where the chain is asked.
        for other in [
            r#"SecRule TX:name_of_accept "@streq /accept/" "id:20,phase:1,pass,log,msg:'x'""#,
            r#"SecAction "id:20,phase:1,pass,log,msg:'%{TX.name_of_accept}'""#,
            r#"SecAction "id:5,phase:1,pass,nolog,setvar:tx.name_of_z=/x-bad/""#,
            r#"SecRule TX:/^other_/ "@rx ." "id:20,phase:1,pass,log,msg:'x'""#,
        ] {
            let rules = format!("{other}\n{CHAIN}");
            assert_eq!(Program::of_text(&rules).secluded.len(), 1, "{other}");
            compare(&rules, &[]);
            compare(&format!("{CHAIN}{other}\n"), &[]);
        }
    }

    #[test]
    fn only_a_chain_that_is_told_by_single_values_is_one() {
        for (old, new) in [
            ("^.*$", "^.+$"),
            ("REQUEST_HEADERS_NAMES \"", "REQUEST_HEADERS_NAMES|ARGS_NAMES \""),
            ("%{tx.0}/'", "%{ARGS.bad}/'"),
            ("tx.name_of_%{tx.0}=", "tx.name_of_%{tx.1}="),
            ("@within %{tx.bad}", "@within %{ARGS.bad}"),
            ("@within %{tx.bad}", "@within %{MATCHED_VAR}"),
            ("TX:/^name_of_/", "TX:/^names/"),
            ("t:lowercase", "t:lowercase,multiMatch"),
            ("t:lowercase", "t:lowercase,ctl:ruleRemoveById=11"),
        ] {
            let rules = CHAIN.replace(old, new);
            assert_ne!(rules, CHAIN, "{old}");
            assert_eq!(Program::of_text(&rules).secluded.len(), 0, "{new}");
            compare(&rules, &[]);
        }
    }
}
