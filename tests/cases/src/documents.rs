//! What clusters of Envoy answer when a module calls them: documents by cluster and path.

use serde::Deserialize;
use serde_json::Value;

use crate::fields::Fields;
use crate::prepared::{Answer, SECOND};
use crate::words::Words;

/// One `[[case.document]]`. A cluster that has one answers anything else with 404; one that has none is not there.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// The cluster.
    pub cluster: String,
    /// The request target.
    pub path: String,
    /// Seconds after the case's start, from which on this is the answer and no more an earlier one.
    #[serde(default)]
    pub from: f64,
    /// The status.
    #[serde(default = "ok")]
    pub status: u16,
    /// Header fields.
    #[serde(default)]
    pub headers: Fields,
    /// The body as JSON.
    pub json: Option<Value>,
    /// The body as text.
    #[serde(default)]
    pub text: String,
    /// How often the text stands in the body: what is too long need not be written down.
    #[serde(default = "once")]
    pub times: usize,
}

fn ok() -> u16 {
    200
}

fn once() -> usize {
    1
}

/// All documents of a case.
#[derive(Clone, Debug, Default)]
pub struct Documents(Vec<Known>);

#[derive(Clone, Debug)]
struct Known {
    cluster: String,
    path: String,
    /// Nanoseconds since the epoch.
    from: u64,
    answer: Answer,
}

impl Documents {
    /// The documents of a case whose clock starts at `start`, nanoseconds since the epoch.
    pub(crate) fn prepare(
        documents: &[Document],
        words: &Words<'_>,
        start: u64,
    ) -> Result<Self, String> {
        let one = |document: &Document| {
            let body = match &document.json {
                Some(json) => words.json(json)?.to_string(),
                None => words.text(&document.text, start / SECOND)?.repeat(document.times),
            };
            let headers = words.fields(&document.headers, start / SECOND)?;
            let body = body.into_bytes();
            let answer = Answer { status: document.status, headers, body, ..Answer::default() };
            let (cluster, path) = (document.cluster.clone(), document.path.clone());
            let from = start.saturating_add_signed(crate::prepared::nanoseconds(document.from));
            Ok(Known { cluster, path, from, answer })
        };
        documents.iter().map(one).collect::<Result<_, String>>().map(Documents)
    }

    /// The clusters that there are, each once.
    #[must_use]
    pub fn clusters(&self) -> Vec<&str> {
        let mut clusters: Vec<&str> = self.0.iter().map(|known| known.cluster.as_str()).collect();
        clusters.sort_unstable();
        clusters.dedup();
        clusters
    }

    /// What a cluster answers at `now`, nanoseconds since the epoch; `None` where it is not there.
    #[must_use]
    pub fn answer(&self, cluster: &str, path: &[u8], now: u64) -> Option<Answer> {
        let mut of_cluster = self.0.iter().filter(|known| known.cluster == cluster).peekable();
        of_cluster.peek()?;
        let current = of_cluster.rfind(|known| known.path.as_bytes() == path && known.from <= now);
        let none = Answer { status: 404, ..Answer::default() };
        Some(current.map_or(none, |known| known.answer.clone()))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::load::read;

    #[test]
    fn a_cluster_has_the_newest_of_its_documents() {
        let text = r#"
            [[case]]
            name = "one"
            [[case.document]]
            cluster = "a"
            path = "/x"
            json = { keys = ["{{jwk:ed25519}}"] }
            [[case.document]]
            cluster = "a"
            path = "/x"
            from = 60
            status = 500
            text = "no "
            times = 3
            [[case.request]]
            expect = { status = 200 }
        "#;
        let case = read(text, Path::new("f"), "f").unwrap().remove(0);
        let prepared = case.prepare().unwrap();
        let (documents, start) = (&prepared.documents, prepared.start);
        assert_eq!(documents.clusters(), ["a"]);
        let seen = |cluster, path: &str, after: u64| {
            let answer = documents.answer(cluster, path.as_bytes(), start + after * 1_000_000_000);
            answer.map(|answer| (answer.status, answer.body.len()))
        };
        assert!(seen("a", "/x", 59).is_some_and(|(status, length)| status == 200 && length > 60));
        assert_eq!(seen("a", "/x", 60), Some((500, 9)));
        assert_eq!(seen("a", "/y", 60), Some((404, 0)));
        assert_eq!(seen("b", "/x", 60), None);
    }
}
