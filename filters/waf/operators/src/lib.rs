//! The operators of SecLang: what a rule asks of a value.
