//! What an operator reads when a configuration is wrong.

use super::*;
use crate::json::parse;

fn faults(json: &str, read: impl Fn(Node<'_>) -> Option<()>) -> Vec<String> {
    let value = parse(json.as_bytes()).unwrap();
    let environment = |name: &str| (name == "SET").then(|| "from outside".to_owned());
    let reader = Reader::new(&environment);
    let result = read(reader.root(&value));
    match reader.finish(result) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.list.iter().map(ToString::to_string).collect(),
    }
}

fn limits(node: Node<'_>) -> Option<()> {
    node.section(|section| {
        section.or("minute", 1, |node| node.integer(1..=100));
        section.or("by", 0, |node| node.word(&[("ip", 1), ("path", 2)]));
        section.optional("names").and_then(|node| node.texts());
        section.optional("secret").and_then(|node| node.secret());
        section.or("on", false, |node| node.boolean());
        Some(())
    })
}

#[test]
fn every_fault_is_reported_at_once_with_its_path_and_the_way_out() {
    let json =
        r#"{"minute":0,"by":"ipp","names":["a","",3],"secret":{"env":"MISSING"},"on":"yes","x":1}"#;
    assert_eq!(
        faults(json, limits),
        [
            "minute: expected a whole number from 1 to 100, but found `0`",
            "by: expected one of ip, path, but found `ipp`",
            "names[1]: expected a string that is not empty, but found an empty string",
            "names[2]: expected a string, but found `3`",
            "secret: expected the environment variable `MISSING` to be set: name it in \
             vm_config.environment_variables (key_values, or host_env_keys for Envoy's own)",
            "on: expected true or false, but found a string",
            "configuration: unknown field `x`, expected one of minute, by, names, secret, on",
        ]
    );
}

#[test]
fn whole_numbers_may_come_as_doubles_because_envoy_sends_them_so() {
    assert_eq!(faults(r#"{"minute":10.0}"#, limits), [""; 0]);
    for bad in ["10.5", "-1", "1e300", "101", "null", "\"10\"", "true"] {
        assert_eq!(faults(&format!(r#"{{"minute":{bad}}}"#), limits).len(), 1, "{bad}");
    }
}

#[test]
fn fractions_may_come_as_text_because_envoy_reads_yaml_so() {
    let read = |json: &str| faults(json, |node| node.fraction().map(|_| ()));
    for good in ["0", "1", "0.01", "1.0", "\"0.01\"", "\"1\""] {
        assert_eq!(read(good), [""; 0], "{good}");
    }
    for bad in ["-0.01", "1.01", "\"1.01\"", "\"NaN\"", "\"\"", "\"half\"", "true", "null"] {
        assert_eq!(read(bad).len(), 1, "{bad}");
    }
}

#[test]
fn secrets_come_from_the_environment_and_never_stand_in_a_fault() {
    assert_eq!(faults(r#"{"secret":{"env":"SET"}}"#, limits), [""; 0]);
    let wrong = faults(r#"{"secret":["hunter2"]}"#, limits);
    assert_eq!(wrong, ["secret: expected a string or {env: NAME}, but found a list"]);
}

#[test]
fn the_number_of_faults_that_are_shown_is_bounded() {
    let names = vec!["3"; MAX_FAULTS + 5].join(",");
    let value = parse(format!(r#"{{"names":[{names}]}}"#).as_bytes()).unwrap();
    let environment = |_: &str| None;
    let reader = Reader::new(&environment);
    let result = limits(reader.root(&value));
    let faults = reader.finish(result).unwrap_err();
    assert_eq!((faults.list.len(), faults.more), (MAX_FAULTS, 5));
    assert!(faults.to_string().ends_with("\nand 5 more"));
}
