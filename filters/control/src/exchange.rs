//! One request and its response, as every control of a module sees them: read once, changed in order.

mod caller;
mod carrying;
mod earlier;
mod undo;

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::ops::Range;
use std::rc::Rc;

use caller::Caller;
pub use caller::IDENTITY_STATE;
pub use earlier::Recent;
pub use undo::Checkpoint;

use crate::address::{ClientAddress, ClientIp};
use crate::certificate::{PeerCertificate, SeenCertificate};
use crate::counter::{Count, CounterFamily};
use crate::headers::{Edit, FieldName, FieldValue, HeaderMap, Headers};
use crate::mode::Mode;
use crate::path::Path;
use crate::place::Place;
use crate::program::{BodyHold, Settings};
use crate::record::{Note, Outcome};
use crate::refusal::RefusalFormat;
use crate::store::SharedData;
use crate::surroundings::{SignatureCheck, Surroundings, Unavailable};

/// Who is deciding now, and how much of it counts.
#[derive(Clone, Copy, Debug)]
pub struct Scene {
    /// The control.
    pub control: &'static str,
    /// Its place in the order, for a control that stands at several.
    pub place: Place,
    /// Its mode on this route.
    pub mode: Mode,
}

/// The views of a request and response, and what was found out about them.
///
/// In shadow mode every change lands nowhere and an identity is seen by later shadow controls only, so that no control
/// has to know its mode.
pub struct Exchange {
    host: Rc<dyn Surroundings>,
    settings: Rc<Settings>,
    scene: Scene,
    request: Headers,
    request_trailers: OnceCell<HeaderMap>,
    has_request_trailers: bool,
    response: Headers,
    response_trailers: OnceCell<HeaderMap>,
    has_response_trailers: bool,
    path: OnceCell<Option<Path>>,
    peer: OnceCell<Vec<u8>>,
    client: OnceCell<ClientAddress>,
    /// Few controls look at it, and it is as much as all else that is asked for once.
    certificate: OnceCell<Box<SeenCertificate>>,
    now: Cell<Option<u64>>,
    request_id: OnceCell<String>,
    caller: Caller,
    captures: Vec<(String, Vec<u8>)>,
    notes: Vec<Note>,
    counts: Vec<(&'static str, Count)>,
    lines: Vec<(String, u32)>,
    request_body: Option<Vec<u8>>,
    response_body: Option<Vec<u8>>,
    request_chunk: Range<usize>,
    own_reply: bool,
}

impl Exchange {
    /// A request of which nothing has been read yet.
    #[must_use]
    pub fn new(host: Rc<dyn Surroundings>, settings: Rc<Settings>) -> Self {
        Exchange {
            host,
            settings,
            scene: Scene { control: "", place: Place::IpRestriction, mode: Mode::Enforce },
            request: Headers::default(),
            request_trailers: OnceCell::new(),
            has_request_trailers: false,
            response: Headers::default(),
            response_trailers: OnceCell::new(),
            has_response_trailers: false,
            path: OnceCell::new(),
            peer: OnceCell::new(),
            client: OnceCell::new(),
            certificate: OnceCell::new(),
            now: Cell::new(None),
            request_id: OnceCell::new(),
            caller: Caller::default(),
            captures: Vec::new(),
            notes: Vec::new(),
            counts: Vec::new(),
            lines: Vec::new(),
            request_body: None,
            response_body: None,
            request_chunk: 0..0,
            own_reply: false,
        }
    }

    // What a control reads.

    /// Where the deciding control stands in the order.
    #[must_use]
    pub fn place(&self) -> Place {
        self.scene.place
    }

    /// The mode of the deciding control, for one that decides otherwise in shadow mode.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.scene.mode
    }

    /// The request's headers with all changes made so far.
    #[must_use]
    pub fn request_headers(&self) -> &HeaderMap {
        self.request.map(|| self.host.request_headers())
    }

    /// The first value of a request header, without reading all where nobody has yet: only for a field of which no second
    /// value decides.
    #[must_use]
    pub fn peek_request_header(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        let host = &self.host;
        self.request.peek(name, || host.request_headers(), || host.request_header(name))
    }

    /// True if there is a request header of this name, with all changes made so far.
    #[must_use]
    pub fn has_request_header(&self, name: &FieldName) -> bool {
        self.request.has(name, || self.host.request_headers())
    }

    /// The request's trailers, once they are there; none before, and where a body ended without.
    #[must_use]
    pub fn request_trailers(&self) -> &HeaderMap {
        if !self.has_request_trailers {
            return NO_FIELDS;
        }
        self.request_trailers.get_or_init(|| self.host.request_trailers())
    }

    /// The response's headers with all changes made so far.
    #[must_use]
    pub fn response_headers(&self) -> &HeaderMap {
        self.response.map(|| self.host.response_headers())
    }

    /// As [`Exchange::peek_request_header`].
    #[must_use]
    pub fn peek_response_header(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        let host = &self.host;
        self.response.peek(name, || host.response_headers(), || host.response_header(name))
    }

