//! A later control that edits responses too: it says how much it saw, so that tests can tell whose result that was.

use portcullis_control::config::Section;
use portcullis_control::control::{Body, Control, Verdict};
use portcullis_control::exchange::Exchange;
use portcullis_control::inspection::Inspection;
use portcullis_control::place::{Place, ResponsePlace};
use portcullis_control::program::Site;
use portcullis_control::refusal::Reason;

/// How it looks at responses.
pub(crate) struct Editor(Inspection);

impl Control for Editor {
    const NAME: &'static str = "editor";
    const PLACES: &'static [Place] = &[Place::RequestTransformer];
    const RESPONSE_PLACE: Option<ResponsePlace> = Some(ResponsePlace::ResponseTransformer);
    const REASONS: &'static [&'static Reason] = &[];
    type State = ();

    fn compile(section: &mut Section<'_>, _site: &Site<'_>) -> Option<Self> {
        Some(Editor(Inspection::default().read(section)))
    }

    fn inspects_response(&self) -> Option<Inspection> {
        Some(self.0)
    }

    fn response_headers(&self, exchange: &mut Exchange, _state: &mut (), _end: bool) -> Verdict {
        if exchange.request_headers().first("x-editor").is_none() {
            return Verdict::Continue;
        }
        Verdict::Inspect
    }

    fn response_body(&self, exchange: &mut Exchange, _state: &mut (), body: Body<'_>) -> Verdict {
        let seen = format!("({})", body.bytes.len());
        exchange.replace_response_body([body.bytes, seen.as_bytes()].concat());
        Verdict::Continue
    }
}
