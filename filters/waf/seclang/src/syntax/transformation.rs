//! Transformations by name; what they do is told where they are done.

use serde::{Deserialize, Serialize};

macro_rules! transformations {
    ($($name:ident = $text:literal $(| $other:literal)*),* $(,)?) => {
        /// A transformation (`t:…`); `t:none` is no value of its own: it empties the list before it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Transformation { $(#[doc = concat!("`t:", $text, "`")] $name),* }

        impl Transformation {
            /// All of them.
            pub const ALL: &'static [Transformation] = &[$(Transformation::$name),*];

            /// The name as the reference manual writes it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Transformation::$name => $text),* }
            }

            /// By its name, in any case.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                $(if name.eq_ignore_ascii_case($text) $(|| name.eq_ignore_ascii_case($other))* {
                    return Some(Transformation::$name);
                })*
                None
            }
        }
    };
}

transformations! {
    Base64Decode = "base64Decode",
    Base64DecodeExt = "base64DecodeExt",
    Base64Encode = "base64Encode",
    CmdLine = "cmdLine",
    CompressWhitespace = "compressWhitespace",
    CssDecode = "cssDecode",
    EscapeSeqDecode = "escapeSeqDecode",
    HexDecode = "hexDecode",
    HexEncode = "hexEncode",
    HtmlEntityDecode = "htmlEntityDecode",
    JsDecode = "jsDecode",
    Length = "length",
    Lowercase = "lowercase",
    Md5 = "md5",
    NormalizePath = "normalizePath" | "normalisePath",
    NormalizePathWin = "normalizePathWin" | "normalisePathWin",
    RemoveComments = "removeComments",
    RemoveCommentsChar = "removeCommentsChar",
    RemoveNulls = "removeNulls",
    RemoveWhitespace = "removeWhitespace",
    ReplaceComments = "replaceComments",
    ReplaceNulls = "replaceNulls",
    Sha1 = "sha1",
    SqlHexDecode = "sqlHexDecode",
    Trim = "trim",
    TrimLeft = "trimLeft",
    TrimRight = "trimRight",
    Uppercase = "uppercase",
    UrlDecode = "urlDecode",
    UrlDecodeUni = "urlDecodeUni",
    UrlEncode = "urlEncode",
    Utf8ToUnicode = "utf8toUnicode",
}
