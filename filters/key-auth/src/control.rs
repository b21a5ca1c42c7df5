//! The control itself: asks whose the key is, says who is calling, and takes the key away.

use std::cell::OnceCell;
use std::rc::Rc;

use portcullis_control::authentication::{
    ANONYMOUS, IDENTITY_FAMILY, IDENTITY_REPLACED, accept, is_known, pass_as_anonymous,
};
use portcullis_control::config::Section;
use portcullis_control::control::{Body, Control, Phase, Verdict};
use portcullis_control::exchange::Exchange;
use portcullis_control::headers::{Edit, FieldName, FieldValue};
use portcullis_control::identity::Consumer;
use portcullis_control::media_type::BodyFormat;
use portcullis_control::place::Place;
use portcullis_control::program::Site;
use portcullis_control::refusal::{Reason, Refusal};

use crate::body;
use crate::config;
use crate::credentials::Credentials;
use crate::presented::{OneKey, Places};
use crate::reason::Refused;

pub(crate) const NAME: &str = "key-auth";

/// Bytes of a key, at most: far above what anybody issues, and what is longer is not even hashed.
pub(crate) const MAX_KEY_BYTES: usize = 1_024;

/// Bytes of a body that is held to look for a key, at most. Below the 1 MiB that Envoy holds by default, as past that
/// it answers itself.
pub(crate) const MAX_BODY_BYTES: usize = 512 * 1_024;

/// Decides whether an API key is valid and whose it is.
#[derive(Debug)]
pub struct KeyAuth {
    pub(crate) places: Places,
    pub(crate) key_in_body: bool,
    pub(crate) hide_credentials: bool,
    pub(crate) anonymous: Option<Rc<Consumer>>,
    pub(crate) challenge: FieldValue,
    pub(crate) run_on_preflight: bool,
    pub(crate) credentials: Rc<Credentials>,
}

/// What all routes of a configuration share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// The consumers' keys.
    pub(crate) credentials: OnceCell<Rc<Credentials>>,
}

/// What is known when a body is waited for.
#[derive(Debug, Default)]
pub struct Waiting {
    format: Option<BodyFormat>,
    stage: Stage,
}

#[derive(Debug, Default)]
enum Stage {
    /// No key so far: the body must have it.
    #[default]
    Open,
    /// This one was accepted: the body may have no other.
    Accepted(Vec<u8>),
    /// It passes as the anonymous consumer whatever the body has.
    Settled,
}

impl KeyAuth {
    /// Makes the owner of a key the caller.
    fn judge(&self, exchange: &mut Exchange, key: &[u8]) -> Result<(), Refused> {
        if key.len() > MAX_KEY_BYTES {
            return Err(Refused::KeyTooLong);
        }
        let credential = self.credentials.find(key).ok_or(Refused::UnknownKey)?;
        accept(exchange, Rc::clone(&credential.identity), &credential.headers);
        Ok(())
    }

    /// A refusal, or the anonymous consumer instead.
    fn refuse(&self, exchange: &mut Exchange, reason: Refused) -> Verdict {
        match &self.anonymous {
            Some(consumer) => {
                pass_as_anonymous(exchange, NAME, consumer, reason.reason().label);
                Verdict::Continue
            }
            None => {
                let challenge = self.challenge.clone();
                Verdict::from(Refusal::from(reason).with_header("www-authenticate", challenge))
            }
        }
    }

    /// Also takes away what was not accepted: it must not look accepted to an upstream that trusts us to have checked.
    fn hide(&self, exchange: &mut Exchange) {
        if self.hide_credentials {
            self.places.hide(exchange);
        }
    }

    /// How the body is to be read, if it may hold a key. A stream ends when it ends, so it is never waited for.
    fn body_format(&self, exchange: &Exchange, end: bool) -> Option<BodyFormat> {
        let readable = self.key_in_body && !end && !exchange.is_stream();
        readable.then(|| BodyFormat::of(exchange.request_headers())).flatten()
    }

