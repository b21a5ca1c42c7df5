//! The control itself: asks the judge, and says who is calling.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use portcullis_control::authentication::{
    self, ANONYMOUS, IDENTITY_FAMILY, IDENTITY_REPLACED, consumer_headers, is_known,
    pass_as_anonymous,
};
use portcullis_control::claims::Claims;
use portcullis_control::config::Section;
use portcullis_control::control::{Control, Phase, Verdict};
use portcullis_control::exchange::Exchange;
use portcullis_control::fetched::Background;
use portcullis_control::headers::{Edit, FieldName};
use portcullis_control::identity::{Certificate, Identity};
use portcullis_control::job::{Job, JobEvent, JobStep, Report};
use portcullis_control::mode::Mode;
use portcullis_control::place::Place;
use portcullis_control::program::Site;
use portcullis_control::refusal::{Reason, Refusal};
use portcullis_control::surroundings::Surroundings;
use portcullis_control::template::Values;
use serde_json::{Map, Value};

use crate::binding;
use crate::cache::{Cache, View};
use crate::claims::ClaimPath;
use crate::config;
use crate::demands::Form;
use crate::judge::{Accepted, Stop};
use crate::missing::Patience;
use crate::policy::{Credential, Credentials, Policy};
use crate::reason::Refused;
use crate::remote::{Fetched, keys, revocations};
use crate::revoked;

/// A token's signature was known to be good.
const CACHE_HIT: &str = "cache_hit";
/// A claim was not fit for the header that a template puts it into.
const DROPPED_VALUE: &str = "dropped_value";
/// A token passed although the list of revoked ones was not there, or too old.
const REVOCATIONS_UNKNOWN: &str = "revocations_unknown";

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
    /// The consumers' credentials.
    credentials: OnceCell<Rc<Credentials>>,
    /// What is fetched.
    fetched: Fetched,
}

impl JwtAuth {
    fn decide(&self, exchange: &mut Exchange, patience: &mut Patience) -> Verdict {
        let refusal = match self.policy.judge(exchange, &self.shared.cache) {
            Ok(accepted) => {
                patience.end();
                return self.accept(exchange, &accepted);
            }
            Err(Stop::Missing(missing, otherwise)) => {
                if let Some(until) = patience.wait(&missing, exchange.now()) {
                    // In shadow mode the request goes on at once: it keeps no seat from one that does wait.
                    if exchange.mode() == Mode::Shadow {
                        patience.end();
                    }
                    return Verdict::Wait { until };
                }
                if let Some(accepted) = otherwise {
                    patience.end();
                    exchange.note(REVOCATIONS_UNKNOWN, Vec::new());
                    return self.accept(exchange, &accepted);
                }
                self.policy.refusal(missing.refused())
            }
            Err(Stop::Refused(refusal)) => refusal,
        };
        patience.end();
        self.refuse(exchange, refusal)
    }

