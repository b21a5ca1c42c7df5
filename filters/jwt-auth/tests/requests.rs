//! What tables can't say: what is counted, and what becomes of thousands of tokens that nobody thought of.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

use portcullis_cases::case::START;
use portcullis_cases::engine::Observed;
use portcullis_cases::native::Native;
use portcullis_cases::prepared::Sent;
use portcullis_cases::registry;
use portcullis_cases::tokens::{Spec, keys, mint};
use portcullis_cases::wrong::{Dice, mutate};
use portcullis_control::config::Section;
use portcullis_control::control::{Control, Phase, Verdict};
use portcullis_control::exchange::Exchange;
use portcullis_control::fetched::MAX_WAITING_FOR_FIRST;
use portcullis_control::place::Place;
use portcullis_control::program::Site;
use portcullis_control::refusal::Reason;
use portcullis_jwt_auth::JwtAuth;
use portcullis_jwt_auth::algorithm::Algorithm;
use serde_json::{Value, json};

/// Mutations of tokens in each property.
const MUTATIONS: usize = 4_000;

const ISSUER: &str = "https://idp.test";

/// A configuration that takes every algorithm and makes headers of claims.
fn configuration() -> Value {
    let keys: Vec<Value> = ["rsa2048", "p256", "p384", "p521", "ed25519", "secret64"]
        .iter()
        .map(|name| keys::jwk(name))
        .collect();
    json!({
        "uri_param_names": ["jwt"],
        "cookie_names": ["jwt"],
        "issuers": [{
            "issuer": ISSUER,
            "algorithms": Algorithm::ALL.map(Algorithm::name),
            "keys": [{"jwks": {"keys": keys}}],
        }],
        "headers": {"X-User-ID": "$(jwt.sub)", "X-Roles": "$(jwt.roles)", "X-Deep": "$(jwt.a.b)"},
    })
}

struct Gate {
    native: Native,
}

impl Gate {
    fn new(configuration: &Value) -> Self {
        let native = Native::started(registry::of::<JwtAuth>(), configuration);
        native.world().set_now(START * 1_000_000_000);
        Gate { native }
    }

    fn send(&mut self, headers: &[(&str, &[u8])]) -> Observed {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec()));
        self.native.send(&Sent { headers: headers.collect(), ..Sent::default() })
    }

    fn bearer(&mut self, token: &[u8]) -> Observed {
        self.send(&[("authorization", &[b"Bearer ", token].concat())])
    }

    fn count(&mut self, name: &str) -> u64 {
        self.native.count(&format!("portcullis.jwt-auth.{name}"))
    }
}

fn token(algorithm: &str, claims: &Value) -> String {
    let spec = Spec {
        alg: Some(algorithm.to_owned()),
        claims: claims.as_object().unwrap().clone(),
        ..Spec::default()
    };
    mint(&spec, START)
}

/// What the upstream got of a header.
fn seen(observed: &Observed, name: &str) -> Option<String> {
    let headers = &observed.upstream.as_ref()?.headers;
    let (_, value) = headers.iter().find(|(known, _)| known == name)?;
    Some(String::from_utf8(value.clone()).unwrap())
}

#[test]
fn a_token_that_comes_again_is_known_and_what_is_left_out_is_counted_each_time() {
    let mut gate = Gate::new(&configuration());
    let claims = json!({"iss": ISSUER, "sub": "a\nb", "roles": ["x", "y,z"]});
    let good = token("RS256", &claims);
    for _ in 0..5 {
        let observed = gate.bearer(good.as_bytes());
        assert_eq!(observed.status, Some(200));
        assert_eq!(seen(&observed, "x-user-id"), None);
        assert_eq!(seen(&observed, "x-roles").as_deref(), Some("x"));
    }
    assert_eq!(gate.bearer(b"a.b.c").status, Some(401));
    let counts = ["allowed", "cache_hit", "dropped_value", "refused.bad_json", "anonymous"]
        .map(|name| gate.count(name));
    // Kept at the second use, known from the third on.
    assert_eq!(counts, [5, 3, 10, 1, 0]);
}

