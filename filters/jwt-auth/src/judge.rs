//! From a request to whose token it is: find, take apart, verify, judge. Changes nothing.

use std::cell::RefCell;
use std::rc::Rc;

use portcullis_control::exchange::Exchange;
use portcullis_control::headers::FieldValue;
use portcullis_control::refusal::Refusal;
use serde_json::Value;

use crate::algorithm::Family;
use crate::binding;
use crate::cache::{Cache, Verified};
use crate::claims::{self, ClaimFault};
use crate::demands::is_type;
use crate::key::{Key, candidates};
use crate::missing::Missing;
use crate::policy::{Credential, Policy};
use crate::reason::Refused;
use crate::remote::keys::KeySource;
use crate::revoked::{Feed, Revoked, Standing};
use crate::signature;
use crate::token::Token;

/// Members of the body that are there anyway: a claim of that name has none of its own.
const RESERVED: [&str; 2] = ["message", "request_id"];

/// A token that is accepted.
#[derive(Debug)]
pub(crate) struct Accepted {
    /// The token and its key.
    pub(crate) verified: Rc<Verified>,
    /// The consumer's credential that it was signed with; `None` for an issuer's.
    pub(crate) credential: Option<Rc<Credential>>,
    /// Its signature was known to be good.
    pub(crate) cached: bool,
}

/// Why a token is not accepted.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It is refused.
    Refused(Refusal),
    /// Something is missing that may yet be fetched; where it does not come, this passes.
    Missing(Missing, Option<Accepted>),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Stop::Refused(refusal)
    }
}

/// Who vouches for a token, by what it says of itself; nothing of it is proven yet.
struct Voucher<'p> {
    keys: &'p [Key],
    remotes: &'p [Rc<KeySource>],
    /// The keys of each of `remotes`, where they are there.
    fetched: Vec<Option<Rc<Vec<Key>>>>,
    audiences: &'p [String],
    revoked: Option<&'p Revoked>,
    credential: Option<&'p Rc<Credential>>,
}

impl Voucher<'_> {
    fn all_keys(&self) -> impl Iterator<Item = &Key> + Clone {
        self.keys.iter().chain(self.fetched.iter().flatten().flat_map(|set| set.iter()))
    }

    /// Which of its sources could have a key that signed this token, and do not. Where the key that it names is there,
    /// its signature is bad, whatever else may be fetched; where it names none, any new key may have signed it. No source
    /// has secrets.
    fn missing(&self, token: &Token) -> Option<Stop> {
        let names_one = |kid| self.all_keys().any(|key| key.kid() == Some(kid));
        let is_of_secrets = matches!(token.algorithm.family(), Family::Hmac(_));
        if self.remotes.is_empty() || is_of_secrets || token.kid().is_some_and(names_one) {
            return None;
        }
        let with_keys = |wanted: bool| {
            let sources = self.remotes.iter().zip(&self.fetched);
            let sources = sources.filter(|(_, keys)| keys.is_some() == wanted);
            sources.map(|(source, _)| Rc::clone(source)).collect()
        };
        let (lacking, empty) = (with_keys(true), with_keys(false));
        Some(Stop::Missing(Missing::Keys { lacking, empty }, None))
    }
}

/// What is accepted, if a list of revoked tokens need not be waited for.
fn unless_unknown(accepted: Accepted, unknown: Option<&Feed>) -> Result<Accepted, Stop> {
    let Some(feed) = unknown else { return Ok(accepted) };
    let otherwise = feed.fault_tolerant.then_some(accepted);
    Err(Stop::Missing(Missing::Revocations(feed.clone()), otherwise))
}

