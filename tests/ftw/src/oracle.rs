//! What two other engines logged for each stage: a second opinion beside what the tests expect.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::run::Logged;

/// Reports the anomaly score at the end of a transaction; the engines differ on when.
const LEFT_OUT: u32 = 980_170;

/// What one engine logged for a stage, if it could run it at all.
type Ids = Option<BTreeSet<u32>>;

/// What both logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    coraza: Ids,
    libmodsecurity: Ids,
}

/// Reads one JSON object a line: `{"test": "942100-1", "stage": 0, "coraza": […], "libmodsecurity": […]}`.
pub fn read(text: &str) -> Result<BTreeMap<(String, usize), Recorded>, String> {
    let mut all = BTreeMap::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let fault = |what: &str| format!("line {}: {what}", number + 1);
        let value: Value = serde_json::from_str(line).map_err(|e| fault(&e.to_string()))?;
        let test = value.get("test").and_then(Value::as_str).ok_or_else(|| fault("no `test`"))?;
        let stage =
            value.get("stage").and_then(Value::as_u64).ok_or_else(|| fault("no `stage`"))?;
        let stage = usize::try_from(stage).map_err(|_| fault("`stage` is too large"))?;
        let ids = |name: &str| ids(value.get(name)).map_err(|e| fault(&format!("`{name}` {e}")));
        let recorded = Recorded { coraza: ids("coraza")?, libmodsecurity: ids("libmodsecurity")? };
        all.insert((test.to_owned(), stage), recorded);
    }
    Ok(all)
}

fn ids(value: Option<&Value>) -> Result<Ids, String> {
    let items = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(value) => value.as_array().ok_or("is no list")?,
    };
    let id = |item: &Value| item.as_u64().and_then(|id| u32::try_from(id).ok());
    let ids: Option<BTreeSet<u32>> = items.iter().map(id).collect();
    Ok(Some(ids.ok_or("has what is no id")?.into_iter().filter(|id| *id != LEFT_OUT).collect()))
}

/// How we compare with the two.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Stages that we ran and somebody recorded.
    pub compared: usize,
    /// The same ids as both.
    pub both: usize,
    /// The same as one of two that differ.
    pub either: usize,
    /// Neither, where the two agree: each with what differs.
    pub against_both: Vec<String>,
    /// Neither, where the two differ as well.
    pub against_either: Vec<String>,
    /// Recorded stages that did not run here.
    pub absent: usize,
}

/// Compares stage by stage.
#[must_use]
pub fn compare(logged: &Logged, recorded: &BTreeMap<(String, usize), Recorded>) -> Comparison {
    let mut sum = Comparison::default();
    for (stage, theirs) in recorded {
        let Some(ours) = logged.get(stage) else {
            sum.absent += 1;
            continue;
        };
        let ours: BTreeSet<u32> = ours.iter().copied().filter(|id| *id != LEFT_OUT).collect();
        let known: Vec<_> =
            [("Coraza", &theirs.coraza), ("libmodsecurity", &theirs.libmodsecurity)]
                .into_iter()
                .filter_map(|(name, ids)| Some((name, ids.as_ref()?)))
                .collect();
        let Some((_, first)) = known.first() else { continue };
        sum.compared += 1;
        let agree = known.iter().all(|(_, ids)| ids == first);
        match known.iter().filter(|(_, ids)| **ids == ours).count() {
            0 => {
                let told = told(stage, &ours, &known);
                if agree { &mut sum.against_both } else { &mut sum.against_either }.push(told);
            }
            _ if agree => sum.both += 1,
            _ => sum.either += 1,
        }
    }
    sum
}

/// `942100-1: against Coraza +1 -2; …`: what only we logged, what only the other did.
fn told(stage: &(String, usize), ours: &BTreeSet<u32>, known: &[(&str, &BTreeSet<u32>)]) -> String {
    let parts = known.iter().map(|(name, ids)| {
        let more = ours.difference(ids).map(|id| format!(" +{id}"));
        let less = ids.difference(ours).map(|id| format!(" -{id}"));
        format!("against {name}{}", more.chain(less).collect::<String>())
    });
    let parts = parts.collect::<Vec<_>>().join("; ");
    match stage.1 {
        0 => format!("{}: {parts}", stage.0),
        number => format!("{} stage {number}: {parts}", stage.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logged(rows: &[(&str, &[u32])]) -> Logged {
        rows.iter()
            .map(|(test, ids)| (((*test).to_owned(), 0), ids.iter().copied().collect()))
            .collect()
    }

    const RECORDED: &str = r#"
{"test": "1-1", "stage": 0, "coraza": [1, 980170], "libmodsecurity": [1]}
{"test": "1-2", "stage": 0, "coraza": [1], "libmodsecurity": [1, 2]}
{"test": "1-3", "stage": 0, "coraza": null, "libmodsecurity": [3]}
{"test": "1-4", "stage": 0, "coraza": null, "libmodsecurity": null}
{"test": "1-5", "stage": 0, "coraza": [], "libmodsecurity": []}
"#;

    #[test]
    fn stages_are_counted_by_who_agrees() {
        let recorded = read(RECORDED).unwrap();
        let ours = logged(&[("1-1", &[1, 980_170]), ("1-2", &[1]), ("1-3", &[3]), ("1-4", &[9])]);
        let got = compare(&ours, &recorded);
        assert_eq!((got.compared, got.both, got.either, got.absent), (3, 2, 1, 1));
        let ours = logged(&[("1-1", &[4]), ("1-2", &[])]);
        let got = compare(&ours, &recorded);
        assert_eq!(got.against_both, ["1-1: against Coraza +4 -1; against libmodsecurity +4 -1"]);
        assert_eq!(got.against_either, ["1-2: against Coraza -1; against libmodsecurity -1 -2"]);
    }

    #[test]
    fn a_broken_line_is_told() {
        let rows = [
            ("{", "line 1"),
            (r#"{"stage": 0}"#, "no `test`"),
            (r#"{"test": "1-1"}"#, "no `stage`"),
            (r#"{"test": "1-1", "stage": 0, "coraza": 1}"#, "`coraza` is no list"),
            (r#"{"test": "1-1", "stage": 0, "coraza": [-1]}"#, "`coraza` has what is no id"),
        ];
        for (text, want) in rows {
            let error = read(text).unwrap_err();
            assert!(error.contains(want), "{text}: {error}");
        }
    }
}
