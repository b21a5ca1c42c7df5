//! The control itself: asks the judge, and says who is calling.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use portcullis_control::authentication::{
    self, ANONYMOUS, IDENTITY_FAMILY, IDENTITY_REPLACED, consumer_headers, is_known,
    pass_as_anonymous,
};
use portcullis_control::claims::Claims;
use portcullis_control::config::Section;
use portcullis_control::control::{Control, Phase, Verdict};
use portcullis_control::exchange::Exchange;
use portcullis_control::headers::{Edit, FieldName};
use portcullis_control::identity::Identity;
use portcullis_control::job::{Job, JobEvent, JobStep, Report};
use portcullis_control::place::Place;
use portcullis_control::program::Site;
use portcullis_control::refusal::Reason;
use portcullis_control::surroundings::Surroundings;
use serde_json::{Map, Value};

use crate::cache::{Cache, View};
use crate::config;
use crate::judge::{Accepted, Missing, Stop};
use crate::policy::{Credential, Credentials, Policy};
use crate::reason::Refused;
use crate::remote::{KEYS_FAILED, KEYS_FETCHED, KEYS_SKIPPED, MAX_WAIT_MS, Remote, Seat};

/// A token's signature was known to be good.
const CACHE_HIT: &str = "cache_hit";
/// A claim was not fit for the header that a template puts it into.
const DROPPED_VALUE: &str = "dropped_value";

/// Decides whether a bearer token is valid and whose it is.
#[derive(Debug)]
pub struct JwtAuth {
    policy: Policy,
    shared: Rc<Shared>,
    /// Tells this version of the control from those of other routes, in what is kept of a token.
    number: u32,
}

/// What all routes of a configuration share.
#[derive(Debug, Default)]
struct Shared {
    /// The verified tokens.
    cache: RefCell<Cache>,
    /// How many versions of the control there are.
    policies: Cell<u32>,
    /// The consumers' credentials.
    credentials: OnceCell<Rc<Credentials>>,
    /// The sources of keys.
    remotes: RefCell<Vec<Rc<Remote>>>,
}

/// What is remembered of a request that waits for keys.
#[derive(Debug, Default)]
pub struct Patience(Option<Waiting>);

#[derive(Debug)]
struct Waiting {
    /// Held until the waiting ends.
    _seat: Seat,
    /// Nanoseconds since the epoch.
    until: u64,
    missing: Missing,
    /// What was there when the waiting began.
    fetched: u64,
}

impl JwtAuth {
    fn decide(&self, exchange: &mut Exchange, state: &mut Patience) -> Verdict {
        let judged = self.policy.judge(exchange, &self.shared.cache);
        let refusal = match judged {
            Ok(accepted) => {
                state.0 = None;
                self.accept(exchange, &accepted);
                return Verdict::Continue;
            }
            Err(Stop::Keys(missing, remote)) => {
                match self.wait(exchange, state, missing, &remote) {
                    Ok(until) => return Verdict::Wait { until },
                    Err(reason) => self.policy.refusal(reason),
                }
            }
            Err(Stop::Refused(refusal)) => refusal,
        };
        state.0 = None;
        match &self.policy.anonymous {
            // What could not be decided is not 'no valid token', and one that is not entitled is valid.
            Some(consumer) if refusal.reason.status == 401 => {
                pass_as_anonymous(exchange, Self::NAME, consumer, refusal.reason.label);
                // What was not accepted must not look accepted to an upstream that trusts us to have checked.
                self.hide(exchange);
                Verdict::Continue
            }
            _ => Verdict::from(refusal),
        }
    }

    /// Until when the request waits for keys, or why it does not, any more.
    fn wait(
        &self,
        exchange: &Exchange,
        state: &mut Patience,
        missing: Missing,
        remote: &Remote,
    ) -> Result<u64, Refused> {
        let otherwise = match missing {
            Missing::All => Refused::KeysUnavailable,
            Missing::Named => Refused::InvalidSignature,
        };
        let now = exchange.now();
        if let Some(waiting) = &state.0 {
            // Keys that came meanwhile and do not help are the answer.
            let news = waiting.fetched != remote.fetched() || waiting.missing != missing;
            return if news || now >= waiting.until { Err(otherwise) } else { Ok(waiting.until) };
        }
        let seat = match missing {
            Missing::All => remote.wait_for_keys(),
            Missing::Named => remote.wait_for_kid(now / 1_000_000),
        };
        let until = now.saturating_add(MAX_WAIT_MS * 1_000_000);
        let fetched = remote.fetched();
        state.0 = Some(Waiting { _seat: seat.ok_or(otherwise)?, until, missing, fetched });
        Ok(until)
    }

    fn accept(&self, exchange: &mut Exchange, accepted: &Accepted) {
        if accepted.cached {
            exchange.count(CACHE_HIT);
        }
        let view = self.view(accepted);
        authentication::accept(exchange, Rc::clone(&view.identity), &view.edits);
        for _ in 0..view.dropped {
            exchange.count(DROPPED_VALUE);
        }
        self.hide(exchange);
    }

    fn hide(&self, exchange: &mut Exchange) {
        if self.policy.hide_credentials {
            self.policy.places.hide(exchange);
        }
    }

