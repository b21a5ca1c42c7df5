//! Routes: who writes a path or a host otherwise gets the same route, and a prefix ends at a segment's border.

use portcullis_control::config::Reader;
use portcullis_control::path::{MAX_PATH_BYTES, Path};
use portcullis_control::route::RouteMatch;
use serde_json::Value;

use super::path::respell;
use super::world::{bytes, exchange, fields};

/// A request as the input says: `{match, method, authority, path, headers}`.
struct Asked {
    method: Vec<u8>,
    authority: Vec<u8>,
    path: Vec<u8>,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Asked {
    fn matches(&self, route: &RouteMatch) -> (bool, Vec<(String, Vec<u8>)>) {
        let pseudo =
            [(":method", &self.method), (":authority", &self.authority), (":path", &self.path)];
        let mut fields: Vec<(Vec<u8>, Vec<u8>)> = pseudo
            .into_iter()
            .map(|(name, value)| (name.as_bytes().to_vec(), value.clone()))
            .collect();
        fields.extend(self.headers.iter().cloned());
        let mut captures = Vec::new();
        (route.matches(&exchange(&fields), &mut captures), captures)
    }
}

/// Reads the input's `match`, and asks it about the request in several spellings.
pub(super) fn run(data: &[u8]) -> u64 {
    let Ok(input) = serde_json::from_slice::<Value>(data) else { return 0 };
    let reader = Reader::new(&|_| None);
    let read = RouteMatch::read(&reader.root(&input["match"]));
    let Ok((route, _)) = reader.finish(read) else { return 1 };
    let asked = Asked {
        method: bytes(&input["method"]),
        authority: bytes(&input["authority"]),
        path: bytes(&input["path"]),
        headers: fields(&input["headers"]),
    };
    let found = asked.matches(&route);
    let normalised = Path::parse(&asked.path);
    assert!(found.0 || found.1.is_empty(), "captures of a route that does not match");

    let spelt = respell(normalised.normalised(), super::shown(data));
    let plain = normalised.normalised().first() == Some(&b'/') && !normalised.is_ambiguous();
    if plain && spelt.len() <= MAX_PATH_BYTES {
        let text = String::from_utf8_lossy(&spelt).into_owned();
        let other = Asked { path: spelt, authority: asked.authority.clone(), ..copy(&asked) };
        assert_eq!(other.matches(&route), found, "spelt as {text}");
    }
    if !asked.authority.contains(&b':') && !asked.authority.ends_with(b".") {
        for end in ["", ":8443", ".", ".:80"] {
            let authority =
                [asked.authority.to_ascii_uppercase().as_slice(), end.as_bytes()].concat();
            let text = String::from_utf8_lossy(&authority).into_owned();
            let other = Asked { authority, ..copy(&asked) };
            assert_eq!(other.matches(&route), found, "spelt as {text}");
        }
    }
    path_alone(&input["match"], normalised.normalised(), found.0);
    super::shown((
        found.0,
        found.1.len(),
        input["match"].as_object().map(|m| m.keys().cloned().collect::<Vec<_>>()),
    ))
}

fn copy(asked: &Asked) -> Asked {
    Asked {
        method: asked.method.clone(),
        authority: asked.authority.clone(),
        path: asked.path.clone(),
        headers: asked.headers.clone(),
    }
}

/// Where nothing but a path is matched, the answer follows from the texts.
fn path_alone(matched: &Value, path: &[u8], found: bool) {
    let alone = matched.as_object().is_some_and(|fields| fields.len() == 1);
    if !alone {
        return;
    }
    if let Some(prefix) = matched["path"]["prefix"].as_str() {
        let prefix = prefix.trim_end_matches('/').as_bytes();
        let below =
            path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest[0] == b'/');
        assert_eq!(found, below, "prefix");
    }
    if let Some(exact) = matched["path"]["exact"].as_str() {
        assert_eq!(found, path == exact.as_bytes(), "exact");
    }
}
