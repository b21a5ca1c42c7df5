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
