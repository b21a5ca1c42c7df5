//! Holds the repository to its own rules.