    /// What this policy makes of a token, made once and kept beside it.
    fn view(&self, accepted: &Accepted) -> Rc<View> {
        if let Some(view) = accepted.verified.view(self.number) {
            return view;
        }
        let claims = &accepted.verified.token.claims;
        let credential = accepted.credential.as_deref();
        let (mut edits, mut dropped) = (Vec::new(), 0);
        if let Some(credential) = credential {
            edits = consumer_headers(&credential.consumer, Some(&credential.name));
        }
        for (name, template) in &self.policy.headers {
            let rendered = template.render(claims);
            dropped += rendered.dropped;
            edits.extend(rendered.value.map(|value| Edit::Set(name.clone(), value)));
        }
        let view =
            Rc::new(View { identity: Rc::new(identity(claims, credential)), edits, dropped });
        accepted.verified.keep(self.number, &view);
        view
    }
}

impl Control for JwtAuth {
    const NAME: &'static str = "jwt-auth";
    const PLACES: &'static [Place] = &[Place::JwtAuth];
    const PHASES: &'static [Phase] = &[Phase::RequestTrailers, Phase::Calls];
    const AUTHENTICATES: bool = true;
    const USES_CONSUMERS: bool = true;
    const REASONS: &'static [&'static Reason] = Refused::ALL;
    const COUNTERS: &'static [&'static str] = &[
        ANONYMOUS,
        CACHE_HIT,
        DROPPED_VALUE,
        IDENTITY_REPLACED,
        KEYS_FETCHED,
        KEYS_FAILED,
        KEYS_SKIPPED,
    ];
    type State = Patience;

    fn compile(section: &mut Section<'_>, site: &Site<'_>) -> Option<Self> {
        let shared = site.shared::<Shared>();
        let policy = config::read(section, site, &shared.credentials, &shared.remotes)?;
        let number = shared.policies.get();
        shared.policies.set(number.saturating_add(1));
        Some(JwtAuth { policy, shared, number })
    }

    fn identity_headers(&self) -> Vec<FieldName> {
        self.policy.headers.iter().map(|(name, _)| name.clone()).chain(IDENTITY_FAMILY).collect()
    }

    fn lets_anybody_pass(&self) -> bool {
        self.policy.anonymous.is_some()
    }

    fn stand_back(&self, exchange: &mut Exchange) {
        self.hide(exchange);
    }

    fn request_headers(
        &self,
        exchange: &mut Exchange,
        state: &mut Patience,
        _end: bool,
    ) -> Verdict {
        if !self.policy.run_on_preflight && exchange.is_preflight() {
            return Verdict::Continue;
        }
        // With `anonymous`, auth controls are alternatives: the first that succeeds counts, as in Kong.
        if self.policy.anonymous.is_some() && is_known(exchange) {
            self.hide(exchange);
            return Verdict::Continue;
        }
        self.decide(exchange, state)
    }

    fn woken(&self, exchange: &mut Exchange, state: &mut Patience) -> Verdict {
        self.decide(exchange, state)
    }

    fn jobs(&self) -> Vec<Job> {
        let remotes = self.policy.issuers.iter().flat_map(|issuer| &issuer.remotes);
        remotes.map(|remote| remote.job()).collect()
    }

    fn job(
        &self,
        name: &str,
        event: JobEvent<'_>,
        surroundings: &dyn Surroundings,
        report: &mut Report,
    ) -> JobStep {
        let mut remotes = self.policy.issuers.iter().flat_map(|issuer| &issuer.remotes);
        match remotes.find(|remote| remote.name() == name) {
            Some(remote) => remote.step(event, surroundings, report),
            None => JobStep::Done,
        }
    }
}

/// A consumer signs its own tokens, so groups and scopes that it gives itself count for nothing; its own are known.
fn identity(claims: &Rc<Claims>, credential: Option<&Credential>) -> Identity {
    let list = |name: &str| match credential {
        Some(_) => Vec::new(),
        None => words(claims.get(name)),
    };
    Identity {
        control: JwtAuth::NAME.to_owned(),
        subject: claims.get("sub").and_then(subject),
        issuer: claims.get("iss").and_then(Value::as_str).map(str::to_owned),
        consumer: credential.map(|credential| Rc::clone(&credential.consumer)),
        groups: list("groups"),
        scopes: list("scope"),
        claims: Some(Rc::clone(claims)),
        credential: match credential {
            Some(credential) => Some(Value::from(vec!["key", &credential.name]).to_string()),
            None => credential_of_issuer(claims),
        },
        ..Identity::default()
    }
}

/// Text with something in it; some issuers give numbers, against RFC 7519 §4.1.2.
fn subject(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Issuer and subject, or the client where a token has no subject: never what a client could mint anew, as `jti`.
fn credential_of_issuer(claims: &Map<String, Value>) -> Option<String> {
    let issuer = claims.get("iss")?.as_str()?.to_owned();
    let names = ["sub", "client_id", "azp"];
    let (name, subject) =
        names.iter().find_map(|name| Some((*name, claims.get(*name).and_then(subject)?)))?;
    Some(Value::from(vec![issuer, name.to_owned(), subject]).to_string())
}

/// A list of strings, or one string with words separated by spaces (RFC 8693 §4.2).
fn words(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(items)) => {
            items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
        }
        Some(Value::String(text)) => text.split_ascii_whitespace().map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}
