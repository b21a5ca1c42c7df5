//! Samples of the format, written for the reader.

use super::read;

const FULL: &str = r#"
meta: {author: "us", description: "a sample", enabled: true, name: "s.yaml", version: "1"}
rule_id: 42
tests:
  - test_id: 7
    desc: "all fields"
    stages:
      - input:
          dest_addr: "127.0.0.1"
          port: 80
          protocol: "http"
          method: "POST"
          uri: "/a"
          version: "HTTP/1.0"
          headers:
            User-Agent: on
            Content-Length: 7
            Accept: ""
            Empty:
          data: 'x={{ "ab" | repeat 3 }}'
          autocomplete_headers: false
          save_cookie: true
          follow_redirect: false
        output:
          status: 403
          response_contains: "no"
          expect_error: false
          retry_once: true
          isolated: true
          log:
            expect_ids: [1, 2]
            no_expect_ids: [3]
            match_regex: 'a\d'
            no_match_regex: b
"#;

#[test]
fn every_field_is_read() {
    let file = read(FULL).unwrap();
    assert_eq!(file.rule, 42);
    let test = &file.tests[0];
    assert_eq!((test.id.as_str(), test.description.as_str()), ("42-7", "all fields"));
    let input = &test.stages[0].input;
    assert_eq!(input.method.as_deref(), Some("POST"));
    assert_eq!(input.version.as_deref(), Some("HTTP/1.0"));
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let want = [
        header("Accept", ""),
        header("Content-Length", "7"),
        header("Empty", ""),
        header("User-Agent", "on"),
    ];
    assert_eq!(input.headers, want, "sorted, and text as it was written");
    assert_eq!(input.data.as_deref(), Some(b"x=ababab".as_slice()));
    assert_eq!(input.autocomplete_headers, Some(false));
    assert!(input.save_cookie && !input.follow_redirect);
    let output = &test.stages[0].output;
    assert_eq!(output.status, Some(403));
    assert_eq!(output.expect_error, Some(false));
    assert!(output.retry_once && output.isolated);
    assert_eq!(output.log.expect_ids, [1, 2]);
    assert_eq!(output.log.no_expect_ids, [3]);
    assert_eq!(output.log.match_regex.as_deref(), Some("a\\d"));
    assert_eq!(output.log.no_match_regex.as_deref(), Some("b"));
}

fn stage_with(input: &str, output: &str) -> Result<super::Stage, String> {
    let text = format!(
        "rule_id: 1\ntests:\n  - test_id: 1\n    stages:\n      - input: {{{input}}}\n        output: {{{output}}}\n"
    );
    let mut test = read(&text)?.tests.remove(0);
    match test.broken {
        Some(why) => Err(why),
        None => Ok(test.stages.remove(0)),
    }
}

#[test]
fn older_spellings_mean_the_same() {
    let stage = stage_with("", "log_contains: a, no_log_contains: b").unwrap();
    assert_eq!(stage.output.log.match_regex.as_deref(), Some("a"));
    assert_eq!(stage.output.log.no_match_regex.as_deref(), Some("b"));
    let text =
        "rule_id: 1\ntests: [{test_id: 1, stages: [{stage: {input: {}, output: {status: 200}}}]}]";
    assert_eq!(read(text).unwrap().tests[0].stages[0].output.status, Some(200));
}

#[test]
fn a_whole_request_is_base64_over_several_lines() {
    let stage = stage_with("encoded_request: \"R0VUIC\\n8=\"", "status: 200").unwrap();
    assert_eq!(stage.input.encoded_request.as_deref(), Some(b"GET /".as_slice()));
    let stage = stage_with("encoded_data: \"eD0x\"", "status: 200").unwrap();
    assert_eq!(stage.input.data.as_deref(), Some(b"x=1".as_slice()));
}

#[test]
fn ordered_headers_keep_their_order_and_repeat() {
    let input = "ordered_headers: [{name: b, value: 1}, {name: a, value: 2}, {name: b, value: 3}]";
    let stage = stage_with(input, "status: 200").unwrap();
    let names: Vec<_> = stage.input.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["b", "a", "b"]);
}

