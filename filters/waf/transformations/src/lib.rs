//! The transformations of SecLang: what a value becomes before an operator looks at it.
//!
//! They do what ModSecurity's and Coraza's do, byte by byte, and never fail: what is no escape stays as it is. Each takes
//! time linear in its input, and its output is at most [`MOST_GROWTH`] times as long, or [`MOST_DIGEST`] bytes.

mod base64;
mod case;
mod command;
mod comments;
mod css;
mod digest;
mod escape;
mod fuzz;
mod hex;
mod html;
mod identity;
mod javascript;
mod path;
mod rewrite;
mod space;
mod unicode;
mod url;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use fuzz::fuzz_transformations;
pub use identity::identity_mask;
use portcullis_waf_seclang::syntax::Transformation;

/// How many times as long a value can get: `urlEncode` writes three bytes for one, `utf8toUnicode` six for two.
/// `hexEncode` doubles, `base64Encode` makes four of three; no other makes a value longer.
pub const MOST_GROWTH: usize = 3;

/// The longest result that does not depend on the input's length: twenty bytes of SHA-1, or the digits of a length.
pub const MOST_DIGEST: usize = 20;

/// What a transformation makes of a value; borrowed exactly when it is what it was.
#[must_use]
pub fn apply(transformation: Transformation, value: &[u8]) -> Cow<'_, [u8]> {
    match transformation {
        Transformation::Base64Decode => base64::decode(value),
        Transformation::Base64DecodeExt => base64::decode_leniently(value),
        Transformation::Base64Encode => base64::encode(value),
        Transformation::CmdLine => command::command_line(value),
        Transformation::CompressWhitespace => space::compress(value),
        Transformation::CssDecode => css::decode(value),
        Transformation::EscapeSeqDecode => escape::decode(value),
        Transformation::HexDecode => hex::decode(value),
        Transformation::HexEncode => hex::encode(value),
        Transformation::HtmlEntityDecode => html::decode(value),
        Transformation::JsDecode => javascript::decode(value),
        Transformation::Length => digest::length(value),
        Transformation::Lowercase => case::lower(value),
        Transformation::Md5 => digest::md5(value),
        Transformation::NormalizePath => path::normalize(value, path::Separators::Slash),
        Transformation::NormalizePathWin => path::normalize(value, path::Separators::Both),
        Transformation::RemoveComments => comments::remove(value),
        Transformation::RemoveCommentsChar => comments::remove_marks(value),
        Transformation::RemoveNulls => space::remove_nulls(value),
        Transformation::RemoveWhitespace => space::remove(value),
        Transformation::ReplaceComments => comments::replace(value),
        Transformation::ReplaceNulls => space::replace_nulls(value),
        Transformation::Sha1 => digest::sha1(value),
        Transformation::SqlHexDecode => hex::decode_sql(value),
        Transformation::Trim => space::trim(value),
        Transformation::TrimLeft => space::trim_start(value),
        Transformation::TrimRight => space::trim_end(value),
        Transformation::Uppercase => case::upper(value),
        Transformation::UrlDecode => url::decode(value),
        Transformation::UrlDecodeUni => url::decode_with_unicode(value),
        Transformation::UrlEncode => url::encode(value),
        Transformation::Utf8ToUnicode => unicode::escape(value),
    }
}
