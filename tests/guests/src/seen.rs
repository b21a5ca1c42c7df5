//! What came of an exchange, as the text that rows are written in: log lines in order, then what the upstream and the
//! client saw. Header names are in lower case and sorted, duplicates in their order; what every hop adds or drops by
//! itself is left out.

use crate::row::HOST;

/// Fields that hops write as they like, or that say when and how long.
const LEFT_OUT: [&str; 7] = [
    ":scheme",
    "connection",
    "date",
    "keep-alive",
    "server",
    "transfer-encoding",
    "x-forwarded-proto",
];

/// Longest body that is shown as it is; of others the length.
const SHOWN: usize = 200;

/// A field's name and value.
pub type Field = (Vec<u8>, Vec<u8>);

/// A message as its receiver saw it.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// `GET /path`, `200`.
    pub start: String,
    /// Header fields, `host` and framing included.
    pub headers: Vec<Field>,
    /// The body.
    pub body: Vec<u8>,
    /// Trailer fields.
    pub trailers: Vec<Field>,
    /// It ended before its end.
    pub cut: bool,
}

/// What came of a request.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// What the guest logged, and at which level where that is not info.
    pub log: Vec<String>,
    /// What the upstream saw whole.
    pub upstream: Option<Message>,
    /// What the client saw.
    pub client: Option<Message>,
}

fn fields(fields: &[Field]) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut shown: Vec<_> =
        fields.iter().map(|(name, value)| (text(name).to_ascii_lowercase(), text(value))).collect();
    shown.retain(|(name, value)| {
        let usual = name == "host" && value == HOST;
        !(usual || LEFT_OUT.contains(&name.as_str()))
    });
    shown.sort_by(|left, right| left.0.cmp(&right.0));
    shown.iter().map(|(name, value)| format!(" {name}={value}")).collect()
}

impl Message {
    fn text(&self) -> String {
        let mut text = self.start.clone() + &fields(&self.headers);
        match self.body.len() {
            0 => {}
            1..=SHOWN => text += &format!(" '{}'", String::from_utf8_lossy(&self.body)),
            more => text += &format!(" {more} bytes"),
        }
        if !self.trailers.is_empty() {
            text += &format!(" trailers{}", fields(&self.trailers));
        }
        if self.cut {
            text += " cut";
        }
        text
    }
}

impl Seen {
    /// Its lines: of the log as they are, then `upstream …` if it saw the request, and `client …`.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = self.log.clone();
        lines.extend(self.upstream.as_ref().map(|seen| format!("upstream {}", seen.text())));
        let client = self.client.as_ref().map_or("nothing".to_owned(), Message::text);
        lines.push(format!("client {client}"));
        lines.iter().map(|line| line.trim().replace('\0', "\\0")).collect()
    }
}
