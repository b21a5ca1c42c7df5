//! Kong's transformers: lists of what is removed, renamed, replaced, added and appended, in this order.

mod headers;
mod lists;
mod pair;

pub use headers::{HeaderOperations, HeaderValues, Side};
pub use lists::{Lists, MAX_OPERATIONS, Operation, read_lists};
pub use pair::{read_name, read_pair};

#[cfg(test)]
mod tests;
