//! Which values are never logged, by the name of their variable.

/// Header names whose values are credentials.
const HEADERS: [&[u8]; 5] =
    [b"authorization", b"proxy-authorization", b"cookie", b"set-cookie", b"x-api-key"];

/// Words in a name that make its value a credential (`user_password`, `csrfToken`, `client-secret`).
const WORDS: [&[u8]; 19] = [
    b"authorization",
    b"password",
    b"passcode",
    b"passwd",
    b"passphrase",
    b"pwd",
    b"secret",
    b"token",
    b"apikey",
    b"api_key",
    b"api-key",
    b"session",
    b"credential",
    b"creditcard",
    b"credit_card",
    b"jwt",
    b"cvv",
    b"private_key",
    b"sessid",
];

/// What the words begin with.
const FIRSTS: &[u8] = b"pstacj";

/// What the last word of a name makes a credential (`user_pass`, `X-Auth-Key`): elsewhere in a name they are parts of others.
const LAST_WORDS: [&[u8]; 7] = [b"pass", b"pw", b"auth", b"key", b"pin", b"otp", b"sid"];

/// Variables that hold names and values as they came, or texts made of them.
const WHOLE: [&[u8]; 8] = [
    b"request_uri",
    b"request_uri_raw",
    b"request_line",
    b"query_string",
    b"request_body",
    b"response_body",
    b"rule:msg",
    b"rule:logdata",
];

/// From which byte on a value is never shown, by the name of its variable (`REQUEST_HEADERS:cookie`, `ARGS:user[password]`):
/// none of a secret, and of a whole query or body nothing behind a name that a secret may have.
#[must_use]
pub(crate) fn secret(name: &[u8], value: &[u8]) -> Option<usize> {
    let name = name.to_ascii_lowercase();
    // What a chain looks at again is what it was (`MATCHED_VARS:REQUEST_COOKIES:sid`).
    let name = name.strip_prefix(b"matched_vars:").unwrap_or(&name);
    if is_secret(name) {
        return Some(0);
    }
    // The text of an element has no name that would tell.
    if name.starts_with(b"xml") {
        return Some(0);
    }
    // A header may hold an address with its query, and what somebody takes for a name all of a body.
    let is_text = |name: &[u8]| {
        let variable = name.split(|byte| *byte == b':').next().unwrap_or_default();
        variable.ends_with(b"_names") || variable.ends_with(b"_headers")
    };
    if !WHOLE.contains(&name) && !is_text(name) {
        return None;
    }
    first_word(&value.to_ascii_lowercase())
}

/// Where the first of the words ends. A byte that begins none is passed at once: a rule may match a thousand values, whose
/// names are asked one by one.
fn first_word(text: &[u8]) -> Option<usize> {
    let ends = text.iter().enumerate().filter(|(_, byte)| FIRSTS.contains(byte)).filter_map(
        |(start, _)| {
            let rest = text.get(start..)?;
            let word = WORDS.iter().filter(|word| rest.starts_with(word)).map(|word| word.len());
            start.checked_add(word.min()?)
        },
    );
    ends.min()
}

/// True for variables, in lower case, whose values are credentials.
fn is_secret(name: &[u8]) -> bool {
    let (variable, member) = match name.iter().position(|byte| *byte == b':') {
        Some(colon) => name.split_at_checked(colon).unwrap_or((name, &[])),
        None => (name, &[][..]),
    };
    let member = member.strip_prefix(b":").unwrap_or(member);
    if variable.ends_with(b"_names") {
        return false;
    }
    variable == b"request_cookies"
        || HEADERS.contains(&member)
        || first_word(member).is_some()
        || LAST_WORDS.contains(&last_word(member))
}

/// The last run of letters in a name, without the number behind it (`pass2`).
fn last_word(name: &[u8]) -> &[u8] {
    let mut words = name.rsplit(|byte| !byte.is_ascii_alphabetic());
    words.find(|word| !word.is_empty()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found_wherever_it_stands() {
        for word in WORDS {
            assert!(FIRSTS.contains(&word[0]));
            let text = [b"x1-", word, b"=1"].concat();
            assert_eq!(first_word(&text), Some(3 + word.len()));
        }
        assert_eq!(first_word(b"secret and token"), Some(6));
        assert_eq!(first_word(b"nothing of it"), None);
    }

    #[test]
    fn values_of_credentials_are_secret_and_their_names_are_not() {
        for name in [
            "REQUEST_HEADERS:Cookie",
            "REQUEST_HEADERS:authorization",
            "REQUEST_COOKIES:a",
            "ARGS:password",
            "ARGS:user[Password]",
            "ARGS:json.access_token",
            "ARGS:clientSecret",
            "MATCHED_VARS:REQUEST_COOKIES:a",
            "MATCHED_VARS:REQUEST_HEADERS:Authorization",
            "ARGS:user_pass",
            "ARGS:pass2",
            "ARGS:otp",
            "ARGS:pw",
            "ARGS:PHPSESSID",
            "ARGS:private_key_pem",
            "ARGS:key",
            "ARGS:jwt",
            "REQUEST_HEADERS:x-auth-key",
            "REQUEST_HEADERS:x-original-authorization",
            "TX:auth",
            "XML:/*",
            "XML://@*",
        ] {
            assert_eq!(secret(name.as_bytes(), b"value"), Some(0), "{name}");
        }
        for name in [
            "ARGS:q",
            "ARGS:author",
            "ARGS:passenger",
            "ARGS:keyword",
            "REQUEST_URI",
            "ARGS_NAMES:password",
            "REQUEST_HEADERS:user-agent",
            "MATCHED_VARS:ARGS:q",
        ] {
            assert_eq!(secret(name.as_bytes(), b"value"), None, "{name}");
        }
    }

    #[test]
    fn of_a_whole_query_nothing_is_shown_behind_the_name_of_a_secret() {
        for (name, value, shown) in [
            ("REQUEST_URI", "/a?q=<script>&Password=hunter2", Some("/a?q=<script>&Password")),
            ("QUERY_STRING", "access_token=x&password=y", Some("access_token")),
            ("RESPONSE_BODY", "{\"access_token\":\"x\"}", Some("{\"access_token")),
            ("MATCHED_VARS:REQUEST_BODY", "{\"apiKey\":\"x\"}", Some("{\"apiKey")),
            ("REQUEST_LINE", "GET /a?q=1 HTTP/1.1", None),
            ("REQUEST_HEADERS:x-original-url", "/?token=hunter2", Some("/?token")),
            ("ARGS_NAMES:{\"pin", "{\"password\":\"hunter2", Some("{\"password")),
            // What somebody searches for is no name.
            ("ARGS:q", "select password from users", None),
        ] {
            let from = secret(name.as_bytes(), value.as_bytes());
            assert_eq!(from.and_then(|from| value.get(..from)), shown, "{name} {value}");
        }
    }
}
