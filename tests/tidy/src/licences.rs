//! Licences: what ships may be under few, what only tests use under a few more.

use crate::fault::Fault;
use crate::graph::{Graph, Shipped};

/// What every package of the lock file may be under.
const ALLOWED: [&str; 12] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Zlib",
];

/// What is linked into a module may be under.
const ALLOWED_IN_MODULES: [&str; 5] = ["Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT"];

/// Every package may be used.
#[must_use]
pub fn licences_are_allowed(graph: &Graph) -> Vec<Fault> {
    let packages = graph.packages.values();
    packages.filter_map(|package| judge(&package.name, &package.licence, &ALLOWED)).collect()
}

/// Everything in a module may be handed on.
#[must_use]
pub fn shipped_licences_are_allowed(shipped: &[Shipped]) -> Vec<Fault> {
    let packages = shipped.iter();
    packages.filter_map(|one| judge(&one.name, &one.licence, &ALLOWED_IN_MODULES)).collect()
}

fn judge(name: &str, licence: &str, allowed: &[&str]) -> Option<Fault> {
    let fits = any_fits(licence, allowed);
    let message = format!(
        "`{name}` is under `{licence}`, not under one of {}: use another package",
        allowed.join(", ")
    );
    (!fits).then(|| Fault::new("Cargo.lock", 1, message))
}

/// SPDX expressions as crates have them: `OR` (also written `/`) of `AND` of licences or parentheses.
fn any_fits(expression: &str, allowed: &[&str]) -> bool {
    split(&expression.replace('/', " OR "), " OR ").iter().any(|part| {
        split(part, " AND ").iter().all(|part| {
            let part = part.trim();
            match part.strip_prefix('(').and_then(|part| part.strip_suffix(')')) {
                Some(inner) => any_fits(inner, allowed),
                None => allowed.contains(&part),
            }
        })
    })
}

/// Splits where no parenthesis is open.
fn split(expression: &str, separator: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0;
    let mut rest = expression;
    while let Some(first) = rest.chars().next() {
        if depth == 0 && rest.starts_with(separator) {
            parts.push(String::new());
            rest = &rest[separator.len()..];
            continue;
        }
        match first {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(first);
        }
        rest = &rest[first.len_utf8()..];
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Package;

    #[test]
    fn a_licence_that_is_not_allowed_is_found() {
        for (licence, fits) in [
            ("MIT", true),
            ("MIT/Apache-2.0", true),
            ("Apache-2.0 / MIT", true),
            ("GPL-3.0 OR MIT", true),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("GPL-3.0", false),
            ("MIT AND GPL-3.0", false),
            ("(MIT OR GPL-3.0) AND (LGPL-2.1 OR MPL-2.0)", false),
            ("", false),
        ] {
            let package =
                Package { name: "a".into(), licence: licence.into(), ..Package::default() };
            let graph = Graph { packages: [("a".to_owned(), package)].into() };
            assert_eq!(licences_are_allowed(&graph).is_empty(), fits, "{licence}");
        }
        let shipped = |licence: &str| {
            let one = Shipped { name: "a".into(), licence: licence.into(), features: Vec::new() };
            shipped_licences_are_allowed(&[one]).len()
        };
        assert_eq!([shipped("MIT OR Zlib"), shipped("Zlib"), shipped("MIT AND Zlib")], [0, 1, 1]);
    }
}
