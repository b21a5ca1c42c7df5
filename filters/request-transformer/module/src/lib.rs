//! The request-transformer module that Envoy loads.

portcullis_runtime::control_module!(
    portcullis_request_transformer::RequestTransformer,
    request_body,
    request_trailers
);
