//! A web application firewall: SecLang rules, our own or OWASP CRS, on requests and responses.
//!
//! [`Waf`] is the control. `config` makes a program of rule sets and fields, `request` tells the engine what Envoy shows,
//! `judge` makes a verdict of what the engine said, `report` and `audit` tell an operator. The engine itself, the language and what rules are made of are the
//! crates beside this one, which know nothing of Envoy.

mod audit;
mod config;
mod control;
mod ends;
mod judge;
mod preview;
mod reason;
mod report;
mod request;
mod rulesets;
mod secret;

pub use control::Waf;
