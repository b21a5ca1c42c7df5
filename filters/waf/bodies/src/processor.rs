//! Which processor reads a body, by name and by content type.

/// A body processor, as `ctl:requestBodyProcessor` and `REQBODY_PROCESSOR` name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Processor {
    /// `URLENCODED`
    UrlEncoded,
    /// `MULTIPART`
    Multipart,
    /// `JSON`
    Json,
    /// `XML`
    Xml,
}

impl Processor {
    /// All of them.
    pub const ALL: [Processor; 4] =
        [Processor::UrlEncoded, Processor::Multipart, Processor::Json, Processor::Xml];

    /// The name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Processor::UrlEncoded => "URLENCODED",
            Processor::Multipart => "MULTIPART",
            Processor::Json => "JSON",
            Processor::Xml => "XML",
        }
    }

    /// By its name, in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|processor| processor.name().eq_ignore_ascii_case(name))
    }

    /// The one that a content type chooses without a rule: for JSON and XML it takes a rule (200000, 200001, 200006).
    #[must_use]
    pub fn for_content_type(content_type: &[u8]) -> Option<Self> {
        let of = |expected: &[u8]| {
            let own = content_type.get(..expected.len()).unwrap_or_default();
            own.eq_ignore_ascii_case(expected)
        };
        if of(b"application/x-www-form-urlencoded") {
            Some(Processor::UrlEncoded)
        } else if of(b"multipart/form-data") {
            Some(Processor::Multipart)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_are_found_by_name_and_by_content_type() {
        for processor in Processor::ALL {
            assert_eq!(Processor::named(&processor.name().to_lowercase()), Some(processor));
        }
        assert_eq!(Processor::named("YAML"), None);
        for (content_type, expected) in [
            ("application/x-www-form-urlencoded", Some(Processor::UrlEncoded)),
            ("Application/X-WWW-Form-Urlencoded; charset=utf-8", Some(Processor::UrlEncoded)),
            ("multipart/form-data; boundary=x", Some(Processor::Multipart)),
            ("MULTIPART/form-data", Some(Processor::Multipart)),
            ("multipart/mixed", None),
            ("application/json", None),
            ("text/xml", None),
            ("", None),
        ] {
            let found = Processor::for_content_type(content_type.as_bytes());
            assert_eq!(found, expected, "{content_type}");
        }
    }
}
