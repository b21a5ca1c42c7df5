//! What forms in parts give: what browsers send, and what only others do.

use super::*;

const TYPE: &[u8] = b"multipart/form-data; boundary=b";

/// Lines with CRLF.
fn form(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}

fn read(text: &str) -> Multipart {
    multipart(TYPE, &form(text), &Limits::default())
}

fn shown(read: &Multipart) -> String {
    let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
    let arguments =
        read.arguments.iter().map(|it| format!("{}={}", text(&it.name), text(&it.value)));
    let files = read
        .files
        .iter()
        .map(|it| format!("{}:{}:{}", text(&it.field), text(&it.filename), it.size));
    arguments.chain(files).collect::<Vec<_>>().join(" | ")
}

#[test]
fn fields_and_files_are_found() {
    let found = read(
        "--b\nContent-Disposition: form-data; name=\"a\"\n\n1\n\n2\n--b\ncontent-disposition:form-data;name=f;filename=\"x;=\\\"'\\\\y\"\n\
         Content-Type: text/plain\n\ncontent\n--b\nContent-Disposition: form-data; name=\"a\"\n\n\n--b--\n",
    );
    assert_eq!(shown(&found), r#"a=1\r\n\r\n2 | a= | f:x;=\"\'\\y:7"#);
    assert_eq!(
        (found.fault, found.flags, found.strict_error()),
        (None, MultipartFlags::default(), false)
    );
    assert_eq!(found.files_size, 7);
    let headers: Vec<_> = found
        .part_headers
        .iter()
        .map(|header| (header.part.as_slice(), std::str::from_utf8(&header.line).unwrap()))
        .collect();
    assert_eq!(
        headers,
        [
            (&b"a"[..], "Content-Disposition: form-data; name=\"a\""),
            (b"f", "content-disposition:form-data;name=f;filename=\"x;=\\\"'\\\\y\""),
            (b"f", "Content-Type: text/plain"),
            (b"a", "Content-Disposition: form-data; name=\"a\""),
        ]
    );
}

#[test]
fn what_browsers_send_has_no_flag_and_no_fault() {
    for boundary in [
        "----WebKitFormBoundaryABCDEFGIJKLMNOPQ",
        "----geckoformboundary4a8d2f",
        "---------------------------265001916915724",
        "------------------------d74496d66958873e",
    ] {
        let body = form(&format!(
            "--{boundary}\nContent-Disposition: form-data; name=\"a\"\n\n1\n--{boundary}\n\
             Content-Disposition: form-data; name=\"f\"; filename=\"x.png\"\nContent-Type: image/png\n\n\
             --\0\n\n--{boundary}--\n",
        ));
        let content_type = format!("multipart/form-data; boundary={boundary}");
        let found = multipart(content_type.as_bytes(), &body, &Limits::default());
        assert_eq!(shown(&found), "a=1 | f:x.png:5", "{boundary}");
        // The file has a line that begins as boundaries do: said, and no strict error.
        assert_eq!((found.fault, found.strict_error()), (None, false), "{boundary}");
        assert_eq!(found.flags.unmatched_boundary, 2);
    }
}

#[test]
fn an_empty_body_and_one_without_parts_are_well() {
    assert_eq!(multipart(TYPE, b"", &Limits::default()), Multipart::default());
    for text in ["--b--", "--b--\n"] {
        assert_eq!(read(text), Multipart::default(), "{text}");
    }
}

const HEAD: &str = "Content-Disposition: form-data; name=a\n\n";

#[test]
fn each_flag_has_its_form() {
    type Flags = MultipartFlags;
    let none = Flags::default();
    let head = HEAD.trim_end();
    for (text, flags, fault) in [
        (format!("x\n--b\n{HEAD}1\n--b--"), Flags { data_before: true, ..none }, None),
        (format!("--b\n{HEAD}1\n--b--\nx"), Flags { data_after: true, ..none }, None),
        (format!("--b\n{HEAD}1\n--b--\n\n"), Flags { data_after: true, ..none }, None),
        (format!("--b\n{HEAD}--c\n--b--"), Flags { unmatched_boundary: 2, ..none }, None),
        (
            format!("--b\n{HEAD}--c\n1"),
            Flags { unmatched_boundary: 1, ..none },
            Some("Final boundary missing"),
        ),
        (
            format!("--c\n{HEAD}1\n--c--"),
            Flags { unmatched_boundary: 1, data_before: true, ..none },
            Some("Final boundary missing"),
        ),
        (
            format!("--b\n{HEAD}--bx\n--b--"),
            Flags { unmatched_boundary: 2, ..none },
            Some("Invalid boundary"),
        ),
        (
            format!("--b\n{HEAD}-- b\n--b--"),
            Flags { unmatched_boundary: 2, ..none },
            Some("Invalid boundary (whitespace)"),
        ),
        (format!("--b \n{HEAD}1\n--b--"), none, Some("Invalid boundary (whitespace after it)")),
        (
            format!("--b\n{head};\n filename=x\n\n1\n--b--"),
            Flags { header_folding: true, ..none },
            None,
        ),
        (
            format!("--b\n{head};\n\u{b}filename=x\n\n1\n--b--"),
            Flags { header_folding: true, invalid_header_folding: true, ..none },
            None,
        ),
        (
            format!("--b\n x\n{HEAD}1\n--b--"),
            Flags { header_folding: true, ..none },
            Some("Invalid part header (folding error)"),
        ),
        (
            "--b\nContent-Disposition: form-data; name='a'\n\n1\n--b--".to_owned(),
            Flags { invalid_quoting: true, ..none },
            None,
        ),
        (
            "--b\n\n1\n--b--".to_owned(),
            Flags { invalid_part: true, ..none },
            Some("Part missing Content-Disposition header"),
        ),
        (
            "--b\nContent-Disposition: form-data\n\n1\n--b--".to_owned(),
            Flags { invalid_part: true, ..none },
            Some("Content-Disposition header missing name field"),
        ),
        (format!("--b\n{head}\n--b--"), Flags { invalid_part: true, ..none }, None),
        (format!("--b\n{HEAD}1"), none, Some("Final boundary missing")),
        (format!("--b\nx\n{HEAD}1\n--b--"), none, Some("Invalid part header (colon missing)")),
        (
            format!("--b\n:x\n{HEAD}1\n--b--"),
            none,
            Some("Invalid part header (header name missing)"),
        ),
        (
            format!("--b\nx y:z\n{HEAD}1\n--b--"),
            none,
            Some("Invalid part header (contains invalid character)"),
        ),
        (format!("--b\nx:\0\n{HEAD}1\n--b--"), none, Some("Nul byte in part headers")),
        (format!("--b\n{head}\n{HEAD}1\n--b--"), none, Some("Duplicate part header")),
    ] {
        let found = read(&text);
        let fault = fault.map(Fault::Multipart);
        assert_eq!((found.flags, found.fault), (flags, fault), "{text:?}");
        let is_strict =
            fault.is_some() || flags != none && flags != Flags { unmatched_boundary: 2, ..none };
        assert_eq!(found.strict_error(), is_strict, "{text:?}");
    }
}

#[test]
fn lines_without_cr_are_read_and_flagged() {
    let lf = format!("--b\n{HEAD}1\n--b--\n");
    let found = multipart(TYPE, lf.as_bytes(), &Limits::default());
    let flags = MultipartFlags { lf_line: true, ..MultipartFlags::default() };
    assert_eq!((shown(&found).as_str(), found.flags, found.fault), ("a=1", flags, None));
    let mixed = format!("--b\r\n{HEAD}1\r\n--b--\r\n");
    let found = multipart(TYPE, mixed.as_bytes(), &Limits::default());
    let flags = MultipartFlags { crlf_lf_lines: true, ..flags };
    assert_eq!((shown(&found).as_str(), found.flags, found.fault), ("a=1", flags, None));
    // Only the content has them: that is the content's affair.
    let found = multipart(
        TYPE,
        &[form(&format!("--b\n{HEAD}")), b"1\n2\r\n--b--".to_vec()].concat(),
        &Limits::default(),
    );
    assert_eq!((shown(&found).as_str(), found.strict_error()), (r"a=1\n2", false));
}

#[test]
fn the_content_type_has_its_share_of_flags() {
    let body = form(&format!("--b\n{HEAD}1\n--b--"));
    let none = MultipartFlags::default();
    for (content_type, flags, fault, arguments) in [
        (
            &b"multipart/form-data; boundary=\"b\""[..],
            MultipartFlags { boundary_quoted: true, ..none },
            None,
            "a=1",
        ),
        (
            b"multipart/form-data; boundary= b",
            MultipartFlags { boundary_whitespace: true, ..none },
            None,
            "a=1",
        ),
        (
            b"multipart/form-data boundary=b",
            MultipartFlags { missing_semicolon: true, ..none },
            None,
            "a=1",
        ),
        (b"multipart/form-data", none, Some("Boundary not found in C-T"), ""),
        (
            b"multipart/form-data; boundary=b; boundary=c",
            none,
            Some("Multiple boundary parameters in C-T"),
            "a=1",
        ),
    ] {
        let found = multipart(content_type, &body, &Limits::default());
        let found = (found.flags, found.fault, shown(&found));
        assert_eq!(
            found,
            (flags, fault.map(Fault::Multipart), arguments.to_owned()),
            "{}",
            content_type.escape_ascii()
        );
    }
    let found = multipart(
        b"multipart/form-data; boundary=\"b\"",
        &form(&format!("--b\n{HEAD}--\"b\"\n--b--")),
        &Limits::default(),
    );
    assert_eq!(found.fault, Some(Fault::Multipart("Invalid boundary (quotes)")));
}

#[test]
fn a_boundary_within_a_line_is_a_fault_as_some_readers_part_there() {
    let inner = "Content-Disposition: form-data; name=q\n\nevil\n--bound--";
    let file = "Content-Disposition: form-data; name=f; filename=x\n\n";
    let of = |between: &str, end: &str| {
        let body = form(&format!("--bound\n{file}x{between}--bound{end}{inner}"));
        let found = multipart(b"multipart/form-data; boundary=bound", &body, &Limits::default());
        found.fault
    };
    let within = Some(Fault::Multipart("Invalid boundary (within a line)"));
    for (between, end, fault) in [
        ("\r", "\n", within),
        ("", "\n", within),
        ("\0", "\r", within),
        ("\u{85}", "", within),
        ("\n--", "\n", within),
        ("\n", "\n", None),
        ("-\n", "\n", None),
    ] {
        assert_eq!(of(between, end), fault, "{between:?} {end:?}");
    }
    for (last, fault) in [("x\r--bound", within), ("--bound", None), ("x--boun", None)] {
        let body = form(&format!("--bound\n{file}{last}"));
        let content_type = b"multipart/form-data; boundary=bound";
        let found = beginning_of_multipart(content_type, &body, &Limits::default());
        assert_eq!(found.fault, fault, "{last:?}");
    }
}

#[test]
fn what_one_reader_takes_for_a_field_and_another_for_a_file_is_both() {
    let disposition =
        |text: &str| read(&format!("--b\nContent-Disposition: form-data; {text}\n\n1\n--b--"));
    assert_eq!(shown(&disposition("name=a; filename*=utf-8''x%2fy")), "a=1 | a:x/y:0");
    assert_eq!(shown(&disposition("name=a; filename=\"\"")), "a=1 | a::0");
    assert_eq!(shown(&disposition("name=a; filename=")), "a=1 | a::0");
    assert_eq!(
        shown(&disposition("name=a; filename=\"\"; filename*=utf-8''y")),
        "a=1 | a::0 | a:y:0"
    );
    assert_eq!(shown(&disposition("name=a; filename=x; filename*=utf-8''y")), "a:x:1 | a:y:0");
    assert_eq!(shown(&disposition("name=a; name=c; name=d")), "d=1 | a=1");
    assert_eq!(shown(&read("--b\nContent-Disposition : form-data; name=a\n\n1\n--b--")), "a=1");
    // Without a head's end, or a name, or a last boundary, there is still something to see.
    assert_eq!(shown(&read("--b\nContent-Disposition: form-data; name=a\n--b--")), "a=");
    assert_eq!(shown(&read("--b\n\n1\n--b--")), "=1");
    assert_eq!(shown(&read(&format!("--b\n{HEAD}1\n2"))), r"a=1\r\n2");
}

#[test]
fn header_lines_are_kept_as_they_stand() {
    let body = b"--b\r\nContent-\x00Type\xff: x\r\n\x80\xffX : y\r\nno colon\r\nA: b\r\n\tc\r\n\r\n1\r\n--b--";
    let found = multipart(TYPE, body, &Limits::default());
    let lines: Vec<_> =
        found.part_headers.iter().map(|header| header.line.escape_ascii().to_string()).collect();
    assert_eq!(lines, [r"Content-\x00Type\xff: x", r"\x80\xffX : y", "no colon", "A: b c"]);
}

#[test]
fn a_body_cut_anywhere_keeps_what_was_before() {
    let body = form(&format!(
        "--b\n{HEAD}1\n--b\nContent-Disposition: form-data; name=f; filename=x\n\nyz\n--b--"
    ));
    for end in 1..body.len() {
        let found = multipart(TYPE, &body[..end], &Limits::default());
        assert!(found.fault.is_some(), "{end}");
        let beginning = beginning_of_multipart(TYPE, &body[..end], &Limits::default());
        assert!(!beginning.strict_error(), "{end}: {beginning:?}");
        assert_eq!(beginning.flags.unmatched_boundary, 0, "{end}");
        if end > body.len() / 2 {
            assert_eq!(beginning.arguments.first(), found.arguments.first(), "{end}");
            assert_eq!(
                found.arguments.first().map(|it| it.value.as_slice()),
                Some(&b"1"[..]),
                "{end}"
            );
        }
    }
}

#[test]
fn each_limit_holds_and_one_past_it_is_a_fault() {
    let limits = Limits::default();
    let forms =
        |count: usize, part: &str| format!("{}--b--", format!("--b\n{part}\n").repeat(count));
    let fault = |count: usize, part: &str| {
        let found = read(&forms(count, part));
        (found.fault, found.flags.file_limit_exceeded)
    };
    let field = format!("{HEAD}1");
    assert_eq!(fault(limits.parts, &field), (None, false));
    assert_eq!(fault(limits.parts + 1, &field), (Some(Fault::TooManyParts), true));
    let headers =
        |count: usize| read(&format!("--b\n{}{HEAD}1\n--b--", "x:y\n".repeat(count - 1))).fault;
    assert_eq!(headers(limits.part_headers), None);
    assert_eq!(headers(limits.part_headers + 1), Some(Fault::TooManyPartHeaders));
    let few = Limits { arguments: 2, ..limits };
    let found = |count: usize| multipart(TYPE, &form(&forms(count, &field)), &few).fault;
    assert_eq!((found(2), found(3)), (None, Some(Fault::TooManyArguments)));
}

#[test]
fn hostile_bodies_are_kept_small() {
    let limits = Limits::default();
    let long = format!(
        "--b\nContent-Disposition: form-data; name={}\n{}\n1\n--b--",
        "a".repeat(50_000),
        "x:y\n".repeat(1_000)
    );
    let names = format!(
        "--b\nContent-Disposition: form-data{}\n\n{}\n--b--",
        "; name=a".repeat(5_000),
        "x".repeat(50_000)
    );
    let many = format!("{}--b--", format!("--b\n{HEAD}1\n").repeat(2_000));
    let folded = format!("--b\n{HEAD}{}\n\n--b--", "\n x".repeat(30_000));
    let folds = format!("--b\nx:y{}\n\n--b--", "\n x".repeat(30_000));
    let quotes =
        format!("--b\nContent-Disposition: form-data; {}\n\n--b--", "\"'=;".repeat(25_000));
    let bodies = [
        long,
        names,
        many,
        folded,
        folds,
        quotes,
        "\n".repeat(100_000),
        "--".repeat(50_000),
        "--b\n".repeat(25_000),
    ];
    for text in bodies {
        let found = read(&text);
        let kept = found.arguments.iter().map(|it| it.name.len() + it.value.len());
        let headers = found.part_headers.iter().map(|it| it.part.len() + it.line.len());
        let kept: usize = kept.chain(headers).sum();
        assert!(kept <= 2 * text.len() + 2 * limits.names, "{kept}");
        assert!(found.arguments.len() <= limits.arguments);
    }
}
