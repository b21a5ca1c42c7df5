//! What each Envoy is configured with: the same work for our modules and for Envoy's own filters.

use std::net::SocketAddr;
use std::path::PathBuf;

use portcullis_e2e::{EnvoyConfig, Wasm};
use serde_json::{Value, json};

use crate::tokens::{AUDIENCE, ISSUER, jwks};

/// More than any run sends, so that nothing is refused.
const LIMIT: u64 = 1_000_000_000;

/// The HTTP filters before the router.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Config {
    /// None.
    Plain,
    /// An empty filter on the proxy-wasm SDK.
    NoopSdk,
    /// Our runtime without a control.
    NoopRuntime,
    /// Our jwt-auth, with three headers of claims.
    JwtAuth,
    /// Our jwt-auth alone.
    JwtAuthBare,
    /// Our rate-limiting, one period by client address.
    OnePeriod,
    /// Our rate-limiting, three periods by client address.
    ThreePeriods,
    /// Both in one module: jwt-auth and one period by client address.
    Gateway,
    /// Both in one module: jwt-auth and three periods by credential.
    GatewayByCredential,
    /// Both as two modules, one after the other: jwt-auth and one period by client address.
    TwoModules,
    /// Envoy's jwt_authn, with three headers of claims.
    JwtAuthn,
    /// Envoy's jwt_authn alone.
    JwtAuthnBare,
    /// Envoy's jwt_authn with its cache, with three headers of claims.
    JwtAuthnCache,
    /// Envoy's local_ratelimit.
    LocalRatelimit,
    /// Envoy's local_ratelimit with its response headers.
    LocalRatelimitHeaders,
    /// Envoy's jwt_authn with its cache, and local_ratelimit with its headers.
    Native,
}

/// A test-only module, from where cargo has left it beside this program.
fn test_module(name: &str) -> PathBuf {
    let program = std::env::current_exe().expect("this program's path");
    // target/release/<program>, and target/debug/deps/<test>.
    let places = program.ancestors().map(|folder| folder.join("wasm32-wasip1/release").join(name));
    let path = places.skip(2).find(|path| path.is_file());
    let remedy = "cargo build --release --target wasm32-wasip1 -p portcullis-noop-sdk -p portcullis-noop-runtime";
    path.unwrap_or_else(|| panic!("{name} does not exist: run `{remedy}` first"))
}

/// A wasm module as Envoy loads it.
#[derive(Clone, Debug)]
pub struct Plugin {
    /// The plugin's name.
    pub name: &'static str,
    /// The module.
    pub module: PathBuf,
    /// Its configuration.
    pub configuration: Value,
}

impl Config {
    /// Our modules among the filters, or those that they are compared with.
    #[must_use]
    pub fn plugins(self) -> Vec<Plugin> {
        let ours = |name, configuration| Plugin {
            name,
            module: portcullis_e2e::wasm(name),
            configuration,
        };
        let noop =
            |file| Plugin { name: "noop", module: test_module(file), configuration: json!({}) };
        let one_period = || json!({"minute": LIMIT, "limit_by": "ip"});
        let three_periods =
            |by: &str| json!({"second": LIMIT, "minute": LIMIT, "hour": LIMIT, "limit_by": by});
        let gateway = |limits: Value| {
            ours("gateway", json!({"jwt-auth": jwt_auth(), "rate-limiting": limits}))
        };
        match self {
            Config::NoopSdk => vec![noop("portcullis_noop_sdk.wasm")],
            Config::NoopRuntime => vec![noop("portcullis_noop_runtime.wasm")],
            Config::JwtAuth => vec![ours("jwt-auth", jwt_auth())],
            Config::JwtAuthBare => {
                let mut configuration = jwt_auth();
                configuration["headers"] = json!({});
                vec![ours("jwt-auth", configuration)]
            }
            Config::OnePeriod => vec![ours("rate-limiting", one_period())],
            Config::ThreePeriods => vec![ours("rate-limiting", three_periods("ip"))],
            Config::Gateway => vec![gateway(one_period())],
            Config::GatewayByCredential => vec![gateway(three_periods("credential"))],
            Config::TwoModules => {
                vec![ours("jwt-auth", jwt_auth()), ours("rate-limiting", one_period())]
            }
            _ => Vec::new(),
        }
    }

