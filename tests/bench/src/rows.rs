//! The rows of the table: an Envoy and what is sent to it.

use crate::answers::status_line;
use crate::configs::Config;
use crate::credentials::{Credentials, Message, Presented};

/// What the requests carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Send {
    /// Another token and key each time.
    Fresh,
    /// Always the same ones.
    Repeated,
    /// The same ones, from a page of another origin.
    Page,
    /// The same ones, with a body.
    Post,
    /// The same ones, for what the upstream fails at.
    Failing,
    /// The same ones, for 10 kB of JSON.
    List,
}

impl Send {
    /// What the next request carries; `fresh` never ends.
    pub(crate) fn next<'c>(
        self,
        fresh: &mut impl Iterator<Item = Presented<'c>>,
        credentials: &'c Credentials,
    ) -> Presented<'c> {
        let presented = match self {
            Send::Fresh => fresh.next().expect("an endless row"),
            _ => credentials.repeated(),
        };
        Presented { message: self.message(), ..presented }
    }

    /// How the answers begin.
    pub(crate) fn expected(self) -> &'static str {
        status_line(self.message())
    }

    fn message(self) -> Message {
        match self {
            Send::Fresh | Send::Repeated => Message::Get,
            Send::Page => Message::Page,
            Send::Post => Message::Post,
            Send::Failing => Message::Failing,
            Send::List => Message::List,
        }
    }
}

/// What is measured of a row is compared by this name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// As printed.
    pub(crate) name: &'static str,
    /// The Envoy.
    pub(crate) config: Config,
    /// What is sent.
    pub(crate) send: Send,
}

pub(crate) const NO_FILTER: &str = "no filter";
pub(crate) const NO_FILTER_PAGE: &str = "no filter, from a page";
pub(crate) const NO_FILTER_POST: &str = "no filter, POST";
pub(crate) const NO_FILTER_FAILING: &str = "no filter, a 500";
pub(crate) const NO_FILTER_LIST: &str = "no filter, 10 kB of JSON";
pub(crate) const NOOP_SDK_FAILING: &str = "no-op module (SDK), a 500";
pub(crate) const NOOP_SDK_LIST: &str = "no-op module (SDK), 10 kB of JSON";
pub(crate) const NOOP_RUNTIME_FAILING: &str = "no-op module (our runtime, no control), a 500";
pub(crate) const NOOP_RUNTIME_LIST: &str = "no-op module (our runtime, no control), 10 kB of JSON";
pub(crate) const HOLD_FAILING: &str = "module that only holds the response, a 500";
pub(crate) const MASK_ERRORS: &str = "response-transformer, masking a 500";
pub(crate) const COPY_LIST: &str = "module that holds the response and copies it, 10 kB of JSON";
pub(crate) const REWRITE_JSON: &str = "response-transformer, rewriting 10 kB of JSON";
pub(crate) const NOOP_SDK_PAGE: &str = "no-op module (SDK), from a page";
pub(crate) const NOOP_SDK_POST: &str = "no-op module (SDK), POST";
pub(crate) const NOOP_RUNTIME_PAGE: &str = "no-op module (our runtime, no control), from a page";
pub(crate) const NOOP_RUNTIME_POST: &str = "no-op module (our runtime, no control), POST";
pub(crate) const CORS: &str = "cors, from a page";
pub(crate) const CORS_ABSENT: &str = "cors, without an origin";
pub(crate) const CORS_CALLS: &str = "cors's least calls (SDK), from a page";
pub(crate) const CORS_CALLS_ABSENT: &str = "cors's least calls (SDK), without an origin";
pub(crate) const GATEWAY_PAGE: &str = "gateway, jwt-auth and one period by ip, from a page";
pub(crate) const GATEWAY_CORS: &str = "gateway, the same and cors, from a page";
pub(crate) const SIZES: &str = "request-size-limiting, POST";
pub(crate) const GATEWAY_POST: &str = "gateway, jwt-auth and one period by ip, POST";
pub(crate) const GATEWAY_SIZES: &str = "gateway, the same and request-size-limiting, POST";
pub(crate) const TRANSFORMER: &str =
    "jwt-auth without headers of claims and request-transformer with four, repeated token";
pub(crate) const GATEWAY_TRANSFORMER: &str =
    "gateway, jwt-auth, one period by ip and request-transformer with four headers, repeated token";
pub(crate) const SECURITY_HEADERS: &str = "response-transformer, six security headers";
pub(crate) const SECURITY_HEADERS_CALLS: &str = "six security headers' least calls (SDK)";
pub(crate) const GATEWAY_SECURITY_HEADERS: &str =
    "gateway, jwt-auth and one period by ip, repeated token, and six security headers";
