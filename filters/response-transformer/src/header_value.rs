//! What security headers may say: a value that no browser knows is no header, and nobody would notice.

/// Those of which browsers know a closed list. In `Referrer-Policy` several may stand, of which the last known one counts.
const WORDS: [(&str, &[&str]); 7] = [
    ("x-content-type-options", &["nosniff"]),
    ("x-frame-options", &["DENY", "SAMEORIGIN"]),
    (
        "referrer-policy",
        &[
            "no-referrer",
            "no-referrer-when-downgrade",
            "same-origin",
            "origin",
            "strict-origin",
            "origin-when-cross-origin",
            "strict-origin-when-cross-origin",
            "unsafe-url",
        ],
    ),
    (
        "cross-origin-opener-policy",
        &["same-origin", "same-origin-allow-popups", "noopener-allow-popups", "unsafe-none"],
    ),
    ("cross-origin-embedder-policy", &["require-corp", "credentialless", "unsafe-none"]),
    ("cross-origin-resource-policy", &["same-origin", "same-site", "cross-origin"]),
    (
        "x-permitted-cross-domain-policies",
        &["none", "master-only", "by-content-type", "by-ftp-filename", "all", "none-this-response"],
    ),
];

/// What was expected, if this is no value of this header, whose name is in lower case.
pub(crate) fn fault(name: &str, value: &str) -> Option<String> {
    if name == "strict-transport-security" {
        let expected = "`max-age=` and seconds, and behind a `;` each `includeSubDomains` and `preload` if wanted";
        return (!is_hsts(value)).then(|| expected.to_owned());
    }
    let (_, words) = WORDS.iter().find(|(own, _)| *own == name)?;
    // Where it is reported to follows behind a semicolon.
    let value = match name {
        "cross-origin-opener-policy" | "cross-origin-embedder-policy" => {
            value.split(';').next().unwrap_or_default()
        }
        _ => value,
    };
    let is_one = |text: &str| {
        words.iter().any(|word| match name.starts_with("x-") {
            true => word.eq_ignore_ascii_case(text),
            false => *word == text,
        })
    };
    let known = match name {
        "referrer-policy" => value.split(',').map(str::trim).all(is_one),
        _ => is_one(value.trim()),
    };
    (!known).then(|| format!("one of {}", words.join(", ")))
}

/// RFC 6797 §6.1, and `preload`, which the lists of browsers ask for; one `max-age`, as of two nobody knows which counts.
fn is_hsts(value: &str) -> bool {
    let mut ages = 0_u32;
    let known = value.split(';').map(str::trim).all(|directive| {
        let (name, seconds) = directive.split_once('=').unwrap_or((directive, ""));
        if !name.trim().eq_ignore_ascii_case("max-age") {
            let names = ["includeSubDomains", "preload", ""];
            return names.iter().any(|name| name.eq_ignore_ascii_case(directive));
        }
        ages = ages.saturating_add(1);
        let seconds = seconds.trim();
        let quoted = seconds.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let seconds = quoted.unwrap_or(seconds);
        !seconds.is_empty() && seconds.bytes().all(|byte| byte.is_ascii_digit())
    });
    known && ages == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_no_browser_knows_is_none() {
        for (name, value, is_one) in [
            ("x-content-type-options", "nosniff", true),
            ("x-content-type-options", "nosnif", false),
            ("x-content-type-options", "nosniff, nosniff", false),
            ("x-frame-options", "deny", true),
            ("x-frame-options", "SAMEORIGIN", true),
            ("x-frame-options", "ALLOWALL", false),
            ("x-frame-options", "ALLOW-FROM https://a.example", false),
            ("x-frame-options", "DENY, SAMEORIGIN", false),
            ("referrer-policy", "no-referrer, strict-origin-when-cross-origin", true),
            ("referrer-policy", "no-referer", false),
            ("referrer-policy", "origin,", false),
            ("cross-origin-opener-policy", "same-origin; report-to=\"x\"", true),
            ("cross-origin-opener-policy", "Same-Origin", false),
            ("cross-origin-embedder-policy", "require-corp", true),
            ("cross-origin-resource-policy", "same-site", true),
            ("cross-origin-resource-policy", "same-site; x", false),
            ("x-permitted-cross-domain-policies", "none", true),
            ("strict-transport-security", "max-age=0", true),
            ("strict-transport-security", "max-age=63072000; includesubdomains; preload", true),
            ("strict-transport-security", "Max-Age = \"1\" ; preload;", true),
            ("strict-transport-security", "max-age=abc", false),
            ("strict-transport-security", "max-age=", false),
            ("strict-transport-security", "max-age", false),
            ("strict-transport-security", "max-age=-1", false),
            ("strict-transport-security", "max-age=1d", false),
            ("strict-transport-security", "max-age=1, includeSubDomains", false),
            ("strict-transport-security", "max-age=1; max-age=2", false),
            ("strict-transport-security", "max-age=1; includeSubDomain", false),
            ("strict-transport-security", "includeSubDomains", false),
            // What these may say is no short list.
            ("content-security-policy", "whatever", true),
            ("cache-control", "private, max-age=60", true),
            ("permissions-policy", "geolocation=()", true),
        ] {
            assert_eq!(fault(name, value).is_none(), is_one, "{name}: {value}");
        }
    }
}
