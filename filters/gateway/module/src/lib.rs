//! The gateway module that Envoy loads.

portcullis_runtime::module!(
    portcullis_gateway::NAME,
    portcullis_gateway::load,
    portcullis_gateway::CONTROLS,
    request_body,
    request_trailers,
    response_headers,
    response_body,
    calls,
    log
);
