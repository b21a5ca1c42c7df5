//! Judging what an engine saw: every difference between a case and a run, in words.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

use crate::case::Case;
use crate::engine::{Observed, Run};
use crate::prepared::{Expected, ExpectedFields, ExpectedUpstream, Sent};
use crate::words::Field;

/// Lines of the module's log that a report shows at most.
const SHOWN_LOG_LINES: usize = 40;

/// Everything in which a run is not what its case says; `Ok` where nothing is.
///
/// # Errors
/// A report with the case, the engine, each request that went wrong, expected and found, and the log.
pub fn judge(engine: &str, case: &Case, run: &Run) -> Result<(), String> {
    let mut differences = Vec::new();
    match (&run.refused, case.is_refused()) {
        (Some(found), true) => lines("fault", &case.refused, found, &mut differences),
        (Some(found), false) => {
            differences.push(format!("the configuration was refused: {}", found.join("; ")));
        }
        (None, true) => {
            differences.push(format!("the configuration was accepted, expected {:?}", case.refused))
        }
        (None, false) => {
            lines("warning", &case.warned, &run.warned, &mut differences);
            exchanges(engine, run, &mut differences);
            metrics(engine, case, run, &mut differences);
            logged(case, run, &mut differences);
        }
    }
    if differences.is_empty() {
        return Ok(());
    }
    let mut report = format!("{} in {} on {engine}:\n", case.name, case.file.display());
    for difference in &differences {
        let _ = writeln!(report, "  {difference}");
    }
    let hidden = run.log.len().saturating_sub(SHOWN_LOG_LINES);
    let _ = writeln!(report, "  log of the module ({hidden} earlier lines left out):");
    for line in run.log.iter().skip(hidden) {
        let _ = writeln!(report, "    {line}");
    }
    Err(report)
}

fn lines(what: &str, expected: &[String], found: &[String], differences: &mut Vec<String>) {
    for line in expected.iter().filter(|line| !found.contains(line)) {
        differences.push(format!("missing {what}: {line}"));
    }
    for line in found.iter().filter(|line| !expected.contains(line)) {
        differences.push(format!("unexpected {what}: {line}"));
    }
}

fn metrics(engine: &str, case: &Case, run: &Run, differences: &mut Vec<String>) {
    for (name, wanted) in &case.metrics {
        let found = run.metrics.get(name).copied().unwrap_or_default();
        // All cases of an Envoy have one metric of a name.
        let enough = if engine == "envoy" { found >= *wanted } else { found == *wanted };
        if !enough {
            differences.push(format!("expected the metric {name} to be {wanted}, found {found}"));
        }
    }
}

/// True if the log has all that a case expects of it.
#[must_use]
pub fn has_logged(case: &Case, log: &[String]) -> bool {
    case.logged.iter().all(|text| log.iter().any(|line| line.contains(text)))
}

fn logged(case: &Case, run: &Run, differences: &mut Vec<String>) {
    let is_there = |text: &&String| run.log.iter().any(|line| line.contains(text.as_str()));
    for text in case.logged.iter().filter(|text| !is_there(text)) {
        differences.push(format!("expected a line of the log with {text}"));
    }
    for text in case.unlogged.iter().filter(is_there) {
        differences.push(format!("expected no line of the log with {text}"));
    }
}

fn exchanges(engine: &str, run: &Run, differences: &mut Vec<String>) {
    let (sent, seen) = (run.prepared.requests.len(), run.exchanges.len());
    if sent != seen {
        differences.push(format!("{sent} requests were to be sent, but {seen} were"));
    }
    for (request, observed) in run.prepared.requests.iter().zip(&run.exchanges) {
        if observed.left_out.is_some() {
            continue;
        }
        let mut found = Vec::new();
        exchange(request, observed, &mut found);
        let cut = request.expected.plain.cut;
        // A real Envoy that refuses may not have reached the upstream yet.
        if observed.cut != cut && !(cut && engine == "envoy") {
            let found_cut = observed.cut;
            found.push(format!(
                "expected the upstream's request to be cut: {cut}, found {found_cut}"
            ));
        }
        if !found.is_empty() {
            let path = String::from_utf8_lossy(&request.path);
            differences.push(format!("{}: {} {path}", request.label, request.method));
            differences.extend(found.into_iter().map(|line| format!("  {line}")));
            let body = String::from_utf8_lossy(&observed.body);
            differences.push(format!("  the client got {:?} {body}", observed.status));
        }
    }
}

