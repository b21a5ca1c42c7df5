//! The fixed order of the controls, so that nobody can misorder them.

/// Where a control decides on the request; the order of the variants is the order of the controls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// Who may come, by address.
    IpRestriction,
    /// Who may come, by User-Agent.
    BotDetection,
    /// Limits that a flood of bad credentials has to reach.
    RateLimitingBeforeAuth,
    /// Preflights need no credentials.
    Cors,
    /// Sizes, before anybody works on the content.
    RequestSizeLimiting,
    /// Who is calling, by certificate.
    MtlsAuth,
    /// Who is calling, by token.
    JwtAuth,
    /// Who is calling, by key.
    KeyAuth,
    /// May they.
    Acl,
    /// How often may they.
    RateLimiting,
    /// Before the WAF, so that what a document proves spares rules.
    RequestValidation,
    /// Is it an attack.
    Waf,
    /// What the upstream gets.
    RequestTransformer,
    /// Controls that only see the response or the outcome.
    Afterwards,
}

impl Place {
    /// All of them, in order.
    pub const ALL: [Place; 14] = [
        Place::IpRestriction,
        Place::BotDetection,
        Place::RateLimitingBeforeAuth,
        Place::Cors,
        Place::RequestSizeLimiting,
        Place::MtlsAuth,
        Place::JwtAuth,
        Place::KeyAuth,
        Place::Acl,
        Place::RateLimiting,
        Place::RequestValidation,
        Place::Waf,
        Place::RequestTransformer,
        Place::Afterwards,
    ];

    /// True where a control says who is calling.
    #[must_use]
    pub const fn is_of_authentication(self) -> bool {
        matches!(self, Place::MtlsAuth | Place::JwtAuth | Place::KeyAuth)
    }
}

/// Where a control acts on the response; again in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResponsePlace {
    /// Judges what the upstream answered.
    Waf,
    /// Judges it too.
    RequestValidation,
    /// Judges its size.
    RequestSizeLimiting,
    /// Rewrites it.
    ResponseTransformer,
    /// Decorates every answer.
    Cors,
    /// Decorates every answer.
    RateLimiting,
}

impl ResponsePlace {
    /// All of them, in order.
    pub const ALL: [ResponsePlace; 6] = [
        ResponsePlace::Waf,
        ResponsePlace::RequestValidation,
        ResponsePlace::RequestSizeLimiting,
        ResponsePlace::ResponseTransformer,
        ResponsePlace::Cors,
        ResponsePlace::RateLimiting,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_in_the_order_of_the_variants() {
        assert!(Place::ALL.is_sorted() && ResponsePlace::ALL.is_sorted());
        assert_eq!(Place::ALL.last(), Some(&Place::Afterwards));
    }
}
