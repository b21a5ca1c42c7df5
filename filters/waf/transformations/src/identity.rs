//! What a transformation acts on: a value without any of these bytes is certainly what it was afterwards.

use portcullis_waf_operators::bytes::ByteSet;
use portcullis_waf_seclang::syntax::Transformation;

use crate::html::NBSP;
use crate::url::is_plain;

const SPACE: ByteSet = ByteSet::EMPTY.with_each(b" \t\n\x0b\x0c\r");
const UPPER: ByteSet = ByteSet::EMPTY.with_range(b'A', b'Z');

/// The bytes of which a value must have one if the transformation changes it; all of them for one that may change any.
///
/// The empty value has no byte at all, and the digests and `length` change it too: ask for [`ByteSet::FULL`] first, or
/// apply those without asking.
///
/// It is what makes ordinary values cheap: most need no transformation at all, which shows in one set of their bytes.
#[must_use]
pub const fn identity_mask(transformation: Transformation) -> ByteSet {
    match transformation {
        Transformation::Base64Decode
        | Transformation::Base64DecodeExt
        | Transformation::Base64Encode
        | Transformation::HexDecode
        | Transformation::HexEncode
        | Transformation::Length
        | Transformation::Md5
        | Transformation::Sha1 => ByteSet::FULL,
        // A space goes before `/` and `(`, so those two change nothing alone.
        Transformation::CmdLine => UPPER.with_each(b"\"'\\^ ,;\t\r\n"),
        Transformation::CompressWhitespace | Transformation::RemoveWhitespace => SPACE.with(NBSP),
        Transformation::CssDecode | Transformation::EscapeSeqDecode | Transformation::JsDecode => {
            ByteSet::EMPTY.with(b'\\')
        }
        Transformation::HtmlEntityDecode => ByteSet::EMPTY.with(b'&'),
        Transformation::Lowercase => UPPER,
        // A dot alone is a path too.
        Transformation::NormalizePath => ByteSet::EMPTY.with_each(b"/."),
        Transformation::NormalizePathWin => ByteSet::EMPTY.with_each(b"/.\\"),
        // `/*` and `<!--` have one of these.
        Transformation::RemoveComments | Transformation::RemoveCommentsChar => {
            ByteSet::EMPTY.with_each(b"*-#")
        }
        Transformation::RemoveNulls | Transformation::ReplaceNulls => ByteSet::EMPTY.with(0),
        // Rarer than the slash before it.
        Transformation::ReplaceComments => ByteSet::EMPTY.with(b'*'),
        // Rarer than the zero before it.
        Transformation::SqlHexDecode => ByteSet::EMPTY.with_each(b"xX"),
        Transformation::Trim | Transformation::TrimLeft | Transformation::TrimRight => SPACE,
        Transformation::Uppercase => ByteSet::EMPTY.with_range(b'a', b'z'),
        Transformation::UrlDecode | Transformation::UrlDecodeUni => ByteSet::EMPTY.with_each(b"%+"),
        Transformation::UrlEncode => not_plain(),
        // The bytes that lead a sequence; the others stay where none leads them.
        Transformation::Utf8ToUnicode => ByteSet::EMPTY.with_range(0xc0, 0xf4),
    }
}

const fn not_plain() -> ByteSet {
    let (mut set, mut byte) = (ByteSet::EMPTY, u8::MAX);
    while byte > 0 {
        if !is_plain(byte) {
            set = set.with(byte);
        }
        byte -= 1;
    }
    set.with(0)
}
