//! The control itself: judges the identity that is there, and tells the upstream its groups.

use portcullis_control::authentication::AUTHENTICATED_GROUPS;
use portcullis_control::config::Section;
use portcullis_control::control::{Control, Phase, Verdict};
use portcullis_control::exchange::Exchange;
use portcullis_control::headers::{FieldName, FieldValue};
use portcullis_control::place::Place;
use portcullis_control::program::Site;
use portcullis_control::refusal::Reason;

use crate::config;
use crate::reason::Refused;
use crate::rules::{Counted, Rules};

const CONSUMER_GROUPS: FieldName = FieldName::from_static("x-consumer-groups");

/// A group was not fit for the header.
const DROPPED_GROUP: &str = "dropped_group";

/// Decides whether the caller may use a route.
#[derive(Debug)]
pub struct Acl {
    pub(crate) rules: Rules,
    pub(crate) hide_groups_header: bool,
    pub(crate) run_on_preflight: bool,
}

impl Control for Acl {
    const NAME: &'static str = "acl";
    const PLACES: &'static [Place] = &[Place::Acl];
    const PHASES: &'static [Phase] = &[Phase::RequestTrailers];
    // Who may choose the route by a header chooses what is asked of it.
    const AUTHENTICATES: bool = true;
    const REASONS: &'static [&'static Reason] = Refused::ALL;
    const COUNTERS: &'static [&'static str] = &[DROPPED_GROUP];
    type State = ();

    fn compile(section: &mut Section<'_>, site: &Site<'_>) -> Option<Self> {
        config::read(section, site)
    }

    fn identity_headers(&self) -> Vec<FieldName> {
        vec![CONSUMER_GROUPS, AUTHENTICATED_GROUPS]
    }

    fn request_headers(&self, exchange: &mut Exchange, _state: &mut (), _end: bool) -> Verdict {
        if !self.run_on_preflight && exchange.is_preflight() {
            return Verdict::Continue;
        }
        let Some(identity) = exchange.identity() else { return Verdict::from(Refused::NoIdentity) };
        if let Err(reason) = self.rules.judge(identity) {
            // The anonymous consumer is nobody who could be told no: it may come back as somebody.
            let reason = if identity.anonymous { Refused::NoIdentity } else { reason };
            return Verdict::from(reason);
        }
        let counted = self.rules.counted(identity).filter(|_| !self.hide_groups_header);
        if let Some(counted) = counted {
            let name = match counted {
                Counted::Consumer(_) => CONSUMER_GROUPS,
                Counted::Authenticated(_) => AUTHENTICATED_GROUPS,
            };
            let (value, dropped) = header(counted.list());
            for _ in 0..dropped {
                exchange.count(DROPPED_GROUP);
            }
            if let Some(value) = value {
                exchange.set_request_header(name, value);
            }
        }
        Verdict::Continue
    }
}

/// The groups joined as Kong joins them, without those that an upstream would read as two; and how many these are.
fn header(groups: &[String]) -> (Option<FieldValue>, usize) {
    let fit = |group: &&str| {
        !group.contains(',')
            && !group.is_empty()
            && group.trim() == *group
            && FieldValue::new(group.as_bytes()).is_some()
    };
    let fitting: Vec<&str> = groups.iter().map(String::as_str).filter(fit).collect();
    let dropped = groups.len().saturating_sub(fitting.len());
    let value = (!fitting.is_empty()).then(|| FieldValue::new(fitting.join(", "))).flatten();
    (value, dropped)
}
