//! Kong's lists for answers: what is done to them, and at which statuses.

use portcullis_control::config::Section;
use portcullis_control::exchange::Exchange;
use portcullis_control::headers::HeaderMap;
use portcullis_control::json_edit::JsonEditFault;
use portcullis_control::media_type::announces_json;
use portcullis_control::template::Values;
use portcullis_control::transform::{
    HeaderOperations, JsonOperations, JsonTypes, Operation, Side, read_lists,
};

use crate::own_body;
use crate::status::{Statuses, read_if_status};

/// What is done to an answer.
#[derive(Debug)]
pub(crate) struct Operations {
    headers: HeaderOperations,
    json: JsonOperations,
    /// In the place of a whole body.
    body: Option<String>,
    /// Statuses to which an operation is confined; the others are done to every answer.
    confined: Vec<(Operation, Statuses)>,
    /// The same for `allow`.
    allowed_at: Option<Statuses>,
}

impl Operations {
    /// Reads `remove`, `rename`, `replace`, `add`, `append` and `allow`; `None` if there is nothing to do.
    pub(crate) fn read(section: &mut Section<'_>, captures: &[String]) -> Option<Self> {
        let mut confined = Vec::new();
        let mut types = JsonTypes::default();
        let mut body = None;
        let [headers, json] = read_lists(section, ["headers", "json"], |operation, fields| {
            types.ask(operation, fields);
            if operation == Operation::Replace {
                body = fields.optional("body").and_then(|node| own_body::read(&node));
            }
            if let Some(node) = fields.optional("if_status") {
                confined.extend(read_if_status(&node).map(|statuses| (operation, statuses)));
            }
        });
        let mut allowed_at = None;
        let allow = section.optional("allow").and_then(|node| {
            node.section(|fields| {
                let node = fields.optional("if_status");
                allowed_at = node.and_then(|node| read_if_status(&node));
                fields.required("json")
            })
        });
        let headers = HeaderOperations::read(&headers, Side::Response, captures);
        let json = JsonOperations::read(&json, &types, allow.as_ref(), captures);
        let nothing = headers.is_empty() && json.is_empty() && body.is_none();
        (!nothing).then_some(Operations { headers, json, body, confined, allowed_at })
    }

    /// True if one of them writes something of the request.
    pub(crate) fn reads_request(&self) -> bool {
        self.headers.reads_request() || self.json.reads_request()
    }

    /// True if not all of them are done to every answer.
    pub(crate) fn depends_on_status(&self) -> bool {
        !self.confined.is_empty() || self.allowed_at.is_some()
    }

    /// True if one of them is done to bodies.
    pub(crate) fn changes_bodies(&self) -> bool {
        self.body.is_some() || !self.json.is_empty()
    }

    /// True if one of them is done to the body of an answer with these headers.
    pub(crate) fn wants_body(&self, headers: &HeaderMap, status: Option<u16>) -> bool {
        self.new_body(status).is_some() || !self.json.is_empty() && announces_json(headers)
    }

    /// Makes the changes to the headers of an answer of this status. How many values were dropped.
    pub(crate) fn apply(&self, exchange: &mut Exchange, status: Option<u16>) -> u32 {
        if self.headers.is_empty() {
            return 0;
        }
        let values = self.headers.values(&Values::of(exchange));
        let dropped = values.dropped;
        self.headers.apply_those(exchange, values, |operation| self.is_for(operation, status));
        dropped
    }

    /// What a body becomes, if anything else, and how many values were dropped.
    ///
    /// # Errors
    /// A text that is no JSON, or too much of it.
    pub(crate) fn rewrite(
        &self,
        exchange: &Exchange,
        status: Option<u16>,
        body: &[u8],
    ) -> Result<(Option<Vec<u8>>, u32), JsonEditFault> {
        if let Some(text) = self.new_body(status) {
            return Ok((Some(text.as_bytes().to_vec()), 0));
        }
        let values = self.json.values(&Values::of(exchange));
        let wanted = |operation: Option<Operation>| match operation {
            Some(operation) => self.is_for(operation, status),
            None => is_among(self.allowed_at.as_ref(), status),
        };
        Ok((self.json.apply_those(body, &values, wanted)?, values.dropped))
    }

    fn new_body(&self, status: Option<u16>) -> Option<&str> {
        self.body.as_deref().filter(|_| self.is_for(Operation::Replace, status))
    }

    fn is_for(&self, operation: Operation, status: Option<u16>) -> bool {
        let confined = self.confined.iter().find(|(own, _)| *own == operation);
        is_among(confined.map(|(_, statuses)| statuses), status)
    }
}

fn is_among(statuses: Option<&Statuses>, status: Option<u16>) -> bool {
    statuses.is_none_or(|statuses| status.is_some_and(|status| statuses.has(status)))
}
