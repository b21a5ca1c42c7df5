//! The closed lists of the language stand in the README as the code has them.

use std::collections::BTreeMap;
use std::path::Path;

use portcullis_waf_seclang::lists::{
    ACCEPTED, ACCEPTED_ACTIONS, ACCEPTED_CONTROLS, FIXED, HONOURED, HONOURED_ACTIONS,
    HONOURED_CONTROLS, HONOURED_OPERATORS, REFUSED, REFUSED_ACTIONS, REFUSED_CONTROLS,
    REFUSED_OPERATORS, REFUSED_VARIABLES, Reason,
};
use portcullis_waf_seclang::syntax::{Transformation, Variable};

/// What one of the lists has: of each kind the names, and why they stand there.
type Kinds<'l> = [(&'l str, &'l [Reason])];

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn honoured() -> String {
    let variables: Vec<&str> = Variable::ALL.iter().map(|variable| variable.name()).collect();
    let transformations: Vec<&str> = Transformation::ALL.iter().map(|it| it.name()).collect();
    let rows = [
        ("directives", HONOURED),
        ("actions", HONOURED_ACTIONS),
        ("`ctl`", HONOURED_CONTROLS),
        ("operators", HONOURED_OPERATORS),
        ("variables", &variables),
        ("transformations", &transformations),
    ];
    let rows: String =
        rows.iter().map(|(kind, names)| format!("| {kind} | {} |\n", quoted(names))).collect();
    format!("| honoured | names |\n|---|---|\n{rows}")
}

fn fixed() -> String {
    let rows: String = FIXED
        .iter()
        .map(|it| format!("| `{}` | `{}` | {} |\n", it.name, it.value, it.why))
        .collect();
    format!("| directive | may say | because |\n|---|---|---|\n{rows}")
}

fn with_reasons(title: &str, kinds: &Kinds<'_>) -> String {
    let mut text = format!("| {title} | names | because |\n|---|---|---|\n");
    for (kind, list) in kinds {
        let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, why) in *list {
            reasons.entry(why).or_default().push(name);
        }
        for (why, names) in reasons {
            text += &format!("| {kind} | {} | {why} |\n", quoted(&names));
        }
    }
    text
}

#[test]
fn the_readme_has_the_lists_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let accepted =
        [("directive", ACCEPTED), ("action", ACCEPTED_ACTIONS), ("`ctl`", ACCEPTED_CONTROLS)];
    let refused = [
        ("directive", REFUSED),
        ("action", REFUSED_ACTIONS),
        ("`ctl`", REFUSED_CONTROLS),
        ("operator", REFUSED_OPERATORS),
        ("variable", REFUSED_VARIABLES),
    ];
    for table in [
        honoured(),
        fixed(),
        with_reasons("accepted", &accepted),
        with_reasons("refused", &refused),
    ] {
        assert!(readme.contains(&table), "filters/waf/README.md: put this table into it\n{table}");
    }
}
