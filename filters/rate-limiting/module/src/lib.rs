//! The rate-limiting module that Envoy loads.

portcullis_runtime::control_module!(portcullis_rate_limiting::RateLimiting, response_headers);
