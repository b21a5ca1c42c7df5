//! A later control: says what it saw, so that tests can tell whether it was asked in order and what it was shown.

use portcullis_control::config::Section;
use portcullis_control::control::{Control, Verdict};
use portcullis_control::exchange::Exchange;
use portcullis_control::headers::{FieldName, FieldValue};
use portcullis_control::place::{Place, ResponsePlace};
use portcullis_control::program::Site;
use portcullis_control::refusal::Reason;

/// Has no configuration.
pub(crate) struct Witness;

impl Control for Witness {
    const NAME: &'static str = "witness";
    const PLACES: &'static [Place] = &[Place::RateLimiting];
    const RESPONSE_PLACE: Option<ResponsePlace> = Some(ResponsePlace::RateLimiting);
    const REASONS: &'static [&'static Reason] = &[];
    /// What it saw, for the response.
    type State = String;

    fn compile(_section: &mut Section<'_>, _site: &Site<'_>) -> Option<Self> {
        Some(Witness)
    }

    fn request_headers(&self, exchange: &mut Exchange, state: &mut String, _end: bool) -> Verdict {
        let subject = exchange.identity().and_then(|identity| identity.subject.clone());
        *state = subject.unwrap_or_else(|| "nobody".to_owned());
        if let Some(value) = FieldValue::new(state.as_bytes()) {
            exchange.set_request_header(FieldName::from_static("x-witness"), value);
        }
        Verdict::Continue
    }

    fn response_headers(&self, exchange: &mut Exchange, state: &mut String, _end: bool) -> Verdict {
        let seen = if state.is_empty() { "unasked" } else { state.as_str() };
        if let Some(value) = FieldValue::new(seen.as_bytes()) {
            exchange.set_response_header(FieldName::from_static("x-witness"), value);
        }
        Verdict::Continue
    }
}