    /// As [`Exchange::has_request_header`].
    #[must_use]
    pub fn has_response_header(&self, name: &FieldName) -> bool {
        self.response.has(name, || self.host.response_headers())
    }

    /// The response's trailers, as [`Exchange::request_trailers`].
    #[must_use]
    pub fn response_trailers(&self) -> &HeaderMap {
        if !self.has_response_trailers {
            return NO_FIELDS;
        }
        self.response_trailers.get_or_init(|| self.host.response_trailers())
    }

    /// The bytes of the body that came last, piece by piece, in `request_chunk`. A piece that is `None` could not be read,
    /// and then none follows.
    pub fn request_chunk(&self) -> impl Iterator<Item = Option<Vec<u8>>> {
        let Range { mut start, end } = self.request_chunk;
        std::iter::from_fn(move || {
            let size = end.checked_sub(start).filter(|rest| *rest > 0)?.min(PIECE);
            let piece = self.host.request_body(start, size).filter(|piece| piece.len() == size);
            start = if piece.is_some() { start.saturating_add(size) } else { end };
            Some(piece)
        })
    }

    /// True if the response is this module's own reply or refusal, not the upstream's.
    #[must_use]
    pub fn is_own_reply(&self) -> bool {
        self.own_reply
    }

    /// `:method`.
    #[must_use]
    pub fn method(&self) -> &[u8] {
        self.request_headers().first(":method").unwrap_or_default()
    }

