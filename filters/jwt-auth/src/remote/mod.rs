//! What is fetched.

pub(crate) mod keys;
