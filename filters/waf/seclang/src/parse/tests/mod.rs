//! The parser, as tables.