pub(crate) const NOOP_SDK: &str = "no-op module (SDK)";
pub(crate) const NOOP_RUNTIME: &str = "no-op module (our runtime, no control)";
pub(crate) const HOLD: &str = "module that only holds the response";
pub(crate) const HOLD_AND_COPY: &str = "module that holds the response and copies it";
pub(crate) const JWT_FRESH: &str = "jwt-auth, fresh tokens";
pub(crate) const JWT_REPEATED: &str = "jwt-auth, repeated token";
pub(crate) const JWT_AUTHN_FRESH: &str = "Envoy's jwt_authn, fresh tokens";
pub(crate) const JWT_BARE_FRESH: &str = "jwt-auth without headers of claims, fresh tokens";
pub(crate) const JWT_BARE_REPEATED: &str = "jwt-auth without headers of claims, repeated token";
pub(crate) const JWT_AUTHN_BARE_FRESH: &str =
    "Envoy's jwt_authn without headers of claims, fresh tokens";
pub(crate) const JWT_REMOTE: &str = "jwt-auth with fetched keys, fresh tokens";
pub(crate) const JWT_AUTHN_REMOTE: &str = "Envoy's jwt_authn with fetched keys, fresh tokens";
pub(crate) const KEY_AUTH: &str = "key-auth, 1,000 keys";
pub(crate) const GATEWAY_KEY_AUTH: &str = "gateway, key-auth, 1,000 keys";
pub(crate) const API_KEY_AUTH: &str = "Envoy's api_key_auth, 1,000 keys";
pub(crate) const KEY_CALLS: &str = "key-auth's least calls (SDK)";
pub(crate) const CERTIFICATE_CALLS: &str = "mtls-auth's least calls (SDK)";
pub(crate) const NO_FILTER_TLS: &str = "no filter, TLS with a client certificate";
pub(crate) const GATEWAY_CERTIFICATES: &str = "gateway, mtls-auth and acl";
pub(crate) const RBAC: &str = "Envoy's rbac by the certificate's name";
pub(crate) const ONE_PERIOD: &str = "rate-limiting, one period by ip";
pub(crate) const GATEWAY: &str = "gateway, jwt-auth and one period by ip, repeated token";

impl Row {
    /// What its cost is compared with: the same connections and requests without a filter.
    pub(crate) fn base(&self) -> &'static str {
        match self.send {
            _ if self.config.over_tls() => NO_FILTER_TLS,
            Send::Fresh | Send::Repeated => NO_FILTER,
            Send::Page => NO_FILTER_PAGE,
            Send::Post => NO_FILTER_POST,
            Send::Failing => NO_FILTER_FAILING,
            Send::List => NO_FILTER_LIST,
        }
    }

    /// The same requests through a module that does nothing, on the SDK and on our runtime.
    pub(crate) fn noops(&self) -> [&'static str; 2] {
        match self.send {
            Send::Fresh | Send::Repeated => [NOOP_SDK, NOOP_RUNTIME],
            Send::Page => [NOOP_SDK_PAGE, NOOP_RUNTIME_PAGE],
            Send::Post => [NOOP_SDK_POST, NOOP_RUNTIME_POST],
            Send::Failing => [NOOP_SDK_FAILING, NOOP_RUNTIME_FAILING],
            Send::List => [NOOP_SDK_LIST, NOOP_RUNTIME_LIST],
        }
    }
}

const fn row(name: &'static str, config: Config, send: Send) -> Row {
    Row { name, config, send }
}

