//! From YAML to tests.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::fields::{Fields, fault, scalar};
use super::{File, Input, Log, Output, Stage, Test};
use crate::template;
use crate::yaml::{self, Node};

/// Reads a file of tests; one without a document has none. What is wrong with one test breaks that one alone.
pub fn read(text: &str) -> Result<File, String> {
    let Some(root) = yaml::read(text)? else { return Ok(File::default()) };
    let mut fields = Fields::of(root, "the file")?;
    let meta = fields.take("meta").map_or(Ok(()), meta);
    // One file of the rule set has its author beside `meta`.
    fields.ignore(&["author"]);
    let rule = fields.number("rule_id")?.ok_or("`rule_id` is missing")?;
    let tests = fields.list("tests")?;
    let broken = meta.and(fields.end("the file")).err();
    let tests = tests.into_iter().map(|node| test(node, rule)).collect();
    Ok(File { rule, tests, broken })
}

fn meta(node: Node) -> Result<(), String> {
    let mut meta = Fields::of(node, "meta")?;
    meta.ignore(&["author", "description", "enabled", "name", "tags", "version"]);
    meta.end("meta")
}

fn test(node: Node, rule: u32) -> Test {
    // Until its own number is known, the line tells a broken test from others.
    let id = format!("{rule}-line-{}", node.line);
    let mut test = Test { id, rule, ..Test::default() };
    if let Err(why) = fill(&mut test, node) {
        test.broken = Some(why);
    }
    test
}

/// Reads a test; what was read before a fault stays, so that the fault is told of the right one.
fn fill(test: &mut Test, node: Node) -> Result<(), String> {
    let line = node.line;
    let mut fields = Fields::of(node, "test")?;
    let number: Option<u32> = fields.number("test_id")?;
    let number = number.ok_or_else(|| format!("line {line}: `test_id` is missing"))?;
    test.rule = fields.number("rule_id")?.unwrap_or(test.rule);
    test.id = format!("{}-{number}", test.rule);
    test.description = fields.text("desc")?.or(fields.text("description")?).unwrap_or_default();
    fields.ignore(&["tags", "test_title"]);
    let stages = fields.list("stages")?;
    fields.end("test")?;
    if stages.is_empty() {
        return Err(format!("line {line}: a test without stages"));
    }
    test.stages = stages.into_iter().map(stage).collect::<Result<_, _>>()?;
    Ok(())
}

fn stage(node: Node) -> Result<Stage, String> {
    let line = node.line;
    let mut fields = Fields::of(node, "stage")?;
    // The format's first version had one level more.
    if let Some(inner) = fields.take("stage") {
        fields.end("stage")?;
        return stage(inner);
    }
    fields.ignore(&["desc", "description"]);
    let input = fields.take("input").map(input).transpose()?;
    let output = fields.take("output").map(output).transpose()?;
    fields.end("stage")?;
    let input = input.ok_or_else(|| format!("line {line}: a stage without input"))?;
    let output = output.ok_or_else(|| format!("line {line}: a stage without output"))?;
    Ok(Stage { input, output })
}

fn input(node: Node) -> Result<Input, String> {
    let line = node.line;
    let mut fields = Fields::of(node, "input")?;
    // Where to: every stage of a run goes to one place.
    fields.ignore(&["dest_addr", "port", "protocol", "stop_magic", "virtual_host_mode"]);
    let expanded = |text: Option<String>| text.map(|text| expand(&text, line)).transpose();
    let data = expanded(fields.text("data")?)?.map(String::into_bytes);
    let encoded_data = fields.text("encoded_data")?.map(|text| decoded(&text, line)).transpose()?;
    let encoded = fields.text("encoded_request")?.map(|text| decoded(&text, line)).transpose()?;
    let input = Input {
        method: fields.text("method")?,
        uri: expanded(fields.text("uri")?)?,
        version: fields.text("version")?,
        headers: headers(&mut fields)?,
        data: data.or(encoded_data),
        // An empty one is none.
        encoded_request: encoded.filter(|bytes| !bytes.is_empty()),
        autocomplete_headers: fields.boolean("autocomplete_headers")?,
        save_cookie: fields.boolean("save_cookie")?.unwrap_or(false),
        follow_redirect: fields
            .boolean("follow_redirect")?
            .or(fields.boolean("follow_redirects")?)
            .unwrap_or(false),
    };
    fields.end("input")?;
    Ok(input)
}

fn expand(text: &str, line: usize) -> Result<String, String> {
    template::expand(text).map(Cow::into_owned).map_err(|e| format!("line {line}: {e}"))
}

fn decoded(text: &str, line: usize) -> Result<Vec<u8>, String> {
    // Go's decoder passes over line ends.
    let text: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    STANDARD.decode(text.trim()).map_err(|e| format!("line {line}: no base64: {e}"))
}

fn headers(fields: &mut Fields) -> Result<Vec<(String, String)>, String> {
    let map = fields.take("headers");
    let ordered = fields.list("ordered_headers")?;
    if let (Some(map), false) = (&map, ordered.is_empty()) {
        return Err(fault(map, "`headers` and `ordered_headers` exclude each other"));
    }
    let mut headers = Vec::new();
    for node in ordered {
        let line = node.line;
        let mut pair = Fields::of(node, "ordered_headers")?;
        let name = pair.text("name")?.unwrap_or_default();
        headers.push((name, expand(&pair.text("value")?.unwrap_or_default(), line)?));
        pair.end("ordered_headers")?;
    }
    if let Some(map) = map {
        for (name, value) in Fields::of(map, "headers")?.pairs() {
            let line = value.line;
            // Go reads YAML's nothing as empty text here.
            let value = if value.is_null() { String::new() } else { scalar(value, "a header")? };
            headers.push((name, expand(&value, line)?));
        }
        headers.sort();
    }
    Ok(headers)
}

fn output(node: Node) -> Result<Output, String> {
    let line = node.line;
    let mut fields = Fields::of(node, "output")?;
    let mut log = fields.take("log").map(log).transpose()?.unwrap_or_default();
    // The older spelling of the two patterns.
    if let Some(pattern) = fields.text("log_contains")? {
        log.match_regex.get_or_insert(pattern);
    }
    if let Some(pattern) = fields.text("no_log_contains")? {
        log.no_match_regex.get_or_insert(pattern);
    }
    let output = Output {
        status: fields.number("status")?,
        response_contains: fields.text("response_contains")?,
        expect_error: fields.boolean("expect_error")?,
        retry_once: fields.boolean("retry_once")?.unwrap_or(false),
        isolated: fields.boolean("isolated")?.unwrap_or(false),
        log,
    };
    fields.end("output")?;
    if output.is_empty() {
        return Err(format!("line {line}: an output that expects nothing"));
    }
    Ok(output)
}

fn log(node: Node) -> Result<Log, String> {
    let mut fields = Fields::of(node, "log")?;
    let mut log = Log {
        expect_ids: fields.numbers("expect_ids")?,
        no_expect_ids: fields.numbers("no_expect_ids")?,
        match_regex: fields.text("match_regex")?,
        no_match_regex: fields.text("no_match_regex")?,
    };
    log.expect_ids.extend(fields.number::<u32>("expect_id")?);
    log.no_expect_ids.extend(fields.number::<u32>("no_expect_id")?);
    fields.end("log")?;
    Ok(log)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
