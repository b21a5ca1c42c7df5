//! Which route of the configuration a request is on: the first match wins.

mod host;
mod matcher;
mod path;

pub use matcher::RouteMatch;

#[cfg(test)]
mod tests;
