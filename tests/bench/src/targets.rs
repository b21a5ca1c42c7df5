//! What is to be reached, in costs above `no filter` of the same run.

use crate::memory::{Footprint, GATEWAY as GATEWAY_MEMORY};
use crate::report::{Costs, median};
use crate::rows::{
    API_KEY_AUTH, CERTIFICATE_CALLS, COPY_LIST, CORS, CORS_ABSENT, CORS_CALLS, GATEWAY,
    GATEWAY_CERTIFICATES, GATEWAY_CORS, GATEWAY_KEY_AUTH, GATEWAY_PAGE, GATEWAY_POST,
    GATEWAY_SECURITY_HEADERS, GATEWAY_SIZES, HOLD_FAILING, JWT_AUTHN_BARE_FRESH, JWT_AUTHN_FRESH,
    JWT_AUTHN_REMOTE, JWT_BARE_FRESH, JWT_BARE_REPEATED, JWT_FRESH, JWT_REMOTE, JWT_REPEATED,
    KEY_AUTH, KEY_CALLS, MASK_ERRORS, NOOP_SDK, NOOP_SDK_FAILING, NOOP_SDK_PAGE, NOOP_SDK_POST,
    ONE_PERIOD, RBAC, REWRITE_JSON, SECURITY_HEADERS, SECURITY_HEADERS_CALLS, SIZES, TRANSFORMER,
};

/// The gateway's memory over plain Envoy, at most, MiB.
const GATEWAY_MIB: f64 = 48.0;

/// How many times a native filter's cost ours may be.
const NATIVE_FACTOR: f64 = 1.15;

/// One target.
pub(crate) struct Target {
    /// What is measured.
    pub(crate) what: &'static str,
    /// Measured.
    pub(crate) figure: f64,
    /// What it is compared with, in words.
    pub(crate) base: &'static str,
    /// That, measured.
    pub(crate) base_figure: f64,
    /// How many times the base it may be.
    pub(crate) at_most: f64,
    /// µs or MiB.
    pub(crate) unit: &'static str,
}

impl Target {
    /// Figure over base.
    pub(crate) fn ratio(&self) -> f64 {
        self.figure / self.base_figure
    }

    /// Whether it is reached.
    pub(crate) fn met(&self) -> bool {
        self.ratio() <= self.at_most
    }
}

/// Those targets whose rows were measured.
pub(crate) fn targets(costs: &Costs, memory: &[Footprint]) -> Vec<Target> {
    let above = |name: &str| costs.above(name);
    let time = |what, base, base_figure: Option<f64>, at_most| {
        let (figure, base_figure) = (above(what)?, base_figure?);
        Some(Target { what, figure, base, base_figure, at_most, unit: "µs" })
    };
    // What a control adds to a gateway that has others.
    let added = |what, with, without, noop: Option<f64>, at_most| {
        let (figure, base_figure) = (above(with)? - above(without)?, noop?);
        let base = "no-op module (SDK)";
        Some(Target { what, figure, base, base_figure, at_most, unit: "µs" })
    };
    let masked = added(
        "masking a 500, above only holding it",
        MASK_ERRORS,
        HOLD_FAILING,
        above(NOOP_SDK_FAILING),
        2.0,
    );
    // What sandboxing costs by itself is allowed for beside what the native filter costs.
    let sandboxed = |native| Some(NATIVE_FACTOR * above(native)? + above(NOOP_SDK)?);
    let apart = above(JWT_REPEATED).zip(above(ONE_PERIOD)).map(|(one, other)| one + other);
    let over_plain = memory.iter().find(|row| row.name == GATEWAY_MEMORY).and_then(|row| {
        let plain = memory.first()?;
        let figure = (median(&row.used) - median(&plain.used)) / f64::from(1 << 20);
        Some(Target {
            what: "resident memory of gateway over plain Envoy, 2 workers, after requests",
            figure,
            base: "48 MiB",
            base_figure: GATEWAY_MIB,
            at_most: 1.0,
            unit: "MiB",
        })
    });
    [
        time(JWT_FRESH, "jwt_authn without its cache", above(JWT_AUTHN_FRESH), 1.15),
        time(
            JWT_BARE_FRESH,
            "jwt_authn without its cache, without headers",
            above(JWT_AUTHN_BARE_FRESH),
            1.15,
        ),
        time(
            JWT_REMOTE,
            "1.15 × jwt_authn with fetched keys, and a no-op module",
            sandboxed(JWT_AUTHN_REMOTE),
            1.0,
        ),
        time(KEY_AUTH, "1.15 × api_key_auth, and a no-op module", sandboxed(API_KEY_AUTH), 1.0),
        time(
            GATEWAY_KEY_AUTH,
            "1.15 × api_key_auth, and a no-op module",
            sandboxed(API_KEY_AUTH),
            1.0,
        ),
        time(GATEWAY_CERTIFICATES, "1.15 × rbac, and a no-op module", sandboxed(RBAC), 1.0),
        // No module costs less than its calls: what the three before this can reach at best.
        time(KEY_CALLS, "1.15 × api_key_auth, and a no-op module", sandboxed(API_KEY_AUTH), 1.0),
        time(CERTIFICATE_CALLS, "1.15 × rbac, and a no-op module", sandboxed(RBAC), 1.0),
        time(JWT_REPEATED, "no-op module (SDK)", above(NOOP_SDK), 2.0),
        time(JWT_BARE_REPEATED, "no-op module (SDK)", above(NOOP_SDK), 2.0),
        time(ONE_PERIOD, "no-op module (SDK)", above(NOOP_SDK), 3.0),
        time(CORS, "no-op module (SDK)", above(NOOP_SDK_PAGE), 1.8),
        time(CORS_ABSENT, "no-op module (SDK)", above(NOOP_SDK), 1.8),
        // What a page's can reach at best. Without an origin the SDK's reading of all headers costs more than the calls.
        time(CORS_CALLS, "no-op module (SDK)", above(NOOP_SDK_PAGE), 1.8),
        added(
            "cors inside gateway, from a page",
            GATEWAY_CORS,
            GATEWAY_PAGE,
            above(NOOP_SDK_PAGE),
            0.4,
        ),
        time(SIZES, "no-op module (SDK)", above(NOOP_SDK_POST), 1.5),
        added(
            "request-size-limiting inside gateway, POST",
            GATEWAY_SIZES,
            GATEWAY_POST,
            above(NOOP_SDK_POST),
            0.3,
        ),
        added(
            "request-transformer with four headers from claims, behind jwt-auth",
            TRANSFORMER,
            JWT_BARE_REPEATED,
            above(NOOP_SDK),
            2.5,
        ),
        time(SECURITY_HEADERS, "no-op module (SDK)", above(NOOP_SDK), 2.0),
        time(SECURITY_HEADERS_CALLS, "no-op module (SDK)", above(NOOP_SDK), 2.0),
        added(
            "six security headers inside gateway",
            GATEWAY_SECURITY_HEADERS,
            GATEWAY,
            above(NOOP_SDK),
            0.9,
        ),
        masked,
        time(REWRITE_JSON, "holding and copying", above(COPY_LIST), 3.0),
        time(GATEWAY, "the two modules apart", apart, 0.75),
        over_plain,
    ]
    .into_iter()
    .flatten()
    .collect()
}
