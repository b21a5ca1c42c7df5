//! The control itself: asks where certificates come from, judges the one that is there, and says who is calling.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use portcullis_control::authentication::{
    self, ANONYMOUS, CERTIFICATE_HEADERS, IDENTITY_FAMILY, IDENTITY_REPLACED, is_known,
    pass_as_anonymous,
};
use portcullis_control::config::Section;
use portcullis_control::control::{Control, Phase, Verdict};
use portcullis_control::exchange::Exchange;
use portcullis_control::headers::{Edit, FieldName, FieldValue, Forwarded};
use portcullis_control::identity::{Consumer, Identity};
use portcullis_control::place::Place;
use portcullis_control::program::Site;
use portcullis_control::refusal::{Reason, Refusal};

use crate::config;
use crate::connections::{Accepted, Connections, Judged, Key, Rejected};
use crate::directory::{ConsumerBy, Directory, Known};
use crate::presented::Presented;
use crate::reason::Refused;
use crate::rules::Rules;
use crate::xfcc;

pub(crate) const NAME: &str = "mtls-auth";

/// Where certificates come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The connection.
    Connection,
    /// `x-forwarded-client-cert`.
    Xfcc,
}

/// Who says that a certificate was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verified {
    /// The host is asked of each connection.
    Asked,
    /// The configuration has said it of all.
    Stated,
}

/// What a certificate makes of the caller.
#[derive(Debug)]
pub(crate) enum Lookup {
    /// Any that will do passes, and is its own identity.
    Skipped(GroupBy),
    /// It must be a consumer's.
    Consumer {
        by: ConsumerBy,
        /// Who it is that the certificate is not of anybody.
        default: Option<Rc<Known>>,
    },
}

/// Which group a certificate puts its owner into, where no consumer is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GroupBy {
    /// The common name.
    Cn,
    /// The whole subject.
    Dn,
}

/// Decides whether a client certificate will do and whose it is.
#[derive(Debug)]
pub struct MtlsAuth {
    pub(crate) source: Source,
    pub(crate) verified: Verified,
    /// The header of proxies, and who they are.
    pub(crate) forwarded: Forwarded,
    pub(crate) rules: Rules,
    pub(crate) lookup: Lookup,
    pub(crate) anonymous: Option<Rc<Consumer>>,
    pub(crate) run_on_preflight: bool,
    pub(crate) directory: Rc<Directory>,
    pub(crate) shared: Rc<Shared>,
    /// Tells this version of the control from those of other routes.
    pub(crate) number: u32,
}

/// What all routes of a configuration share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// The consumers.
    pub(crate) directory: OnceCell<Rc<Directory>>,
    /// What was decided of connections.
    pub(crate) connections: RefCell<Connections>,
    /// Where certificates come from and whose header is kept, as the first version has it.
    pub(crate) origin: OnceCell<(Source, Forwarded)>,
}

impl MtlsAuth {
    fn judge(&self, exchange: &Exchange) -> Judged {
        match self.source {
            Source::Connection => self.judge_connection(exchange),
            Source::Xfcc => self.judge_forwarded(exchange),
        }
    }

    fn judge_connection(&self, exchange: &Exchange) -> Judged {
        let number = exchange.property(&["connection", "id"]).and_then(|id| id.try_into().ok());
        let key = number.map(|id| Key { connection: u64::from_le_bytes(id), policy: self.number });
        let known = key.and_then(|key| self.shared.connections.borrow().get(key));
        known.unwrap_or_else(|| {
            let judged = self.judge_handshake(exchange);
            if let Some(key) = key {
                self.shared.connections.borrow_mut().put(key, &judged);
            }
            judged
        })
    }

    fn judge_handshake(&self, exchange: &Exchange) -> Judged {
        let peer = exchange.peer_certificate();
        // A host that could say it and does not is a host that failed.
        let verified = match self.verified {
            Verified::Asked => peer.verified() == Some(true),
            Verified::Stated => true,
        };
        let presented = Presented::on_connection(peer).ok_or(Refused::NoCertificate)?;
        if verified {
            self.judge_presented(presented)
        } else {
            rejected(Refused::Unverified, presented)
        }
    }

    fn judge_forwarded(&self, exchange: &Exchange) -> Judged {
        // Of others the header is gone already.
        if !self.forwarded.trusts(exchange.peer_address()) {
            return Err(Refused::UntrustedPeer.into());
        }
        let element = xfcc::last(exchange.request_headers().all(self.forwarded.name.as_str()));
        match element {
            Ok(Some(element)) => self.judge_presented(Presented::forwarded(&element)),
            Ok(None) => Err(Refused::NoCertificate.into()),
            Err(xfcc::Malformed) => Err(Refused::MalformedXfcc.into()),
        }
    }

