//! The gateway module that Envoy loads.
