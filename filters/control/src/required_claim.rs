//! Claims that a configuration asks for: their names or paths, and the values that will do.

use crate::config::Node;
use crate::json::{Map, Value};

/// The largest whole number that no other one becomes as a double (RFC 8259 §6).
const MAX_NUMBER: f64 = 9_007_199_254_740_991.0;

/// A claim that must have one of some values.
#[derive(Clone, Debug, PartialEq)]
pub struct RequiredClaim {
    /// Its name or dotted path, as in [`ClaimPath::find`].
    pub path: ClaimPath,
    /// The values, any of which will do.
    pub accepted: Vec<Value>,
}

impl RequiredClaim {
    /// True if the claim is there and equals one of the values.
    #[must_use]
    pub fn holds(&self, claims: &Map<String, Value>) -> bool {
        let value = self.path.find(claims);
        value.is_some_and(|value| self.accepted.iter().any(|accepted| same(value, accepted)))
    }

    /// The same, and a claim that is a list holds too if it has one of the values.
    #[must_use]
    pub fn holds_or_has(&self, claims: &Map<String, Value>) -> bool {
        let items = self.path.find(claims).and_then(Value::as_array).into_iter().flatten();
        let mut items = items.filter(|item| self.accepted.iter().any(|own| same(item, own)));
        self.holds(claims) || items.next().is_some()
    }

    /// Reads an object of claims, each with a value or a list of values.
    #[must_use]
    pub fn read_all(node: &Node<'_>) -> Option<Vec<Self>> {
        let members = node.members()?;
        Some(members.iter().filter_map(|(name, node)| Self::read(name, node)).collect())
    }

    fn read(name: &str, node: &Node<'_>) -> Option<Self> {
        let path = ClaimPath::read(name, node);
        let accepted = match node.value() {
            Value::Array(values) => values.clone(),
            value => vec![value.clone()],
        };
        if accepted.is_empty() {
            node.fault("expected a value, or a list of at least one");
        }
        if accepted.iter().filter_map(Value::as_f64).any(|number| number.abs() > MAX_NUMBER) {
            node.fault(
            "expected numbers below 2^53: of larger ones in a configuration Envoy keeps only the first digits",
        );
        }
        Some(RequiredClaim { path: path?, accepted })
    }
}

/// Equal as JSON, where 1, 1.0 and 1e0 are one number: Envoy hands every number of a configuration on as a double.
#[must_use]
pub fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left == right || ((left.is_f64() || right.is_f64()) && left.as_f64() == right.as_f64())
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(name, value)| right.get(name).is_some_and(|other| same(value, other)))
        }
        _ => left == right,
    }
}

/// Names in a path, at most: real ones have two to six, and each may double the places to look at.
pub const MAX_PATH_NAMES: usize = 12;

/// A claim's name, or a dotted path of names into objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPath(String);

impl ClaimPath {
    /// A path from a configuration; `None` if it is empty or has more than [`MAX_PATH_NAMES`] names.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let fits = !path.is_empty() && path.split('.').count() <= MAX_PATH_NAMES;
        fits.then(|| ClaimPath(path.to_owned()))
    }

    /// As [`ClaimPath::parse`]; the fault is told at `node`.
    #[must_use]
    pub fn read(path: &str, node: &Node<'_>) -> Option<Self> {
        let parsed = ClaimPath::parse(path);
        if parsed.is_none() {
            node.fault("expected the name of a claim, or a dotted path to one");
        }
        parsed
    }

    /// The path as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The claim at this path. A name as long as possible comes first, in every object on the way: `https://app/roles`
    /// is a name, and in `resource_access.my.client.roles` so is `my.client`.
    #[must_use]
    pub fn find<'a>(&self, claims: &'a Map<String, Value>) -> Option<&'a Value> {
        find(claims, &self.0)
    }
}

fn find<'a>(object: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    object.get(path).or_else(|| {
        path.rmatch_indices('.').find_map(|(place, _)| {
            let (name, rest) = path.split_at_checked(place)?;
            find(object.get(name)?.as_object()?, rest.strip_prefix('.')?)
        })
    })
}