#[test]
fn a_new_configuration_forgets_what_was_verified_under_the_old_one() {
    let mut gate = Gate::new(&configuration());
    let good = token("HS256", &json!({"iss": ISSUER}));
    for _ in 0..3 {
        assert_eq!(gate.bearer(good.as_bytes()).status, Some(200));
    }
    assert_eq!(gate.count("cache_hit"), 1);
    let mut other = configuration();
    other["issuers"][0]["keys"] = json!([{"secret": keys::secret("secret64-other")}]);
    other["issuers"][0]["algorithms"] = json!(["HS256"]);
    assert!(gate.native.configure(other.to_string().as_bytes(), &|_| None));
    assert_eq!(gate.bearer(good.as_bytes()).status, Some(401));
    assert_eq!(gate.count("cache_hit"), 1);
}

#[test]
fn more_tokens_than_the_cache_holds_are_all_judged() {
    let mut gate = Gate::new(&configuration());
    for number in 0..3_000 {
        let claims = json!({"iss": ISSUER, "sub": number.to_string()});
        let token = token("HS256", &claims);
        for _ in 0..2 {
            let observed = gate.bearer(token.as_bytes());
            assert_eq!(seen(&observed, "x-user-id"), Some(number.to_string()));
        }
    }
    let first = token("HS256", &json!({"iss": ISSUER, "sub": "0"}));
    assert_eq!(gate.bearer(first.as_bytes()).status, Some(200));
    assert_eq!(gate.count("cache_hit"), 0, "the oldest was forgotten");
}

#[test]
fn a_list_of_revoked_tokens_in_a_configuration_has_a_thousand_entries_and_not_one_more() {
    let with = |entries: usize| {
        let mut configuration = configuration();
        let list: Vec<String> = (1..=entries).map(|number| number.to_string()).collect();
        configuration["revoked"] = json!({"jti": list});
        configuration
    };
    let mut gate = Gate::new(&with(1_000));
    let last = token("HS256", &json!({"iss": ISSUER, "jti": "1000"}));
    assert_eq!(gate.bearer(last.as_bytes()).status, Some(401));
    assert_eq!(gate.count("refused.revoked"), 1);
    assert!(!gate.native.configure(with(1_001).to_string().as_bytes(), &|_| None));
    let says = "revoked.jti: expected at most 1000 entries, but found 1001; put them into a feed";
    assert!(
        gate.native.world().log().iter().any(|(_, line)| line.ends_with(says)),
        "{:?}",
        gate.native.world().log()
    );
}

/// More requests than may wait for first keys, all of which are there at once: what the last is told is told.
#[derive(Debug)]
struct Crowd(JwtAuth);

impl Control for Crowd {
    const NAME: &'static str = JwtAuth::NAME;
    const PLACES: &'static [Place] = JwtAuth::PLACES;
    const PHASES: &'static [Phase] = JwtAuth::PHASES;
    const AUTHENTICATES: bool = true;
    const REASONS: &'static [&'static Reason] = JwtAuth::REASONS;
    const COUNTERS: &'static [&'static str] = JwtAuth::COUNTERS;
    type State = Vec<<JwtAuth as Control>::State>;

    fn compile(section: &mut Section<'_>, site: &Site<'_>) -> Option<Self> {
        JwtAuth::compile(section, site).map(Crowd)
    }

    fn request_headers(
        &self,
        exchange: &mut Exchange,
        all: &mut Self::State,
        end: bool,
    ) -> Verdict {
        all.resize_with(MAX_WAITING_FOR_FIRST, Default::default);
        for state in all {
            let verdict = self.0.request_headers(exchange, state, end);
            assert!(matches!(verdict, Verdict::Wait { .. }), "so many wait");
        }
        self.0.request_headers(exchange, &mut Default::default(), end)
    }
}

#[test]
fn nobody_who_is_not_held_takes_the_seat_of_one_who_would_be() {
    for (mode, refused) in [("enforce", "refused"), ("shadow", "would_refuse")] {
        let keys = json!([{"jwks_uri": "https://idp.test/keys", "cluster": "idp"}]);
        let mut native = Native::started(
            registry::of::<Crowd>(),
            &json!({"mode": mode, "issuers": [{"issuer": ISSUER, "algorithms": ["RS256"], "keys": keys}]}),
        );
        native.world().set_now(START * 1_000_000_000);
        let bearer = format!("Bearer {}", token("RS256", &json!({"iss": ISSUER})));
        let headers = vec![("authorization".to_owned(), bearer.into_bytes())];
        native.send(&Sent { headers, ..Sent::default() });
        let turned_away = native.count(&format!("portcullis.jwt-auth.{refused}.keys_unavailable"));
        assert_eq!(turned_away, u64::from(mode == "enforce"), "{mode}");
    }
}

