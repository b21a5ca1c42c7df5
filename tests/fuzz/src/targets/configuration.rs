//! Configurations of every module: however wrong, they are refused with faults that help and tell no secret.

use portcullis_control::config::{Environment, Faults};
use portcullis_control::load::module;
use portcullis_control::program::Program;
use portcullis_control::surroundings::HostVersion;
use portcullis_gateway::{CONTROLS, NAME};
use serde_json::Value;

/// Stands in the environment and must never be seen in a fault.
const SECRET: &str = "0123456789abcdef-of-the-environment";

/// Loads an input as the configuration of each module.
pub(super) fn run(data: &[u8]) -> u64 {
    let variables = |name: &str| match name {
        "SECRET" => Some(SECRET.to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    };
    let environment = Environment { variables: &variables, host: HostVersion::default() };
    let mut seen = vec![check(NAME, data, &|text| portcullis_gateway::load(text, &environment))];
    for kind in CONTROLS {
        seen.push(check(kind.name, data, &|text| module(*kind, text, &environment)));
    }
    super::shown(seen)
}

/// Loads it, and says which faults it has, each without its place.
fn check(name: &str, data: &[u8], load: &dyn Fn(&[u8]) -> Result<Program, Faults>) -> Vec<String> {
    let Err(faults) = load(data) else {
        accepted(name, data, load);
        return Vec::new();
    };
    assert!(!faults.list.is_empty(), "{name}: refused without a fault");
    assert_eq!(load(data).err().as_ref(), Some(&faults), "{name}: other faults the second time");
    for fault in &faults.list {
        let text = fault.to_string();
        assert!(!text.contains(SECRET), "{name}: a fault tells a secret: {text}");
        assert!(!fault.message.ends_with('.'), "{name}: {text}");
        assert!(fault.message.len() > 5, "{name}: {text}");
    }
    let kind = |text: &str| text.split(['`', '0', '1', '2']).next().unwrap_or_default().to_owned();
    let mut kinds: Vec<String> = faults.list.iter().map(|fault| kind(&fault.message)).collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

/// What is accepted has no room for one more field, and is accepted in any spelling.
fn accepted(name: &str, data: &[u8], load: &dyn Fn(&[u8]) -> Result<Program, Faults>) {
    let Ok(mut value) = serde_json::from_slice::<Value>(data) else {
        assert!(data.trim_ascii().is_empty(), "{name}: accepted what is no JSON");
        return;
    };
    let again = load(value.to_string().as_bytes());
    assert!(again.is_ok(), "{name}: refused when written anew: {:?}", again.err());
    value["no such field"] = Value::from(1);
    let faults = load(value.to_string().as_bytes()).err().expect("an unknown field is refused");
    assert!(
        faults.list.iter().any(|fault| fault.message.starts_with("unknown field")),
        "{name}: {faults}"
    );
}
