//! An upstream that answers with what it saw.
