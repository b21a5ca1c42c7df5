//! A gateway of such controls, and what came of a request to it.

use portcullis_cases::engine::Observed;
use portcullis_cases::native::Native;
use portcullis_cases::prepared::Sent;
use portcullis_control::policy::Kind;
use portcullis_runtime::module::Definition;
use serde_json::{Value, json};

use crate::obedient::{Behind, Obedient, One, Three, Two};

const KINDS: [Kind; 4] = [
    Kind::of::<Obedient<One>>(),
    Kind::of::<Obedient<Two>>(),
    Kind::of::<Obedient<Three>>(),
    Kind::of::<Obedient<Behind>>(),
];

pub(crate) struct Gate {
    pub(crate) native: Native,
}

impl Gate {
    pub(crate) fn new(configuration: &Value) -> Self {
        let load = |text: &[u8], environment: &portcullis_control::config::Environment<'_>| {
            portcullis_gateway::compose(&KINDS, text, environment)
        };
        Gate { native: Native::started(Definition { name: "gateway", load }, configuration) }
    }

    /// All three, one of which has to let the request pass.
    pub(crate) fn any() -> Self {
        Gate::new(
            &json!({"one": {}, "two": {}, "three": {}, "auth": {"any_of": ["one", "two", "three"]}}),
        )
    }

    pub(crate) fn send(
        &mut self,
        headers: &[(&str, &str)],
        body: Option<&str>,
        trailers: &[(&str, &str)],
    ) -> Observed {
        let fields = |fields: &[(&str, &str)]| {
            let field =
                |(name, value): &(&str, &str)| ((*name).to_owned(), value.as_bytes().to_vec());
            fields.iter().map(field).collect()
        };
        let extra = [("x-kept", "as it was"), ("x-secret", "s")];
        self.native.send(&Sent {
            method: "POST".to_owned(),
            headers: fields(&[headers, &extra].concat()),
            trailers: fields(trailers),
            body: body.map(|body| body.as_bytes().to_vec()),
            ..Sent::default()
        })
    }

    pub(crate) fn get(&mut self, headers: &[(&str, &str)]) -> Observed {
        self.send(headers, None, &[])
    }

    pub(crate) fn count(&mut self, name: &str) -> u64 {
        self.native.count(&format!("portcullis.{name}"))
    }
}

pub(crate) fn all<'o>(fields: &'o [(String, Vec<u8>)], name: &str) -> Vec<&'o str> {
    let named = fields.iter().filter(|(known, _)| known == name);
    named.map(|(_, value)| std::str::from_utf8(value).unwrap()).collect()
}

/// The subjects that the upstream was told, and what else was changed.
pub(crate) fn told(observed: &Observed) -> (Vec<&str>, Vec<&str>, Vec<&str>) {
    let headers = &observed.upstream.as_ref().expect("it passed").headers;
    let users = ["one", "two", "three"].into_iter();
    let users = users.flat_map(|name| all(headers, &format!("x-user-{name}"))).collect();
    (users, all(headers, "x-kept"), all(headers, "x-secret"))
}

/// `control outcome reason` of each line of the record.
pub(crate) fn record(observed: &Observed) -> Vec<String> {
    let record = observed.decision.as_deref().unwrap_or(b"[]");
    let notes: Vec<Value> = serde_json::from_slice(record).unwrap();
    let word = |note: &Value, name: &str| note[name].as_str().unwrap().to_owned();
    notes
        .iter()
        .map(|note| ["control", "outcome", "reason"].map(|name| word(note, name)).join(" "))
        .collect()
}

pub(crate) const UNTOUCHED: (&[&str], &[&str]) = (&["as it was"], &["s"]);
