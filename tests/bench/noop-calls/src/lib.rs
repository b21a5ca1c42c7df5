//! The floor of the benchmarks: the calls into the host that no authentication in a module does without, and nothing else.
//!
//! Of a key: read it, take it away, say whose it is. Of a certificate: read its name, say whose it is. It never ships: the
//! keys are known by their form.
#![allow(missing_docs, reason = "the SDK's macro writes a public function without a word")]

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType};

const CALLER: &str = "x-consumer-username";

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|_| Box::new(Root { asks: Asks::Key }));
}}

/// What tells who is calling.
#[derive(Clone, Copy)]
enum Asks {
    Key,
    Certificate,
}

struct Root {
    asks: Asks,
}

impl Context for Root {}
impl RootContext for Root {
    fn on_configure(&mut self, _size: usize) -> bool {
        const CERTIFICATE: &[u8] = b"certificate";
        // Envoy writes the configuration anew, with spaces as it likes.
        let text = self.get_plugin_configuration().unwrap_or_default();
        if text.windows(CERTIFICATE.len()).any(|part| part == CERTIFICATE) {
            self.asks = Asks::Certificate;
        }
        true
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Calls { asks: self.asks }))
    }
}

struct Calls {
    asks: Asks,
}

impl Context for Calls {}
impl HttpContext for Calls {
    fn on_http_request_headers(&mut self, _count: usize, _end: bool) -> Action {
        let caller = match self.asks {
            Asks::Key => self.owner_of_key(),
            Asks::Certificate => self.owner_of_certificate(),
        };
        let Some(caller) = caller else {
            self.send_http_response(401, Vec::new(), None);
            return Action::Pause;
        };
        self.add_http_request_header(CALLER, &caller);
        Action::Continue
    }
}

impl Calls {
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
