//! One route's `match`: every condition that is given has to hold.

use super::host::{HostMatch, canonical};
use super::path::PathMatch;
use crate::config::Node;
use crate::exchange::Exchange;
use crate::headers::FieldName;
use crate::json::{Map, Value};

/// `{hosts, path, methods, headers, route_names}`; at least one of them.
#[derive(Clone, Debug)]
pub struct RouteMatch {
    scope: String,
    hosts: Option<Vec<HostMatch>>,
    path: Option<PathMatch>,
    methods: Option<Vec<String>>,
    headers: Vec<(FieldName, String)>,
    route_names: Option<Vec<String>>,
}

impl RouteMatch {
    /// Reads a `match`.
    #[must_use]
    pub fn read(node: &Node<'_>) -> Option<Self> {
        let scope = canonical_form(node.value()).to_string();
        node.section(|section| {
            let hosts = section.optional("hosts").and_then(|node| {
                let hosts: Vec<HostMatch> =
                    node.list()?.iter().filter_map(HostMatch::read).collect();
                not_empty(&node, hosts)
            });
            let path = section.optional("path").and_then(|node| PathMatch::read(&node));
            let methods = section.optional("methods").and_then(|node| read_methods(&node));
            let headers = section
                .optional("headers")
                .and_then(|node| read_headers(&node))
                .unwrap_or_default();
            let route_names = section.optional("route_names").and_then(|node| {
                let names = node.texts()?.into_iter().map(str::to_owned).collect();
                not_empty(&node, names)
            });
            let any = ["hosts", "path", "methods", "headers", "route_names"]
                .iter()
                .any(|name| section.has(name));
            if !any {
                section
                    .node()
                    .fault("expected at least one of hosts, path, methods, headers, route_names");
            }
            any.then_some(RouteMatch { scope, hosts, path, methods, headers, route_names })
        })
    }

    /// The canonical form of this match: what counters of the route are kept under, whatever its place in the list.
    #[must_use]
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// The names of its path template, whose values [`Exchange::capture`] gives.
    #[must_use]
    pub fn captures(&self) -> Vec<String> {
        self.path.iter().flat_map(PathMatch::names).map(str::to_owned).collect()
    }

    /// True if it looks at the path: then an ambiguous path is refused before it is asked.
    #[must_use]
    pub fn reads_path(&self) -> bool {
        self.path.is_some()
    }

    /// True if the client can choose whether it matches, by sending or leaving out a header.
    #[must_use]
    pub fn reads_headers(&self) -> bool {
        !self.headers.is_empty()
    }

    /// True if every condition holds. A template's names are left in `captures`.
    pub fn matches(&self, exchange: &Exchange, captures: &mut Vec<(String, Vec<u8>)>) -> bool {
        self.hosts.as_ref().is_none_or(|hosts| {
            let authority = exchange.request_headers().first(":authority").unwrap_or_default();
            let host = canonical(authority);
            hosts.iter().any(|candidate| candidate.matches(&host))
        }) && self.methods.as_ref().is_none_or(|methods| {
            let method = exchange.method();
            methods.iter().any(|candidate| candidate.as_bytes() == method)
        }) && self.headers.iter().all(|(name, value)| {
            exchange.request_headers().only(name.as_str()) == Some(value.as_bytes())
        }) && self.route_names.as_ref().is_none_or(|names| {
            let name = exchange.property(&["xds", "route_name"]).unwrap_or_default();
            names.iter().any(|candidate| candidate.as_bytes() == name)
        }) && self.path.as_ref().is_none_or(|path| {
            exchange.path().is_some_and(|found| path.matches(found.normalised(), captures))
        })
    }
}

fn not_empty<T>(node: &Node<'_>, items: Vec<T>) -> Option<Vec<T>> {
    if items.is_empty() {
        node.fault("expected at least one item");
        return None;
    }
    Some(items)
}

fn read_methods(node: &Node<'_>) -> Option<Vec<String>> {
    let mut methods = Vec::new();
    for item in node.list()? {
        let text = item.text()?;
        if FieldName::parse(text).is_none() || text.bytes().any(|byte| byte.is_ascii_lowercase()) {
            item.fault(format!("expected a method in upper case, but found `{text}`"));
        }
        methods.push(text.to_owned());
    }
    not_empty(node, methods)
}

fn read_headers(node: &Node<'_>) -> Option<Vec<(FieldName, String)>> {
    let mut headers = Vec::new();
    for (name, value) in node.members()? {
        let Some(name) = FieldName::parse(name) else {
            value.fault(format!("expected a header name, but found `{name}`"));
            continue;
        };
        headers.push((name, value.string()?.to_owned()));
    }
    not_empty(node, headers)
}

/// Lists of alternatives sorted and each once, so that reordering them keeps the route's counters.
fn canonical_form(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let sorted: Map<String, Value> =
                items.iter().map(|item| (item.to_string(), item.clone())).collect();
            Value::Array(sorted.into_iter().map(|(_, item)| item).collect())
        }
        Value::Object(members) => Value::Object(
            members.iter().map(|(name, value)| (name.clone(), canonical_form(value))).collect(),
        ),
        other => other.clone(),
    }
}
