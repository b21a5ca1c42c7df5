//! Reading a configuration into limiters that can only be valid.

use std::num::NonZeroU32;

use portcullis_control::address::read_field_name;
use portcullis_control::config::{Node, Section};
use portcullis_control::headers::FieldName;
use portcullis_control::place::Place;

use crate::decide::Limits;
use crate::identifier::{LimitBy, is_normal};
use crate::limiter::{Fallback, Limiter};
use crate::window::{Period, Periods};

/// Limiters of one route, at most. Each costs a read and a write of shared data on every request.
pub const MAX_LIMITERS: usize = 16;

/// The largest limit: counts have 32 bits.
pub const MAX_LIMIT: u64 = u32::MAX as u64;

/// Statuses that `error_code` may be: an answer to a refusal is an error.
const ERROR_CODES: std::ops::RangeInclusive<u64> = 400..=599;

/// Reads the limiters of a list.
#[must_use]
pub fn read_list(node: &Node<'_>, items: &[Node<'_>], scope: &str) -> Option<Vec<Limiter>> {
    if items.is_empty() || items.len() > MAX_LIMITERS {
        node.fault(format!("expected 1 to {MAX_LIMITERS} limiters, but found {}", items.len()));
        return None;
    }
    let mut limiters: Vec<Limiter> = Vec::with_capacity(items.len());
    for item in items {
        let Some(limiter) = item.section(|section| read_limiter(section, scope)) else { continue };
        if limiters.iter().any(|other| other.counts_with(&limiter)) {
            item.fault(
                "expected counters of its own, but an earlier limiter counts by the same: put the periods into one, \
                 or give one of them a `name`",
            );
        }
        limiters.push(limiter);
    }
    (limiters.len() == items.len()).then_some(limiters)
}

/// Reads one set of fields.
#[must_use]
pub fn read_limiter(section: &mut Section<'_>, scope: &str) -> Option<Limiter> {
    let limits = read_limits(section);
    let limit_by = read_limit_by(section);
    let fallback = section.optional("fallback").and_then(|node| {
        let words = [("ip", Fallback::Ip), ("skip", Fallback::Skip), ("deny", Fallback::Deny)];
        let fallback = node.word(&words)?;
        if limit_by == Some(LimitBy::Ip) && fallback != Fallback::Ip {
            node.fault(
                "expected no fallback with `limit_by: ip`: a client always has an address, and those whose address \
                 is unknown count together",
            );
        }
        Some(fallback)
    });
    let place = section.optional("when").and_then(|node| {
        let words =
            [("before_auth", Place::RateLimitingBeforeAuth), ("after_auth", Place::RateLimiting)];
        let place = node.word(&words)?;
        let by_identity = matches!(limit_by, Some(LimitBy::Consumer | LimitBy::Credential));
        if by_identity && place == Place::RateLimitingBeforeAuth {
            node.fault(
                "expected `after_auth` where `limit_by` is consumer (the default) or credential: before \
                 authentication nobody is known",
            );
        }
        Some(place)
    });
    let name = section.optional("name").and_then(|node| node.text());
    let ipv6_prefix = section.or("ipv6_prefix", 64, |node| {
        node.integer(1..=128).and_then(|bits| u8::try_from(bits).ok())
    });
    section.optional("policy").and_then(|node| read_policy(&node));
    section.optional("algorithm").and_then(|node| node.word(&[("fixed_window", ())]));
    let fault_tolerant = section.or("fault_tolerant", true, |node| node.boolean());
    let hidden = section.or("hide_client_headers", false, |node| node.boolean());
    let status = section
        .optional("error_code")
        .and_then(|node| node.integer(ERROR_CODES).and_then(|status| u16::try_from(status).ok()));
    let message = section.optional("error_message").and_then(|node| node.text()).map(str::to_owned);
    let place = place.unwrap_or(Place::RateLimiting);
    Some(
        Limiter::new(limits, limit_by?, place, name, scope, ipv6_prefix)
            .with_fallback(fallback.unwrap_or_default())
            .with_fault_tolerance(fault_tolerant)
            .with_hidden_headers(hidden)
            .with_refusal(status, message),
    )
}

fn read_limits(section: &mut Section<'_>) -> Limits {
    let mut largest: Option<(Period, NonZeroU32)> = None;
    let mut any = false;
    let limits = Periods::from_fn(|period| {
        let node = section.optional(period.name())?;
        any = true;
        let limit = node.integer(1..=MAX_LIMIT)?;
        let limit = NonZeroU32::new(u32::try_from(limit).ok()?)?;
        match largest {
            Some((shorter, least)) if limit < least => node.fault(format!(
                "expected at least the limit of `{}`, {least}, but found `{limit}`",
                shorter.name()
            )),
            _ => largest = Some((period, limit)),
        }
        Some(limit)
    });
    if !any {
        let names = Period::ALL.map(Period::name).join(", ");
        section.node().fault(format!("expected at least one of {names}"));
    }
    limits
}

fn read_limit_by(section: &mut Section<'_>) -> Option<LimitBy> {
    let word = section.optional("limit_by").map_or(Some("consumer"), |node| {
        let words = ["consumer", "credential", "ip", "service", "route", "header", "path"];
        node.word(&words.map(|word| (word, word)))
    });
    let header = field_of(section, "header_name", "header", word);
    let path = field_of(section, "path", "path", word);
    Some(match word? {
        "credential" => LimitBy::Credential,
        "ip" => LimitBy::Ip,
        "service" => LimitBy::Service,
        "route" => LimitBy::Route,
        "header" => {
            let node = header?;
            let name = read_field_name(&node)?;
            node.warn("a client chooses this header: with a new value it has a new count");
            // HTTP/2 and Envoy know the host by this name.
            let host = name.as_str() == "host";
            LimitBy::Header(if host { FieldName::from_static(":authority") } else { name })
        }
        "path" => {
            let node = path?;
            let path = node.text()?;
            if !is_normal(path) {
                node.fault(format!(
                    "expected a normalised path such as `/orders`, but found `{path}`"
                ));
            }
            LimitBy::Path(path.to_owned())
        }
        _ => LimitBy::Consumer,
    })
}

/// A field that one `limit_by` needs and no other takes.
fn field_of<'v>(
    section: &mut Section<'v>,
    field: &'static str,
    needed_by: &str,
    limit_by: Option<&str>,
) -> Option<Node<'v>> {
    match limit_by {
        Some(word) if word == needed_by => section.required(field),
        None => {
            section.optional(field);
            None
        }
        Some(word) => {
            let node = section.optional(field)?;
            node.fault(format!("expected only with `limit_by: {needed_by}`, but that is `{word}`"));
            None
        }
    }
}

fn read_policy(node: &Node<'_>) -> Option<()> {
    match node.value().as_str() {
        Some(policy @ ("redis" | "cluster")) => {
            node.fault(format!(
                "expected `local`, but found `{policy}`: today the workers of one Envoy share their counters, and \
                 Envoys do not"
            ));
            None
        }
        _ => node.word(&[("local", ())]),
    }
}
