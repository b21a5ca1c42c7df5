//! The body processors: a request's body becomes arguments, files and text, leniently, and says what was wrong with it.
//!
//! None of them fails. What could be read is kept, so that rules see it, and the first fault is told beside it, so that a
//! rule can refuse it (`REQBODY_ERROR`). Each takes time linear in its body, and keeps no more than its [`Limits`] say.

mod budget;
mod cookies;
mod fault;
mod fuzz;
mod json;
mod limits;
mod multipart;
mod percent;
mod processor;
mod urlencoded;
mod xml;

pub use cookies::cookies;
pub use fault::Fault;
pub use fuzz::{fuzz_json_body, fuzz_multipart_body, fuzz_urlencoded_body, fuzz_xml_body};
pub use json::{Json, json};
pub use limits::Limits;
pub use multipart::{
    File, Multipart, MultipartFlags, PartHeader, beginning_of_multipart, multipart,
};
pub use percent::percent_decode;
pub use processor::Processor;
pub use urlencoded::{UrlEncoded, urlencoded};
pub use xml::{Xml, xml};

/// A name and its value, both decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Argument {
    /// The name, without the collection's.
    pub name: Vec<u8>,
    /// The value.
    pub value: Vec<u8>,
}