impl Policy {
    /// Whose token the request carries.
    ///
    /// # Errors
    /// The refusal, with its challenge (RFC 6750 §3), or what is missing.
    pub(crate) fn judge(
        &self,
        exchange: &Exchange,
        cache: &RefCell<Cache>,
    ) -> Result<Accepted, Stop> {
        let text = self.places.find(exchange).map_err(|reason| self.refusal(reason))?;
        let known = cache.try_borrow_mut().ok().and_then(|mut cache| cache.get(&text));
        if let Some(verified) =
            known.filter(|verified| verified.token.compact().len() <= self.max_token_bytes)
        {
            let voucher = self.voucher(&verified.token, exchange)?;
            let token = &verified.token;
            // The cache knows who signed it; whether that key counts here is for this policy to say, each time.
            let counts = candidates(voucher.all_keys(), token.algorithm, token.kid())
                .any(|key| *key.id() == verified.key);
            if !counts {
                return Err(self.unsigned(token, &voucher));
            }
            let unknown = self.judge_token(token, &voucher, exchange)?;
            let credential = voucher.credential.cloned();
            return unless_unknown(Accepted { verified, credential, cached: true }, unknown);
        }
        let token = Token::parse(&text, self.max_token_bytes)
            .map_err(|fault| self.refusal(fault.into()))?;
        let voucher = self.voucher(&token, exchange)?;
        let key = *self.verify(&token, &voucher, exchange)?.id();
        let unknown = self.judge_token(&token, &voucher, exchange)?;
        let credential = voucher.credential.cloned();
        let verified = Verified { token, key, views: RefCell::default() };
        let verified = match cache.try_borrow_mut() {
            Ok(mut cache) => cache.insert(verified),
            Err(_) => Rc::new(verified),
        };
        unless_unknown(Accepted { verified, credential, cached: false }, unknown)
    }

