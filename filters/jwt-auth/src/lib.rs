//! Decides whether a bearer token is valid and whose it is.
