//! Reads a document entry by entry: a tree of it would take five times its size, in memory that is never given back.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{By, MAX_ENTRIES, Useless};

/// Calls `take` for each entry, and says how many are of no use.
pub(super) fn read(text: &[u8], take: &mut dyn FnMut(By, &str)) -> Result<usize, Useless> {
    // serde_json does not look into texts that nobody asked for.
    let text = std::str::from_utf8(text).map_err(|_| Useless::Json)?;
    let mut found = Found { take, taken: 0, skipped: 0, too_many: false };
    let mut reader = serde_json::Deserializer::from_slice(text.as_bytes());
    match reader.deserialize_map(&mut found).and_then(|()| reader.end()) {
        Ok(()) => Ok(found.skipped),
        Err(_) if found.too_many => Err(Useless::TooMany),
        Err(error) if error.is_data() => Err(Useless::Form),
        Err(_) => Err(Useless::Json),
    }
}

/// What was found so far.
struct Found<'t> {
    take: &'t mut dyn FnMut(By, &str),
    taken: usize,
    skipped: usize,
    too_many: bool,
}

impl Found<'_> {
    fn take<E: Error>(&mut self, by: By, value: &str) -> Result<(), E> {
        if value.is_empty() {
            return self.skip();
        }
        self.taken = self.taken.saturating_add(1);
        self.too_many = self.taken > MAX_ENTRIES;
        if self.too_many {
            return Err(E::custom("too many"));
        }
        (self.take)(by, value);
        Ok(())
    }

    fn skip<E: Error>(&mut self) -> Result<(), E> {
        self.skipped = self.skipped.saturating_add(1);
        Ok(())
    }
}

/// The document.
impl<'de> Visitor<'de> for &mut Found<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut seen = Vec::new();
        while let Some(name) = members.next_key::<String>()? {
            match By::ALL.into_iter().find(|by| by.claim() == name) {
                Some(by) if seen.contains(&by) => return Err(A::Error::custom("stands twice")),
                Some(by) => {
                    seen.push(by);
                    members.next_value_seed(List { found: self, by })?;
                }
                None => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        // The error page of an endpoint is JSON too, and must not revoke nobody.
        if seen.is_empty() { Err(A::Error::custom("no list")) } else { Ok(()) }
    }
}

/// One of the lists.
struct List<'f, 't> {
    found: &'f mut Found<'t>,
    by: By,
}

impl<'de> DeserializeSeed<'de> for List<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let List { found, by } = self;
        while items.next_element_seed(Item { found, by })?.is_some() {}
        Ok(())
    }
}

/// An entry: text, or a whole number, which some issuers give against RFC 7519. Anything else is of no use.
struct Item<'f, 't> {
    found: &'f mut Found<'t>,
    by: By,
}

impl<'de> DeserializeSeed<'de> for Item<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Item<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.found.take(self.by, value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.found.take(self.by, &value.to_string())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.found.take(self.by, &value.to_string())
    }

    fn visit_f64<E: Error>(self, _value: f64) -> Result<(), E> {
        self.found.skip()
    }

    fn visit_bool<E: Error>(self, _value: bool) -> Result<(), E> {
        self.found.skip()
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.found.skip()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        self.found.skip()
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        self.found.skip()
    }
}