    fn refuse(&self, exchange: &mut Exchange, refusal: Refusal) -> Verdict {
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

    fn accept(&self, exchange: &mut Exchange, accepted: &Accepted) -> Verdict {
        if accepted.cached {
            exchange.count(CACHE_HIT);
        }
        // Read before this caller takes the place of the one that an earlier control found.
        let bound = self.policy.certificate_bound;
        let certificate = bound.then(|| binding::presented(exchange)).flatten();
        let view = self.view(accepted, certificate);
        authentication::accept(exchange, Rc::clone(&view.identity), &view.edits);
        for _ in 0..view.dropped {
            exchange.count(DROPPED_VALUE);
        }
        self.hide(exchange);
        Verdict::Continue
    }

    fn hide(&self, exchange: &mut Exchange) {
        if self.policy.hide_credentials {
            self.policy.places.hide(exchange);
        }
    }

    /// What this policy makes of a token, and of the certificate that it is bound to; made once and kept beside it.
    fn view(&self, accepted: &Accepted, certificate: Option<Rc<Certificate>>) -> Rc<View> {
        let kept = accepted.verified.view(self.number);
        // It is the same certificate each time, but not everybody tells as much of it.
        if let Some(view) = kept.filter(|view| view.identity.certificate == certificate) {
            return view;
        }
        let claims = &accepted.verified.token.claims;
        let credential = accepted.credential.as_deref();
        let (mut edits, mut dropped) = (Vec::new(), 0);
        if let Some(credential) = credential {
            edits = consumer_headers(&credential.consumer, Some(&credential.name));
        }
        for (name, template) in &self.policy.headers {
            let (value, unfit) = template.render_field(&Values::of_claims(claims));
            dropped += unfit;
            edits.extend(value.map(|value| Edit::Set(name.clone(), value)));
        }
        let identity = Identity { certificate, ..self.identity(claims, credential) };
        let view = Rc::new(View { identity: Rc::new(identity), edits, dropped });
        accepted.verified.keep(self.number, &view);
        view
    }

    /// A consumer signs its own tokens, so groups and scopes that it gives itself count for nothing; its own are known.
    fn identity(&self, claims: &Rc<Claims>, credential: Option<&Credential>) -> Identity {
        let list = |path: &ClaimPath, form: Form| {
            let claim = path.find(claims).filter(|_| credential.is_none());
            let words = claim.map(|claim| form.words(claim)).unwrap_or_default();
            words.into_iter().map(str::to_owned).collect()
        };
        Identity {
            control: JwtAuth::NAME.to_owned(),
            subject: claims.get("sub").and_then(revoked::name).map(Cow::into_owned),
            issuer: claims.get("iss").and_then(Value::as_str).map(str::to_owned),
            consumer: credential.map(|credential| Rc::clone(&credential.consumer)),
            groups: list(&self.policy.groups, Form::Name),
            scopes: list(&self.policy.scopes, Form::Scopes),
            claims: Some(Rc::clone(claims)),
            credential: match credential {
                Some(credential) => Some(Value::from(vec!["key", &credential.name]).to_string()),
                None => credential_of_issuer(claims),
            },
            ..Identity::default()
        }
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
        keys::COUNTERS.fetched,
        keys::COUNTERS.failed,
        keys::COUNTERS.skipped,
        revocations::COUNTERS.fetched,
        revocations::COUNTERS.failed,
        revocations::COUNTERS.skipped,
        REVOCATIONS_UNKNOWN,
    ];
    type State = Patience;

    fn compile(section: &mut Section<'_>, site: &Site<'_>) -> Option<Self> {
        let shared = site.shared::<Shared>();
        let policy = config::read(section, site, &shared.credentials, &shared.fetched)?;
        Some(JwtAuth { policy, shared, number: site.number() })
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
        // A browser's preflight has the URL of the request that follows, and the token in it.
        let skipped = !self.policy.run_on_preflight && exchange.is_preflight();
        // With `anonymous`, auth controls are alternatives: the first that succeeds counts, as in Kong.
        if skipped || (self.policy.anonymous.is_some() && is_known(exchange)) {
            self.hide(exchange);
            return Verdict::Continue;
        }
        self.decide(exchange, state)
    }

    fn woken(&self, exchange: &mut Exchange, state: &mut Patience) -> Verdict {
        self.decide(exchange, state)
    }

    fn jobs(&self) -> Vec<Job> {
        self.policy.sources().map(Background::job).collect()
    }

    fn job(
        &self,
        name: &str,
        event: JobEvent<'_>,
        surroundings: &dyn Surroundings,
        report: &mut Report,
    ) -> JobStep {
        match self.policy.sources().find(|source| source.name() == name) {
            Some(source) => source.step(event, surroundings, report),
            None => JobStep::Done,
        }
    }
}

/// Issuer and subject, or the client where a token has no subject: never what a client could mint anew, as `jti`.
fn credential_of_issuer(claims: &Map<String, Value>) -> Option<String> {
    let issuer = claims.get("iss")?.as_str()?.to_owned();
    let names = ["sub", "client_id", "azp"];
    let (name, subject) =
        names.iter().find_map(|own| Some((*own, claims.get(*own).and_then(revoked::name)?)))?;
    Some(Value::from(vec![issuer, name.to_owned(), subject.into_owned()]).to_string())
}
