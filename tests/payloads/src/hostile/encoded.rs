//! Forms of one argument in encodings: every step of a pipeline of transformations has something to do.

use super::form;
use crate::Random;

/// Encodings, broken ones and encoded ones.
pub(super) fn percent_signs(random: &mut Random) -> (String, Vec<u8>) {
    let signs: [&[u8]; 8] = [b"%", b"%25", b"%2525", b"%u0041", b"%4", b"%zz", b"%u", b"%27"];
    form(random, |random, bytes| bytes.extend(random.one_of(&signs)))
}

/// What is an attack when it has been decoded twice.
pub(super) fn double_encoded(random: &mut Random) -> (String, Vec<u8>) {
    let attacks: [&[u8]; 4] =
        [b"<script>alert(1)</script>", b"' or 1=1-- ", b"../../etc/passwd", b"; cat /etc/passwd"];
    form(random, |random, bytes| {
        for byte in random.one_of(&attacks) {
            bytes.extend(format!("%25{byte:02x}").bytes());
        }
    })
}

/// Attacks in full-width forms, as UTF-8 and as `%u`.
pub(super) fn full_width(random: &mut Random) -> (String, Vec<u8>) {
    let attacks = ["<script>alert(1)</script>", "' or '1'='1", "union select 1 from users"];
    form(random, |random, bytes| {
        let attack = random.one_of(&attacks);
        let as_utf8 = random.below(2) == 0;
        for character in attack.chars() {
            let wide = char::from_u32(u32::from(character) + 0xfee0).unwrap_or(' ');
            match as_utf8 {
                true => bytes.extend(wide.to_string().bytes()),
                false => bytes.extend(format!("%u{:04x}", u32::from(wide)).bytes()),
            }
        }
    })
}

/// Words with NULs in them, raw and encoded.
pub(super) fn nul_bytes(random: &mut Random) -> (String, Vec<u8>) {
    let pieces: [&[u8]; 6] = [b"\0", b"%00", b"scr", b"ipt", b"sel", b"ect"];
    form(random, |random, bytes| bytes.extend(random.one_of(&pieces)))
}

/// For each transformation that rules name something that it changes, so that no two pipelines come to the same.
pub(super) fn every_transformation(random: &mut Random) -> (String, Vec<u8>) {
    let pieces: [&[u8]; 33] = [
        b"c2VsZWN0IDE=",              // base64Decode
        b"c2Vs ZWN0!IDE",             // base64DecodeExt
        b"w^h\"o\"a,m;i",             // cmdLine
        b"a  \t\n b",                 // compressWhitespace
        b"\\6a\\61 vascript",         // cssDecode
        b"\\x41\\101\\n",             // escapeSeqDecode
        b"73656c656374",              // hexDecode
        b"\xff\xfe",                  // hexEncode
        b"%26lt;%26%2360;%26%23x3c;", // htmlEntityDecode
        b"\\u003cscript\\u003e",      // jsDecode
        b"SELECT Union",              // lowercase
        b"/a/./b/../c//d",            // normalizePath
        b"\\a\\.\\b\\..\\c",          // normalizePathWin
        b"/*x*/select<!--y-->",       // removeComments
        b"/*-- #*/",                  // removeCommentsChar
        b"un\0ion",                   // removeNulls
        b"s e l e c t",               // removeWhitespace
        b"1/**/or/**/1",              // replaceComments
        b"o%00n",                     // replaceNulls
        b"0x73656c656374",            // sqlHexDecode
        b"  trimmed  ",               // trim
        b"\t left",                   // trimLeft
        b"right \n",                  // trimRight
        b"upper case",                // uppercase
        b"%253cimg",                  // urlDecode, after the form's own
        b"%25u003cb",                 // urlDecodeUni
        b"~<>\"",                     // urlEncode
        b"\xc3\xa4\xef\xbc\x9c",      // utf8toUnicode
        b"$IFS$9",                    // cmdLine again: what a shell takes for white space
        b"%2B%2B",                    // a plus that is no white space
        b"\\'\\\"",                   // jsDecode: a quote that stays one
        b"\xc0\xaf",                  // utf8toUnicode: what is no UTF-8
        b"+",                         // white space as forms have it
    ];
    form(random, |random, bytes| bytes.extend(random.one_of(&pieces)))
}
