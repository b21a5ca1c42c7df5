//! A job with a lease: one worker fetches, all workers serve what it published.

use std::cell::RefCell;

use portcullis_control::config::Section;
use portcullis_control::control::{Call, CallAnswer, Control, Verdict};
use portcullis_control::exchange::Exchange;
use portcullis_control::headers::{FieldName, FieldValue};
use portcullis_control::job::{Job, JobEvent, JobStep, Report};
use portcullis_control::place::Place;
use portcullis_control::program::Site;
use portcullis_control::refusal::Reason;
use portcullis_control::surroundings::Surroundings;

/// Fetches `/job` from a cluster and shows the newest answer on each request.
pub(crate) struct Background {
    cluster: String,
    period_ms: u64,
    newest: RefCell<Vec<u8>>,
}

impl Control for Background {
    const NAME: &'static str = "background";
    const PLACES: &'static [Place] = &[Place::Acl];
    const REASONS: &'static [&'static Reason] = &[];
    type State = ();

    fn compile(section: &mut Section<'_>, _site: &Site<'_>) -> Option<Self> {
        let cluster = section.required("cluster")?.text()?.to_owned();
        let period_ms = section.or("period_ms", 60_000, |node| node.integer(1..=3_600_000));
        Some(Background { cluster, period_ms, newest: RefCell::default() })
    }

    fn request_headers(&self, exchange: &mut Exchange, _state: &mut (), _end: bool) -> Verdict {
        let newest = self.newest.borrow().clone();
        if let Some(value) = FieldValue::new(newest) {
            exchange.set_request_header(FieldName::from_static("x-background"), value);
        }
        Verdict::Continue
    }

    fn jobs(&self) -> Vec<Job> {
        let lease_ms = self.period_ms.saturating_mul(2);
        vec![Job { name: format!("probe:{}", self.cluster), period_ms: self.period_ms, lease_ms }]
    }

    fn job(
        &self,
        _name: &str,
        event: JobEvent<'_>,
        _surroundings: &dyn Surroundings,
        _report: &mut Report,
    ) -> JobStep {
        match event {
            JobEvent::Due => JobStep::Lease,
            JobEvent::Leased => {
                let headers = [(":method", "GET"), (":path", "/job"), (":authority", "jobs")];
                let headers = headers
                    .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
                    .to_vec();
                let cluster = self.cluster.clone();
                JobStep::Call(Call::Http { cluster, headers, body: Vec::new(), timeout_ms: 1_000 })
            }
            JobEvent::Answer(CallAnswer::Http { body, .. }) => JobStep::Publish(body.clone()),
            JobEvent::Answer(_) => JobStep::Done,
            JobEvent::Published(blob) => {
                *self.newest.borrow_mut() = blob.to_vec();
                JobStep::Done
            }
        }
    }
}