/// Another token of the same bytes but for a few.
fn spoil(token: &[u8], dice: &mut Dice) -> Vec<u8> {
    const BYTES: &[u8] = b"AZaz09-_.=+/~ ,;\"\\\t\x7f\x80\xff{}";
    let mut token = token.to_vec();
    for _ in 0..=dice.below(3) {
        let place = dice.below(token.len());
        let byte = BYTES[dice.below(BYTES.len())];
        match dice.below(6) {
            0 => token.insert(place, byte),
            1 if token.len() > 1 => drop(token.remove(place)),
            2 => token.truncate(place + 1),
            3 => token.extend_from_slice(&token.clone()[place..]),
            4 => token[place] ^= 1 << dice.below(8),
            _ => token[place] = byte,
        }
    }
    token
}

/// The token without its padding and the spaces around it, which are no part of it.
fn bare(token: &[u8]) -> Vec<u8> {
    token.trim_ascii().iter().copied().filter(|byte| *byte != b'=').collect()
}

#[test]
fn a_token_with_other_bytes_is_another_token_and_refused() {
    let mut gate = Gate::new(&configuration());
    let claims = json!({"iss": ISSUER, "sub": "ada"});
    let good = Algorithm::ALL.map(|algorithm| token(algorithm.name(), &claims));
    let mut dice = Dice::new(1);
    for number in 0..MUTATIONS {
        // RS256 and ES256 cost a millisecond each here; most mutations never get so far.
        let original = good[dice.below(good.len())].as_bytes();
        let spoiled = spoil(original, &mut dice);
        let shown = || format!("{number}: {}", String::from_utf8_lossy(&spoiled));
        let observed = match dice.below(3) {
            0 => gate.bearer(&spoiled),
            1 => gate.send(&[("cookie", &[b"jwt=", &spoiled[..]].concat())]),
            _ => gate.send(&[("authorization", b"Bearer x"), ("authorization", &spoiled)]),
        };
        match observed.status {
            Some(401) => assert!(observed.upstream.is_none(), "{}", shown()),
            Some(200) => assert_eq!(bare(&spoiled), bare(original), "{}", shown()),
            other => panic!("{other:?}: {}", shown()),
        }
    }
}

#[test]
fn whatever_an_issuer_signs_is_accepted_or_refused_and_makes_sound_headers() {
    let mut gate = Gate::new(&configuration());
    let right = json!({
        "iss": ISSUER, "sub": "ada", "exp": START + 60, "nbf": START, "iat": START, "aud": ["a", "b"],
        "roles": ["admin", {"x": [1, 2.5, null]}, "a,b", "\u{1}"], "a": {"b": {"c": "d"}}, "a.b": 1e300,
        "scope": "read write", "groups": ["g"], "client_id": "c", "jti": "1",
    });
    let header = json!({"alg": "HS256", "typ": "JWT", "kid": "k", "x5c": ["MIIB"], "n": -1});
    let mut dice = Dice::new(2);
    let mut accepted = 0;
    for number in 0..MUTATIONS {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let payload = text(mutate(&right, &mut dice));
        let header =
            if dice.below(4) == 0 { text(mutate(&header, &mut dice)) } else { header.to_string() };
        let spec = Spec {
            sign_as: Some("HS256".to_owned()),
            header_text: Some(header),
            payload_text: Some(payload.clone()),
            ..Spec::default()
        };
        let observed = gate.bearer(mint(&spec, START).as_bytes());
        match observed.status {
            Some(200) => {
                accepted += 1;
                for name in ["x-user-id", "x-roles", "x-deep"] {
                    let value = seen(&observed, name).unwrap_or_else(|| "-".to_owned());
                    let plain = value.bytes().all(|byte| byte >= 0x20 && byte != 0x7f);
                    let fit = plain && !value.is_empty() && value.trim_matches(' ') == value;
                    assert!(fit && value.len() <= 4_096, "{number}: {value:?} of {payload}");
                }
            }
            Some(401) => assert!(observed.upstream.is_none(), "{number}: {payload}"),
            other => panic!("{number}: {other:?}: {payload}"),
        }
    }
    assert!((MUTATIONS / 20..MUTATIONS).contains(&accepted), "{accepted} were accepted");
}
