//! Whether an attack came out as the table says.

use serde_json::Value;

use super::{Attack, FORGED, IDENTITY_HEADER, Outcome, authenticates, tells_origins};
use crate::engine::Observed;

/// What went wrong; `None` if nothing did.
#[must_use]
pub fn wrong(module: &str, attack: &Attack, observed: &Observed) -> Option<String> {
    let Some(status) = observed.status else { return Some("no answer".to_owned()) };
    if status >= 500 {
        return Some(format!("answered {status}: {}", String::from_utf8_lossy(&observed.body)));
    }
    match &attack.outcome {
        Outcome::Passed if status != 200 => {
            return Some(format!("answered {status}: {}", String::from_utf8_lossy(&observed.body)));
        }
        Outcome::Message(message) if authenticates(module) => {
            let body: Option<Value> = serde_json::from_slice(&observed.body).ok();
            let found = body.as_ref().and_then(|body| body["message"].as_str());
            if (status, found) != (401, Some(*message)) {
                return Some(format!("expected 401 {message:?}, found {status} {found:?}"));
            }
        }
        Outcome::Unreadable if tells_origins(module) => {
            let told = |(name, _): &&crate::Field| {
                ["access-control-allow-origin", "access-control-allow-credentials"]
                    .iter()
                    .any(|own| name.eq_ignore_ascii_case(own))
            };
            if let Some((name, value)) = observed.headers.iter().find(told) {
                return Some(format!("answered {name}: {}", String::from_utf8_lossy(value)));
            }
        }
        _ => {}
    }
    let upstream = observed.upstream.as_ref()?;
    let forged = |fields: &[crate::Field]| {
        fields.iter().any(|(name, value)| {
            name.replace('_', "-").eq_ignore_ascii_case(IDENTITY_HEADER)
                && value.windows(FORGED.len()).any(|part| part == FORGED.as_bytes())
        })
    };
    let passed_on = forged(&upstream.headers) || forged(&upstream.trailers);
    (authenticates(module) && passed_on).then(|| "a forged identity passed".to_owned())
}
