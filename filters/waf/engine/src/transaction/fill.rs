//! What the front end knows of request and response becomes variables.

use portcullis_waf_bodies::{self as bodies, Processor};
use portcullis_waf_operators::number::number;
use portcullis_waf_seclang::syntax::Variable;

use super::{Connection, EngineError, Transaction};
use crate::program::List;

impl Transaction {
    pub(super) fn set(&mut self, variable: Variable, value: &[u8]) -> u32 {
        self.values.set(List::of(variable), value)
    }

    pub(super) fn set_number(&mut self, variable: Variable, value: usize) {
        self.set(variable, value.to_string().as_bytes());
    }

    pub(super) fn push(&mut self, variable: Variable, name: &[u8], value: &[u8]) -> u32 {
        let item = self.values.add(name, value);
        self.values.list(List::of(variable), item);
        item
    }

    /// A value under its name, and the name as a value of the list of names.
    pub(super) fn push_named(
        &mut self,
        variable: Variable,
        names: Variable,
        name: &[u8],
        value: &[u8],
    ) {
        let item = self.push(variable, name, value);
        let item = self.values.add_name_of(item);
        self.values.list(List::of(names), item);
    }

    pub(super) fn fill_connection(&mut self, connection: &Connection<'_>) {
        self.set(Variable::RemoteAddr, connection.remote_addr);
        self.set_number(Variable::RemotePort, usize::from(connection.remote_port));
        self.set(Variable::ServerAddr, connection.server_addr);
        self.set_number(Variable::ServerPort, usize::from(connection.server_port));
        self.set(Variable::UniqueId, connection.unique_id);
    }

    /// The request line: `target` as the client sent it, without normalisation.
    pub fn request_line(&mut self, method: &[u8], target: &[u8], protocol: &[u8]) {
        self.set(Variable::RequestMethod, method);
        self.set(Variable::RequestProtocol, protocol);
        self.set(Variable::RequestLine, &[method, target, protocol].join(&b' '));
        let raw = self.set(Variable::RequestUriRaw, target);
        let origin = origin_form(target);
        match &*bodies::percent_decode(origin) {
            // One value is looked at once.
            uri if uri == target => self.values.set_item(List::of(Variable::RequestUri), raw),
            uri => drop(self.set(Variable::RequestUri, uri)),
        }
        let (path, query) = match origin.iter().position(|byte| *byte == b'?') {
            Some(mark) => {
                let (path, query) = origin.split_at_checked(mark).unwrap_or((origin, &[]));
                (path, query.strip_prefix(b"?").unwrap_or(query))
            }
            None => (origin, &[][..]),
        };
        let path = bodies::percent_decode(path);
        let item = self.set(Variable::RequestFilename, &path);
        if self.program.reads(Variable::PathInfo) {
            self.values.set_item(List::of(Variable::PathInfo), item);
        }
        let basename = path.rsplit(|byte| matches!(byte, b'/' | b'\\')).next();
        self.set(Variable::RequestBasename, basename.unwrap_or_default());
        self.set(Variable::QueryString, query);
        let parsed = bodies::urlencoded(query, &self.limits());
        if parsed.invalid_encoding {
            self.set(Variable::UrlencodedError, b"1");
        }
        for argument in &parsed.arguments {
            self.argument(
                Variable::ArgsGet,
                Variable::ArgsGetNames,
                &argument.name,
                &argument.value,
            );
        }
        self.finish_arguments(parsed.fault);
    }

    /// A request header, in the order in which they came; never a pseudo-header, except that `:authority` is `host`.
    pub fn request_header(&mut self, name: &[u8], value: &[u8]) {
        self.push_named(Variable::RequestHeaders, Variable::RequestHeadersNames, name, value);
        let first = |end: u8| value.split(|byte| *byte == end).next().unwrap_or_default();
        let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
        if is(b"host") {
            // An address of IPv6 has colons of its own, and brackets for that.
            let end =
                value.iter().position(|byte| *byte == b']').filter(|_| value.starts_with(b"["));
            let name = end.and_then(|end| value.get(..=end));
            self.set(Variable::ServerName, name.unwrap_or_else(|| first(b':')));
        } else if is(b"authorization") {
            self.set(Variable::AuthType, first(b' '));
        } else if is(b"content-type") {
            if self.content_type.is_empty() {
                self.content_type = value.to_vec();
            }
            if let Some(processor) = Processor::for_content_type(value) {
                self.choose_processor(Some(processor));
            }
        } else if is(b"cookie") {
            self.cookies(value);
        }
    }

    fn cookies(&mut self, field: &[u8]) {
        let allowed = self.limits().arguments;
        for (name, value) in bodies::cookies(field) {
            // Each is looked at by as many rules as an argument.
            if self.values.count(List::of(Variable::RequestCookies)) >= allowed {
                self.body_error(format!("more than {allowed} cookies"));
                break;
            }
            self.push_named(Variable::RequestCookies, Variable::RequestCookiesNames, name, value);
        }
    }

