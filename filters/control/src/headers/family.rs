//! Names that a backend takes for one another, and sets of names that a client may not use.

use super::FieldName;

/// Two names that a backend may take for the same: without case, and `_` equal to `-` as CGI and WSGI read them.
#[must_use]
pub fn same_name_for_a_backend(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().map(fold).eq(right.iter().map(fold))
}

const fn fold(byte: &u8) -> u8 {
    if *byte == b'_' { b'-' } else { byte.to_ascii_lowercase() }
}

/// True if an identity header's name covers a field: `x-consumer-*` covers every name that begins so.
#[must_use]
pub fn covers(own: &FieldName, name: &[u8]) -> bool {
    let own = own.as_str().as_bytes();
    match own.strip_suffix(b"*") {
        Some(prefix) => {
            name.get(..prefix.len()).is_some_and(|start| same_name_for_a_backend(prefix, start))
        }
        None => same_name_for_a_backend(own, name),
    }
}

/// Names that a client may not use, in any spelling that a backend takes for one of them. Every field of every request
/// is asked for, and nearly none is of the family.
#[derive(Clone, Debug, Default)]
pub struct Family {
    names: Vec<FieldName>,
    /// The bits of all names, by [`telling`].
    telling: u64,
}

impl Family {
    /// The family of these names, each of which may end in `*`.
    #[must_use]
    pub fn new(all: impl IntoIterator<Item = FieldName>) -> Self {
        let mut family = Family::default();
        for name in all {
            if family.names.contains(&name) {
                continue;
            }
            let beginning = name.as_str().trim_end_matches('*').as_bytes();
            family.telling |= telling(beginning).unwrap_or(u64::MAX);
            family.names.push(name);
        }
        family
    }

    /// True if a field of this name is one of them.
    #[must_use]
    pub fn covers(&self, name: &[u8]) -> bool {
        telling(name).is_none_or(|bit| self.telling & bit != 0)
            && self.names.iter().any(|own| covers(own, name))
    }

    /// The names.
    #[must_use]
    pub fn names(&self) -> &[FieldName] {
        &self.names
    }

    /// True if there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

/// A bit that most other names do not have, of the first and third byte (the second of most is `-`); `None` for names
/// that are too short to have one.
fn telling(name: &[u8]) -> Option<u64> {
    let [first, _, third, ..] = name else { return None };
    Some(1 << (fold(first).wrapping_mul(31).wrapping_add(fold(third)) & 63))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_covers_what_one_of_its_names_covers() {
        let names = ["x-user-id", "x-consumer-*", "x_", "q*", "a-b"];
        let alphabet =
            [&b""[..], b"x", b"-", b"_", b"u", b"U", b"user-id", b"consumer", b"q", b"a-b"];
        for count in 0..=names.len() {
            let own: Vec<_> =
                names.iter().take(count).filter_map(|name| FieldName::parse(name)).collect();
            let family = Family::new(own.iter().cloned().chain(own.first().cloned()));
            assert_eq!((family.names(), family.is_empty()), (&own[..], count == 0));
            for first in alphabet {
                for second in alphabet {
                    for third in alphabet {
                        let name = [first, second, third].concat();
                        let expected = own.iter().any(|own| covers(own, &name));
                        assert_eq!(family.covers(&name), expected, "{name:?} of {count}");
                    }
                }
            }
        }
    }

    #[test]
    fn names_that_a_backend_takes_for_the_same_are_the_same() {
        assert!(same_name_for_a_backend(b"X_User-ID", b"x-user_id"));
        assert!(!same_name_for_a_backend(b"x-user-i", b"x-user-id"));
        let family = FieldName::from_static("x-consumer-*");
        assert!(covers(&family, b"X_Consumer-ID") && !covers(&family, b"x-consumer"));
        assert!(covers(&FieldName::from_static("x-user"), b"x_user"));
        assert_eq!(FieldName::parse("X-User"), Some(FieldName::from_static("x-user")));
        for bad in ["", "a b", "a:", "a\n", "é"] {
            assert_eq!(FieldName::parse(bad), None, "{bad}");
        }
    }
}
