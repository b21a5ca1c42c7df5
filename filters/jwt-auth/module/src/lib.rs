//! The jwt-auth module that Envoy loads.
