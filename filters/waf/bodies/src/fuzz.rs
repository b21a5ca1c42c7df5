//! Any bytes as a body of each kind, and what must hold whatever they are.

use crate::{Argument, Fault, Limits, beginning_of_multipart, json, multipart, urlencoded, xml};

/// Small ones, so that short inputs reach them.
const FEW: Limits =
    Limits { arguments: 8, depth: 4, nodes: 16, parts: 4, part_headers: 8, names: 256 };

/// Whatever the bytes: limits hold, and what fits in small limits is the same in large ones.
pub fn fuzz_urlencoded_body(data: &[u8]) {
    let (few, all) = (urlencoded(data, &FEW), urlencoded(data, &Limits::default()));
    bounded(&few.arguments, few.fault);
    prefix(&few.arguments, &all.arguments, few.fault);
    let kept: usize = all.arguments.iter().map(|it| it.name.len() + it.value.len()).sum();
    assert!(kept <= data.len(), "decoding made more of it");
}

/// As for forms; and a body without a fault is well-formed to the end.
pub fn fuzz_json_body(data: &[u8]) {
    let (few, all) = (json(data, &FEW), json(data, &Limits::default()));
    bounded(&few.arguments, few.fault);
    prefix(&few.arguments, &all.arguments, few.fault);
    assert!(few.outer_names.len() <= FEW.arguments, "too many names");
    assert!(all.outer_names.starts_with(&few.outer_names), "the limits change what is before them");
    if all.fault.is_none() {
        let spaced = [b" ", data, b"\n"].concat();
        assert_eq!(json(&spaced, &Limits::default()), all, "space around it counts");
        let longer = json(&[data, b"\""].concat(), &Limits::default());
        let is_empty = data.trim_ascii().is_empty();
        assert!(is_empty || longer.fault.is_some(), "something behind it is no fault");
    }
    let has_rest = all.fault.is_some_and(|fault| !fault.is_limit());
    let known = all.arguments.len() - usize::from(has_rest && !all.arguments.is_empty());
    assert!(known <= data.len(), "more arguments than bytes");
}

/// As for forms; and nothing is kept more than once, but that a byte may become a character of three.
pub fn fuzz_xml_body(data: &[u8]) {
    let (few, all) = (xml(data, &FEW), xml(data, &Limits::default()));
    assert!(few.text.len() + few.attributes.len() <= FEW.nodes, "too much of it");
    if few.fault.is_none_or(|fault| !fault.is_limit()) {
        assert_eq!(few, all, "the limits count, and were not reached");
    }
    let kept: usize = all.text.iter().chain(&all.attributes).map(Vec::len).sum();
    assert!(kept <= data.len().saturating_mul(3), "kept more than once");
}

/// The first line is the content type. As for forms; and what browsers send has no flag that they do not raise.
pub fn fuzz_multipart_body(data: &[u8]) {
    let place = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (content_type, body) = data.split_at_checked(place).unwrap_or_default();
    let body = body.get(1..).unwrap_or_default();
    let few = multipart(content_type, body, &FEW);
    let all = multipart(content_type, body, &Limits::default());
    bounded(&few.arguments, few.fault);
    prefix(&few.arguments, &all.arguments, few.fault);
    assert!(few.part_headers.len() <= FEW.part_headers, "too many headers");
    let sizes: usize = all.files.iter().map(|file| file.size).sum();
    assert_eq!(sizes, all.files_size, "sizes are not their sum");
    assert!(sizes <= body.len(), "files larger than the body");
    assert!(all.strict_error() || all.fault.is_none(), "a fault is no strict error");
    let beginning = beginning_of_multipart(content_type, body, &Limits::default());
    assert!(all.strict_error() || !beginning.strict_error(), "wrong only where it is cut");
}

fn bounded(arguments: &[Argument], fault: Option<Fault>) {
    assert!(arguments.len() <= FEW.arguments, "too many arguments");
    let names: usize = arguments.iter().map(|argument| argument.name.len()).sum();
    let is_bounded = names <= FEW.names || fault != Some(Fault::NamesTooLong);
    assert!(is_bounded, "names too long");
}

fn prefix(few: &[Argument], all: &[Argument], fault: Option<Fault>) {
    assert!(all.starts_with(few), "the limits change what is before them");
    if fault.is_none_or(|fault| !fault.is_limit()) {
        assert_eq!(few, all, "the limits count, and were not reached");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIECES: &[&[u8]] = &[
        b"a",
        b"b",
        b"1",
        b"=",
        b"&",
        b"%41",
        b"%",
        b"+",
        b"{",
        b"}",
        b"[",
        b"]",
        b":",
        b",",
        b"\"",
        b"\\u00e4",
        b"\\",
        b"true",
        b" ",
        b"<a>",
        b"</a>",
        b"<a b='c'/>",
        b"<!--",
        b"-->",
        b"<![CDATA[",
        b"]]>",
        b"&lt;",
        b"&#65;",
        b"<?x?>",
        b"<!DOCTYPE a [",
        b"\r\n",
        b"\n",
        b"--b",
        b"--",
        b"\r\n--b\r\n",
        b"\r\n\r\n",
        b";",
        b"Content-Disposition: form-data; name=a",
        b"; filename=\"x\"",
        b"\x00",
        b"\xff",
        b"\xc3\xa4",
        b"'",
        b"multipart/form-data; boundary=b\n",
    ];

    #[test]
    fn what_is_promised_of_all_bodies_holds_for_random_ones() {
        let mut random = fastrand::Rng::with_seed(6);
        for round in 0..20_000 {
            let mut body = if round % 2 == 0 {
                b"multipart/form-data; boundary=b\n--b\r\n".to_vec()
            } else {
                Vec::new()
            };
            for _ in 0..random.usize(0..24) {
                body.extend_from_slice(PIECES[random.usize(..PIECES.len())]);
            }
            for entry in [fuzz_urlencoded_body, fuzz_json_body, fuzz_xml_body, fuzz_multipart_body]
            {
                entry(&body);
            }
        }
        for piece in PIECES {
            let body = piece.repeat(2_000);
            fuzz_json_body(&body);
            fuzz_xml_body(&body);
            fuzz_urlencoded_body(&body);
            fuzz_multipart_body(&[b"multipart/form-data; boundary=b\n", &*body].concat());
        }
    }
}
