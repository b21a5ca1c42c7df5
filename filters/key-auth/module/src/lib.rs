//! The key-auth module that Envoy loads.

portcullis_runtime::control_module!(portcullis_key_auth::KeyAuth, request_body, request_trailers);
