//! Controls that do what a request tells them, to be the alternatives under test.

use std::rc::Rc;

use portcullis_control::config::Section;
use portcullis_control::control::{Body, Call, CallAnswer, Control, Verdict};
use portcullis_control::exchange::Exchange;
use portcullis_control::headers::{Edit, FieldName, FieldValue};
use portcullis_control::identity::Identity;
use portcullis_control::place::Place;
use portcullis_control::program::Site;
use portcullis_control::reasons;
use portcullis_control::refusal::{Reason, Refusal};

reasons! {
    /// Why a control under test refuses.
    pub(crate) enum Why {
        /// Nothing was presented.
        Nothing = (401, "nothing", "Nothing"),
        /// The body was no good.
        Body = (401, "body", "Bad body"),
        /// Known, and not entitled.
        Forbidden = (403, "forbidden", "Forbidden"),
        /// Not to be decided now.
        Later = (503, "later", "Later"),
        /// Not to be decided at all.
        Large = (413, "large", "Too large"),
    }
}

/// Nanoseconds for which a control under test waits, at most.
pub(crate) const PATIENCE: u64 = 5_000_000_000;

/// A control that does what the header of its name says, word by word: the later ones after it waited.
pub(crate) trait Told {
    const NAME: &'static str;
    const PLACE: Place;
}

pub(crate) struct Obedient<T>(std::marker::PhantomData<T>);

impl<T: Told + 'static> Obedient<T> {
    fn refusal(why: Why) -> Verdict {
        let challenge = FieldValue::new(T::NAME).unwrap();
        Verdict::from(Refusal::from(why).with_header("www-authenticate", challenge))
    }

    fn say(exchange: &mut Exchange) {
        let identity = Identity {
            control: T::NAME.into(),
            subject: Some(T::NAME.into()),
            groups: vec![T::NAME.into()],
            ..Identity::default()
        };
        let name = FieldName::parse(&format!("x-user-{}", T::NAME)).unwrap();
        let value = FieldValue::new(T::NAME).unwrap();
        exchange.set_identity(Rc::new(identity), &[Edit::Set(name, value)]);
        exchange.note("said", Vec::new());
    }

    fn act(exchange: &mut Exchange, words: &mut Vec<String>) -> Verdict {
        if words.is_empty() {
            return Self::refusal(Why::Nothing);
        }
        match words.remove(0).as_str() {
            "pass" => {
                Self::say(exchange);
                Verdict::Continue
            }
            "say" => {
                Self::say(exchange);
                exchange.edit_request(Edit::Remove(FieldName::from_static("x-secret")));
                exchange.set_request_header(
                    FieldName::from_static("x-kept"),
                    FieldValue::from_static("changed"),
                );
                Self::act(exchange, words)
            }
            "forbid" => Self::refusal(Why::Forbidden),
            "later" => Verdict::from(Refusal::from(Why::Later)),
            "large" => Self::refusal(Why::Large),
            "call" => Verdict::Call(Box::new(Call::Http {
                cluster: T::NAME.into(),
                headers: Vec::new(),
                body: Vec::new(),
                timeout_ms: 1,
            })),
            "wait" => Verdict::Wait { until: exchange.now() + PATIENCE },
            "hold" => Verdict::HoldBody { max: 8 },
            "hold-more" => Verdict::HoldBody { max: 16 },
            other => panic!("nobody knows how to {other}"),
        }
    }
}

impl<T: Told + 'static> Control for Obedient<T> {
    const NAME: &'static str = T::NAME;
    const PLACES: &'static [Place] = &[T::PLACE];
    const REASONS: &'static [&'static Reason] = Why::ALL;
    const COUNTERS: &'static [&'static str] = &["said", "trailers"];
    type State = Vec<String>;

    fn compile(_section: &mut Section<'_>, _site: &Site<'_>) -> Option<Self> {
        Some(Obedient(std::marker::PhantomData))
    }

    fn identity_headers(&self) -> Vec<FieldName> {
        vec![FieldName::from_static("x-user-*")]
    }

    fn may_hold_request(&self) -> bool {
        true
    }

    fn request_headers(
        &self,
        exchange: &mut Exchange,
        words: &mut Vec<String>,
        end: bool,
    ) -> Verdict {
        let told = exchange.request_headers().first(T::NAME).unwrap_or_default().to_vec();
        let told = String::from_utf8(told).unwrap();
        *words = told.split_whitespace().map(str::to_owned).collect();
        assert!(!end || !told.contains("hold"), "{}: there is no body to hold", T::NAME);
        Self::act(exchange, words)
    }

    fn call_done(
        &self,
        exchange: &mut Exchange,
        words: &mut Vec<String>,
        _: &CallAnswer,
    ) -> Verdict {
        Self::act(exchange, words)
    }

    fn woken(&self, exchange: &mut Exchange, words: &mut Vec<String>) -> Verdict {
        Self::act(exchange, words)
    }

    fn request_body(
        &self,
        exchange: &mut Exchange,
        words: &mut Vec<String>,
        body: Body<'_>,
    ) -> Verdict {
        match words.first().map(String::as_str) {
            Some("hold" | "hold-more") if !body.complete => return Self::act(exchange, words),
            _ if !body.complete => return Self::refusal(Why::Large),
            _ => {}
        }
        exchange.replace_request_body([T::NAME.as_bytes(), b":", body.bytes].concat());
        if body.bytes.ends_with(b"good") {
            Self::act(exchange, words)
        } else {
            Self::refusal(Why::Body)
        }
    }

    fn stand_back(&self, exchange: &mut Exchange) {
        let name = FieldName::parse(&format!("{}-credential", T::NAME)).unwrap();
        exchange.edit_request(Edit::Remove(name));
    }

    fn request_trailers(&self, exchange: &mut Exchange, _: &mut Vec<String>) -> Verdict {
        exchange.count("trailers");
        Verdict::Continue
    }
}

macro_rules! told {
    ($type:ident, $name:literal, $place:ident) => {
        pub(crate) struct $type;
        impl Told for $type {
            const NAME: &'static str = $name;
            const PLACE: Place = Place::$place;
        }
    };
}
told!(One, "one", MtlsAuth);
told!(Two, "two", JwtAuth);
told!(Three, "three", KeyAuth);
told!(Behind, "behind", RequestValidation);