fn exchange(request: &Sent, observed: &Observed, found: &mut Vec<String>) {
    let Expected { plain: expect, headers, upstream } = &request.expected;
    match observed.status {
        found_status if !expect.dropped && found_status != Some(expect.status) => {
            found.push(format!("expected status {}, found {found_status:?}", expect.status));
        }
        Some(status) if expect.dropped => {
            found.push(format!("expected no answer, found status {status}"));
        }
        _ => {}
    }
    fields("header", headers, &observed.headers, found);
    for name in &expect.present {
        if all(&observed.headers, name).is_empty() {
            found.push(format!("expected a header {name}, found none"));
        }
    }
    absent("header", &expect.absent, &observed.headers, found);
    body(expect, observed, found);
    if let Some(status) = expect.grpc_status {
        let wanted = vec![status.to_string().into_bytes()];
        fields("header", &[("grpc-status".to_owned(), wanted)].into(), &observed.headers, found);
    }
    decision(expect, observed, found);
    let untouched = expect.upstream_untouched.unwrap_or(expect.reason.is_some());
    match (&observed.upstream, upstream) {
        (Some(_), _) if untouched => found.push("the upstream saw the request".to_owned()),
        (Some(seen), Some(wanted)) => upstream_message(wanted, seen, found),
        (None, Some(_)) => found.push("the upstream saw nothing".to_owned()),
        (None, None) if expect.upstream_untouched == Some(false) => {
            found.push("the upstream saw nothing".to_owned());
        }
        _ => {}
    }
}

fn upstream_message(
    wanted: &ExpectedUpstream,
    seen: &crate::engine::Message,
    found: &mut Vec<String>,
) {
    fields("upstream header", &wanted.headers, &seen.headers, found);
    absent("upstream header", &wanted.plain.absent, &seen.headers, found);
    fields("upstream trailer", &wanted.trailers, &seen.trailers, found);
    absent("upstream trailer", &wanted.plain.absent_trailers, &seen.trailers, found);
    if let Some(path) = wanted.plain.path.as_ref().filter(|path| **path != seen.path) {
        found.push(format!("expected upstream path {path}, found {}", seen.path));
    }
    if let Some(body) = wanted.plain.body.as_ref().filter(|body| body.as_bytes() != seen.body) {
        let shown = String::from_utf8_lossy(&seen.body);
        found.push(format!("expected upstream body {body:?}, found {shown:?}"));
    }
}

fn body(expect: &crate::case::Expect, observed: &Observed, found: &mut Vec<String>) {
    if let Some(text) = expect.text.as_ref().filter(|text| text.as_bytes() != observed.body) {
        found.push(format!("expected body {text:?}"));
    }
    if expect.message.is_none() && expect.body.is_empty() {
        return;
    }
    let text = match all(&observed.headers, "grpc-message").first() {
        Some(message) if observed.body.is_empty() => percent_decoded(message),
        _ => observed.body.clone(),
    };
    let Ok(Value::Object(members)) = serde_json::from_slice(&text) else {
        found.push("expected a JSON object as body".to_owned());
        return;
    };
    let message = expect.message.clone().map(|text| ("message".to_owned(), Value::from(text)));
    for (name, wanted) in message.iter().map(|(name, value)| (name, value)).chain(&expect.body) {
        let member = members.get(name);
        if member != Some(wanted) {
            found.push(format!("expected member {name}: {wanted}, found {member:?}"));
        }
    }
}

