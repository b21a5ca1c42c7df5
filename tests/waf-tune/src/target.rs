//! What a rule need no longer look at, as a configuration writes it.

use portcullis_waf_seclang::parse_variable;
use portcullis_waf_seclang::syntax::{Selector, Variable};

/// Variables that a client fills, and of which a part can be left out. What else a rule looks at is the request itself:
/// there the rule is left out.
const PARTS: [Variable; 22] = [
    Variable::Args,
    Variable::ArgsGet,
    Variable::ArgsGetNames,
    Variable::ArgsNames,
    Variable::ArgsPost,
    Variable::ArgsPostNames,
    Variable::Files,
    Variable::FilesNames,
    Variable::MultipartPartHeaders,
    Variable::QueryString,
    Variable::RequestBasename,
    Variable::RequestBody,
    Variable::RequestCookies,
    Variable::RequestCookiesNames,
    Variable::RequestFilename,
    Variable::RequestHeaders,
    Variable::RequestHeadersNames,
    Variable::RequestUri,
    Variable::RequestUriRaw,
    Variable::ResponseBody,
    Variable::ResponseHeaders,
    Variable::Xml,
];

/// The targets of an exclusion for what a rule matched; `None` where the rule has to go.
pub(crate) fn targets(matched: &[Option<String>]) -> Option<Vec<String>> {
    let mut targets = Vec::new();
    for one in matched {
        for target in target(one.as_deref()?)? {
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
    }
    // All of a collection has each of its members.
    let whole = targets.clone();
    targets.retain(|target| {
        target.split_once(':').is_none_or(|(variable, _)| !whole.iter().any(|all| all == variable))
    });
    (!targets.is_empty()).then_some(targets)
}

fn target(matched: &str) -> Option<Vec<String>> {
    let (name, selector) = match matched.split_once(':') {
        Some((name, selector)) => (name, Some(selector)),
        None => (matched, None),
    };
    let variable = Variable::named(name).filter(|variable| PARTS.contains(variable))?;
    if variable == Variable::Xml {
        return Some(vec!["XML:/*".to_owned(), "XML://@*".to_owned()]);
    }
    let Some(selector) = selector else { return Some(vec![name.to_owned()]) };
    // A name that was cut, or that would mean something else, is not told apart from others.
    let told = parse_variable(matched).is_ok_and(|read| {
        matches!(read.selector, Selector::Name(own) if own.eq_ignore_ascii_case(selector.as_bytes()))
    });
    let cut = selector.ends_with("...");
    Some(vec![if told && !cut { matched.to_owned() } else { name.to_owned() }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_what_matched_or_the_whole_collection_or_nothing() {
        let row = |matched: &[&str]| {
            let matched: Vec<Option<String>> =
                matched.iter().map(|text| Some((*text).to_owned())).collect();
            targets(&matched).map(|all| all.join(" "))
        };
        let rows: [(&[&str], Option<&str>); 9] = [
            (&["ARGS:q", "ARGS:q", "REQUEST_COOKIES:a.b"], Some("ARGS:q REQUEST_COOKIES:a.b")),
            (&["ARGS:user[name]"], Some("ARGS:user[name]")),
            (&["REQUEST_BODY"], Some("REQUEST_BODY")),
            (&["XML"], Some("XML:/* XML://@*")),
            (&["ARGS:/q/"], Some("ARGS")),
            (&["ARGS:aaaa...", "ARGS:b"], Some("ARGS")),
            (&["REQUEST_METHOD"], None),
            (&["ARGS:q", "REQUEST_LINE"], None),
            (&[], None),
        ];
        for (matched, expected) in rows {
            assert_eq!(row(matched).as_deref(), expected, "{matched:?}");
        }
        assert_eq!(targets(&[None]), None);
    }
}
