//! Names that are not for everybody to write: each has its own meaning on the way or at the upstream.

use super::FieldName;

/// Fields of one connection, or of a message's length (RFC 9110 §7.6.1, §8.6): what they say must be true.
const OF_THE_CONNECTION: [&str; 8] = [
    "connection",
    "content-length",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Digests of a message's body (RFC 9530, RFC 3230, RFC 1864): of other bytes they are wrong.
pub const DIGESTS: [&str; 4] = ["content-digest", "repr-digest", "digest", "content-md5"];

/// Names that steer the message, the next authentication, or say where a request comes from.
const WITH_A_MEANING: [&str; 9] = [
    "authorization",
    "content-encoding",
    "content-type",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "proxy-authorization",
    "x-real-ip",
];

/// The same for all names that begin so.
const WITH_A_MEANING_PREFIX: &str = "x-forwarded-";

/// True for names that say how this connection or message is framed.
#[must_use]
pub fn is_of_the_connection(name: &FieldName) -> bool {
    OF_THE_CONNECTION.contains(&name.as_str())
}

/// True for names by which Envoy is steered or reports (`x-envoy-retry-on`).
#[must_use]
pub fn is_of_the_proxy(name: &FieldName) -> bool {
    name.as_str().starts_with("x-envoy-")
}

/// True for names that a header about the caller must not have: a client's is removed from every request, and these
/// are needed.
#[must_use]
pub fn has_own_meaning(name: &FieldName) -> bool {
    is_of_the_connection(name)
        || is_of_the_proxy(name)
        || WITH_A_MEANING.contains(&name.as_str())
        || name.as_str().starts_with(WITH_A_MEANING_PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_includes_what_frames_a_message() {
        for (name, connection, proxy, meaning) in [
            ("content-length", true, false, true),
            ("te", true, false, true),
            ("x-envoy-retry-on", false, true, true),
            ("x-envoy", false, false, false),
            ("authorization", false, false, true),
            ("x-forwarded-for", false, false, true),
            ("x-real-ip", false, false, true),
            ("x-user", false, false, false),
        ] {
            let name = FieldName::from_static(name);
            let found =
                (is_of_the_connection(&name), is_of_the_proxy(&name), has_own_meaning(&name));
            assert_eq!(found, (connection, proxy, meaning), "{name}");
        }
    }
}
