//! The waf module that Envoy loads.

portcullis_runtime::control_module!(
    portcullis_waf::Waf,
    request_body,
    request_trailers,
    response_headers,
    response_body,
    log
);
