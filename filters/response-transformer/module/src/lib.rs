//! The response-transformer module that Envoy loads.

portcullis_runtime::control_module!(
    portcullis_response_transformer::ResponseTransformer,
    response_headers,
    response_body
);
