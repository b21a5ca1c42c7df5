//! The templates that users copy, as they are and with everything that they propose.

use super::{directory, read, rules, source, sources};
use portcullis_waf_seclang::{Source, parse};

const BEFORE: &str = "REQUEST-900-EXCLUSION-RULES-BEFORE-CRS.conf.example";
const AFTER: &str = "RESPONSE-999-EXCLUSION-RULES-AFTER-CRS.conf.example";

#[test]
fn the_templates_are_read_with_the_rules() {
    let (Some(directory), Some(mut sources)) = (directory(), sources()) else { return };
    sources.insert(1, source(&directory.join("rules").join(BEFORE)));
    sources.push(source(&directory.join("rules").join(AFTER)));
    read(&sources);
}

/// Directives of a template that are commented out, each with the lines that continue it.
fn proposed(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let uncommented = |line: &str| line.trim_start_matches(['#', ' ']).trim_end().to_owned();
        let mut directive = uncommented(line);
        let begins = directive.starts_with("Sec") && directive.contains([' ', '\\']);
        if !line.starts_with('#') || !begins || directive.contains("->") {
            continue;
        }
        while directive.ends_with('\\') {
            let Some(next) = lines.next() else { break };
            directive = format!("{}\n{}", directive, uncommented(next));
        }
        found.push(directive);
    }
    found
}

/// Prose that begins with a directive's name has no quote or number behind it.
fn is_complete(directive: &str) -> bool {
    let mut words = directive.split_whitespace();
    let name = words.next().unwrap_or_default();
    let known = portcullis_waf_seclang::lists::HONOURED.contains(&name);
    known
        && (directive.contains('"') || words.next().is_some_and(|word| word.parse::<u32>().is_ok()))
}

#[test]
fn everything_that_the_templates_propose_is_read() {
    let Some(directory) = directory() else { return };
    let mut read = 0;
    for name in
        ["rules/".to_owned() + BEFORE, "rules/".to_owned() + AFTER, "crs-setup.conf.example".into()]
    {
        let text = String::from_utf8(source(&directory.join(&name)).text).expect("UTF-8");
        let mut open = String::new();
        for directive in proposed(&text).iter().filter(|directive| is_complete(directive)) {
            // A chain is read as a whole.
            open.push_str(directive);
            open.push('\n');
            if directive.contains(",chain")
                || directive.contains("\"chain")
                || directive.contains("\nchain")
            {
                continue;
            }
            let file = Source { name: name.clone(), text: std::mem::take(&mut open).into_bytes() };
            let parsed = parse(std::slice::from_ref(&file)).unwrap_or_else(|faults| {
                panic!("{faults:?}\n{}", String::from_utf8_lossy(&file.text))
            });
            assert!(!parsed.statements.is_empty() || !parsed.defaults.is_empty(), "{directive}");
            read += 1;
        }
        assert_eq!(open, "", "a chain without an end");
    }
    eprintln!("{read} proposals were read");
    assert!(read >= 50, "{read} were found: the templates have more");
}

#[test]
fn defaults_of_the_setup_decide_what_block_does() {
    let Some(mut sources) = sources() else { return };
    let setup = sources.first_mut().expect("the setup");
    setup.text.extend_from_slice(b"\nSecDefaultAction \"phase:2,log,auditlog,deny,status:406\"\n");
    let parsed = read(&sources);
    for rule in rules(&parsed).iter().filter(|rule| rule.phase as u8 == 2 && rule.blocks) {
        assert_eq!(rule.status, Some(406), "{}", rule.metadata.id);
    }
}
