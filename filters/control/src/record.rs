//! The decision record: one line for everything that was decided about a request and is worth knowing.

use crate::mode::Mode;
use crate::refusal::push_json_string;

/// Filter state in which the record stands (`%FILTER_STATE(wasm.portcullis.decision:PLAIN)%`), where modules find what
/// earlier ones decided.
pub const DECISION_STATE: &str = "portcullis.decision";

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The client got a refusal.
    Refused,
    /// It would have been refused, but the control is in shadow mode.
    WouldRefuse,
    /// It would have been refused, but the control is one of several alternatives: another one was asked.
    Tried,
    /// The client got an answer that is no refusal.
    Answered,
    /// It went on, and something about it is worth knowing.
    Noted,
}

impl Outcome {
    /// The word for it, in the record and in metric names.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Refused => "refused",
            Outcome::WouldRefuse => "would_refuse",
            Outcome::Tried => "tried",
            Outcome::Answered => "answered",
            Outcome::Noted => "noted",
        }
    }
}

/// One line of the record. Fields never hold a token, key, cookie or body; the beginning of an error that an operator asked
/// for by name (`log_original`) is the one exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The control that decided.
    pub control: &'static str,
    /// Its mode.
    pub mode: Mode,
    /// What became of the request.
    pub outcome: Outcome,
    /// The reason's label or the counter's name.
    pub reason: &'static str,
    /// What else is known (`key`, a keyed hash; `limit_by`; `rule_ids`).
    pub fields: Vec<(&'static str, String)>,
}

impl Note {
    /// Appends the note as a JSON object.
    pub fn write(&self, target: &mut String) {
        target.push_str("{\"control\":");
        push_json_string(target, self.control);
        for (name, value) in
            [("outcome", self.outcome.name()), ("reason", self.reason), ("mode", self.mode.name())]
        {
            target.push_str(",\"");
            target.push_str(name);
            target.push_str("\":");
            push_json_string(target, value);
        }
        for (name, value) in &self.fields {
            target.push(',');
            push_json_string(target, name);
            target.push(':');
            push_json_string(target, value);
        }
        target.push('}');
    }
}

/// Bytes that most notes take: to grow is to move them all.
const USUAL_NOTE: usize = 320;

/// Appends notes to a record that earlier modules may have begun: a JSON array in one line.
#[must_use]
pub fn append(record: Option<Vec<u8>>, notes: &[Note]) -> String {
    let earlier = record.and_then(|record| String::from_utf8(record).ok()).unwrap_or_default();
    let open = earlier.strip_suffix(']').filter(|open| open.starts_with('[')).unwrap_or("[");
    let mut line = String::with_capacity(open.len() + notes.len() * USUAL_NOTE);
    line.push_str(open);
    for note in notes {
        if line.len() > 1 {
            line.push(',');
        }
        note.write(&mut line);
    }
    line.push(']');
    line
}

/// True if a refusal was carried out that the record tells of. Quotes within its texts are escaped, so that none says so.
#[must_use]
pub fn says_refused(record: &[u8]) -> bool {
    const REFUSED: &[u8] = br#""outcome":"refused""#;
    record.windows(REFUSED.len()).any(|text| text == REFUSED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_module_appends_to_one_array() {
        let note = Note {
            control: "jwt-auth",
            mode: Mode::Shadow,
            outcome: Outcome::WouldRefuse,
            reason: "expired",
            fields: vec![("key", "a\"b".into())],
        };
        let one = append(None, std::slice::from_ref(&note));
        let object = r#"{"control":"jwt-auth","outcome":"would_refuse","reason":"expired","mode":"shadow","key":"a\"b"}"#;
        assert_eq!(one, format!("[{object}]"));
        let two = append(Some(one.into_bytes()), std::slice::from_ref(&note));
        assert_eq!(two, format!("[{object},{object}]"));
        assert_eq!(append(Some(b"\xff".to_vec()), &[]), "[]");
    }
}
