//! What the WAF takes apart: rules, bodies of each kind, values on their way to an operator.

use portcullis_waf_bodies::{
    fuzz_json_body, fuzz_multipart_body, fuzz_urlencoded_body, fuzz_xml_body,
};
use portcullis_waf_operators::{
    fuzz_comparisons, fuzz_libinjection, fuzz_networks, fuzz_pattern, fuzz_phrases,
};
use portcullis_waf_seclang::{Source, fuzz_seclang, parse};
use portcullis_waf_transformations::fuzz_transformations;

use super::shown;

/// An entry that shows nothing of what it saw.
macro_rules! plain {
    ($($name:ident: $entry:ident),+ $(,)?) => {
        $(
            pub(super) fn $name(data: &[u8]) -> u64 {
                $entry(data);
                0
            }
        )+
    };
}

plain! {
    comparisons: fuzz_comparisons,
    multipart_body: fuzz_multipart_body,
    networks: fuzz_networks,
    phrases: fuzz_phrases,
    transformations: fuzz_transformations,
    urlencoded_body: fuzz_urlencoded_body,
}

pub(super) fn json_body(data: &[u8]) -> u64 {
    fuzz_json_body(data);
    let limits = portcullis_waf_bodies::Limits::default();
    shown(format!("{:?}", portcullis_waf_bodies::json(data, &limits).fault))
}

pub(super) fn xml_body(data: &[u8]) -> u64 {
    fuzz_xml_body(data);
    let limits = portcullis_waf_bodies::Limits::default();
    shown(format!("{:?}", portcullis_waf_bodies::xml(data, &limits).fault))
}

pub(super) fn libinjection(data: &[u8]) -> u64 {
    fuzz_libinjection(data);
    let fingerprint = portcullis_waf_operators::libinjection::detect_sqli(data);
    shown(format!("{fingerprint:?} {}", portcullis_waf_operators::libinjection::detect_xss(data)))
}

pub(super) fn pattern(data: &[u8]) -> u64 {
    fuzz_pattern(data);
    let text = data.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let pattern = portcullis_waf_operators::pattern::Pattern::new(
        text,
        portcullis_waf_operators::pattern::Case::Sensitive,
    );
    shown(pattern.err().map(|error| format!("{error:?}")))
}

pub(super) fn seclang(data: &[u8]) -> u64 {
    fuzz_seclang(data);
    let read = parse(&[Source { name: "rules".to_owned(), text: data.to_vec() }]);
    shown(
        read.err().map(|faults| faults.iter().map(|fault| fault.text.clone()).collect::<Vec<_>>()),
    )
}
