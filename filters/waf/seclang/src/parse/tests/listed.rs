//! The closed lists, held against what the parser does.

use super::{faults, read};
use crate::lists::{
    ACCEPTED, ACCEPTED_ACTIONS, ACCEPTED_CONTROLS, FIXED, HONOURED, HONOURED_ACTIONS,
    HONOURED_CONTROLS, HONOURED_OPERATORS, REFUSED, REFUSED_ACTIONS, REFUSED_CONTROLS,
    REFUSED_OPERATORS, REFUSED_VARIABLES, Reason,
};
use crate::syntax::Variable;

/// Arguments that no directive understands.
const NONSENSE: &str = "\"'\" \"'\" \"'\" \"'\"";

#[test]
fn honoured_directives_are_known_and_no_others() {
    for name in HONOURED {
        if let Err(faults) = super::parse(&[super::source("rules", format!("{name} {NONSENSE}"))]) {
            assert!(!faults[0].text.contains("unknown directive"), "{name}: {}", faults[0].text);
            assert!(!faults[0].text.contains("not supported"), "{name}: {}", faults[0].text);
        }
    }
    assert!(faults("SecNobody On")[0].text.contains("unknown directive `SecNobody`"));
    assert!(faults("<IfModule security2_module>")[0].text.contains("unknown directive"));
}

#[test]
fn accepted_directives_warn_once() {
    for (name, why) in ACCEPTED {
        let parsed = read(format!("{name} a b\n{} c", name.to_uppercase()));
        assert_eq!(parsed.statements, [], "{name}");
        let [warning] = &parsed.warnings[..] else { panic!("{name}: {:?}", parsed.warnings) };
        assert_eq!(warning.location.line, 1);
        assert_eq!(warning.text, format!("nothing comes of `{name}`: {why}"));
    }
}

#[test]
fn refused_directives_say_why() {
    for (name, why) in REFUSED {
        let text = format!("the directive `{name}` is not supported: {why}");
        assert_eq!(faults(format!("{} a", name.to_lowercase()))[0].text, text);
    }
}

#[test]
fn fixed_directives_take_one_value_and_say_nothing() {
    for fixed in FIXED {
        let parsed = read(format!("{} {}", fixed.name, fixed.value.to_uppercase()));
        assert_eq!((parsed.statements.len(), parsed.warnings.len()), (0, 0), "{}", fixed.name);
        let fault = &faults(format!("{} other", fixed.name))[0].text;
        assert!(fault.contains(fixed.value) && fault.contains(fixed.why), "{fault}");
    }
}

#[test]
fn actions_are_those_of_the_lists() {
    for name in HONOURED_ACTIONS {
        for text in [format!("SecAction id:5,{name}"), format!("SecAction id:5,{name}:x")] {
            let found = super::parse(&[super::source("rules", text)]);
            let known = !format!("{found:?}").contains("action `");
            assert!(known, "{name}: {found:?}");
        }
    }
    for (name, why) in ACCEPTED_ACTIONS {
        let parsed = read(format!("SecAction id:1,{name}:a\nSecAction id:2,{name}:b"));
        assert_eq!(parsed.warnings.len(), 1, "{name}");
        assert!(parsed.warnings[0].text.contains(why));
    }
    for (name, why) in REFUSED_ACTIONS {
        let found = faults(format!("SecAction id:5,{name}:a"));
        assert_eq!(found[0].text, format!("the action `{name}` is not supported: {why}"));
        assert_eq!((found[0].rule, found[0].location.line), (Some(5), 1));
    }
}

#[test]
fn controls_are_those_of_the_lists() {
    for name in HONOURED_CONTROLS {
        let found = super::parse(&[super::source("rules", format!("SecAction id:5,ctl:{name}=?"))]);
        let text = format!("{found:?}");
        assert!(!text.contains("control `"), "{name}: {text}");
    }
    for (name, why) in ACCEPTED_CONTROLS {
        let parsed = read(format!("SecAction \"id:1,ctl:{name}=a,ctl:{name}=b\""));
        assert_eq!(parsed.warnings.len(), 1, "{name}");
        assert!(parsed.warnings[0].text.contains(why));
    }
    for (name, why) in REFUSED_CONTROLS {
        let text = format!("in `ctl`: the control `{name}` is not supported: {why}");
        assert_eq!(faults(format!("SecAction id:5,ctl:{name}=a"))[0].text, text);
    }
}

#[test]
fn operators_and_variables_are_those_of_the_lists() {
    for name in HONOURED_OPERATORS {
        let argument = match name.to_ascii_lowercase().as_str() {
            "ipmatch" => "::1",
            _ => "1",
        };
        read(format!("SecRule ARGS \"@{name} {argument}\" id:5"));
    }
    for (name, why) in REFUSED_OPERATORS {
        let text = format!("the operator `{name}` is not supported: {why}");
        assert_eq!(faults(format!("SecRule ARGS \"@{name} a\" id:5"))[0].text, text);
    }
    for (name, why) in REFUSED_VARIABLES {
        assert_eq!(Variable::named(name), None);
        let text = format!("the variable `{name}` is not supported: {why}");
        assert_eq!(faults(format!("SecRule {name} a id:5"))[0].text, text);
    }
}

#[test]
fn no_name_is_in_two_lists_and_each_list_is_in_order() {
    let reasons = |list: &[Reason]| list.iter().map(|(name, _)| *name).collect::<Vec<_>>();
    let fixed: Vec<&str> = FIXED.iter().map(|fixed| fixed.name).collect();
    for lists in [
        vec![HONOURED.to_vec(), fixed, reasons(ACCEPTED), reasons(REFUSED)],
        vec![HONOURED_ACTIONS.to_vec(), reasons(ACCEPTED_ACTIONS), reasons(REFUSED_ACTIONS)],
        vec![HONOURED_CONTROLS.to_vec(), reasons(ACCEPTED_CONTROLS), reasons(REFUSED_CONTROLS)],
        vec![HONOURED_OPERATORS.to_vec(), reasons(REFUSED_OPERATORS)],
        vec![reasons(REFUSED_VARIABLES)],
    ] {
        let mut all = Vec::new();
        for list in lists {
            let lower = |name: &&str| name.to_ascii_lowercase();
            assert!(list.is_sorted_by_key(lower), "{list:?}");
            all.extend(list.iter().map(lower));
        }
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
