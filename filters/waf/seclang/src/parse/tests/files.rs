//! `Include`: which files come in, and how deep.

use super::super::parse_with_files;
use super::{rules, source};

fn ids(text: &str, files: &[(&str, &str)]) -> Result<Vec<u32>, String> {
    let files: Vec<_> = files.iter().map(|(name, text)| source(name, text)).collect();
    match parse_with_files(&[source("main", text)], &files) {
        Ok(parsed) => Ok(rules(&parsed).iter().map(|rule| rule.metadata.id).collect()),
        Err(faults) => Err(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    }
}

#[test]
fn files_are_read_where_they_are_asked_for_in_the_order_of_their_names() {
    let files = [
        ("b.conf", "SecAction id:2"),
        ("a.conf", "SecAction id:1"),
        ("c.data", "no rules"),
        ("@set/x.conf", "SecAction id:7"),
        ("@other/x.conf", "SecAction id:8"),
    ];
    for (written, expected) in [
        ("Include a.conf\nSecAction id:5", vec![1, 5]),
        ("SecAction id:5\nInclude \"*.conf\"", vec![5, 8, 7, 1, 2]),
        ("Include rules/?.conf", vec![1, 2]),
        ("Include /etc/crs/a.conf", vec![1]),
        ("Include @set/*.conf", vec![7]),
        ("IncludeOptional none*.conf\nInclude b*nf", vec![2]),
    ] {
        assert_eq!(ids(written, &files), Ok(expected), "{written}");
    }
}

#[test]
fn a_file_that_is_not_there_is_told() {
    for (written, part) in [
        ("\nInclude x.conf", "main:2: in `Include`: there is no file `x.conf`"),
        ("Include x*.conf", "there is no file"),
        ("Include", "expected the name of a file"),
        ("Include a b", "expected the name of a file"),
    ] {
        let told = ids(written, &[("a.conf", "")]).expect_err(written);
        assert!(told.contains(part), "{told}");
    }
}

#[test]
fn a_file_that_includes_itself_is_told() {
    let told = ids("Include a", &[("a", "Include b"), ("b", "\nInclude a")]).expect_err("a circle");
    assert_eq!(told, "b:2: in `Include`: the file `a` includes itself");
}

#[test]
fn mistakes_and_defaults_of_files_are_those_of_the_whole() {
    let told = ids("Include a", &[("a", "\nSecNobody")]).expect_err("a mistake");
    assert!(told.starts_with("a:2: unknown directive"), "{told}");
    let files = [source("a", "SecDefaultAction phase:2,deny")];
    let parsed = parse_with_files(&[source("main", "Include a\nSecAction id:1")], &files);
    let rules = rules(&parsed.expect("good"));
    assert_eq!(rules[0].disruption, crate::syntax::Disruption::Deny);
    // A chain does not go on in another file, nor behind it.
    let told = ids("SecRule ARGS a id:1,chain\nInclude a", &[("a", "SecRule ARGS b")]);
    assert!(told.expect_err("open").contains("but `Include` does"));
}
