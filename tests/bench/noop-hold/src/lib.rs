//! Our runtime with a control that holds each response and, with `copy: true`, puts a copy in its place: what is left of
//! the cost of a control that looks at bodies, or rewrites them, when there is nothing to look for or to rewrite.
//!
//! It never ships.

use portcullis_control::config::Section;
use portcullis_control::control::{Body, Control, Phase, Verdict};
use portcullis_control::exchange::Exchange;
use portcullis_control::inspection::Inspection;
use portcullis_control::place::{Place, ResponsePlace};
use portcullis_control::program::Site;
use portcullis_control::refusal::Reason;

struct Hold {
    copy: bool,
    inspection: Inspection,
}

impl Control for Hold {
    const NAME: &'static str = "hold";
    const PLACES: &'static [Place] = &[Place::Afterwards];
    const RESPONSE_PLACE: Option<ResponsePlace> = Some(ResponsePlace::ResponseTransformer);
    const PHASES: &'static [Phase] = &[Phase::ResponseHeaders, Phase::ResponseBody];
    const REASONS: &'static [&'static Reason] = &[];
    type State = ();

    fn compile(section: &mut Section<'_>, _site: &Site<'_>) -> Option<Self> {
        let copy = section.or("copy", false, |node| node.boolean());
        Some(Hold { copy, inspection: Inspection::default().read(section) })
    }

    fn inspects_response(&self) -> Option<Inspection> {
        Some(self.inspection)
    }

    fn response_headers(&self, _exchange: &mut Exchange, _state: &mut (), _end: bool) -> Verdict {
        Verdict::Inspect
    }

    fn response_body(&self, exchange: &mut Exchange, _state: &mut (), body: Body<'_>) -> Verdict {
        if self.copy {
            exchange.replace_response_body(body.bytes.to_vec());
        }
        Verdict::Continue
    }
}

portcullis_runtime::control_module!(Hold, response_headers, response_body);
