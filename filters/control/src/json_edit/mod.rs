//! JSON changed as text: what no operation names keeps its bytes, its order and the spelling of its numbers.
//!
//! serde_json says whether a text is JSON; a [`Document`] then takes apart only the objects and lists on the way to what
//! is named, and writes the rest as it came. Time is linear in the text, for each operation in what was taken apart.

mod allow;
mod document;
mod fault;
mod fuzz;
mod path;
mod scan;

pub use allow::Allowed;
pub use document::{Change, Document};
pub use fault::JsonEditFault;
#[doc(hidden)]
pub use fuzz::fuzz_json_edit;
pub use path::{JsonPath, MAX_STEPS, Name};

/// Objects and lists inside each other, at most: serde_json's own bound and that of most other readers, so that what an
/// upstream would read is not refused. What is deeper is written to break one.
pub const MAX_DEPTH: usize = 128;

/// Members and elements that are taken apart, or added, in one text, at most: each takes some 60 bytes, and what a
/// worker's memory has grown to it never gives back.
pub const MAX_PLACES: usize = 131_072;

/// Bytes by which a text may grow, at most: an operation on `items[*]` writes its value once for each element, and Envoy
/// holds 1 MiB by default.
pub const MAX_GROWTH: usize = 1_048_576;

#[cfg(test)]
mod tests;
