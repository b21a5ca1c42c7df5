//! What each Envoy is configured with: the same work for our modules and for Envoy's own filters.

mod native;
mod ours;

use std::net::SocketAddr;
use std::path::PathBuf;

use portcullis_e2e::{EnvoyConfig, Tls, Wasm, yardstick};
use serde_json::{Value, json};

/// More than any run sends, so that nothing is refused.
const LIMIT: u64 = 1_000_000_000;

/// The cluster that keys are fetched from.
const PROVIDER: &str = "idp";

/// Where the provider has them.
pub(crate) const JWKS_PATH: &str = "/.well-known/jwks.json";

/// Seconds until they are fetched again: longer than any run.
const REFRESH: u32 = 86_400;

/// What tells the upstream whose key it was.
pub(crate) const CONSUMER_HEADER: &str = "x-consumer-username";

/// The certificate that clients show, of `envoy/certs.sh`.
pub(crate) const CLIENT: &str = "ada";

/// Its name.
const CLIENT_SAN: &str = "spiffe://portcullis.example/ada";

/// Who has the key of this number.
pub(crate) fn consumer(number: usize) -> String {
    format!("client-{number:04}")
}

/// The HTTP filters before the router.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Config {
    /// None.
    Plain,
    /// An empty filter on the proxy-wasm SDK.
    NoopSdk,
    /// Our runtime without a control.
    NoopRuntime,
    /// Our runtime with a control that holds each response.
    Hold,
    /// The same, which also puts a copy in its place.
    HoldAndCopy,
    /// Our jwt-auth, with three headers of claims.
    JwtAuth,
    /// Our jwt-auth alone.
    JwtAuthBare,
    /// Our jwt-auth with fetched keys, with three headers of claims.
    JwtAuthRemote,
    /// Our key-auth, with the consumer's name in a header.
    KeyAuth,
    /// The same as the only control of the gateway.
    GatewayKeyAuth,
    /// The least calls of a module that knows keys, on the SDK.
    KeyCalls,
    /// None, over TLS with a client certificate.
    PlainTls,
    /// Our mtls-auth and acl in one module: a consumer's certificate, one of its groups.
    GatewayCertificates,
    /// The least calls of a module that knows certificates, on the SDK.
    CertificateCalls,
    /// Envoy's rbac: a certificate of this name.
    Rbac,
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
    /// Our cors: two origins, credentials.
    Cors,
    /// [`Config::Gateway`] with the same cors.
    GatewayCors,
    /// The least calls of a module that says who may read, on the SDK.
    CorsCalls,
    /// Envoy's cors with the same origins.
    EnvoyCors,
    /// Our request-size-limiting: one megabyte.
    Sizes,
    /// [`Config::Gateway`] with the same request-size-limiting.
    GatewaySizes,
    /// Our request-transformer behind jwt-auth, as two modules: four headers of claims.
    Transformer,
    /// [`Config::Gateway`] with the same request-transformer.
    GatewayTransformer,
    /// Envoy's buffer: one megabyte.
    EnvoyBuffer,
    /// Our response-transformer: six security headers.
    SecurityHeaders,
    /// The least calls of a module that adds security headers, on the SDK.
    SecurityHeadersCalls,
    /// [`Config::Gateway`] with the same security headers.
    GatewaySecurityHeaders,
    /// Our response-transformer: server errors are masked.
    MaskErrors,
    /// Our response-transformer: two fields of a JSON body go, one comes.
    RewriteJson,
    /// Our waf with its own rules.
    Waf,
    /// Envoy's header_mutation with the same headers.
    EnvoyHeaderMutation,
    /// Envoy's jwt_authn, with three headers of claims.
    JwtAuthn,
    /// Envoy's jwt_authn with fetched keys, with three headers of claims.
    JwtAuthnRemote,
    /// Envoy's api_key_auth, with the client's name in a header.
    ApiKeyAuth,
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
            |name| Plugin { name: "noop", module: yardstick(name), configuration: json!({}) };
        let one_period = || json!({"minute": LIMIT, "limit_by": "ip"});
        let three_periods =
            |by: &str| json!({"second": LIMIT, "minute": LIMIT, "hour": LIMIT, "limit_by": by});
        let gateway = |limits: Value| {
            ours("gateway", json!({"jwt-auth": ours::jwt_auth(), "rate-limiting": limits}))
        };
        let gateway_with = |name: &str, configuration: Value| {
            let mut whole = json!({"jwt-auth": ours::jwt_auth(), "rate-limiting": one_period()});
            whole[name] = configuration;
            vec![ours("gateway", whole)]
        };
        let hold = |copy| Plugin {
            name: "hold",
            module: yardstick("hold"),
            configuration: json!({"copy": copy}),
        };
        let calls = |of: &str| Plugin {
            name: "calls",
            module: yardstick("calls"),
            configuration: json!({"of": of}),
        };
        match self {
            Config::KeyCalls => vec![calls("key")],
            Config::CertificateCalls => vec![calls("certificate")],
            Config::CorsCalls => vec![calls("cors")],
            Config::SecurityHeadersCalls => vec![calls("security-headers")],
            Config::Hold => vec![hold(false)],
            Config::HoldAndCopy => vec![hold(true)],
            Config::NoopSdk => vec![noop("sdk")],
            Config::NoopRuntime => vec![noop("runtime")],
            Config::JwtAuth => vec![ours("jwt-auth", ours::jwt_auth())],
            Config::JwtAuthBare => vec![ours("jwt-auth", ours::jwt_auth_bare())],
            Config::Transformer => vec![
                ours("jwt-auth", ours::jwt_auth_bare()),
                ours("request-transformer", ours::transformer()),
            ],
            Config::GatewayTransformer => gateway_with("request-transformer", ours::transformer()),
            Config::JwtAuthRemote => vec![ours("jwt-auth", ours::jwt_auth_remote())],
            Config::KeyAuth => {
                let mut configuration = ours::key_auth();
                configuration["consumers"] = ours::consumers();
                vec![ours("key-auth", configuration)]
            }
            Config::GatewayKeyAuth => {
                let configuration =
                    json!({"consumers": ours::consumers(), "key-auth": ours::key_auth()});
                vec![ours("gateway", configuration)]
            }
            Config::GatewayCertificates => vec![ours("gateway", ours::certificates())],
            Config::OnePeriod => vec![ours("rate-limiting", one_period())],
            Config::ThreePeriods => vec![ours("rate-limiting", three_periods("ip"))],
            Config::Gateway => vec![gateway(one_period())],
            Config::Cors => vec![ours("cors", ours::cors())],
            Config::GatewayCors => gateway_with("cors", ours::cors()),
            Config::Sizes => vec![ours("request-size-limiting", ours::sizes())],
            Config::GatewaySizes => gateway_with("request-size-limiting", ours::sizes()),
            Config::SecurityHeaders => vec![ours("response-transformer", ours::security_headers())],
            Config::GatewaySecurityHeaders => {
                gateway_with("response-transformer", ours::security_headers())
            }
            Config::MaskErrors => vec![ours("response-transformer", ours::mask_errors())],
            Config::RewriteJson => vec![ours("response-transformer", ours::rewrite_json())],
            Config::Waf => vec![ours("waf", json!({}))],
            Config::GatewayByCredential => vec![gateway(three_periods("credential"))],
            Config::TwoModules => {
                vec![ours("jwt-auth", ours::jwt_auth()), ours("rate-limiting", one_period())]
            }
            _ => Vec::new(),
        }
    }

    fn filters(self) -> Vec<Value> {
        let wasm = |plugin: Plugin| {
            Wasm::file(plugin.name, plugin.module).config(plugin.configuration).filter()
        };
        match self {
            Config::JwtAuthn => vec![native::jwt_authn(None)],
            Config::JwtAuthnRemote => vec![native::jwt_authn_remote()],
            Config::ApiKeyAuth => vec![native::api_key_auth()],
            Config::Rbac => vec![native::rbac()],
            Config::JwtAuthnBare => {
                let mut filter = native::jwt_authn(None);
                filter["typed_config"]["providers"]["idp"]["claim_to_headers"] = json!([]);
                vec![filter]
            }
            Config::JwtAuthnCache => vec![native::jwt_authn(Some(json!({})))],
            Config::EnvoyCors => vec![native::cors()],
            Config::EnvoyBuffer => vec![native::buffer()],
            Config::EnvoyHeaderMutation => vec![native::header_mutation()],
            Config::LocalRatelimit => vec![native::local_ratelimit(false)],
            Config::LocalRatelimitHeaders => vec![native::local_ratelimit(true)],
            Config::Native => {
                vec![native::jwt_authn(Some(json!({}))), native::local_ratelimit(true)]
            }
            _ => self.plugins().into_iter().map(wasm).collect(),
        }
    }

    /// The whole configuration. There is no access log, which would cost more than most filters.
    #[must_use]
    pub fn envoy(self, upstream: SocketAddr, provider: SocketAddr) -> EnvoyConfig {
        let config = EnvoyConfig::at(upstream).cluster_at(PROVIDER, provider).hcm(move |manager| {
            manager["access_log"] = json!([]);
            if self == Config::EnvoyCors {
                let host = &mut manager["route_config"]["virtual_hosts"][0];
                host["typed_per_filter_config"] = native::cors_policy();
            }
        });
        let config = if self.over_tls() { config.tls(&Tls::new()) } else { config };
        self.filters().into_iter().fold(config, EnvoyConfig::filter)
    }

    /// Whether clients come over TLS, with a certificate.
    #[must_use]
    pub fn over_tls(self) -> bool {
        matches!(self, Config::PlainTls) || self.knows_certificates()
    }

    /// Whether a client without a good certificate is refused.
    #[must_use]
    pub fn knows_certificates(self) -> bool {
        use Config::{CertificateCalls, GatewayCertificates, Rbac};
        matches!(self, GatewayCertificates | CertificateCalls | Rbac)
    }

    /// Whether a request without a good key is refused, and the upstream told whose it is.
    #[must_use]
    pub fn knows_keys(self) -> bool {
        use Config::{ApiKeyAuth, GatewayKeyAuth, KeyAuth, KeyCalls};
        matches!(self, KeyAuth | GatewayKeyAuth | KeyCalls | ApiKeyAuth)
    }

    /// Whether a request without a good token is refused.
    #[must_use]
    pub fn authenticates(self) -> bool {
        use Config::{JwtAuthBare, JwtAuthnBare, Transformer};
        matches!(self, JwtAuthBare | JwtAuthnBare | Transformer) || self.forwards_claims()
    }

    /// Whether the upstream is told who is calling.
    #[must_use]
    pub fn forwards_claims(self) -> bool {
        use Config::{
            Gateway, GatewayByCredential, GatewayCors, GatewaySecurityHeaders, GatewaySizes,
            GatewayTransformer, JwtAuth, JwtAuthRemote, JwtAuthn, JwtAuthnCache, JwtAuthnRemote,
            Native, TwoModules,
        };
        let forwarding = [
            Gateway,
            GatewayByCredential,
            GatewayCors,
            GatewaySecurityHeaders,
            GatewaySizes,
            GatewayTransformer,
            JwtAuth,
            JwtAuthRemote,
            JwtAuthn,
            JwtAuthnCache,
            JwtAuthnRemote,
            Native,
            TwoModules,
        ];
        forwarding.contains(&self)
    }

    /// Whether a page of another origin may read answers.
    #[must_use]
    pub fn lets_pages_read(self) -> bool {
        use Config::{Cors, CorsCalls, EnvoyCors, GatewayCors};
        matches!(self, Cors | GatewayCors | CorsCalls | EnvoyCors)
    }

    /// Whether answers say what a browser must not do with them.
    #[must_use]
    pub fn has_security_headers(self) -> bool {
        use Config::{
            EnvoyHeaderMutation, GatewaySecurityHeaders, SecurityHeaders, SecurityHeadersCalls,
        };
        let with =
            [SecurityHeaders, GatewaySecurityHeaders, SecurityHeadersCalls, EnvoyHeaderMutation];
        with.contains(&self)
    }

    /// Whether a client does not see what an upstream that failed says of itself.
    #[must_use]
    pub fn masks_errors(self) -> bool {
        self == Config::MaskErrors
    }

    /// Whether a client gets other JSON than the upstream's.
    #[must_use]
    pub fn rewrites_json(self) -> bool {
        self == Config::RewriteJson
    }

    /// Whether answers say how much is left.
    #[must_use]
    pub fn limits(self) -> bool {
        use Config::{
            Gateway, GatewayByCredential, GatewayCors, GatewaySecurityHeaders, GatewaySizes,
            GatewayTransformer, LocalRatelimitHeaders, Native, OnePeriod, ThreePeriods, TwoModules,
        };
        let limiting = [
            Gateway,
            GatewayByCredential,
            GatewayCors,
            GatewaySecurityHeaders,
            GatewaySizes,
            GatewayTransformer,
            LocalRatelimitHeaders,
            Native,
            OnePeriod,
            ThreePeriods,
            TwoModules,
        ];
        limiting.contains(&self)
    }
}
