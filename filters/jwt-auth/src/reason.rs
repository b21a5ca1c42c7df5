//! The closed list of refusals, with Kong's messages.

use portcullis_control::reasons;

use crate::claims::Fault;
use crate::token::TokenFault;

reasons! {
    /// Why a request is not let through.
    pub(crate) enum Refused {
        /// No token anywhere.
        NoToken = (401, "no_token", "Unauthorized"),
        /// Two different tokens: which one counts would depend on who looks.
        MultipleTokens = (401, "multiple_tokens", "Multiple tokens provided"),
        /// `?jwt` without a value.
        UnrecognizableToken = (401, "unrecognizable_token", "Unrecognizable token"),
        /// Longer than `max_token_bytes`.
        TokenTooLong = (401, "token_too_long", "Bad token; too long"),
        /// Not three parts, or a part that is not the JSON object that it should be.
        BadJson = (401, "bad_json", "Bad token; invalid JSON"),
        /// `alg` is missing or not in the closed list.
        BadAlgorithm = (401, "bad_alg", "Bad token; invalid alg"),
        /// The payload is no object.
        BadClaims = (401, "bad_claims", "Bad token; invalid claims"),
        /// The third part is no base64url.
        BadSignature = (401, "bad_signature", "Bad token; invalid signature"),
        /// `kid` is no string.
        BadKeyId = (401, "bad_kid", "Bad token; invalid kid"),
        /// `crit` names an extension; none is known.
        Critical = (401, "crit", "not supported"),
        /// The claim that names the credential is missing.
        NoKeyClaim = (401, "no_key_claim", "No mandatory key claim in claims"),
        /// The claim that names the credential is no text, or an empty one.
        InvalidKeyClaim = (401, "invalid_key_claim", "Invalid key claim in claims"),
        /// No issuer and no credential has this name.
        UnknownCredential = (401, "unknown_credential", "No credentials found"),
        /// The token's algorithm is not one that its issuer or credential uses.
        InvalidAlgorithm = (401, "invalid_algorithm", "Invalid algorithm"),
        /// No key that fits has signed it.
        InvalidSignature = (401, "invalid_signature", "Invalid signature"),
        /// `exp` is now or earlier.
        Expired = (401, "expired", "token expired"),
        /// `nbf` is later than now.
        NotYetValid = (401, "not_yet_valid", "token not valid yet"),
        /// `exp` is further ahead than `maximum_expiration`.
        TooFarAhead = (401, "too_far_ahead", "exceeds maximum allowed expiration"),
        /// `iat` is later than now.
        IssuedInTheFuture = (401, "issued_in_the_future", "issued in the future"),
        /// A time that is missing or no number.
        NotANumber = (401, "not_a_number", "must be a number"),
        /// None of the audiences is ours.
        Audience = (401, "audience", "not accepted"),
        /// A required claim is missing or has another value.
        RequiredClaim = (401, "required_claim", "not as required"),
        /// `typ` is none of `token_types`.
        TokenType = (401, "token_type", "not accepted"),
        /// Bound to a certificate that is not the client's, or to none.
        NotBound = (401, "not_bound", "not bound to this certificate"),
        /// Valid, and on a list of revoked tokens.
        Revoked = (401, "revoked", "token revoked"),
        /// A valid token that is not entitled to this (RFC 6750 §3.1).
        InsufficientScope = (403, "insufficient_scope", "Forbidden"),
        /// The keys of the token's issuer could not be fetched, so nothing can be said about it.
        KeysUnavailable = (503, "keys_unavailable", "Service unavailable"),
        /// The list of revoked tokens could not be fetched, so nothing can be said about a valid token.
        RevocationsUnavailable = (503, "revocations_unavailable", "Service unavailable"),
    }
}

impl From<TokenFault> for Refused {
    fn from(fault: TokenFault) -> Self {
        match fault {
            TokenFault::TooLong => Refused::TokenTooLong,
            TokenFault::Json => Refused::BadJson,
            TokenFault::Algorithm => Refused::BadAlgorithm,
            TokenFault::Claims => Refused::BadClaims,
            TokenFault::Signature => Refused::BadSignature,
            TokenFault::KeyId => Refused::BadKeyId,
            TokenFault::Critical => Refused::Critical,
        }
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::NotANumber => Refused::NotANumber,
            Fault::Expired => Refused::Expired,
            Fault::NotYetValid => Refused::NotYetValid,
            Fault::TooFarAhead => Refused::TooFarAhead,
            Fault::IssuedInTheFuture => Refused::IssuedInTheFuture,
            Fault::NotAccepted => Refused::Audience,
            Fault::NotAsRequired => Refused::RequiredClaim,
        }
    }
}
