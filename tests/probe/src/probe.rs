//! Does to a request what its header says.

use std::rc::Rc;

use portcullis_control::config::Section;
use portcullis_control::control::{Body, Call, CallAnswer, Control, Verdict};
use portcullis_control::exchange::Exchange;
use portcullis_control::headers::{Edit, FieldName, FieldValue};
use portcullis_control::identity::Identity;
use portcullis_control::inspection::{Inspection, OnLimit};
use portcullis_control::place::{Place, ResponsePlace};
use portcullis_control::program::Site;
use portcullis_control::reasons;
use portcullis_control::refusal::{Reason, Refusal, Reply};

reasons! {
    /// Why the probe refuses.
    pub(crate) enum Why {
        /// It was told to.
        Told = (403, "told", "told to refuse"),
        /// The held body holds the word `attack`.
        Attack = (403, "attack", "attack"),
        /// The held body is larger than `max`.
        TooLarge = (413, "too_large", "too large"),
        /// The response is an error of the upstream.
        Masked = (500, "masked", "an unexpected error occurred"),
        /// The call failed.
        CallFailed = (503, "call_failed", "call failed"),
    }
}

/// The configuration: where calls go, how long they may take, how much is held.
pub(crate) struct Probe {
    cluster: String,
    timeout_ms: u32,
    max: usize,
    holds: bool,
    inspection: Inspection,
}

fn told(exchange: &Exchange) -> &[u8] {
    exchange.request_headers().first("x-probe").unwrap_or_default()
}

/// A refusal that closes the stream.
fn dropped() -> Refusal {
    Refusal { closes: true, ..Refusal::from(Why::Told) }
}

impl Probe {
    fn call(&self) -> Verdict {
        let headers = [(":method", "GET"), (":path", "/call"), (":authority", "calls")];
        let headers =
            headers.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).to_vec();
        let (cluster, timeout_ms) = (self.cluster.clone(), self.timeout_ms);
        Verdict::Call(Box::new(Call::Http { cluster, headers, body: Vec::new(), timeout_ms }))
    }

    fn judge(body: Body<'_>) -> Verdict {
        if !body.complete {
            return Verdict::from(Why::TooLarge);
        }
        let attack = body.bytes.windows(6).any(|word| word == b"attack");
        if attack { Verdict::from(Why::Attack) } else { Verdict::Continue }
    }
}

impl Control for Probe {
    const NAME: &'static str = "probe";
    const PLACES: &'static [Place] = &[Place::JwtAuth];
    const RESPONSE_PLACE: Option<ResponsePlace> = Some(ResponsePlace::Waf);
    const REASONS: &'static [&'static Reason] = Why::ALL;
    type State = ();

    fn compile(section: &mut Section<'_>, _site: &Site<'_>) -> Option<Self> {
        let cluster =
            section.or("cluster", "calls".to_owned(), |node| node.text().map(str::to_owned));
        let timeout = section.or("timeout_ms", 1_000, |node| node.integer(1..=60_000));
        let max = section.or("max", 65_536, |node| node.integer(1..=1_000_000));
        let holds = section.or("holds", true, |node| node.boolean());
        let (timeout_ms, max) = (u32::try_from(timeout).ok()?, usize::try_from(max).ok()?);
        let beginning = section.or("beginning", false, |node| node.boolean());
        let on_limit = if beginning { OnLimit::Beginning } else { OnLimit::Pass };
        let inspection = Inspection { max, on_limit, ..Inspection::default() }.read(section);
        Some(Probe { cluster, timeout_ms, max, holds, inspection })
    }

    fn identity_headers(&self) -> Vec<FieldName> {
        vec![FieldName::from_static("x-probe-user")]
    }

    fn may_hold_request(&self) -> bool {
        self.holds
    }

    fn request_headers(&self, exchange: &mut Exchange, _state: &mut (), _end: bool) -> Verdict {
        match told(exchange) {
            b"trap" => std::process::abort(),
            b"call" | b"call-hold" => self.call(),
            b"hold" | b"replace" => Verdict::HoldBody { max: self.max },
            b"refuse" => Verdict::from(
                Refusal::from(Why::Told).with_header("x-refused", FieldValue::from_static("yes")),
            ),
            b"drop" => Verdict::from(dropped()),
            b"reply" => Verdict::Reply(Box::new(Reply { status: 204, ..Reply::default() })),
            b"identity" => {
                let identity = Identity {
                    control: "probe".into(),
                    subject: Some("ada".into()),
                    ..Identity::default()
                };
                let (name, value) =
                    (FieldName::from_static("x-probe-user"), FieldValue::from_static("ada"));
                exchange.set_identity(Rc::new(identity), &[Edit::Set(name, value)]);
                Verdict::Continue
            }
            _ => Verdict::Continue,
        }
    }

    fn call_done(&self, exchange: &mut Exchange, _state: &mut (), answer: &CallAnswer) -> Verdict {
        let status = match answer {
            CallAnswer::Http { headers, .. } => {
                headers.first(":status").unwrap_or_default().to_vec()
            }
            _ => return Verdict::from(Why::CallFailed),
        };
        if let Some(status) = FieldValue::new(status) {
            exchange.set_request_header(FieldName::from_static("x-probe-call"), status);
        }
        if told(exchange) == b"call-hold" {
            return Verdict::HoldBody { max: self.max };
        }
        Verdict::Continue
    }

    fn request_body(&self, exchange: &mut Exchange, _state: &mut (), body: Body<'_>) -> Verdict {
        if told(exchange) == b"replace" {
            let upper = body.bytes.to_ascii_uppercase();
            exchange.replace_request_body([&upper[..], b"!"].concat());
        }
        exchange.set_request_header(
            FieldName::from_static("x-probe-held"),
            FieldValue::from_number(u64::try_from(body.bytes.len()).unwrap_or(0)),
        );
        Probe::judge(body)
    }

    fn inspects_response(&self) -> Option<Inspection> {
        Some(self.inspection)
    }

    fn response_headers(&self, exchange: &mut Exchange, _state: &mut (), _end: bool) -> Verdict {
        let is_error = || {
            exchange
                .response_headers()
                .first(":status")
                .is_some_and(|status| status.starts_with(b"5"))
        };
        match told(exchange) {
            b"response-refuse" => Verdict::from(Why::Told),
            b"response-drop" => Verdict::from(dropped()),
            b"response-hold" | b"response-edit" | b"response-empty" => Verdict::Inspect,
            b"response-mask" if is_error() => Verdict::Inspect,
            _ => Verdict::Continue,
        }
    }

    fn response_body(&self, exchange: &mut Exchange, _state: &mut (), body: Body<'_>) -> Verdict {
        match told(exchange) {
            b"response-mask" => {
                let status = exchange.response_headers().first(":status").unwrap_or_default();
                let status =
                    std::str::from_utf8(status).ok().and_then(|status| status.parse().ok());
                let mut refusal = Refusal::from(Why::Masked);
                refusal.status = status;
                refusal.fields.push(("bytes", body.bytes.len().to_string()));
                return Verdict::from(refusal);
            }
            b"response-edit" => {
                exchange
                    .replace_response_body([&body.bytes.to_ascii_uppercase()[..], b"!"].concat());
            }
            b"response-empty" => exchange.replace_response_body(Vec::new()),
            _ => {}
        }
        Probe::judge(body)
    }
}