/// The notes of the decision record, and what a case says of them.
fn decision(expect: &crate::case::Expect, observed: &Observed, found: &mut Vec<String>) {
    let notes = match &observed.decision {
        None => Vec::new(),
        Some(record) => match serde_json::from_slice::<Vec<Value>>(record) {
            Ok(notes) => notes,
            Err(error) => {
                let record = String::from_utf8_lossy(record);
                found.push(format!("the decision record is no JSON array: {error}: {record}"));
                return;
            }
        },
    };
    let labels = |outcome: &str| -> Vec<&str> {
        let notes = notes.iter().filter(|note| note["outcome"] == outcome);
        notes.filter_map(|note| note["reason"].as_str()).collect()
    };
    let refused: Vec<&str> = expect.reason.as_deref().into_iter().collect();
    if labels("refused") != refused {
        let labels = labels("refused");
        found.push(format!("expected reason {:?}, found {labels:?}", expect.reason));
    }
    let would: Vec<&str> = expect.would_refuse.as_deref().into_iter().collect();
    if labels("would_refuse") != would {
        let labels = labels("would_refuse");
        found.push(format!("expected would_refuse {:?}, found {labels:?}", expect.would_refuse));
    }
    if labels("tried") != expect.tried {
        found.push(format!("expected tried {:?}, found {:?}", expect.tried, labels("tried")));
    }
    if let Some(wanted) = expect.notes.as_ref().filter(|wanted| **wanted != labels("noted")) {
        found.push(format!("expected notes {wanted:?}, found {:?}", labels("noted")));
    }
    if let Some(wanted) = &expect.record {
        let has = |(line, note): (&BTreeMap<String, Value>, &Value)| {
            line.iter().all(|(name, value)| note.get(name) == Some(value))
        };
        if wanted.len() != notes.len() || !wanted.iter().zip(&notes).all(has) {
            found.push(format!("expected the record {wanted:?}, found {notes:?}"));
        }
    }
}

fn all<'f>(fields: &'f [Field], name: &str) -> Vec<&'f [u8]> {
    let same = fields.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
    same.map(|(_, value)| value.as_slice()).collect()
}

/// Lists that Envoy may join to one line or not, and that mean the same either way (RFC 9110 §5.3).
const LISTS: [&str; 1] = ["vary"];

fn members(name: &str, values: &[&[u8]]) -> Vec<Vec<u8>> {
    let list = LISTS.contains(&name);
    let split = |value: &&[u8]| -> Vec<Vec<u8>> {
        match list {
            true => {
                value.split(|byte| *byte == b',').map(|one| one.trim_ascii().to_vec()).collect()
            }
            false => vec![value.to_vec()],
        }
    };
    values.iter().flat_map(split).collect()
}

fn fields(what: &str, wanted: &ExpectedFields, seen: &[Field], found: &mut Vec<String>) {
    for (name, values) in wanted {
        let seen = all(seen, name);
        let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
        if members(name, &seen) != members(name, &values) {
            let shown = |values: &mut dyn Iterator<Item = &[u8]>| {
                values
                    .map(|value| format!("{:?}", String::from_utf8_lossy(value)))
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            found.push(format!(
                "expected {what} {name}: {}, found [{}]",
                shown(&mut values.iter().copied()),
                shown(&mut seen.into_iter())
            ));
        }
    }
}

fn absent(what: &str, names: &[String], seen: &[Field], found: &mut Vec<String>) {
    for name in names {
        for value in all(seen, name) {
            let value = String::from_utf8_lossy(value);
            found.push(format!("expected no {what} {name}, found {value:?}"));
        }
    }
}

/// `grpc-message` without its encoding.
fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if *first == b'%' => {
                out.push(byte);
                rest = &after[2..];
            }
            _ => {
                out.push(*first);
                rest = after;
            }
        }
    }
    out
}
