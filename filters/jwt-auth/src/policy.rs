//! What one configuration demands of a token, as it may only be valid.

use std::collections::BTreeMap;
use std::rc::Rc;

use portcullis_control::fetched::Background;
use portcullis_control::headers::{FieldName, FieldValue};
use portcullis_control::identity::Consumer;
use portcullis_control::template::Template;

use crate::algorithm::Algorithm;
use crate::claims::{ClaimPath, ClaimRules};
use crate::demands::Demand;
use crate::key::Key;
use crate::presented::Places;
use crate::remote::keys::KeySource;
use crate::revoked::Revoked;

/// Who may issue tokens, and with which keys.
#[derive(Clone, Debug)]
pub(crate) struct Issuer {
    /// Equals `iss`.
    pub(crate) name: String,
    /// One of them is in `aud`; empty: unchecked.
    pub(crate) audiences: Vec<String>,
    /// The closed list.
    pub(crate) algorithms: Vec<Algorithm>,
    /// Its keys, as far as they are in the configuration.
    pub(crate) keys: Vec<Key>,
    /// Where its other keys are fetched.
    pub(crate) remotes: Vec<Rc<KeySource>>,
    /// Which of its tokens are revoked.
    pub(crate) revoked: Option<Revoked>,
}

/// A consumer's credential.
#[derive(Clone, Debug)]
pub(crate) struct Credential {
    /// What `key_claim_name` says in its tokens.
    pub(crate) name: String,
    /// The key, for one algorithm alone.
    pub(crate) key: Key,
    /// Whose it is.
    pub(crate) consumer: Rc<Consumer>,
}

/// Credentials by their names.
pub(crate) type Credentials = BTreeMap<String, Rc<Credential>>;

/// A compiled configuration.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    /// Where tokens are looked for.
    pub(crate) places: Places,
    /// Bytes of a token, at most.
    pub(crate) max_token_bytes: usize,
    /// Issuers, each with keys of its own.
    pub(crate) issuers: Vec<Issuer>,
    /// Credentials of consumers.
    pub(crate) credentials: Rc<Credentials>,
    /// The claim that names a credential.
    pub(crate) key_claim_name: String,
    /// What is asked of the claims.
    pub(crate) rules: ClaimRules,
    /// What the token must be entitled to, all of it.
    pub(crate) demands: Vec<Demand>,
    /// Where the caller's scopes stand.
    pub(crate) scopes: ClaimPath,
    /// Where its groups stand.
    pub(crate) groups: ClaimPath,
    /// `WWW-Authenticate` where it is not.
    pub(crate) challenge_scope: FieldValue,
    /// Values of `typ`, one of which is needed; empty: unchecked.
    pub(crate) token_types: Vec<String>,
    /// Whether only the holder of the certificate that a token names may present it.
    pub(crate) certificate_bound: bool,
    /// Which tokens are revoked, whoever issued them.
    pub(crate) revoked: Option<Revoked>,
    /// Headers for the upstream.
    pub(crate) headers: Vec<(FieldName, Template)>,
    /// Whether the token is taken out of the request.
    pub(crate) hide_credentials: bool,
    /// `WWW-Authenticate` where no token was given.
    pub(crate) challenge: FieldValue,
    /// `WWW-Authenticate` where a token is not accepted.
    pub(crate) challenge_invalid: FieldValue,
    /// Whether preflights need a token too.
    pub(crate) run_on_preflight: bool,
    /// Who it is when there is no valid token.
    pub(crate) anonymous: Option<Rc<Consumer>>,
}

impl Policy {
    /// What it fetches.
    pub(crate) fn sources(&self) -> impl Iterator<Item = &dyn Background> {
        let keys = self.issuers.iter().flat_map(|issuer| &issuer.remotes);
        let keys = keys.map(|source| &**source as &dyn Background);
        let of_issuers = self.issuers.iter().map(|issuer| &issuer.revoked);
        let feeds = of_issuers.chain([&self.revoked]).flatten().filter_map(|own| own.feed.as_ref());
        keys.chain(feeds.map(|feed| &*feed.source as &dyn Background))
    }
}