    fn judge_presented(&self, presented: Presented) -> Judged {
        if let Err(reason) = self.rules.judge(&presented) {
            return rejected(reason, presented);
        }
        let accepted = match &self.lookup {
            Lookup::Skipped(by) => Some(of_certificate(&presented, *by)),
            Lookup::Consumer { by, default } => {
                let found = self.directory.find(&presented, *by);
                let found =
                    found.map(|found| of_consumer(&presented, found.known, found.credential));
                found.or_else(|| {
                    let known = default.as_deref()?;
                    Some(of_consumer(&presented, known, presented.name()))
                })
            }
        };
        match accepted {
            Some(accepted) => Ok(Rc::new(accepted)),
            None => rejected(Refused::NoConsumer, presented),
        }
    }

    /// A refusal, or the anonymous consumer instead. There is no scheme of authentication to challenge for.
    fn refuse(&self, exchange: &mut Exchange, rejected: &Rejected) -> Verdict {
        if let Some(consumer) = &self.anonymous {
            pass_as_anonymous(exchange, NAME, consumer, rejected.reason.reason().label);
            return Verdict::Continue;
        }
        let mut refusal = Refusal::from(rejected.reason);
        refusal.fields = rejected.presented.as_ref().map(|own| own.fields()).unwrap_or_default();
        Verdict::from(refusal)
    }
}

fn rejected(reason: Refused, presented: Presented) -> Judged {
    Err(Rejected { reason, presented: Some(Rc::new(presented)) })
}

fn credential((kind, value): (&str, String)) -> String {
    serde_json::Value::from(vec![kind.to_owned(), value]).to_string()
}

fn of_consumer(presented: &Presented, known: &Known, by: (&'static str, String)) -> Accepted {
    let identity = Identity {
        control: NAME.to_owned(),
        subject: Some(known.consumer.username.clone()),
        consumer: Some(Rc::clone(&known.consumer)),
        credential: Some(credential(by)),
        certificate: Some(Rc::clone(&presented.certificate)),
        ..Identity::default()
    };
    Accepted { identity: Rc::new(identity), headers: Rc::clone(&known.headers) }
}

fn of_certificate(presented: &Presented, by: GroupBy) -> Accepted {
    let certificate = &presented.certificate;
    let subject = Some(&certificate.subject).filter(|subject| !subject.is_empty());
    let group = match by {
        GroupBy::Cn => presented.common_name.as_ref(),
        GroupBy::Dn => subject,
    };
    let name = presented.name();
    let identity = Identity {
        control: NAME.to_owned(),
        subject: Some(name.1.clone()),
        groups: group.into_iter().cloned().collect(),
        credential: Some(credential(name)),
        certificate: Some(Rc::clone(certificate)),
        ..Identity::default()
    };
    let [dn, san] = CERTIFICATE_HEADERS;
    let first = certificate.sans.first().map(|name| name.as_str());
    let values = [(dn, subject.map(String::as_str)), (san, first)];
    let edit =
        |(name, value): (FieldName, Option<&str>)| Some(Edit::Set(name, FieldValue::new(value?)?));
    let headers = values.into_iter().filter_map(edit).collect();
    Accepted { identity: Rc::new(identity), headers }
}

impl Control for MtlsAuth {
    const NAME: &'static str = NAME;
    const PLACES: &'static [Place] = &[Place::MtlsAuth];
    const PHASES: &'static [Phase] = &[Phase::RequestTrailers];
    const AUTHENTICATES: bool = true;
    const USES_CONSUMERS: bool = true;
    const REASONS: &'static [&'static Reason] = Refused::ALL;
    const COUNTERS: &'static [&'static str] = &[ANONYMOUS, IDENTITY_REPLACED];
    type State = ();

    fn compile(section: &mut Section<'_>, site: &Site<'_>) -> Option<Self> {
        config::read(section, site)
    }

    fn identity_headers(&self) -> Vec<FieldName> {
        IDENTITY_FAMILY.into_iter().chain(CERTIFICATE_HEADERS).collect()
    }

    fn forwarded_headers(&self) -> Vec<Forwarded> {
        vec![self.forwarded.clone()]
    }

    fn lets_anybody_pass(&self) -> bool {
        self.anonymous.is_some()
    }

    fn request_headers(&self, exchange: &mut Exchange, _state: &mut (), _end: bool) -> Verdict {
        if !self.run_on_preflight && exchange.is_preflight() {
            return Verdict::Continue;
        }
        if self.anonymous.is_some() && is_known(exchange) {
            return Verdict::Continue;
        }
        match self.judge(exchange) {
            Ok(accepted) => {
                let identity = Rc::clone(&accepted.identity);
                authentication::accept(exchange, identity, &accepted.headers);
                Verdict::Continue
            }
            Err(rejected) => self.refuse(exchange, &rejected),
        }
    }
}
