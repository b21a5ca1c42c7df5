//! The contract every control is written against.
