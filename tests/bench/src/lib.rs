//! CPU of a real Envoy per request, with and without our modules.
