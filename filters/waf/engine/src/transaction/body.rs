//! The request's body goes through the processor that its type, or a rule, chose.

use portcullis_waf_bodies as bodies;
use portcullis_waf_seclang::syntax::Variable;

use super::Transaction;
use crate::program::List;

/// A body processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Processor {
    UrlEncoded,
    Multipart,
    Json,
    Xml,
}

impl Processor {
    /// By the name that `ctl:requestBodyProcessor` uses; the parser lets no other pass.
    pub(super) fn named(name: &str) -> Option<Self> {
        [Processor::UrlEncoded, Processor::Multipart, Processor::Json, Processor::Xml]
            .into_iter()
            .find(|processor| processor.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Processor::UrlEncoded => "URLENCODED",
            Processor::Multipart => "MULTIPART",
            Processor::Json => "JSON",
            Processor::Xml => "XML",
        }
    }

    /// What ModSecurity chooses without a rule: forms; JSON and XML are chosen by the recommended rules.
    pub(super) fn of_content_type(value: &[u8]) -> Option<Self> {
        let starts = |text: &[u8]| {
            value.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text))
        };
        if starts(b"application/x-www-form-urlencoded") {
            Some(Processor::UrlEncoded)
        } else if starts(b"multipart/form-data") {
            Some(Processor::Multipart)
        } else {
            None
        }
    }
}

impl Transaction {
    pub(super) fn choose_processor(&mut self, processor: Option<Processor>) {
        self.processor = processor;
        self.set(Variable::ReqbodyProcessor, processor.map_or("", Processor::name).as_bytes());
    }

    /// The request's body, or the beginning of it: `complete` is false where it is longer than what is held.
    pub fn request_body(&mut self, bytes: &[u8], complete: bool) {
        self.set_number(Variable::RequestBodyLength, bytes.len());
        if !complete {
            self.set(Variable::InboundDataError, b"1");
        }
        if !self.body_access || bytes.is_empty() {
            return;
        }
        if self.processor.is_none() && self.force_body {
            self.choose_processor(Some(Processor::UrlEncoded));
        }
        if self.force_body || self.processor == Some(Processor::UrlEncoded) {
            self.set(Variable::RequestBody, bytes);
        }
        match self.processor {
            None => {}
            Some(Processor::UrlEncoded) => self.form(bytes),
            Some(Processor::Multipart) => {}
            Some(Processor::Json) => self.json(bytes),
            Some(Processor::Xml) => self.xml(bytes),
        }
    }

    fn post(&mut self, arguments: &[bodies::Argument]) {
        for argument in arguments {
            self.argument(
                Variable::ArgsPost,
                Variable::ArgsPostNames,
                &argument.name,
                &argument.value,
            );
        }
    }

    fn form(&mut self, bytes: &[u8]) {
        let parsed = bodies::urlencoded(bytes, &self.limits());
        if parsed.invalid_encoding {
            self.set(Variable::UrlencodedError, b"1");
        }
        self.post(&parsed.arguments);
        self.finish_arguments(parsed.fault);
    }

    fn json(&mut self, bytes: &[u8]) {
        let parsed = bodies::json(bytes, &self.limits());
        self.post(&parsed.arguments);
        self.finish_arguments(parsed.fault);
    }

    fn xml(&mut self, bytes: &[u8]) {
        let parsed = bodies::xml(bytes, &self.limits());
        let joined = (parsed.text.len() > 1).then(|| parsed.text.concat());
        for text in parsed.text.iter().chain(&joined) {
            let item = self.values.add(b"", text);
            self.values.list(List::of(Variable::Xml), item);
        }
        for attribute in &parsed.attributes {
            let item = self.values.add(b"", attribute);
            self.values.list(List::XML_ATTRIBUTES, item);
        }
        if let Some(fault) = parsed.fault {
            self.body_error(fault.to_string());
        }
    }
}
