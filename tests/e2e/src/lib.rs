//! Starts a real Envoy and talks to it as a client and as an upstream.
