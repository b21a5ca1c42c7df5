//! Which values are never logged, by the name of their variable.

/// Header names whose values are credentials.
const HEADERS: [&[u8]; 5] =
    [b"authorization", b"proxy-authorization", b"cookie", b"set-cookie", b"x-api-key"];

/// Words in a name that make its value a credential (`user_password`, `csrfToken`, `client-secret`).
const WORDS: [&[u8]; 11] = [
    b"password",
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
];

/// True for the name of a variable (`REQUEST_HEADERS:cookie`, `ARGS:user[password]`) whose values are never shown.
#[must_use]
pub(crate) fn is_secret(name: &[u8]) -> bool {
    let lower = name.to_ascii_lowercase();
    // What a chain looks at again is what it was (`MATCHED_VARS:REQUEST_COOKIES:sid`).
    let lower = lower.strip_prefix(b"matched_vars:").unwrap_or(&lower);
    let (variable, member) = match lower.iter().position(|byte| *byte == b':') {
        Some(colon) => lower.split_at_checked(colon).unwrap_or((lower, &[])),
        None => (lower, &[][..]),
    };
    let member = member.strip_prefix(b":").unwrap_or(member);
    if variable.ends_with(b"_names") {
        return false;
    }
    let cookies = variable == b"request_cookies";
    cookies
        || HEADERS.contains(&member)
        || WORDS.iter().any(|word| member.windows(word.len()).any(|part| part == *word))
}

#[cfg(test)]
mod tests {
    use super::*;

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
        ] {
            assert!(is_secret(name.as_bytes()), "{name}");
        }
        for name in [
            "ARGS:q",
            "REQUEST_URI",
            "ARGS_NAMES:password",
            "REQUEST_HEADERS:user-agent",
            "MATCHED_VARS:ARGS:q",
        ] {
            assert!(!is_secret(name.as_bytes()), "{name}");
        }
    }
}