    fn filters(self) -> Vec<Value> {
        let wasm = |plugin: Plugin| {
            Wasm::file(plugin.name, plugin.module).config(plugin.configuration).filter()
        };
        match self {
            Config::JwtAuthn => vec![jwt_authn(None)],
            Config::JwtAuthnBare => {
                let mut filter = jwt_authn(None);
                filter["typed_config"]["providers"]["idp"]["claim_to_headers"] = json!([]);
                vec![filter]
            }
            Config::JwtAuthnCache => vec![jwt_authn(Some(json!({})))],
            Config::LocalRatelimit => vec![local_ratelimit(false)],
            Config::LocalRatelimitHeaders => vec![local_ratelimit(true)],
            Config::Native => vec![jwt_authn(Some(json!({}))), local_ratelimit(true)],
            _ => self.plugins().into_iter().map(wasm).collect(),
        }
    }

    /// The whole configuration. There is no access log, which would cost more than most filters.
    #[must_use]
    pub fn envoy(self, upstream: SocketAddr) -> EnvoyConfig {
        let config = EnvoyConfig::at(upstream).hcm(|manager| manager["access_log"] = json!([]));
        self.filters().into_iter().fold(config, EnvoyConfig::filter)
    }

    /// Whether a request without a good token is refused.
    #[must_use]
    pub fn authenticates(self) -> bool {
        matches!(self, Config::JwtAuthBare | Config::JwtAuthnBare) || self.forwards_claims()
    }

    /// Whether the upstream is told who is calling.
    #[must_use]
    pub fn forwards_claims(self) -> bool {
        use Config::{
            Gateway, GatewayByCredential, JwtAuth, JwtAuthn, JwtAuthnCache, Native, TwoModules,
        };
        let forwarding =
            [Gateway, GatewayByCredential, JwtAuth, JwtAuthn, JwtAuthnCache, Native, TwoModules];
        forwarding.contains(&self)
    }

    /// Whether answers say how much is left.
    #[must_use]
    pub fn limits(self) -> bool {
        use Config::{
            Gateway, GatewayByCredential, LocalRatelimitHeaders, Native, OnePeriod, ThreePeriods,
            TwoModules,
        };
        let limiting = [
            Gateway,
            GatewayByCredential,
            LocalRatelimitHeaders,
            Native,
            OnePeriod,
            ThreePeriods,
            TwoModules,
        ];
        limiting.contains(&self)
    }
}

fn jwt_auth() -> Value {
    json!({
        "issuers": [{
            "issuer": ISSUER, "audiences": [AUDIENCE], "algorithms": ["RS256"],
            "keys": [{"jwks": jwks()}],
        }],
        "headers": {
            "X-User-ID": "$(jwt.sub)", "X-User-Email": "$(jwt.email)", "X-User-Roles": "$(jwt.roles)",
        },
    })
}

fn jwt_authn(cache: Option<Value>) -> Value {
    let mut provider = json!({
        "issuer": ISSUER, "audiences": [AUDIENCE],
        "local_jwks": {"inline_string": jwks().to_string()},
        "forward": true,
        "claim_to_headers": [
            {"header_name": "x-user-id", "claim_name": "sub"},
            {"header_name": "x-user-email", "claim_name": "email"},
            {"header_name": "x-user-roles", "claim_name": "roles"},
        ],
    });
    if let Some(cache) = cache {
        provider["jwt_cache_config"] = cache;
    }
    json!({
        "name": "envoy.filters.http.jwt_authn",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
            "providers": {"idp": provider},
            "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "idp"}}],
        },
    })
}

/// One bucket for all clients: Envoy's filter counts by address only where descriptors say so.
fn local_ratelimit(headers: bool) -> Value {
    let always = json!({"default_value": {"numerator": 100, "denominator": "HUNDRED"}});
    let headers = if headers { "DRAFT_VERSION_03" } else { "OFF" };
    json!({
        "name": "envoy.filters.http.local_ratelimit",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
            "stat_prefix": "limit",
            "token_bucket": {"max_tokens": LIMIT, "tokens_per_fill": LIMIT, "fill_interval": "60s"},
            "filter_enabled": always, "filter_enforced": always,
            "enable_x_ratelimit_headers": headers,
        },
    })
}
