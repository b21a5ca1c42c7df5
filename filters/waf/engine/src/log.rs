//! What an operator sees of a match.

use std::fmt::Write as _;
use std::rc::Rc;

use portcullis_waf_seclang::syntax::{Phase, Rule};

/// How much of what the client sent is logged.
#[derive(Clone, Debug)]
pub enum LogData {
    /// All of it.
    Full,
    /// A beginning of it, and nothing of what is secret.
    Matched(DataPolicy),
    /// Nothing.
    None,
}

/// What is secret, and how much of the rest is shown.
#[derive(Clone, Debug)]
pub struct DataPolicy {
    /// Bytes of a value that are shown at most.
    pub max: usize,
    /// From which byte on the value of a variable of that name (`REQUEST_HEADERS:cookie`) is never shown; of the value it
    /// gets what might be.
    pub secret: fn(&[u8], &[u8]) -> Option<usize>,
}

impl LogData {
    /// Adds what may be shown of a variable's value (`REQUEST_HEADERS:cookie`).
    pub fn append(&self, name: &[u8], value: &[u8], text: &mut Vec<u8>) {
        match self {
            LogData::Full => text.extend_from_slice(value),
            LogData::Matched(policy) => policy.append([name], value, text),
            LogData::None => text.extend_from_slice(HIDDEN),
        }
    }

    /// What may be shown of a name (`ARGS:q`): who sends JSON as a form makes a name of all of it, and as long as a body.
    #[must_use]
    pub fn name(&self, name: &[u8]) -> Vec<u8> {
        let end = match self {
            LogData::Full => None,
            // Behind a word that a secret may follow a name goes on as names do, or it is none.
            LogData::Matched(policy) => {
                let beginning = name.get(..MAX_NAME).unwrap_or(name);
                (policy.secret)(ANY_TEXT, beginning).and_then(|word| end_of_name(name, word))
            }
            LogData::None => end_of_name(name, start_of_member(name)),
        };
        let end = end.unwrap_or(name.len());
        match name.get(..end.min(MAX_NAME)) {
            Some(shown) if shown.len() < name.len() => [shown, CUT].concat(),
            _ => name.to_vec(),
        }
    }
}

/// Bytes of a name, at most; a longer one is cut and ends with [`CUT`].
const MAX_NAME: usize = 128;

/// The end of what was cut.
const CUT: &[u8] = b"...";

/// The variable in whose value a secret may stand anywhere, as in a text that somebody takes for a name.
const ANY_TEXT: &[u8] = b"REQUEST_BODY";

/// Where a member's own name begins (`ARGS:q`, `MATCHED_VARS:ARGS:q`); no colon behind that parts anything.
fn start_of_member(name: &[u8]) -> usize {
    let whole = name.strip_prefix(b"MATCHED_VARS:").unwrap_or(name);
    let colon = whole.iter().position(|byte| *byte == b':');
    colon.map_or(0, |colon| (name.len() - whole.len()) + colon + 1)
}

