//! Any text as a template, filled from claims made of the same bytes, for every target.

use serde_json::{Map, Value};

use super::{MAX_RENDERED_BYTES, Piece, Scope, Source, Target, Template, Values};
use crate::arguments::{decode_form, decode_percent};

/// What comes out must be fit for its target, and say what went in.
pub fn fuzz_template(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let captures = ["id".to_owned()];
    for target in [Target::Header, Target::Segment, Target::Form, Target::Json, Target::Bytes] {
        let scope = Scope { target, captures: &captures, claims_alone: false };
        let Ok(template) = Template::parse(&text, scope) else { continue };
        let mut claims = Map::new();
        for piece in &template.pieces {
            if let Piece::Place { source: Source::Claim(path), .. } = piece {
                let list = text.split(';').map(|part| Value::String(part.to_owned())).collect();
                claims.insert(path.as_str().to_owned(), Value::Array(list));
            }
        }
        if let Some(value) = template.render(&Values::of_claims(&claims)).value {
            assert!(!value.is_empty() && value.len() <= MAX_RENDERED_BYTES);
            if target == Target::Header {
                assert!(value.iter().all(|byte| *byte >= 0x20 && *byte != 0x7f));
            }
        }
        one_value(target, data);
    }
}

/// A value alone, which the reader of its place must find again.
fn one_value(target: Target, value: &[u8]) {
    let mut out = Vec::new();
    if !target.write(value, &mut out) {
        return;
    }
    match target {
        Target::Header => {
            assert_eq!(out, value);
            assert!(out.iter().all(|byte| *byte >= 0x20 && *byte != 0x7f));
        }
        Target::Segment => {
            assert!(out.iter().all(|byte| byte.is_ascii_graphic() && !b"/?#\\;".contains(byte)));
            assert_eq!(decode_percent(&out), value);
        }
        Target::Form => {
            assert!(out.iter().all(|byte| byte.is_ascii_graphic() && !b"&=#;".contains(byte)));
            assert_eq!(decode_form(&out), value);
        }
        Target::Json => {
            let quoted = [b"\"", out.as_slice(), b"\""].concat();
            let read: Option<String> = serde_json::from_slice(&quoted).ok();
            assert_eq!(read.as_deref().map(str::as_bytes), Some(value));
        }
        Target::Bytes => assert_eq!(out, value),
    }
}