    /// `:path`, normalised; a CONNECT request has none.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.get_or_init(|| self.request_headers().first(":path").map(Path::parse)).as_ref()
    }

    /// What a name of the route's path template stands for.
    #[must_use]
    pub fn capture(&self, name: &str) -> Option<&[u8]> {
        self.captures
            .iter()
            .find(|(candidate, _)| candidate == name)
            .map(|(_, value)| value.as_slice())
    }

    /// True for a CORS preflight: OPTIONS with Origin and Access-Control-Request-Method.
    #[must_use]
    pub fn is_preflight(&self) -> bool {
        let headers = self.request_headers();
        self.method() == b"OPTIONS"
            && headers.first("origin").is_some_and(|origin| !origin.is_empty())
            && headers.first("access-control-request-method").is_some()
    }

    /// True if the request is gRPC by its content type.
    #[must_use]
    pub fn is_grpc(&self) -> bool {
        let content_type = self.request_headers().first("content-type").unwrap_or_default();
        let rest = content_type.strip_prefix(b"application/grpc");
        rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
    }

    /// True if the request ends when it ends: an upgrade, CONNECT or gRPC. Its body is never held.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        let headers = self.request_headers();
        self.method() == b"CONNECT" || headers.first("upgrade").is_some() || self.is_grpc()
    }

    /// True if headers reach the upstream before a held body is judged (`body_hold: stream`): what is said of a body in
    /// them can't be mended any more.
    #[must_use]
    pub fn headers_go_ahead(&self) -> bool {
        self.settings.body_hold == BodyHold::Stream
    }

    /// How refusals are written, for a control that writes an answer of the same form itself.
    #[must_use]
    pub fn refusal_format(&self) -> RefusalFormat {
        self.settings.refusals
    }

    /// The client's address by the configured rule.
    #[must_use]
    pub fn client_address(&self) -> ClientAddress {
        *self
            .client
            .get_or_init(|| self.settings.client_ip.find(self.peer(), || self.request_headers()))
    }

    /// `source.address` as the host writes it.
    fn peer(&self) -> &[u8] {
        self.peer.get_or_init(|| self.host.property(&["source", "address"]).unwrap_or_default())
    }

    /// The connection's peer, whatever the rule for clients is; unknown where the host took the address from a header.
    #[must_use]
    pub fn peer_address(&self) -> ClientAddress {
        ClientIp::Connection.find(self.peer(), || self.request_headers())
    }

    /// True if a control asked for the client's address and nobody can say it.
    #[must_use]
    pub fn missed_client_address(&self) -> bool {
        self.client.get() == Some(&ClientAddress::Unknown)
    }

    /// The client certificate of the connection itself, whoever signed it.
    #[must_use]
    pub fn peer_certificate(&self) -> PeerCertificate<'_> {
        PeerCertificate::new(&*self.host, self.certificate.get_or_init(Box::default))
    }

    /// A property of the host (`["xds", "cluster_name"]`), in its encoding.
    #[must_use]
    pub fn property(&self, path: &[&str]) -> Option<Vec<u8>> {
        self.host.property(path)
    }

    /// Nanoseconds since the Unix epoch; the same value throughout one callback.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.now.get().unwrap_or_else(|| {
            let now = self.host.now();
            self.now.set(Some(now));
            now
        })
    }

    /// What tells this request from others, for the client, the log and the record alike: Envoy's `x-request-id` where
    /// it is visible ASCII of at most [`MAX_REQUEST_ID`] bytes, else one of our own.
    #[must_use]
    pub fn request_id(&self) -> &str {
        self.request_id.get_or_init(|| {
            let given = self.request_headers().only("x-request-id");
            let harmless = |id: &&[u8]| {
                !id.is_empty() && id.len() <= MAX_REQUEST_ID && id.iter().all(u8::is_ascii_graphic)
            };
            match given.filter(harmless).and_then(|id| std::str::from_utf8(id).ok()) {
                Some(id) => id.to_owned(),
                None => self.random_name(),
            }
        })
    }

    /// Whole seconds since the Unix epoch.
    #[must_use]
    pub fn now_seconds(&self) -> u64 {
        self.now() / 1_000_000_000
    }

    /// 64 random bits.
    #[must_use]
    pub fn random(&self) -> u64 {
        self.host.random()
    }

    /// A name that nobody has or can predict: 128 random bits as 32 hexadecimal digits.
    #[must_use]
    pub fn random_name(&self) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().map_or('0', char::from);
        let bytes = self.host.random_bytes().into_iter();
        bytes.flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
    }

    /// Data shared by all workers.
    #[must_use]
    pub fn shared(&self) -> &dyn SharedData {
        self.host.shared()
    }

    /// Asks the host to check a signature.
    ///
    /// # Errors
    /// [`Unavailable`] if the host cannot; it says nothing about the signature.
    pub fn verify_signature(&self, check: &SignatureCheck<'_>) -> Result<bool, Unavailable> {
        self.host.verify_signature(check)
    }

    /// The surroundings themselves, for code that is written against them.
    #[must_use]
    pub fn surroundings(&self) -> &dyn Surroundings {
        &*self.host
    }

    // What a control writes.

    /// Changes a request header; in shadow mode nothing happens.
    pub fn edit_request(&mut self, edit: Edit) {
        if !self.is_shadow() {
            self.request.edit(edit);
        }
    }

    /// Sets a request header.
    pub fn set_request_header(&mut self, name: FieldName, value: FieldValue) {
        self.edit_request(Edit::Set(name, value));
    }

    /// Changes a response header; in shadow mode nothing happens.
    pub fn edit_response(&mut self, edit: Edit) {
        if !self.is_shadow() {
            self.response.edit(edit);
        }
    }

    /// Sets a response header.
    pub fn set_response_header(&mut self, name: FieldName, value: FieldValue) {
        self.edit_response(Edit::Set(name, value));
    }

    /// Adds those of these response headers that are missing, and keeps the others, without reading all where nobody has
    /// yet; none has the name of another. In shadow mode nothing happens.
    pub fn add_missing_to_response(&mut self, fields: &[(FieldName, FieldValue)]) {
        if !self.is_shadow() {
            let host = &self.host;
            self.response.add_missing(fields, |name| host.response_header(name.as_str()));
        }
    }

    /// Replaces the held request body; the runtime mends `content-length`. Only from `request_body`.
    pub fn replace_request_body(&mut self, body: Vec<u8>) {
        if !self.is_shadow() {
            self.request_body = Some(body);
        }
    }

    /// Replaces the held response body; the runtime mends the headers that speak of it. Only from `response_body`, of a
    /// whole body: a response without one cannot get one, and is answered with 503.
    pub fn replace_response_body(&mut self, body: Vec<u8>) {
        if !self.is_shadow() {
            self.response_body = Some(body);
        }
    }

    /// Writes a line of the decision record for a request that goes on, and counts it under the same name, which
    /// must be one of the control's counters.
    pub fn note(&mut self, name: &'static str, fields: Vec<(&'static str, String)>) {
        let Scene { control, mode, .. } = self.scene;
        self.notes.push(Note { control, mode, outcome: Outcome::Noted, reason: name, fields });
        self.count(name);
    }

    /// Writes a line to Envoy's own log as it is, for a control whose users know its lines from elsewhere. What a client
    /// sent must be escaped in it. A worker writes no more than `most` such lines a second.
    pub fn log(&mut self, line: String, most: u32) {
        self.lines.push((line, most));
    }

    /// Counts one of the control's counters.
    pub fn count(&mut self, name: &'static str) {
        self.counts.push((self.scene.control, Count::Name(name)));
    }

    /// Counts a member of one of the control's families. Its name must not come from a client.
    pub fn count_member(&mut self, family: &'static CounterFamily, member: String) {
        self.counts.push((self.scene.control, Count::Member(family, member)));
    }

    fn is_shadow(&self) -> bool {
        self.scene.mode == Mode::Shadow
    }
}

const NO_FIELDS: &HeaderMap = &HeaderMap::new();

/// Bytes of a body that are looked at together, at most: a part of one may have more than a megabyte, and what a worker's
/// memory has grown to it never gives back.
const PIECE: usize = 64 * 1_024;

/// Bytes of `x-request-id` that are echoed, at most: Envoy's own has 36, and a longer one is somebody's payload.
pub const MAX_REQUEST_ID: usize = 128;
