//! The jwt-auth module that Envoy loads.

portcullis_runtime::control_module!(portcullis_jwt_auth::JwtAuth, request_trailers, calls);
