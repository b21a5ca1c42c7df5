//! Rewriting a message that is held: another body in place of its own, and the headers that go with it.

use portcullis_control::headers::{DIGESTS, Edit, FieldName, FieldValue};
use portcullis_control::inspection::{Inspection, Sight, says_not_modified};
use portcullis_control::mode::Mode;
use portcullis_control::policy::Common;

use super::outcome::Decided;
use super::{Stream, Wait};
use crate::host::Direction;
use crate::reply::Answer;

/// Fields that describe the bytes of a body (RFC 9110 §8 and §14.3) beside its digests: of another body they are wrong.
/// Those of them that may be trailers are taken out there too.
const OF_THE_BYTES: [&str; 3] = ["content-encoding", "accept-ranges", "transfer-encoding"];

/// Fields that say what a body is, and how long it may be kept: a refusal is something else.
const OF_THE_CONTENT: [&str; 7] = [
    "etag",
    "last-modified",
    "content-language",
    "content-location",
    "content-disposition",
    "content-range",
    "expires",
];

/// Who may keep it, and how long (RFC 9111 §5.2, RFC 9213, Edge Architecture Specification).
const OF_CACHES: [FieldName; 3] = [
    FieldName::from_static("cache-control"),
    FieldName::from_static("cdn-cache-control"),
    FieldName::from_static("surrogate-control"),
];

const CONTENT_LENGTH: FieldName = FieldName::from_static("content-length");
const ETAG: FieldName = FieldName::from_static("etag");

impl Stream {
    /// All controls have let it pass: what they made of the body goes in its place.
    pub(super) fn write_response(&mut self) {
        let Some(body) = self.response.body.take().filter(|_| self.response.replaced) else {
            return;
        };
        if !self.write_response_body(&body) {
            // What was to be changed must not pass as it was.
            let internal = Decided::Refusal(self.module.name, Box::new(Common::Internal.into()));
            if let Some(decided) = self.decided(internal, Mode::Enforce) {
                let answer = self.prepare(decided);
                self.answer_response(answer);
            }
            return;
        }
        self.remove_from_response(is_of_the_bytes);
        self.weaken_etag();
        let is_told = self.exchange.response_headers().first(CONTENT_LENGTH.as_str()).is_some();
        // HTTP/1.1 has no trailers behind a body of a length that is told: where none was, none is added.
        self.set_response_length(body.len(), is_told || !self.response.trailers);
        if self.response.trailers {
            let described = |name: &[u8]| is_one_of(&["etag"], name) || is_of_the_bytes(name);
            self.remove_response_trailers(described);
        }
    }

    /// An answer to HEAD, or 304, tells of a body that would be rewritten: of the one that its client gets, or has, most of
    /// it is not true (RFC 9110 §8.6, RFC 9111 §4.3.4).
    pub(super) fn describe_rewritten(&mut self, inspection: Inspection) {
        let headers = self.exchange.response_headers();
        let get_passes = || inspection.lets_pass(Sight::of(b"GET", headers, false, inspection.max));
        // A 304 does not say what the body is that the client has.
        let tells_of_rewritten =
            says_not_modified(headers) || (self.exchange.method() == b"HEAD" && !get_passes());
        if tells_of_rewritten {
            self.remove_from_response(is_of_the_bytes);
            self.exchange.edit_response_always(Edit::Remove(CONTENT_LENGTH));
            self.weaken_etag();
        }
    }

    /// A response is answered by something else. While its headers are held it is rewritten: a local reply would lose the
    /// decorations of other modules. Where it has no body, there is none to write another one into.
    pub(super) fn replace_response(&mut self) {
        let Some(decided) = self.replacement.take() else { return };
        let answer = self.prepare(decided);
        self.response.body = None;
        if answer.closes || !self.may_rewrite() || !self.write_response_body(&answer.body) {
            self.answer_response(answer);
            return;
        }
        self.remove_from_response(is_of_the_bytes);
        let status = FieldValue::from_number(u64::from(answer.status));
        self.exchange.edit_response_always(Edit::Set(FieldName::from_static(":status"), status));
        let mut written: Vec<FieldName> = Vec::new();
        for (name, value) in answer.headers {
            let edit = if written.contains(&name) {
                Edit::Add(name.clone(), value)
            } else {
                Edit::Set(name.clone(), value)
            };
            written.push(name);
            self.exchange.edit_response_always(edit);
        }
        // RFC 9110 §8.6: none with these.
        let has_length = !matches!(answer.status, 100..=199 | 204 | 304);
        self.set_response_length(answer.body.len(), has_length);
        if self.response.trailers {
            self.remove_response_trailers(|_| true);
        }
        self.response.wait = Wait::Passed;
        self.write_notes();
        self.apply_response_edits();
    }

