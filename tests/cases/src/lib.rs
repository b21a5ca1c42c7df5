//! The case format: loader and runner.
