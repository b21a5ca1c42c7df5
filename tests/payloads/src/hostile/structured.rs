//! Bodies at the bounds of those who take them apart: as many arguments, levels, nodes and parts as may be, and one too many.

use super::text::PRINTABLE;
use super::{FORM, LENGTH, fill};
use crate::Random;

/// Arguments that the engine looks at.
const ARGUMENTS: usize = 1_000;
/// Levels of JSON.
const DEPTH: usize = 64;
/// Values of JSON; elements, attributes and texts of XML.
const NODES: usize = 5_000;
/// Parts of a form.
const PARTS: usize = 256;

const VALUES: [&[u8]; 6] = [b"'", b"<b>", b"a b", b"../x", b"$(id)", b"1 or 1"];

/// Adds values until there are so many bytes.
fn values(random: &mut Random, bytes: &mut Vec<u8>, length: usize) {
    fill(bytes, length, |bytes| bytes.extend(random.one_of(&VALUES)));
}

/// As many arguments as may be; `value` adds each one's value, up to so many bytes of the body.
fn arguments(mut value: impl FnMut(&mut Vec<u8>, usize)) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    for number in 1..=ARGUMENTS {
        bytes.extend(format!("a[{number}]=").bytes());
        value(&mut bytes, LENGTH * number / ARGUMENTS - usize::from(number < ARGUMENTS));
        if number < ARGUMENTS {
            bytes.push(b'&');
        }
    }
    (FORM.to_owned(), bytes)
}

/// Each argument with a name and a value that rules look at.
pub(super) fn arguments_at_their_limit(random: &mut Random) -> (String, Vec<u8>) {
    arguments(|bytes, until| values(random, bytes, until))
}

/// The same of all that can be written: hardly two values are alike to anybody.
pub(super) fn printable_arguments(random: &mut Random) -> (String, Vec<u8>) {
    arguments(|bytes, until| {
        let missing = until.saturating_sub(bytes.len());
        bytes.extend(random.bytes(PRINTABLE, missing));
    })
}

/// Arguments of nothing but their border.
pub(super) fn arguments_past_their_limit(_: &mut Random) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    fill(&mut bytes, LENGTH, |bytes| bytes.extend(b"a&"));
    (FORM.to_owned(), bytes)
}

fn json(bytes: Vec<u8>) -> (String, Vec<u8>) {
    ("application/json".to_owned(), bytes)
}

/// Lists in each other down to the last level, and there as many values as may be.
pub(super) fn json_at_its_depth(random: &mut Random) -> (String, Vec<u8>) {
    let mut bytes = vec![b'['; DEPTH];
    let end = vec![b']'; DEPTH];
    // What comes out of it is an argument each.
    let values = ARGUMENTS.min(NODES - DEPTH);
    let room = LENGTH - 2 * DEPTH;
    for number in 1..=values {
        bytes.push(b'"');
        let last = number == values;
        let until = DEPTH + room * number / values - if last { 1 } else { 2 };
        self::values(random, &mut bytes, until);
        bytes.extend(if last { &b"\""[..] } else { &b"\","[..] });
    }
    bytes.extend(end);
    json(bytes)
}

/// Nothing but beginnings.
pub(super) fn json_past_its_depth(_: &mut Random) -> (String, Vec<u8>) {
    json(vec![b'['; LENGTH])
}

/// One string of escapes.
pub(super) fn json_strings(random: &mut Random) -> (String, Vec<u8>) {
    let escapes: [&[u8]; 7] =
        [b"\\u003c", b"\\u0027", b"\\\\", b"\\\"", b"\\n", b"\\u0000", b"script"];
    let mut bytes = b"{\"q\":\"".to_vec();
    let longest = 6;
    while bytes.len() + longest + 2 < LENGTH {
        bytes.extend(random.one_of(&escapes));
    }
    bytes.resize(LENGTH - 2, b'a');
    bytes.extend(b"\"}");
    json(bytes)
}

/// Elements with an attribute and a text each.
pub(super) fn xml_of_5000_nodes(random: &mut Random) -> (String, Vec<u8>) {
    // An element is three nodes, and the one around them all is one.
    let elements = (NODES - 1) / 3;
    let mut bytes = b"<r>".to_vec();
    let (begin, room) = (bytes.len(), LENGTH - b"<r></r>".len());
    for number in 1..=elements {
        bytes.extend(b"<e a=\"x\">");
        let until = begin + room * number / elements - b"</e>".len();
        fill(&mut bytes, until, |bytes| {
            bytes.extend(random.one_of::<[u8]>(&[b"'", b" or 1=1 ", b"$(id)", b"../", b"a b"]));
        });
        bytes.extend(b"</e>");
    }
    bytes.extend(b"</r>");
    ("text/xml".to_owned(), bytes)
}

/// Every second part is a file whose name rules look at.
pub(super) fn multipart_of_256_parts(random: &mut Random) -> (String, Vec<u8>) {
    const BORDER: &str = "----b";
    let end = format!("\r\n--{BORDER}--\r\n");
    let room = LENGTH - end.len();
    let mut bytes = Vec::new();
    for number in 1..=PARTS {
        let file = match number % 2 {
            0 => format!("; filename=\"..{number}.php.jpg\""),
            _ => String::new(),
        };
        let before = if number == 1 { "" } else { "\r\n" };
        bytes.extend(
            format!("{before}--{BORDER}\r\nContent-Disposition: form-data; name=\"n{number}\"{file}\r\n\r\n")
                .bytes(),
        );
        values(random, &mut bytes, room * number / PARTS);
    }
    bytes.extend(end.bytes());
    (format!("multipart/form-data; boundary={BORDER}"), bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_at_a_limit_has_as_many_as_it_says() {
        let random = || Random::new(1);
        let count = |bytes: &[u8], wanted: &[u8]| {
            bytes.windows(wanted.len()).filter(|window| *window == wanted).count()
        };
        let (_, form) = arguments_at_their_limit(&mut random());
        assert_eq!(form.split(|byte| *byte == b'&').count(), ARGUMENTS);
        let (_, xml) = xml_of_5000_nodes(&mut random());
        let nodes = 3 * count(&xml, b"<e ") + 1;
        assert!(nodes <= NODES && nodes + 3 > NODES, "{nodes}");
        let (_, parts) = multipart_of_256_parts(&mut random());
        assert_eq!(count(&parts, b"Content-Disposition"), PARTS);
    }

    #[test]
    fn the_json_is_json() {
        for make in [json_at_its_depth, json_strings] {
            let (_, bytes) = make(&mut Random::new(1));
            serde_json::from_slice::<serde_json::Value>(&bytes).expect("JSON");
        }
    }
}