    fn hold(&self, exchange: &mut Exchange) -> Verdict {
        // Where headers go ahead, a body that becomes shorter would leave the upstream waiting for the rest.
        if self.hide_credentials && exchange.headers_go_ahead() {
            exchange.edit_request(Edit::Remove(FieldName::from_static("content-length")));
        }
        Verdict::HoldBody { max: MAX_BODY_BYTES }
    }
}

impl Control for KeyAuth {
    const NAME: &'static str = NAME;
    const PLACES: &'static [Place] = &[Place::KeyAuth];
    const PHASES: &'static [Phase] = &[Phase::RequestBody, Phase::RequestTrailers];
    const AUTHENTICATES: bool = true;
    const USES_CONSUMERS: bool = true;
    const REASONS: &'static [&'static Reason] = Refused::ALL;
    const COUNTERS: &'static [&'static str] = &[ANONYMOUS, IDENTITY_REPLACED];
    type State = Waiting;

    fn compile(section: &mut Section<'_>, site: &Site<'_>) -> Option<Self> {
        config::read(section, site)
    }

    fn identity_headers(&self) -> Vec<FieldName> {
        IDENTITY_FAMILY.to_vec()
    }

    fn lets_anybody_pass(&self) -> bool {
        self.anonymous.is_some()
    }

    fn may_hold_request(&self) -> bool {
        self.key_in_body
    }

    fn stand_back(&self, exchange: &mut Exchange) {
        self.hide(exchange);
    }

    fn request_headers(&self, exchange: &mut Exchange, state: &mut Waiting, end: bool) -> Verdict {
        // A browser's preflight has the URL of the request that follows, and the key in it.
        let skipped = !self.run_on_preflight && exchange.is_preflight();
        if skipped || (self.anonymous.is_some() && is_known(exchange)) {
            self.hide(exchange);
            return Verdict::Continue;
        }
        let format = self.body_format(exchange, end);
        let judged = match self.places.find(exchange) {
            Ok(Some(key)) => self.judge(exchange, &key).map(|()| Stage::Accepted(key)),
            Ok(None) if format.is_some() => Ok(Stage::Open),
            Ok(None) => Err(Refused::NoKey),
            Err(reason) => Err(reason),
        };
        state.stage = match judged {
            Ok(stage) => stage,
            Err(reason) => match self.refuse(exchange, reason) {
                Verdict::Continue => Stage::Settled,
                refusal => return refusal,
            },
        };
        self.hide(exchange);
        match format {
            Some(format) => {
                state.format = Some(format);
                self.hold(exchange)
            }
            None => Verdict::Continue,
        }
    }

    fn request_body(
        &self,
        exchange: &mut Exchange,
        state: &mut Waiting,
        body: Body<'_>,
    ) -> Verdict {
        if !body.complete {
            return Verdict::from(Refused::BodyTooLarge);
        }
        let Some(format) = state.format.take() else { return Verdict::Continue };
        let found = body::find(&format, body.bytes, |name| self.places.has(name));
        let mut key = OneKey::default();
        let judged = match std::mem::take(&mut state.stage) {
            Stage::Settled => Ok(()),
            Stage::Accepted(accepted) => {
                take_all(&mut key, [accepted].into_iter().chain(found.keys))
            }
            Stage::Open => take_all(&mut key, found.keys.into_iter())
                .and_then(|()| self.judge(exchange, &key.into_key().ok_or(Refused::NoKey)?)),
        };
        if let Err(reason) = judged {
            match self.refuse(exchange, reason) {
                Verdict::Continue => {}
                refusal => return refusal,
            }
        }
        if let Some(rest) = found.rest.filter(|_| self.hide_credentials) {
            exchange.replace_request_body(rest);
        }
        Verdict::Continue
    }
}

fn take_all<'x>(
    key: &mut OneKey<'x>,
    mut keys: impl Iterator<Item = Vec<u8>>,
) -> Result<(), Refused> {
    keys.try_for_each(|other| key.take(other.into()))
}
