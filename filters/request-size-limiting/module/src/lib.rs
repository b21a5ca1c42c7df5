//! The request-size-limiting module that Envoy loads.

portcullis_runtime::control_module!(
    portcullis_request_size_limiting::RequestSizeLimiting,
    request_body,
    response_headers,
    response_body
);
