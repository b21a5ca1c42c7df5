//! Which matches of a rule leave what they captured in TX.0 to TX.9, and how exactly that is found out.

use portcullis_waf_seclang::syntax::{Disruption, Piece, Variable};

use super::link::{LinkedAssignment, LinkedLink};
use super::{CAPTURES, Expr, LinkedRule, Op, Point, PointSelector};

/// Whose captures are found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Capture {
    /// Nobody's.
    Nothing,
    /// Each match's, at once.
    Each,
    /// Those of the last match, once all values were asked: nothing reads what earlier ones left, and of a request with
    /// very many values that match, groups would be found for each.
    Last,
    /// The same where nothing else of the chain reads them: unless a rule reads what others captured, only messages do,
    /// and what they show is found around a place where a match ends.
    Shown,
}

impl Capture {
    /// What a link with `capture` asks for.
    fn of(link: &LinkedLink) -> Self {
        // Others than patterns have found what they capture when they match.
        let is_pattern = matches!(link.op, Op::Rx(_));
        if is_pattern && !asks(link) && !writes(link) { Capture::Last } else { Capture::Each }
    }

    /// What each link of a chain asks for; `wanted` are those with `capture`.
    pub(super) fn settle(links: &mut [LinkedLink], wanted: impl Iterator<Item = bool>) {
        for (link, wanted) in links.iter_mut().zip(wanted) {
            link.capture =
                if wanted && !link.negated { Capture::of(link) } else { Capture::Nothing };
        }
        let mut is_read_behind = false;
        for link in links.iter_mut().rev() {
            if link.capture == Capture::Last && !is_read_behind {
                link.capture = Capture::Shown;
            }
            is_read_behind |= asks(link) || writes(link);
        }
    }
}

/// True if something of a rule but its messages may read what another rule captured.
pub(super) fn reads_of_others(rule: &LinkedRule) -> bool {
    let mut has_own = false;
    for link in &rule.links {
        // What it compares with is read before it captures anything.
        if !has_own && asks(link) {
            return true;
        }
        has_own |= leaves(link);
        if !has_own && writes(link) {
            return true;
        }
    }
    let location = match &rule.rule.disruption {
        Disruption::Redirect(location) => location.0.as_slice(),
        _ => &[],
    };
    let may_show = |variable| matches!(variable, Variable::Tx | Variable::Rule);
    location.iter().any(|piece| matches!(piece, Piece::Macro(at) if may_show(at.variable)))
}

/// True if its match leaves something, whatever was there before.
fn leaves(link: &LinkedLink) -> bool {
    let finds = matches!(link.op, Op::Rx(_) | Op::Phrases(_) | Op::Sqli | Op::Xss | Op::Always);
    finds && link.capture != Capture::Nothing
}

/// True if captures may be among what it looks at or compares with.
fn asks(link: &LinkedLink) -> bool {
    let targets = link.targets.iter().map(|target| &target.point);
    let compared = link.compared().into_iter().flat_map(Expr::macros);
    targets.chain(compared).any(may_hold)
}

/// True if captures may be in what it makes of variables, or are among those that it makes.
fn writes(link: &LinkedLink) -> bool {
    let may_be = |name: &Expr| {
        let first = name.beginning().and_then(<[u8]>::first);
        first.is_none_or(u8::is_ascii_digit)
    };
    let is_one = |made: &LinkedAssignment| {
        made.slot.map_or_else(|| may_be(&made.name), |slot| slot < CAPTURES)
    };
    let mut made = link.assignments.iter();
    made.any(|made| is_one(made) || made.texts().flat_map(Expr::macros).any(may_hold))
}

