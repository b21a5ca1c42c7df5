//! The engine: SecLang becomes a program, and a program judges a transaction.
