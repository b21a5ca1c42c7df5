//! The one form of a refusal on the wire.

use portcullis_control::exchange::Exchange;
use portcullis_control::headers::{Edit, FieldName, FieldValue};
use portcullis_control::refusal::{Refusal, Reply, grpc_status};

/// A refusal or reply, ready to be sent.
pub(crate) struct Answer {
    /// HTTP status.
    pub(crate) status: u16,
    /// Headers, `content-type` included.
    pub(crate) headers: Vec<(FieldName, FieldValue)>,
    /// Body.
    pub(crate) body: Vec<u8>,
    /// Status of gRPC.
    pub(crate) grpc_status: u32,
    /// For `%RESPONSE_CODE_DETAILS%`.
    pub(crate) details: String,
    /// Nothing of it is sent where the host can close the stream.
    pub(crate) closes: bool,
}

impl Answer {
    /// In the form that the configuration asks for.
    pub(crate) fn refusal(control: &str, refusal: &Refusal, exchange: &Exchange) -> Self {
        let format = exchange.refusal_format();
        let mut headers = refusal.headers.clone();
        headers.push((FieldName::from_static("content-type"), format.media_type()));
        Answer {
            status: refusal.status(),
            headers,
            body: refusal.body(format, exchange.request_id()),
            grpc_status: grpc_status(refusal.status()),
            details: format!("portcullis_{control}_{}", refusal.reason.label),
            closes: refusal.closes,
        }
    }

    /// An answer that is no refusal.
    pub(crate) fn reply(control: &str, reply: Reply) -> Self {
        Answer {
            status: reply.status,
            headers: reply.headers,
            body: reply.body,
            grpc_status: 0,
            details: format!("portcullis_{control}_answered"),
            closes: false,
        }
    }

    /// Adds what controls said of the response that this answer takes the place of, as it passes no response phase. Its
    /// own headers stay: what they say is of itself.
    pub(crate) fn decorate(&mut self, edits: &[Edit]) {
        let own: Vec<FieldName> = self.headers.iter().map(|(name, _)| name.clone()).collect();
        for edit in edits.iter().filter(|edit| !own.contains(edit.name())) {
            let is_it = |(other, _): &(FieldName, FieldValue)| other == edit.name();
            match edit {
                Edit::Remove(_) | Edit::Set(..) => self.headers.retain(|header| !is_it(header)),
                Edit::Insert(..) | Edit::Keep(..) if self.headers.iter().any(is_it) => continue,
                Edit::Insert(..) | Edit::Keep(..) | Edit::Add(..) => {}
            }
            if let Some(value) = edit.value() {
                self.headers.push((edit.name().clone(), value.clone()));
            }
        }
    }
}