/// True if captures may be among the values that a point means; a message may show them, too.
fn may_hold(point: &Point) -> bool {
    match (point.list.variable(), &point.selector) {
        (Variable::Tx, PointSelector::Slot(slot)) => *slot < CAPTURES,
        (Variable::Tx, PointSelector::Slots(slots)) => {
            (0..CAPTURES).any(|slot| slots.means(slot.to_string().as_bytes(), true))
        }
        (variable, _) => matches!(variable, Variable::Tx | Variable::Rule),
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use portcullis_waf_operators::pattern::SHOWN_BEFORE;
    use portcullis_waf_seclang::syntax::{EngineMode, Phase};

    use crate::transaction::Transaction;
    use crate::{Connection, LogData, Profile, Program};

    /// Bytes between the brackets of the long value.
    const LENGTH: usize = 2000;

    /// What rules say of a long value that they match: ids and messages.
    fn run(rules: &str) -> Vec<(u32, String)> {
        let program = Program::of_text(rules);
        let profile = Profile::new(&program, EngineMode::On, &[], &[], LogData::Full).unwrap();
        let profile = Rc::new(profile);
        let mut transaction = Transaction::new(&program, &profile, &Connection::default());
        let target = format!("/?a=(b)&long={}[{}].", ".".repeat(500), "a".repeat(LENGTH));
        transaction.request_line(b"GET", target.as_bytes(), b"HTTP/1.1");
        transaction.run(Phase::RequestHeaders);
        assert!(transaction.errors().is_empty());
        let logged = transaction.matches().iter();
        let text = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
        logged.map(|one| (one.rule.metadata.id, text(&one.msg))).collect()
    }

    const RULE: &str =
        r#"SecRule ARGS:long "@rx \[([^\]]*)\]" "id:1,phase:1,pass,log,capture,msg:'%{TX.1}'"#;

    #[test]
    fn what_only_messages_show_of_a_long_value_is_found_around_its_end() {
        let other = r#"SecRule ARGS:a "@rx \((.)\)" "id:2,phase:1,pass,log,msg:'%{TX.0}'""#;
        for (rules, expected) in [
            // The match began before what is shown: none of its groups is.
            (format!("{RULE}\"\n"), vec![String::new()]),
            (
                format!("{RULE}\"\n{other}\n"),
                vec![String::new(), "a".repeat(SHOWN_BEFORE - 1) + "]"],
            ),
            (
                format!("{RULE},chain\"\nSecRule ARGS:a \"@rx \\((.)\\)\" \"capture\"\n"),
                vec!["b".to_owned()],
            ),
        ] {
            let said: Vec<String> = run(&rules).into_iter().map(|(_, msg)| msg).collect();
            assert_eq!(said, expected, "{rules}");
        }
    }

    #[test]
    fn what_something_decides_by_is_found_wherever_it_lies() {
        let whole = format!("^a{{{LENGTH}}}$");
        for reads in [
            // Of the same rule, and of one that is chained to it.
            format!(
                "{RULE},setvar:tx.own=%{{TX.1}}\"\nSecRule TX:own \"@rx {whole}\" \"id:9,phase:1,pass,log\""
            ),
            format!(
                "{RULE},setvar:'tx.%{{TX.1}}=1'\"\nSecRule &TX:{} \"@eq 1\" \"id:9,phase:1,pass,log\"",
                "a".repeat(LENGTH)
            ),
            format!(
                "{RULE},chain\"\nSecRule TX:1 \"@rx {whole}\" \"setvar:tx.own=1\"\nSecRule TX:own \"@eq 1\" \"id:9,phase:1,pass,log\""
            ),
            format!(
                "{RULE},chain\"\nSecRule ARGS:a \"@rx .\" \"chain\"\nSecRule &TX:1 \"@eq 1\" \"setvar:tx.own=1\"\nSecRule TX:own \"@eq 1\" \"id:9,phase:1,pass,log\""
            ),
            format!(
                "{RULE},chain\"\nSecRule ARGS:a \"!@streq %{{TX.1}}\" \"setvar:tx.own=%{{TX.1}}\"\nSecRule TX:own \"@rx {whole}\" \"id:9,phase:1,pass,log\""
            ),
            // Of any other rule.
            format!("{RULE}\"\nSecRule TX:1 \"@rx {whole}\" \"id:9,phase:1,pass,log\""),
            format!("{RULE}\"\nSecRule TX \"@rx {whole}\" \"id:9,phase:1,pass,log\""),
            format!("{RULE}\"\nSecRule TX:/^[0-9]$/ \"@rx {whole}\" \"id:9,phase:1,pass,log\""),
            format!("{RULE}\"\nSecRule RULE:msg|TX:1 \"@rx {whole}\" \"id:9,phase:1,pass,log\""),
            format!(
                "{RULE}\"\nSecAction \"id:2,phase:1,pass,nolog,setvar:tx.own=%{{TX.1}}\"\nSecRule TX:own \"@rx {whole}\" \"id:9,phase:1,pass,log\""
            ),
            format!(
                "{RULE}\"\nSecRule ARGS:a \"@rx .\" \"id:2,phase:1,pass,nolog,chain\"\nSecRule TX:1 \"@rx {whole}\" \"setvar:tx.own=1\"\nSecRule TX:own \"@eq 1\" \"id:9,phase:1,pass,log\""
            ),
            // One that captures asks what it looks at before that.
            format!("{RULE}\"\nSecRule TX:1 \"@rx {whole}\" \"id:9,phase:1,pass,log,capture\""),
        ] {
            let ids: Vec<u32> = run(&reads).into_iter().map(|(id, _)| id).collect();
            assert!(ids.contains(&9), "{reads}");
        }
    }

    #[test]
    fn a_redirect_to_what_was_captured_has_all_of_it() {
        let rules =
            format!("{RULE}\"\nSecRule ARGS:a \"@rx .\" \"id:2,phase:1,redirect:/%{{TX.1}}\"\n");
        let program = Program::of_text(&rules);
        assert!(program.captures_are_read);
        assert!(!Program::of_text(&format!("{RULE}\"\n")).captures_are_read);
        let counted = "SecRule ARGS_NAMES \"@rx .\" \"id:2,phase:1,pass,nolog,setvar:tx.count_%{MATCHED_VAR}=+1\"";
        assert!(!Program::of_text(&format!("{RULE}\"\n{counted}\n")).captures_are_read);
        let any_name =
            "SecRule ARGS \"@rx .\" \"id:2,phase:1,pass,nolog,setvar:tx.%{MATCHED_VAR}=+1\"";
        assert!(Program::of_text(&format!("{RULE}\"\n{any_name}\n")).captures_are_read);
    }
}
