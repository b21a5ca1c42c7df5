//! Decides how often a client may call.