/// The first byte from `start` on that names of arguments, headers and members of JSON do not have.
fn end_of_name(name: &[u8], start: usize) -> Option<usize> {
    let is_usual = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.[]:/*".contains(byte);
    let rest = name.get(start..)?;
    let place = rest.iter().position(|byte| !is_usual(byte) || (start > 0 && *byte == b':'))?;
    start.checked_add(place)
}

/// What stands for a value that is not shown.
pub const HIDDEN: &[u8] = b"***";

impl DataPolicy {
    /// Adds what may be shown of a value that came from one of these variables.
    pub(crate) fn append<'n>(
        &self,
        names: impl IntoIterator<Item = &'n [u8]>,
        value: &[u8],
        text: &mut Vec<u8>,
    ) {
        // What is not shown anyway need not be looked at, and it may be a whole body.
        let beginning = value.get(..self.max).unwrap_or(value);
        let secret = names.into_iter().filter_map(|name| (self.secret)(name, beginning)).min();
        let open = secret.unwrap_or(value.len());
        text.extend_from_slice(value.get(..open.min(self.max)).unwrap_or(value));
        if open > self.max {
            text.extend_from_slice(CUT);
        } else if secret.is_some() {
            text.extend_from_slice(HIDDEN);
        }
    }
}

/// A rule that matched and says so: in the log, or to the audit alone.
#[derive(Clone, Debug)]
pub struct Match {
    /// The rule.
    pub rule: Rc<Rule>,
    /// The phase in which it matched.
    pub phase: Phase,
    /// `msg`, expanded.
    pub msg: Vec<u8>,
    /// `logdata`, expanded.
    pub data: Vec<u8>,
    /// What made it match (`ARGS:q`): an exclusion of these would have let it pass.
    pub targets: Vec<Vec<u8>>,
    /// `tag`, expanded.
    pub tags: Vec<Vec<u8>>,
}

/// The names of severities (ModSecurity's, of syslog).
const SEVERITIES: [&str; 8] =
    ["EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"];

impl Match {
    /// The line, as ModSecurity writes it; `uri` and `unique_id` are the request's.
    #[must_use]
    pub fn line(&self, uri: &[u8], unique_id: &[u8]) -> String {
        let metadata = &self.rule.metadata;
        let mut line = String::new();
        let location = self.rule.links.first().map(|link| &link.location);
        if let Some(location) = location {
            field(&mut line, "file", location.file.as_bytes());
            field(&mut line, "line", location.line.to_string().as_bytes());
        }
        field(&mut line, "id", metadata.id.to_string().as_bytes());
        let optional = [
            ("rev", metadata.rev.as_bytes()),
            ("msg", self.msg.as_slice()),
            ("data", self.data.as_slice()),
        ];
        for (name, value) in optional {
            if !value.is_empty() {
                field(&mut line, name, value);
            }
        }
        if let Some(severity) = metadata.severity.and_then(|s| SEVERITIES.get(usize::from(s))) {
            field(&mut line, "severity", severity.as_bytes());
        }
        if !metadata.ver.is_empty() {
            field(&mut line, "ver", metadata.ver.as_bytes());
        }
        for (name, value) in [("maturity", metadata.maturity), ("accuracy", metadata.accuracy)] {
            if let Some(value) = value {
                field(&mut line, name, value.to_string().as_bytes());
            }
        }
        for tag in &self.tags {
            field(&mut line, "tag", tag);
        }
        for target in &self.targets {
            field(&mut line, "target", target);
        }
        field(&mut line, "uri", uri);
        field(&mut line, "unique_id", unique_id);
        line
    }
}

/// `[name "value"]`, in which no byte can end the field or the line.
fn field(line: &mut String, name: &str, value: &[u8]) {
    if !line.is_empty() {
        line.push(' ');
    }
    // Not `write!`: a line has twenty fields, and a request dozens of lines.
    for piece in ["[", name, " \""] {
        line.push_str(piece);
    }
    let mut rest = value;
    while !rest.is_empty() {
        // Most of it stands as it is, and is written in one piece.
        let end = rest.iter().position(|byte| !is_plain(*byte)).unwrap_or(rest.len());
        let (plain, behind) = rest.split_at_checked(end).unwrap_or((rest, &[]));
        line.push_str(std::str::from_utf8(plain).unwrap_or_default());
        rest = behind;
        if let Some((byte, behind)) = rest.split_first() {
            match byte {
                b'"' | b'\\' => {
                    line.push('\\');
                    line.push(char::from(*byte));
                }
                _ => {
                    let _ = write!(line, "\\x{byte:02x}");
                }
            }
            rest = behind;
        }
    }
    line.push_str("\"]");
}

/// True for bytes that stand for themselves in a field.
fn is_plain(byte: u8) -> bool {
    matches!(byte, 0x20..0x7f) && byte != b'"' && byte != b'\\'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(_: &[u8], text: &[u8]) -> Option<usize> {
        let place = text.windows(5).position(|five| five == b"token")?;
        Some(place + 5)
    }

    #[test]
    fn a_name_is_shown_as_far_as_it_is_one() {
        let matched = LogData::Matched(DataPolicy { max: 64, secret: word });
        let full = "ARGS_NAMES:{\"token\":\"x\"}";
        for (log_data, name, expected) in [
            (&matched, "ARGS:user_token", "ARGS:user_token"),
            (&matched, "ARGS:token[a].b-c", "ARGS:token[a].b-c"),
            (&matched, "ARGS_NAMES:{\"token\":\"x\"}", "ARGS_NAMES:{\"token..."),
            (&matched, "ARGS_NAMES:token:x", "ARGS_NAMES:token..."),
            (&matched, "ARGS_NAMES:<script>", "ARGS_NAMES:<script>"),
            (&LogData::None, "ARGS_NAMES:<script>", "ARGS_NAMES:..."),
            (&LogData::None, "ARGS_NAMES:password:x", "ARGS_NAMES:password..."),
            (&LogData::None, "MATCHED_VARS:ARGS:a:b", "MATCHED_VARS:ARGS:a..."),
            (&LogData::None, "REQUEST_BODY", "REQUEST_BODY"),
            (&LogData::None, "REQUEST_HEADERS:x-a", "REQUEST_HEADERS:x-a"),
            (&LogData::Full, full, full),
        ] {
            let shown = log_data.name(name.as_bytes());
            assert_eq!(String::from_utf8_lossy(&shown), expected, "{log_data:?}");
        }
        for length in [MAX_NAME, MAX_NAME + 1] {
            let shown = matched.name(&vec![b'a'; length]);
            assert_eq!(shown.ends_with(CUT), length > MAX_NAME, "{length}");
            assert!(shown.len() <= MAX_NAME + CUT.len());
        }
    }
}