/// All rows, in the order of the table.
pub(crate) const ROWS: [Row; 68] = [
    row(NO_FILTER, Config::Plain, Send::Repeated),
    row(NOOP_SDK, Config::NoopSdk, Send::Repeated),
    row(NOOP_RUNTIME, Config::NoopRuntime, Send::Repeated),
    row(HOLD, Config::Hold, Send::Repeated),
    row(HOLD_AND_COPY, Config::HoldAndCopy, Send::Repeated),
    row(JWT_FRESH, Config::JwtAuth, Send::Fresh),
    row(JWT_REPEATED, Config::JwtAuth, Send::Repeated),
    row(JWT_BARE_FRESH, Config::JwtAuthBare, Send::Fresh),
    row(JWT_BARE_REPEATED, Config::JwtAuthBare, Send::Repeated),
    row(JWT_AUTHN_FRESH, Config::JwtAuthn, Send::Fresh),
    row(JWT_AUTHN_BARE_FRESH, Config::JwtAuthnBare, Send::Fresh),
    row("Envoy's jwt_authn with its cache, fresh tokens", Config::JwtAuthnCache, Send::Fresh),
    row("Envoy's jwt_authn with its cache, repeated token", Config::JwtAuthnCache, Send::Repeated),
    row(JWT_REMOTE, Config::JwtAuthRemote, Send::Fresh),
    row(JWT_AUTHN_REMOTE, Config::JwtAuthnRemote, Send::Fresh),
    row(KEY_AUTH, Config::KeyAuth, Send::Fresh),
    row(GATEWAY_KEY_AUTH, Config::GatewayKeyAuth, Send::Fresh),
    row(KEY_CALLS, Config::KeyCalls, Send::Fresh),
    row(API_KEY_AUTH, Config::ApiKeyAuth, Send::Fresh),
    row(NO_FILTER_TLS, Config::PlainTls, Send::Repeated),
    row(GATEWAY_CERTIFICATES, Config::GatewayCertificates, Send::Repeated),
    row(CERTIFICATE_CALLS, Config::CertificateCalls, Send::Repeated),
    row(RBAC, Config::Rbac, Send::Repeated),
    row(ONE_PERIOD, Config::OnePeriod, Send::Repeated),
    row("rate-limiting, three periods by ip", Config::ThreePeriods, Send::Repeated),
    row("Envoy's local_ratelimit", Config::LocalRatelimit, Send::Repeated),
    row("Envoy's local_ratelimit with headers", Config::LocalRatelimitHeaders, Send::Repeated),
    row(TRANSFORMER, Config::Transformer, Send::Repeated),
    row(GATEWAY, Config::Gateway, Send::Repeated),
    row(GATEWAY_TRANSFORMER, Config::GatewayTransformer, Send::Repeated),
    row(
        "gateway, jwt-auth and three periods by credential, repeated token",
        Config::GatewayByCredential,
        Send::Repeated,
    ),
    row(
        "gateway, jwt-auth and three periods by credential, fresh tokens",
        Config::GatewayByCredential,
        Send::Fresh,
    ),
    row(
        "jwt-auth and rate-limiting as two modules, repeated token",
        Config::TwoModules,
        Send::Repeated,
    ),
    row("Envoy's jwt_authn with its cache and local_ratelimit", Config::Native, Send::Repeated),
    row(NO_FILTER_PAGE, Config::Plain, Send::Page),
    row(NOOP_SDK_PAGE, Config::NoopSdk, Send::Page),
    row(NOOP_RUNTIME_PAGE, Config::NoopRuntime, Send::Page),
    row(CORS, Config::Cors, Send::Page),
    row(CORS_ABSENT, Config::Cors, Send::Repeated),
    row(CORS_CALLS, Config::CorsCalls, Send::Page),
    row(CORS_CALLS_ABSENT, Config::CorsCalls, Send::Repeated),
    row("Envoy's cors, from a page", Config::EnvoyCors, Send::Page),
    row(GATEWAY_PAGE, Config::Gateway, Send::Page),
    row(GATEWAY_CORS, Config::GatewayCors, Send::Page),
    row(NO_FILTER_POST, Config::Plain, Send::Post),
    row(NOOP_SDK_POST, Config::NoopSdk, Send::Post),
    row(NOOP_RUNTIME_POST, Config::NoopRuntime, Send::Post),
    row(SIZES, Config::Sizes, Send::Post),
    row("request-size-limiting, without a body", Config::Sizes, Send::Repeated),
    row("Envoy's buffer, POST", Config::EnvoyBuffer, Send::Post),
    row(GATEWAY_POST, Config::Gateway, Send::Post),
    row(GATEWAY_SIZES, Config::GatewaySizes, Send::Post),
    row(SECURITY_HEADERS, Config::SecurityHeaders, Send::Repeated),
    row(SECURITY_HEADERS_CALLS, Config::SecurityHeadersCalls, Send::Repeated),
    row("Envoy's header_mutation, six headers", Config::EnvoyHeaderMutation, Send::Repeated),
    row(GATEWAY_SECURITY_HEADERS, Config::GatewaySecurityHeaders, Send::Repeated),
    row("waf with its own rules", Config::Waf, Send::Repeated),
    row("waf with its own rules, POST", Config::Waf, Send::Post),
    row(NO_FILTER_FAILING, Config::Plain, Send::Failing),
    row(NOOP_SDK_FAILING, Config::NoopSdk, Send::Failing),
    row(NOOP_RUNTIME_FAILING, Config::NoopRuntime, Send::Failing),
    row(HOLD_FAILING, Config::Hold, Send::Failing),
    row(MASK_ERRORS, Config::MaskErrors, Send::Failing),
    row(NO_FILTER_LIST, Config::Plain, Send::List),
    row(NOOP_SDK_LIST, Config::NoopSdk, Send::List),
    row(NOOP_RUNTIME_LIST, Config::NoopRuntime, Send::List),
    row(COPY_LIST, Config::HoldAndCopy, Send::List),
    row(REWRITE_JSON, Config::RewriteJson, Send::List),
];