    /// A configured issuer's token is judged by that issuer's keys alone; any other by the credential that it names.
    fn voucher(&self, token: &Token, exchange: &Exchange) -> Result<Voucher<'_>, Refusal> {
        let issuer = token.claims.get("iss").and_then(Value::as_str);
        if let Some(issuer) = self.issuers.iter().find(|own| issuer == Some(own.name.as_str())) {
            if !issuer.algorithms.contains(&token.algorithm) {
                return Err(self.refusal(Refused::InvalidAlgorithm));
            }
            // Time is asked for where it matters alone: it is a call into the host.
            let now = if issuer.remotes.is_empty() { 0 } else { exchange.now() / 1_000_000 };
            return Ok(Voucher {
                keys: &issuer.keys,
                remotes: &issuer.remotes,
                fetched: issuer.remotes.iter().map(|remote| remote.serving(now)).collect(),
                audiences: &issuer.audiences,
                revoked: issuer.revoked.as_ref(),
                credential: None,
            });
        }
        let name = &self.key_claim_name;
        let Some(claim) = token.claims.get(name).or_else(|| token.header.get(name)) else {
            let message = format!("No mandatory '{name}' in claims");
            return Err(self.refusal(Refused::NoKeyClaim).with_message(message));
        };
        let Some(claim) = claim.as_str().filter(|claim| !claim.is_empty()) else {
            return Err(self
                .refusal(Refused::InvalidKeyClaim)
                .with_message(format!("Invalid '{name}' in claims")));
        };
        let Some(credential) = self.credentials.get(claim) else {
            let message = format!("No credentials found for given '{name}'");
            return Err(self.refusal(Refused::UnknownCredential).with_message(message));
        };
        if credential.key.algorithm() != Some(token.algorithm) {
            return Err(self.refusal(Refused::InvalidAlgorithm));
        }
        Ok(Voucher {
            keys: std::slice::from_ref(&credential.key),
            remotes: &[],
            fetched: Vec::new(),
            audiences: &[],
            revoked: None,
            credential: Some(credential),
        })
    }

    fn verify<'k>(
        &self,
        token: &Token,
        voucher: &'k Voucher<'_>,
        exchange: &Exchange,
    ) -> Result<&'k Key, Stop> {
        let surroundings = exchange.surroundings();
        candidates(voucher.all_keys(), token.algorithm, token.kid())
            .find(|key| {
                signature::verify(
                    key,
                    token.algorithm,
                    token.signing_input(),
                    &token.signature,
                    surroundings,
                )
            })
            .ok_or_else(|| self.unsigned(token, voucher))
    }

    /// No key that is there has signed the token.
    fn unsigned(&self, token: &Token, voucher: &Voucher<'_>) -> Stop {
        voucher.missing(token).unwrap_or_else(|| self.refusal(Refused::InvalidSignature).into())
    }

    /// Judges a token whose signature is good. The list of revoked tokens that it gives is one that could not be asked.
    fn judge_token<'p>(
        &'p self,
        token: &Token,
        voucher: &Voucher<'p>,
        exchange: &Exchange,
    ) -> Result<Option<&'p Feed>, Refusal> {
        if !self.token_types.is_empty() {
            let typ = token.header.get("typ").and_then(Value::as_str).unwrap_or_default();
            if !self.token_types.iter().any(|wanted| is_type(typ, wanted)) {
                return Err(self.refusal(Refused::TokenType));
            }
        }
        self.judge_claims(token, voucher, exchange)?;
        if self.certificate_bound {
            self.judge_binding(token, exchange)?;
        }
        let unknown = self.judge_standing(token, voucher, exchange)?;
        // A consumer signs its own tokens: what it entitles itself to counts for nothing.
        let own_word = voucher.credential.is_some() && !self.demands.is_empty();
        if own_word || !self.demands.iter().all(|demand| demand.is_met(&token.claims)) {
            return Err(self.refusal(Refused::InsufficientScope));
        }
        Ok(unknown)
    }

    fn judge_binding(&self, token: &Token, exchange: &Exchange) -> Result<(), Refusal> {
        let presented = binding::presented(exchange).and_then(|own| own.fingerprint);
        binding::judge(&token.claims, presented).map_err(|unbound| {
            let mut refusal = self.refusal(Refused::NotBound);
            refusal.fields.push(("because", unbound.name().to_owned()));
            refusal
        })
    }

    /// Whether the token was revoked; on every request, as it may have been since the last one.
    fn judge_standing<'p>(
        &'p self,
        token: &Token,
        voucher: &Voucher<'p>,
        exchange: &Exchange,
    ) -> Result<Option<&'p Feed>, Refusal> {
        let mut unknown: Option<&Feed> = None;
        for revoked in [voucher.revoked, self.revoked.as_ref()].into_iter().flatten() {
            match revoked.judge(&token.claims, exchange.now() / 1_000_000) {
                Standing::Good => {}
                Standing::Revoked => return Err(self.refusal(Refused::Revoked)),
                // One that is needed counts before one that could be done without.
                Standing::Unknown(feed) if unknown.is_none_or(|other| other.fault_tolerant) => {
                    unknown = Some(feed);
                }
                Standing::Unknown(_) => {}
            }
        }
        Ok(unknown)
    }

    fn judge_claims(
        &self,
        token: &Token,
        voucher: &Voucher<'_>,
        exchange: &Exchange,
    ) -> Result<(), Refusal> {
        let faults =
            claims::judge(&token.claims, &self.rules, voucher.audiences, exchange.now_seconds());
        match faults.first() {
            None => Ok(()),
            Some(first) => Err(self.claim_refusal(first.fault.into(), &faults)),
        }
    }

    /// Several failing claims appear together, each under its own name.
    fn claim_refusal(&self, reason: Refused, faults: &[ClaimFault]) -> Refusal {
        let messages: Vec<&str> = faults.iter().map(|fault| fault.fault.message()).collect();
        let mut refusal = self.refusal(reason).with_message(messages.join("; "));
        refusal.members = faults
            .iter()
            .filter(|fault| !RESERVED.contains(&fault.claim.as_str()))
            .map(|fault| (fault.claim.clone(), fault.fault.message().to_owned()))
            .collect();
        refusal
    }

    pub(crate) fn refusal(&self, reason: Refused) -> Refusal {
        if reason.reason().status == 503 {
            return Refusal::from(reason).with_header("retry-after", FieldValue::from_static("1"));
        }
        let challenge = match reason {
            Refused::NoToken => &self.challenge,
            Refused::InsufficientScope => &self.challenge_scope,
            _ => &self.challenge_invalid,
        };
        let mut refusal = Refusal::from(reason).with_header("www-authenticate", challenge.clone());
        let member = match reason {
            Refused::Critical => Some("crit"),
            Refused::TokenType => Some("typ"),
            Refused::NotBound => Some("cnf"),
            _ => None,
        };
        if let Some(member) = member {
            refusal.members.push((member.to_owned(), refusal.message().to_owned()));
        }
        refusal
    }
}
