//! Origins: whatever a configuration and a page say, an answer lets in a page that asked, by its own origin, or nobody.

use portcullis_cases::native::{Native, World};
use portcullis_cases::prepared::Sent;
use portcullis_cases::registry;
use portcullis_cors::Cors;
use portcullis_cors::origin::{MAX_ORIGIN_BYTES, Origin};
use serde_json::{Value, json};

use super::world::bytes;

/// `{origins, origin, credentials}`
pub(super) fn run(data: &[u8]) -> u64 {
    let Ok(input) = serde_json::from_slice::<Value>(data) else { return reading(data) };
    let value = bytes(&input["origin"]);
    let shown = reading(&value);
    let credentials = input["credentials"] == true;
    let config = json!({"origins": input["origins"], "credentials": credentials});
    let world = World::default();
    let mut cors = Native::new(&world, registry::of::<Cors>());
    if !cors.configure(config.to_string().as_bytes(), &|_| None) {
        return shown;
    }
    let mut told = Vec::new();
    for method in ["GET", "OPTIONS"] {
        let field = |name: &str, value: &[u8]| (name.to_owned(), value.to_vec());
        let headers = vec![field("origin", &value), field("access-control-request-method", b"PUT")];
        let sent = Sent { method: method.to_owned(), headers, ..Sent::default() };
        let answer = cors.send(&sent);
        assert_eq!(answer.status, Some(200));
        let all = |name: &str| -> Vec<Vec<u8>> {
            let found = answer.headers.iter().filter(|(known, _)| known == name);
            found.map(|(_, value)| value.clone()).collect()
        };
        let origins = all("access-control-allow-origin");
        let with_credentials = !all("access-control-allow-credentials").is_empty();
        assert!(origins.len() <= 1, "{origins:?}");
        judge(&input, &value, origins.first(), with_credentials && credentials);
        assert!(credentials || !with_credentials);
        told.push((origins, with_credentials));
    }
    assert_eq!(told[0], told[1], "a preflight and what follows it say the same");
    super::shown((shown, told[0].0.is_empty(), told[0].1))
}

fn judge(input: &Value, value: &[u8], told: Option<&Vec<u8>>, with_credentials: bool) {
    let asked = Origin::parse(value).map(|origin| origin.as_str().as_bytes().to_vec());
    let Some(told) = told else {
        assert!(!with_credentials, "credentials for nobody");
        return;
    };
    assert!(!with_credentials || asked.as_ref() == Some(told), "credentials for another origin");
    assert!(!with_credentials || (told != b"null" && told != b"*"));
    let listed = input["origins"].as_array().map_or(0, Vec::len);
    let asks = asked.as_ref() == Some(told);
    assert!(asks || told == b"*" || listed <= 1, "an origin that nobody asked for");
}

/// What is an origin is one in its own spelling too, and nothing that could end a header or a host is in it.
fn reading(value: &[u8]) -> u64 {
    let Some(origin) = Origin::parse(value) else { return 0 };
    let whole = origin.as_str();
    assert!(whole.len() <= MAX_ORIGIN_BYTES && whole.bytes().all(|byte| byte.is_ascii_graphic()));
    let again = Origin::parse(whole.as_bytes()).expect("what is echoed is an origin");
    assert_eq!((again.as_str(), again.host()), (whole, origin.host()));
    let authority = whole.split_once("://").map_or(whole, |(_, authority)| authority);
    assert!(!authority.contains(['/', '@', '\\', '?', '#', '%', ' ', ',']), "{whole}");
    assert!(authority.starts_with(origin.host()), "{whole}");
    super::shown((origin.has_scheme(), whole.len().min(40)))
}
