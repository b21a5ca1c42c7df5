//! What the module above promises, as tables.
