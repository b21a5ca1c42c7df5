//! An OpenID provider: a library for providers issues its tokens and writes its documents, and a test makes it rotate its
//! keys, stop, come back, and misbehave.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use openidconnect::core::{
    CoreClaimName, CoreIdToken, CoreIdTokenClaims, CoreJsonWebKeySet, CoreJwsSigningAlgorithm,
    CoreProviderMetadata, CoreResponseType, CoreRsaPrivateSigningKey, CoreSubjectIdentifierType,
};
use openidconnect::{
    Audience, AuthUrl, EmptyAdditionalClaims, EmptyAdditionalProviderMetadata, IssuerUrl,
    JsonWebKeyId, JsonWebKeySetUrl, PrivateSigningKey, ResponseTypes, StandardClaims,
    SubjectIdentifier,
};
use portcullis_cases::tokens::keys;
use portcullis_e2e::{Response, Upstream, within};

/// Who it is.
pub(crate) const ISSUER: &str = "https://idp.example.com";
/// Where discovery begins.
pub(crate) const DISCOVERY: &str = "/.well-known/openid-configuration";
/// Where its keys are.
pub(crate) const KEYS: &str = "/keys";

/// Signing one token of a long-lived key is all that a provider does with it.
const VALID_FOR: Duration = Duration::from_secs(300);

/// A provider with a server.
pub(crate) struct Provider {
    server: Option<Upstream>,
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// The keys that it publishes, by their names in `tests/cases/keys`, which are also their `kid`.
    published: Vec<&'static str>,
    /// Where it says that its keys are.
    jwks_uri: String,
    /// Whose document discovery finds.
    issuer: String,
    /// What it answers instead of its key set, and how late it answers at all.
    answer: Option<Response>,
    late: Duration,
    /// Requests for key sets and for discovery.
    fetches: [usize; 2],
}

impl Provider {
    /// One with these keys.
    pub(crate) fn start(published: &[&'static str]) -> Self {
        let state = State {
            published: published.to_vec(),
            jwks_uri: [ISSUER, KEYS].concat(),
            issuer: ISSUER.to_owned(),
            ..State::default()
        };
        let state = Arc::new(Mutex::new(state));
        let own = Arc::clone(&state);
        let server = Upstream::with(move |request| answer(&own, &request.target));
        Provider { address: server.address(), server: Some(server), state }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// The server, while there is one.
    pub(crate) fn server(&self) -> &Upstream {
        self.server.as_ref().expect("a provider that has not stopped")
    }

    /// Nobody listens any more.
    pub(crate) fn stop(&mut self) {
        self.server = None;
    }

    /// It listens again, where it did.
    pub(crate) fn come_back(&mut self) {
        let own = Arc::clone(&self.state);
        let handler = move |request: &portcullis_echo::Request| answer(&own, &request.target);
        self.server = Some(Upstream::again_at(self.address, handler));
    }

    /// Publishes these keys from now on.
    pub(crate) fn publish(&self, published: &[&'static str]) {
        self.state().published = published.to_vec();
    }

    /// Answers so instead of with its key set, or again with it.
    pub(crate) fn answer_with(&self, answer: Option<Response>) {
        self.state().answer = answer;
    }

    /// Takes so long for each answer from now on.
    pub(crate) fn take(&self, time: Duration) {
        self.state().late = time;
    }

    /// Claims to be somebody in its discovery document, and to have its keys there.
    pub(crate) fn claim(&self, issuer: &str, jwks_uri: &str) {
        let mut state = self.state();
        issuer.clone_into(&mut state.issuer);
        jwks_uri.clone_into(&mut state.jwks_uri);
    }

    /// How often its key set was asked for.
    pub(crate) fn fetches(&self) -> usize {
        self.state().fetches[0]
    }

    /// How often its discovery document was asked for.
    pub(crate) fn discoveries(&self) -> usize {
        self.state().fetches[1]
    }
}

/// A token for `ada`, signed with a key, which it names.
pub(crate) fn token(key: &str) -> String {
    forged(key, key)
}

/// One that names another key than the one that has signed it.
pub(crate) fn forged(key: &str, kid: &str) -> String {
    let now = std::time::SystemTime::now();
    let claims = CoreIdTokenClaims::new(
        IssuerUrl::new(ISSUER.to_owned()).expect("a URL"),
        vec![Audience::new("orders-api".to_owned())],
        (now + VALID_FOR).into(),
        now.into(),
        StandardClaims::new(SubjectIdentifier::new("ada".to_owned())),
        EmptyAdditionalClaims {},
    );
    let algorithm = CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256;
    let token = CoreIdToken::new(claims, &signing_key(key, kid), algorithm, None, None);
    token.expect("a key that signs").to_string()
}

/// The key set of these keys.
pub(crate) fn key_set(names: &[&str]) -> Vec<u8> {
    let keys = names.iter().map(|name| signing_key(name, name).as_verification_key());
    let set = CoreJsonWebKeySet::new(keys.collect());
    serde_json::to_vec(&set).expect("a key set is JSON")
}

fn signing_key(name: &str, kid: &str) -> CoreRsaPrivateSigningKey {
    let kid = JsonWebKeyId::new(kid.to_owned());
    CoreRsaPrivateSigningKey::from_pem(&keys::private_pem(name), Some(kid)).expect("an RSA key")
}

fn discovery(issuer: &str, jwks_uri: &str) -> Vec<u8> {
    let issuer = IssuerUrl::new(issuer.to_owned()).expect("a URL");
    let document = CoreProviderMetadata::new(
        issuer.clone(),
        AuthUrl::new(format!("{}/authorize", issuer.as_str())).expect("a URL"),
        JsonWebKeySetUrl::new(jwks_uri.to_owned()).expect("a URL"),
        vec![ResponseTypes::new(vec![CoreResponseType::Code])],
        vec![CoreSubjectIdentifierType::Public],
        vec![CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256],
        EmptyAdditionalProviderMetadata {},
    );
    let document = document.set_claims_supported(Some(vec![CoreClaimName::new("sub".to_owned())]));
    serde_json::to_vec(&document).expect("a document is JSON")
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answer(state: &Mutex<State>, target: &str) -> Response {
    let late = lock(state).late;
    // Nothing happens meanwhile: slowness is what is tested.
    let _: Option<()> = within(late, || None);
    let mut state = lock(state);
    let json = |body: Vec<u8>| {
        Response::new(200).header("content-type", "application/json").body(body.as_slice())
    };
    match target {
        KEYS => {
            state.fetches[0] += 1;
            state.answer.clone().unwrap_or_else(|| json(key_set(&state.published)))
        }
        DISCOVERY => {
            state.fetches[1] += 1;
            json(discovery(&state.issuer, &state.jwks_uri))
        }
        _ => Response::new(404),
    }
}
