//! The cors module that Envoy loads.

portcullis_runtime::control_module!(portcullis_cors::Cors, response_headers);
