//! The request's body goes through the processor that its type, or a rule, chose.

use portcullis_waf_bodies::{self as bodies, Processor};
use portcullis_waf_seclang::syntax::Variable;

use super::Transaction;
use crate::program::List;

impl Transaction {
    pub(super) fn choose_processor(&mut self, processor: Option<Processor>) {
        self.processor = processor;
        self.set(Variable::ReqbodyProcessor, processor.map_or("", Processor::name).as_bytes());
    }

    /// True if the body, as far as the headers and their rules say, is read as a form that may have files in it.
    #[must_use]
    pub fn expects_files(&self) -> bool {
        self.processor == Some(Processor::Multipart)
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
            Some(Processor::Multipart) => self.multipart(bytes, complete),
            Some(Processor::Json) => self.json(whole_characters(bytes, complete), complete),
            Some(Processor::Xml) => self.xml(whole_characters(bytes, complete), complete),
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

    fn json(&mut self, bytes: &[u8], complete: bool) {
        let parsed = bodies::json(bytes, &self.limits());
        self.post(&parsed.arguments);
        for name in &parsed.outer_names {
            let item = self.values.add(name, name);
            self.values.list(List::of(Variable::ArgsPostNames), item);
            self.values.list(List::of(Variable::ArgsNames), item);
        }
        self.finish_arguments(counts(parsed.fault, complete));
    }

    fn xml(&mut self, bytes: &[u8], complete: bool) {
        let parsed = bodies::xml(bytes, &self.limits());
        for text in parsed.text.iter().chain(&parsed.joined) {
            let item = self.values.add(b"", text);
            self.values.list(List::of(Variable::Xml), item);
        }
        for attribute in &parsed.attributes {
            let item = self.values.add(b"", attribute);
            self.values.list(List::XML_ATTRIBUTES, item);
        }
        if let Some(fault) = counts(parsed.fault, complete) {
            self.body_error(fault.to_string());
        }
    }

    fn multipart(&mut self, bytes: &[u8], complete: bool) {
        let read = if complete { bodies::multipart } else { bodies::beginning_of_multipart };
        let parsed = read(&self.content_type, bytes, &self.limits());
        let flags = parsed.flags;
        for (variable, is_set) in [
            (Variable::MultipartBoundaryQuoted, flags.boundary_quoted),
            (Variable::MultipartBoundaryWhitespace, flags.boundary_whitespace),
            (Variable::MultipartCrlfLfLines, flags.crlf_lf_lines),
            (Variable::MultipartDataAfter, flags.data_after),
            (Variable::MultipartDataBefore, flags.data_before),
            (Variable::MultipartFileLimitExceeded, flags.file_limit_exceeded),
            (Variable::MultipartHeaderFolding, flags.header_folding),
            (Variable::MultipartInvalidHeaderFolding, flags.invalid_header_folding),
            (Variable::MultipartInvalidPart, flags.invalid_part),
            (Variable::MultipartInvalidQuoting, flags.invalid_quoting),
            (Variable::MultipartLfLine, flags.lf_line),
            (Variable::MultipartMissingSemicolon, flags.missing_semicolon),
            (Variable::MultipartStrictError, parsed.strict_error()),
        ] {
            self.set(variable, if is_set { b"1" } else { b"0" });
        }
        self.set_number(
            Variable::MultipartUnmatchedBoundary,
            usize::from(flags.unmatched_boundary),
        );
        self.set_number(Variable::FilesCombinedSize, parsed.files_size);
        for file in &parsed.files {
            let size = file.size.to_string();
            self.push(Variable::Files, &file.field, &file.filename);
            self.push(Variable::FilesNames, &file.field, &file.field);
            self.push(Variable::FilesSizes, &file.field, size.as_bytes());
            self.push(Variable::MultipartFilename, &file.field, &file.filename);
            self.push(Variable::MultipartName, &file.field, &file.field);
        }
        for header in &parsed.part_headers {
            self.push(Variable::MultipartPartHeaders, &header.part, &header.line);
        }
        self.post(&parsed.arguments);
        self.finish_arguments(parsed.fault);
    }
}

/// What was wrong with a body; of the beginning of one, not that it ends.
fn counts(fault: Option<bodies::Fault>, complete: bool) -> Option<bodies::Fault> {
    fault.filter(|fault| complete || !fault.is_end())
}

/// The beginning of a body without the part of a character that it may end with.
fn whole_characters(bytes: &[u8], complete: bool) -> &[u8] {
    match std::str::from_utf8(bytes) {
        Err(error) if !complete && error.error_len().is_none() => {
            bytes.get(..error.valid_up_to()).unwrap_or(bytes)
        }
        _ => bytes,
    }
}
