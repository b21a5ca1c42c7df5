//! Runs the fuzz entries of the shipped crates.
