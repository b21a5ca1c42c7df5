//! The mtls-auth module that Envoy loads.

portcullis_runtime::control_module!(portcullis_mtls_auth::MtlsAuth, request_trailers);
