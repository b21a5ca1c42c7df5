//! The acl module that Envoy loads.

portcullis_runtime::control_module!(portcullis_acl::Acl, request_trailers);