    /// A trailer: its value is looked at as a header's.
    pub fn request_trailer(&mut self, name: &[u8], value: &[u8]) {
        self.push_named(Variable::RequestHeaders, Variable::RequestHeadersNames, name, value);
    }

    /// The response's status line; the protocol is the request's.
    pub fn response_line(&mut self, status: u16) {
        self.set_number(Variable::ResponseStatus, usize::from(status));
        let protocol = self.values.named(List::of(Variable::RequestProtocol)).next();
        let protocol = protocol.map_or(Vec::new(), |(_, value)| value.to_vec());
        self.set(Variable::ResponseProtocol, &protocol);
        self.set(Variable::StatusLine, &[&protocol, status.to_string().as_bytes()].join(&b' '));
    }

    /// A response header or trailer.
    pub fn response_header(&mut self, name: &[u8], value: &[u8]) {
        self.push_named(Variable::ResponseHeaders, Variable::ResponseHeadersNames, name, value);
        if name.eq_ignore_ascii_case(b"content-type") {
            self.set(Variable::ResponseContentType, value);
        }
    }

    /// A trailer of the response: its value is looked at as a header's.
    pub fn response_trailer(&mut self, name: &[u8], value: &[u8]) {
        self.push_named(Variable::ResponseHeaders, Variable::ResponseHeadersNames, name, value);
    }

    /// The response's body, or the beginning of it.
    pub fn response_body(&mut self, bytes: &[u8], complete: bool) {
        self.set(Variable::ResponseBody, bytes);
        self.set_number(Variable::ResponseContentLength, bytes.len());
        if !complete {
            self.set(Variable::OutboundDataError, b"1");
        }
    }

    /// An argument: under ARGS, and under where it came from.
    pub(super) fn argument(&mut self, from: Variable, names: Variable, name: &[u8], value: &[u8]) {
        let item = self.push(from, name, value);
        self.values.list(List::of(Variable::Args), item);
        let item = self.values.add_name_of(item);
        self.values.list(List::of(names), item);
        self.values.list(List::of(Variable::ArgsNames), item);
    }

    /// The length of headers and body as ModSecurity 3 writes them behind each other, once all of them are known.
    pub(super) fn fill_full_length(&mut self) {
        if !self.program.reads(Variable::FullRequestLength) {
            return;
        }
        /// `: ` and the end of a line, of each header.
        const AROUND: usize = 3;
        /// The empty line in front of the body.
        const BETWEEN: usize = 2;
        let headers = self.values.named(List::of(Variable::RequestHeaders));
        let lengths = headers.map(|(name, value)| name.len() + value.len() + AROUND);
        let headers: usize = lengths.sum();
        let body = self.values.named(List::of(Variable::RequestBodyLength)).next();
        let body = body.map_or(0, |(_, length)| usize::try_from(number(length)).unwrap_or(0));
        self.set_number(Variable::FullRequestLength, headers + BETWEEN + body);
    }

    /// What holds of all arguments together, once more of them are known.
    pub(super) fn finish_arguments(&mut self, fault: Option<bodies::Fault>) {
        let arguments = self.values.named(List::of(Variable::Args));
        let size: usize =
            arguments.map(|(name, value)| name.len().saturating_add(value.len())).sum();
        self.set_number(Variable::ArgsCombinedSize, size);
        let allowed = usize::try_from(self.program.settings().arguments).unwrap_or(usize::MAX);
        if self.values.count(List::of(Variable::Args)) > allowed {
            self.body_error(format!("more than {allowed} arguments"));
        }
        if let Some(fault) = fault {
            self.body_error(fault.to_string());
        }
    }

    /// Sets what rules see of a body that could not be read, and notes it.
    pub(super) fn body_error(&mut self, text: String) {
        self.set(Variable::ReqbodyError, b"1");
        self.set(Variable::ReqbodyErrorMsg, text.as_bytes());
        self.set(Variable::ReqbodyProcessorError, b"1");
        self.set(Variable::ReqbodyProcessorErrorMsg, text.as_bytes());
        self.error(EngineError::Body { text });
    }

    /// The limits of the body processors.
    pub(super) fn limits(&self) -> bodies::Limits {
        let settings = self.program.settings();
        let size = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
        bodies::Limits {
            arguments: size(settings.arguments),
            depth: size(settings.json_depth),
            ..bodies::Limits::default()
        }
    }
}

/// The path and query of a target that may be a whole URL (RFC 9112 §3.2).
fn origin_form(target: &[u8]) -> &[u8] {
    if target.starts_with(b"/") {
        return target;
    }
    let Some(colon) = target.windows(3).position(|window| window == b"://") else { return target };
    // A colon behind the path or in the query is part of them.
    let scheme = target.get(..colon).unwrap_or_default();
    if scheme.is_empty() || !scheme.iter().all(|byte| byte.is_ascii_alphanumeric()) {
        return target;
    }
    let rest = target.get(colon.saturating_add(3)..).unwrap_or_default();
    match rest.iter().position(|byte| matches!(byte, b'/' | b'?')) {
        Some(start) => rest.get(start..).unwrap_or_default(),
        None => b"/",
    }
}
