//! Kong's transformers: lists of what is removed, renamed, replaced, added and appended, in this order.

mod headers;
mod json;
mod lists;
mod pair;

pub use headers::{HeaderOperations, HeaderValues, Side};
pub use json::{JsonOperations, JsonType, JsonTypes, JsonValues};
pub use lists::{Lists, MAX_OPERATIONS, Operation, read_lists};
pub use pair::{read_name, read_pair};

#[cfg(test)]
mod tests;