    /// What was said of the content that is not for the client goes as soon as that is known: what later controls say of
    /// the answer in its place stays.
    pub(super) fn forget_content(&mut self) {
        self.remove_from_response(|name| is_one_of(&OF_THE_CONTENT, name));
        // No cache may keep a refusal for as long as what it stands for, nor lose what our own controls said.
        for name in OF_CACHES {
            if self.exchange.has_response_header(&name) {
                let value = FieldValue::from_static("no-store");
                self.exchange.edit_response_always(Edit::Set(name, value));
            }
        }
    }

    /// What was said of the bytes of a request's body that are others now goes, from headers and trailers.
    pub(super) fn forget_request_digests(&mut self) {
        let is_digest = |name: &[u8]| is_one_of(&DIGESTS, name);
        for name in self.exchange.request_headers().names(is_digest) {
            self.exchange.edit_request_always(Edit::Remove(name));
        }
        for name in self.exchange.request_trailers().names(is_digest) {
            let _ = self.host.remove_trailer(Direction::Request, name.as_str());
        }
    }

    /// A local reply, which carries every decoration itself.
    pub(super) fn answer_response(&mut self, mut answer: Answer) {
        let changes = self.exchange.response_changes();
        answer.decorate(changes.untold());
        changes.set_told();
        self.response.wait = Wait::Answered;
        self.write_notes();
        self.send(Direction::Response, &answer);
    }

    /// What still comes would follow the answer, unless it is all there or never is.
    fn may_rewrite(&self) -> bool {
        self.response.ended || !self.response.late
    }

    fn write_response_body(&self, body: &[u8]) -> bool {
        self.response.writable && self.host.set_body(Direction::Response, body).is_ok()
    }

    fn remove_from_response(&mut self, which: impl Fn(&[u8]) -> bool) {
        for name in self.exchange.response_headers().names(which) {
            self.exchange.edit_response_always(Edit::Remove(name));
        }
    }

    /// The same resource in other bytes: a validator that says so (RFC 9110 §8.8.1), so that conditional requests still
    /// work.
    fn weaken_etag(&mut self) {
        let headers = self.exchange.response_headers();
        if headers.first(ETAG.as_str()).is_none() {
            return;
        }
        let weak = match headers.only(ETAG.as_str()).filter(|only| is_one_tag(only)) {
            Some(only) if only.starts_with(b"W/") => return,
            // The body that the client has was not changed if its tag was not.
            Some(only) if says_not_modified(headers) && !self.client_has_weak(only) => return,
            Some(only) => FieldValue::new([b"W/", only].concat()),
            None => None,
        };
        let edit = match weak {
            Some(weak) => Edit::Set(ETAG, weak),
            None => Edit::Remove(ETAG),
        };
        self.exchange.edit_response_always(edit);
    }

    /// True if the client asked whether what it has under this tag, made weak, is still the same.
    fn client_has_weak(&self, tag: &[u8]) -> bool {
        let is_quote = |byte: &u8| *byte == b'"';
        let Some(opaque) = tag.split(is_quote).nth(1) else { return false };
        let mut fields = self.exchange.request_headers().all("if-none-match");
        fields.any(|field| {
            // What is between quotes may have a comma (RFC 9110 §8.8.3).
            let mut parts = field.split(is_quote);
            std::iter::from_fn(|| Some((parts.next()?, parts.next()?)))
                .any(|(before, own)| before.ends_with(b"W/") && own == opaque)
        })
    }

    /// Exactly one length, and the right one, or none.
    fn set_response_length(&mut self, length: usize, tell: bool) {
        let length = FieldValue::from_number(u64::try_from(length).unwrap_or(u64::MAX));
        let said = self.exchange.response_headers().only(CONTENT_LENGTH.as_str());
        if !tell {
            self.exchange.edit_response_always(Edit::Remove(CONTENT_LENGTH));
        } else if said != Some(length.as_bytes()) {
            self.exchange.edit_response_always(Edit::Set(CONTENT_LENGTH, length));
        }
    }

    fn remove_response_trailers(&self, which: impl Fn(&[u8]) -> bool) {
        for name in self.exchange.response_trailers().names(which) {
            let _ = self.host.remove_trailer(Direction::Response, name.as_str());
        }
    }
}

fn is_of_the_bytes(name: &[u8]) -> bool {
    is_one_of(&OF_THE_BYTES, name) || is_one_of(&DIGESTS, name)
}

fn is_one_of(names: &[&str], name: &[u8]) -> bool {
    names.iter().any(|own| name.eq_ignore_ascii_case(own.as_bytes()))
}

/// Two fields, which Envoy joins by a comma, are no validator.
fn is_one_tag(value: &[u8]) -> bool {
    value.iter().filter(|byte| **byte == b'"').count() <= 2
}
