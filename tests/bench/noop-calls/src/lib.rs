//! The floor of the benchmarks: the calls into the host that a control in a module does not do without, and nothing else.
//!
//! Of a key: read it, take it away, say whose it is. Of a certificate: read its name, say whose it is. Of cors: read the
//! origin, and say that it may read, or look for what else says so. Of security headers: look whether the client came over
//! TLS, look for each header, add it. It never ships: keys are known by their form, and every page may read.
#![allow(missing_docs, reason = "the SDK's macro writes a public function without a word")]

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType};

const CALLER: &str = "x-consumer-username";

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|_| Box::new(Root { of: Of::Key }));
}}

/// Whose calls they are, by the name in the configuration.
#[derive(Clone, Copy)]
enum Of {
    Key,
    Certificate,
    Cors,
    SecurityHeaders,
}

const NAMES: [(&[u8], Of); 4] = [
    (b"key", Of::Key),
    (b"certificate", Of::Certificate),
    (b"cors", Of::Cors),
    (b"security-headers", Of::SecurityHeaders),
];

struct Root {
    of: Of,
}

impl Context for Root {}
impl RootContext for Root {
    fn on_configure(&mut self, _size: usize) -> bool {
        // Envoy writes the configuration anew, in one form or another.
        let text = self.get_plugin_configuration().unwrap_or_default();
        let named = |name: &[u8]| text.windows(name.len()).any(|part| part == name);
        let Some((_, of)) = NAMES.into_iter().find(|(name, _)| named(name)) else { return false };
        self.of = of;
        true
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Calls { of: self.of, from_page: false }))
    }
}

struct Calls {
    of: Of,
    from_page: bool,
}

impl Context for Calls {}
impl HttpContext for Calls {
    fn on_http_request_headers(&mut self, _count: usize, _end: bool) -> Action {
        let caller = match self.of {
            Of::Key => self.owner_of_key(),
            Of::Certificate => self.owner_of_certificate(),
            Of::Cors => {
                self.from_page = self.get_http_request_header("origin").is_some()
                    && self.get_http_request_header("access-control-request-method").is_none();
                return Action::Continue;
            }
            Of::SecurityHeaders => {
                let _ = self.get_http_request_header("x-forwarded-proto");
                return Action::Continue;
            }
        };
        let Some(caller) = caller else {
            self.send_http_response(401, Vec::new(), None);
            return Action::Pause;
        };
        self.add_http_request_header(CALLER, &caller);
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _count: usize, _end: bool) -> Action {
        match self.of {
            Of::Key | Of::Certificate => {}
            Of::Cors => self.say_who_may_read(),
            Of::SecurityHeaders => self.add_security_headers(),
        }
        Action::Continue
    }
}

impl Calls {
    fn say_who_may_read(&self) {
        const VARY: &str = "vary";
        const ALLOW: &str = "access-control-allow-origin";
        if !self.from_page {
            // Nothing of the upstream's may say that anybody may.
            let _ = self.get_http_response_headers();
            self.add_http_response_header(VARY, "Origin");
            return;
        }
        self.set_http_response_header(ALLOW, Some("https://app.example.com"));
        self.set_http_response_header("access-control-allow-credentials", Some("true"));
        if self.get_http_response_header(VARY).is_none() {
            self.add_http_response_header(VARY, "Origin");
        }
    }

    fn add_security_headers(&self) {
        const HEADERS: [(&str, &str); 5] = [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
        ];
        for (name, value) in HEADERS {
            if self.get_http_response_header(name).is_none() {
                self.add_http_response_header(name, value);
            }
        }
        // The sixth, which is for TLS alone.
        self.set_http_response_header("strict-transport-security", None);
    }

    fn owner_of_key(&self) -> Option<String> {
        const NAME: &str = "x-api-key";
        let key = self.get_http_request_header(NAME)?;
        let number: u32 = key.strip_prefix("pk_live_9d1f4c")?.parse().ok()?;
        self.set_http_request_header(NAME, None);
        Some(format!("client-{number:04}"))
    }

    fn owner_of_certificate(&self) -> Option<String> {
        let san = self.get_property(vec!["connection", "uri_san_peer_certificate"])?;
        (san == b"spiffe://portcullis.example/ada").then(|| "ada".to_owned())
    }
}
