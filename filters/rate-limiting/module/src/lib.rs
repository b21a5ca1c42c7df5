//! The rate-limiting module that Envoy loads.
