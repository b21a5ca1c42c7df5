//! What a place may name: the closed list of what is known of a request.

use crate::authentication::names_caller;
use crate::headers::FieldName;
use crate::required_claim::ClaimPath;

/// What a template of a token's claims may name, for faults.
pub const CLAIMS: &str = "`$(jwt.` and the path of a claim";

/// What any other template may name, for faults.
pub const SOURCES: &str = "one of $(jwt.CLAIM), $(consumer.username), $(consumer.id), $(consumer.custom_id), \
                           $(consumer.groups), $(headers.NAME), $(query_params.NAME), $(query.NAME), \
                           $(uri_captures.NAME), $(path.NAME), $(request.id), $(client.ip), $(certificate.san), \
                           $(certificate.subject), $(certificate.fingerprint)";

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Claim(ClaimPath),
    /// Also `consumer.id`: a consumer has no other.
    Username,
    CustomId,
    Groups,
    Header(FieldName),
    Argument(String),
    Capture(String),
    RequestId,
    ClientIp,
    San,
    Subject,
    Fingerprint,
}

impl Source {
    /// `None` if the name is unknown, `Some(None)` if it is that of a claim whose path is none.
    #[allow(clippy::option_option, reason = "two faults, told apart by one caller")]
    pub(super) fn parse(name: &str) -> Option<Option<Self>> {
        let source = match name {
            "consumer.username" | "consumer.id" => Source::Username,
            "consumer.custom_id" => Source::CustomId,
            "consumer.groups" => Source::Groups,
            "request.id" => Source::RequestId,
            "client.ip" => Source::ClientIp,
            "certificate.san" => Source::San,
            "certificate.subject" => Source::Subject,
            "certificate.fingerprint" => Source::Fingerprint,
            _ => {
                let (kind, name) = name.split_once('.')?;
                match kind {
                    "jwt" => return Some(ClaimPath::parse(name).map(Source::Claim)),
                    "headers" => Source::Header(FieldName::parse(name)?),
                    "query" | "query_params" if !name.is_empty() => {
                        Source::Argument(name.to_owned())
                    }
                    "path" | "uri_captures" if !name.is_empty() => Source::Capture(name.to_owned()),
                    _ => return None,
                }
            }
        };
        Some(Some(source))
    }

    pub(super) fn says_who_is_calling(&self) -> bool {
        match self {
            Source::Header(name) => names_caller(name),
            Source::Argument(_) | Source::Capture(_) | Source::RequestId => false,
            _ => true,
        }
    }

    pub(super) const fn is_of_headers(&self) -> bool {
        matches!(self, Source::Header(_) | Source::Argument(_) | Source::RequestId)
    }
}