#[test]
fn what_is_not_the_format_is_refused() {
    let rows = [
        ("uri: /, urii: /", "status: 200", "no field `urii`"),
        ("", "statuss: 200", "no field `statuss`"),
        ("", "log: {expect_idz: [1]}", "no field `expect_idz`"),
        ("", "log: {expect_ids: 1}", "must be a list"),
        ("", "log: {expect_ids: [x]}", "must be a number"),
        ("", "status: abc", "must be a number"),
        ("", "status: 70000", "must be a number"),
        ("autocomplete_headers: yes", "status: 200", "must be true or false"),
        ("autocomplete_headers: 'true'", "status: 200", "must be true or false"),
        ("headers: [a]", "status: 200", "must be a mapping"),
        ("headers: {a: [b]}", "status: 200", "must be text"),
        ("headers: {a: b}, ordered_headers: [{name: a, value: b}]", "status: 200", "exclude"),
        ("data: '{{ upper \"a\" }}'", "status: 200", "does not know: `{{ upper"),
        ("uri: '/{{ \"a\" | upper }}'", "status: 200", "does not know"),
        ("headers: {a: '{{ \"a\" | upper }}'}", "status: 200", "does not know"),
        ("ordered_headers: [{name: a, value: '{{ now }}'}]", "status: 200", "does not know"),
        ("encoded_request: '***'", "status: 200", "no base64"),
        ("", "", "expects nothing"),
        ("", "log: {}", "expects nothing"),
        ("", "retry_once: true", "expects nothing"),
    ];
    for (input, output, want) in rows {
        let error = stage_with(input, output).unwrap_err();
        assert!(error.contains(want) && error.contains("line "), "{input} / {output}: {error}");
    }
}

#[test]
fn a_test_that_can_not_be_read_breaks_no_other() {
    let text = r#"
rule_id: 1
tests:
  - {test_id: 1, stages: [{input: {}, output: {status: 200}}]}
  - {test_id: 2, colour: red, stages: [{input: {}, output: {status: 200}}]}
  - test_id: 3
    rule_id: 9
    stages:
      - {input: {}, output: {status: 200}}
      - {input: {}, output: {}}
  - {stages: [{input: {}, output: {status: 200}}]}
  - [a]
  - {test_id: 6, stages: [{input: {}, output: {status: 200}}]}
"#;
    let file = read(text).unwrap();
    assert_eq!(file.broken, None);
    let told: Vec<_> = file
        .tests
        .iter()
        .map(|test| (test.id.as_str(), test.stages.len(), test.broken.as_deref()))
        .collect();
    let want = [
        ("1-1", 1, None),
        ("1-2", 0, Some("line 5: `test` has no field `colour`")),
        ("9-3", 0, Some("line 10: an output that expects nothing")),
        ("1-line-11", 0, Some("line 11: `test_id` is missing")),
        ("1-line-12", 0, Some("line 12: `test` must be a mapping")),
        ("1-6", 1, None),
    ];
    assert_eq!(told, want);
}

#[test]
fn a_file_says_what_it_is_about() {
    for (text, want) in [("tests: []", "`rule_id` is missing"), ("[1]", "must be a mapping")] {
        let error = read(text).unwrap_err();
        assert!(error.contains(want), "{text}: {error}");
    }
    assert_eq!(read("# comments\n").unwrap().tests, []);
}

#[test]
fn a_field_of_a_file_that_is_not_known_is_told_and_its_tests_count() {
    let tests = "tests: [{test_id: 1, stages: [{input: {}, output: {status: 200}}]}]";
    for (field, want) in [
        ("meta: {autor: x}", "no field `autor`"),
        ("meta: x", "must be a mapping"),
        ("test: []", "no field `test`"),
    ] {
        let file = read(&format!("rule_id: 1\n{field}\n{tests}")).unwrap();
        assert!(file.broken.is_some_and(|why| why.contains(want)), "{field}");
        assert_eq!(file.tests.len(), 1, "{field}");
    }
}

#[test]
fn a_test_has_a_number_and_stages_that_are_whole() {
    let rows = [
        ("{stages: []}", "`test_id` is missing"),
        ("{test_id: 1, stages: []}", "without stages"),
        ("{test_id: 1, stages: [{input: {}}]}", "without output"),
        ("{test_id: 1, stages: [{output: {status: 1}}]}", "without input"),
    ];
    for (test, want) in rows {
        let file = read(&format!("rule_id: 1\ntests: [{test}]")).unwrap();
        let why = file.tests[0].broken.as_deref().unwrap_or_default();
        assert!(why.contains(want), "{test}: {why}");
    }
}
