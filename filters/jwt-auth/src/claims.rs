//! Whether verified claims are acceptable now, under one policy: pure judgement, all faults at once.

pub use portcullis_control::required_claim::{ClaimPath, MAX_PATH_NAMES, RequiredClaim};
use serde_json::{Map, Number, Value};

/// What is asked of a token's claims, whoever issued it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClaimRules {
    /// `exp` must be there; it is verified whenever it is.
    pub exp_required: bool,
    /// `nbf` must be there; it is verified whenever it is.
    pub nbf_required: bool,
    /// `exp` is at most so many seconds ahead, and must be there; 0 is off.
    pub maximum_expiration: u32,
    /// Seconds that the issuer's clock and ours may be apart: given to `exp`, `nbf`, `iat` and `maximum_expiration`.
    pub leeway: u32,
    /// Claims that must be there with one of these values.
    pub required: Vec<RequiredClaim>,
}

/// A claim that is not acceptable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimFault {
    /// Which claim; the name comes from the RFC or the configuration, never from the token.
    pub claim: String,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A time that is missing or no number.
    NotANumber,
    /// `exp` is now or earlier.
    Expired,
    /// `nbf` is later than now.
    NotYetValid,
    /// `exp` is too far ahead, or missing where it is bounded.
    TooFarAhead,
    /// `iat` is later than now.
    IssuedInTheFuture,
    /// None of the audiences is ours.
    NotAccepted,
    /// A required claim is missing or has another value.
    NotAsRequired,
}

impl Fault {
    /// The message for the client: Kong's, where Kong has one.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Fault::NotANumber => "must be a number",
            Fault::Expired => "token expired",
            Fault::NotYetValid => "token not valid yet",
            Fault::TooFarAhead => "exceeds maximum allowed expiration",
            Fault::IssuedInTheFuture => "issued in the future",
            Fault::NotAccepted => "not accepted",
            Fault::NotAsRequired => "not as required",
        }
    }
}

/// The faults of these claims at `now` (whole seconds since the epoch), at most one a claim: `exp`, `nbf`, `iat`, `aud`,
/// then the required ones in their order. `audiences` are the issuer's; empty: unchecked.
#[must_use]
pub fn judge(
    claims: &Map<String, Value>,
    rules: &ClaimRules,
    audiences: &[String],
    now: u64,
) -> Vec<ClaimFault> {
    let now = i128::from(now);
    let leeway = i128::from(rules.leeway);
    let mut faults: Vec<ClaimFault> = Vec::new();
    let mut add = |claim: &str, fault: Option<Fault>| {
        if let Some(fault) = fault
            && faults.iter().all(|other| other.claim != claim)
        {
            faults.push(ClaimFault { claim: claim.to_owned(), fault });
        }
    };
    add("exp", expiry(claims, rules, now, leeway));
    add(
        "nbf",
        match time(claims, "nbf") {
            Time::At(nbf) => (nbf > now + leeway).then_some(Fault::NotYetValid),
            Time::Absent => rules.nbf_required.then_some(Fault::NotANumber),
            Time::NotANumber => Some(Fault::NotANumber),
        },
    );
    add(
        "iat",
        match time(claims, "iat") {
            Time::At(iat) => (iat > now + leeway).then_some(Fault::IssuedInTheFuture),
            Time::Absent => None,
            Time::NotANumber => Some(Fault::NotANumber),
        },
    );
    let audience_fits = audiences.is_empty() || is_for_one_of(claims.get("aud"), audiences);
    add("aud", (!audience_fits).then_some(Fault::NotAccepted));
    for required in &rules.required {
        let fits = required.holds(claims);
        add(required.path.as_str(), (!fits).then_some(Fault::NotAsRequired));
    }
    faults
}

fn expiry(
    claims: &Map<String, Value>,
    rules: &ClaimRules,
    now: i128,
    leeway: i128,
) -> Option<Fault> {
    let bounded = rules.maximum_expiration > 0;
    match time(claims, "exp") {
        Time::At(exp) if exp <= now - leeway => Some(Fault::Expired),
        Time::At(exp) => (bounded && exp > now + i128::from(rules.maximum_expiration) + leeway)
            .then_some(Fault::TooFarAhead),
        Time::Absent if rules.exp_required => Some(Fault::NotANumber),
        Time::Absent => bounded.then_some(Fault::TooFarAhead),
        Time::NotANumber => Some(Fault::NotANumber),
    }
}

enum Time {
    /// Seconds since the epoch, rounded up.
    At(i128),
    Absent,
    NotANumber,
}

fn time(claims: &Map<String, Value>, name: &str) -> Time {
    match claims.get(name) {
        None => Time::Absent,
        Some(Value::Number(number)) => Time::At(whole_seconds(number)),
        Some(_) => Time::NotANumber,
    }
}

/// A NumericDate (RFC 7519 §2) rounded up, which changes no comparison with a whole second: x > t exactly if ⌈x⌉ > t.
/// Numbers past all reason stay at the ends of the range.
#[expect(clippy::cast_possible_truncation, reason = "a float saturates, which is meant")]
fn whole_seconds(number: &Number) -> i128 {
    number
        .as_i64()
        .map(i128::from)
        .or_else(|| number.as_u64().map(i128::from))
        // Far enough from the ends of i128 that leeway can be added.
        .or_else(|| number.as_f64().map(|float| float.ceil().clamp(-1e30, 1e30) as i128))
        .unwrap_or(i128::MIN / 2)
}

/// RFC 7519 §4.1.3: a string, or an array with at least one of them in it.
fn is_for_one_of(aud: Option<&Value>, audiences: &[String]) -> bool {
    let accepted =
        |value: &Value| value.as_str().is_some_and(|aud| audiences.iter().any(|own| own == aud));
    match aud {
        Some(Value::Array(list)) => list.iter().any(accepted),
        Some(single) => accepted(single),
        None => false,
    }
}

#[cfg(test)]
mod tests;
