//! What each transformation makes of what.

use std::borrow::Cow;

use portcullis_waf_seclang::syntax::Transformation as T;

use crate::apply;

mod promises;

type Case = (&'static [u8], &'static [u8]);

fn check(transformation: T, cases: &[Case]) {
    for (value, expected) in cases {
        let found = apply(transformation, value);
        assert_eq!(
            found.escape_ascii().to_string(),
            expected.escape_ascii().to_string(),
            "{} of {:?}",
            transformation.name(),
            value.escape_ascii().to_string()
        );
        assert_eq!(matches!(found, Cow::Borrowed(_)), value == expected);
    }
}

#[test]
fn percent_escapes_and_plus_are_decoded_once() {
    let both: &[Case] = &[
        (b"", b""),
        (b"a+b%20c%2bd", b"a b c+d"),
        (b"%2541", b"%41"),
        (b"%", b"%"),
        (b"%4", b"%4"),
        (b"%41", b"A"),
        (b"%%41", b"%A"),
        (b"%zz%4z%z4%", b"%zz%4z%z4%"),
        (b"%00%ff%FF\x00\xff", b"\x00\xff\xff\x00\xff"),
    ];
    check(T::UrlDecode, both);
    check(T::UrlDecodeUni, both);
    check(T::UrlDecode, &[(b"%u0041", b"%u0041"), (b"%25", b"%")]);
}

#[test]
fn a_unicode_escape_gives_ascii_for_its_full_width_form_and_else_the_low_byte() {
    check(
        T::UrlDecodeUni,
        &[
            (b"%u0041%U0042", b"AB"),
            (b"%uff1cscript%uFF1E", b"<script>"),
            (b"%uff01%uff5e%uff00%uff5f%ufe3c", b"!~\x00\x5f\x3c"),
            (b"%u", b"%u"),
            (b"%u0", b"%u0"),
            (b"%u00", b"%u00"),
            (b"%u004", b"%u004"),
            (b"%u004g", b"%u004g"),
            (b"%u%41", b"%uA"),
            (b"%u12%u0041", b"%u12A"),
            (b"%u2015", b"\x15"),
        ],
    );
}

#[test]
fn urls_are_written_with_lower_case_digits() {
    check(
        T::UrlEncode,
        &[(b"aZ09*", b"aZ09*"), (b"a b-_.\x00\xff", b"a+b%2d%5f%2e%00%ff"), (b"", b"")],
    );
}

#[test]
fn escapes_of_javascript() {
    check(
        T::JsDecode,
        &[
            (b"", b""),
            (b"\\", b"\\"),
            (b"a\\", b"a\\"),
            (b"\\a\\b\\f\\n\\r\\t\\v\\z\\?\\'\\\"\\\\", b"\x07\x08\x0c\n\r\t\x0bz?'\"\\"),
            (b"\\u0041\\uff1c\\uFF1E", b"A<>"),
            (b"\\u004\\u00\\u0\\u", b"u004u00u0u"),
            (b"\\u004g", b"u004g"),
            (b"\\U0041", b"U0041"),
            (b"\\x41\\x4\\x", b"Ax4x"),
            (b"\\x4g", b"x4g"),
            (b"\\X41", b"X41"),
            (b"\\0\\12\\123\\377\\400\\477\\8", b"\x00\nS\xff\x200\x277\x38"),
            (b"\\18", b"\x018"),
            (b"\\1234", b"S4"),
            (b"\\\x00\\\xff", b"\x00\xff"),
        ],
    );
}

#[test]
fn escapes_of_css() {
    check(
        T::CssDecode,
        &[
            (b"", b""),
            (b"\\", b""),
            (b"a\\", b"a"),
            (b"\\a", b"\n"),
            (b"\\41", b"A"),
            (b"\\041\\0041\\00041\\000041", b"AAAA"),
            (b"\\0000411", b"A1"),
            (b"\\141", b"A"),
            (b"\\41 \\41\t\\41\n\\41  x", b"AAAA x"),
            (b"\\ff1c\\0ff1c\\00ff1c", b"<<<"),
            (b"\\1ff1c\\10ff1c", b"\x1c\x1c"),
            (b"\\ff00\\ff5e\\ff5f", b"\x00~\x5f"),
            (b"\\\nx\\zy", b"xzy"),
            (b"ja\\vascript", b"javascript"),
            (b"\\\x00\\\xff\\\\", b"\x00\xff\\"),
        ],
    );
}

#[test]
fn entities_of_html() {
    check(
        T::HtmlEntityDecode,
        &[
            (b"", b""),
            (b"&", b"&"),
            (b"&;", b"&;"),
            (b"&#", b"&#"),
            (b"&#x", b"&#x"),
            (b"&#X;", b"&#X;"),
            (b"&#;", b"&#;"),
            (b"&#60;&#60&#x3c;&#X3C", b"<<<<"),
            (b"&#x3cz&#60z", b"<z<z"),
            (b"&quot;&amp;&lt;&gt;&nbsp;", b"\"&<>\xa0"),
            (b"&QUOT&AmP&lt&GT&nbsp", b"\"&<>\xa0"),
            (b"&amp;lt;", b"&lt;"),
            (b"&lta&l;&copy;&nbspx&ampersand;", b"&lta&l;&copy;&nbspx&ampersand;"),
            (b"&#0000000000000000000000000000000060;", b"<"),
            (b"&#316;&#xff1c;", b"\x3c\x1c"),
            (b"&#99999999999999999999999;", b"\xff"),
            (b"&&#60;", b"&<"),
            (b"&#&#60;", b"&#<"),
            (b"&#6\x000;&\xff", b"\x06\x000;&\xff"),
        ],
    );
}

#[test]
fn characters_beyond_ascii_become_escapes() {
    check(
        T::Utf8ToUnicode,
        &[
            (b"", b""),
            (b"a%u0041\x00", b"a%u0041\x00"),
            ("ä€".as_bytes(), b"%u00e4%u20ac"),
            ("＜\u{1f600}\u{10ffff}".as_bytes(), b"%uff1c%u1f600%u10ffff"),
            (b"\xc0\xae\xe0\x80\xae\xf0\x80\x80\xae", b"%u002e%u002e%u002e"),
            (b"\xed\xa0\x80", b"%ud800"),
            (b"\xf4\x90\x80\x80\xf5\x80", b"\xf4\x90\x80\x80\xf5\x80"),
            (b"\xc3", b"\xc3"),
            (b"\xe2\x82", b"\xe2\x82"),
            (b"\xf0\x9f\x98", b"\xf0\x9f\x98"),
            (b"\xc3(\xe2\x82(", b"\xc3(\xe2\x82("),
            (b"\x80\xbf\xff\xc3\xa4", b"\x80\xbf\xff%u00e4"),
        ],
    );
}

#[test]
fn escapes_of_ansi_c() {
    check(
        T::EscapeSeqDecode,
        &[
            (b"", b""),
            (b"\\", b"\\"),
            (b"\\a\\b\\f\\n\\r\\t\\v\\?\\'\\\"\\\\", b"\x07\x08\x0c\n\r\t\x0b?'\"\\"),
            (b"\\x41\\X42\\x4\\x", b"ABx4x"),
            (b"\\x4g\\xg4", b"x4gxg4"),
            (b"\\0\\12\\101\\777\\8", b"\x00\nA\xff8"),
            (b"\\1018", b"A8"),
            (b"\\u0041\\z", b"u0041z"),
            (b"\\\x00\\\xff", b"\x00\xff"),
        ],
    );
}

#[test]
fn command_lines_lose_what_a_shell_overlooks() {
    check(
        T::CmdLine,
        &[
            (b"", b""),
            (b"C^OMMAND /C \"foo\" 'b\\ar'", b"command/c foo bar"),
            (b"a , ;\t\r\nb", b"a b"),
            (b"a (b) / c /d", b"a(b)/ c/d"),
            (b" /x", b"/x"),
            (b" \"/x", b"/x"),
            (b"\"^'\\", b""),
            (b"a  b", b"a b"),
            (b"a/b(c)", b"a/b(c)"),
            (b"\x00\xc0", b"\x00\xc0"),
        ],
    );
}

#[test]
fn comments_become_spaces_or_nothing() {
    check(
        T::ReplaceComments,
        &[
            (b"", b""),
            (b"a/*b*/c", b"a c"),
            (b"a/*b", b"a "),
            (b"a/*b*", b"a "),
            (b"a/*/b*/c", b"a c"),
            (b"/**//**/", b"  "),
            (b"a*/b/", b"a*/b/"),
            (b"/*\x00*/\xff", b" \xff"),
        ],
    );
    check(
        T::RemoveComments,
        &[
            (b"", b""),
            (b"a/*b*/c<!--d-->e", b"ace"),
            (b"a/*b*//*c*/d", b"ad"),
            (b"a/*b-->c<!--d*/e", b"ace"),
            (b"a/*b", b"a "),
            (b"a<!--b--", b"a "),
            (b"a--b", b"a"),
            (b"a#b", b"a"),
            (b"a-b<!-c/d", b"a-b<!-c/d"),
        ],
    );
    check(
        T::RemoveCommentsChar,
        &[
            (b"", b""),
            (b"a/*b*/c<!--d-->e--f#g", b"abcdefg"),
            (b"/*/", b"/"),
            (b"---", b"-"),
            (b"<!-a-*/", b"<!-a-"),
            (b"<!--", b""),
            (b"/ * - < !", b"/ * - < !"),
        ],
    );
}

#[test]
fn paths_lose_what_leads_nowhere() {
    let both: &[Case] = &[
        (b"", b""),
        (b"x", b"x"),
        (b".", b""),
        (b"./", b""),
        (b"./..", b".."),
        (b"./../", b"../"),
        (b"..", b".."),
        (b"../", b"../"),
        (b"../.", b".."),
        (b".././", b"../"),
        (b"../..", b"../.."),
        (b"../../", b"../../"),
        (b"/", b"/"),
        (b"//", b"/"),
        (b"/..", b"/"),
        (b"/../a", b"/a"),
        (b"/foo/bar/baz\x00", b"/foo/bar/baz\x00"),
        (b"/dir/foo//bar", b"/dir/foo/bar"),
        (b"dir/foo//bar/", b"dir/foo/bar/"),
        (b"dir/../foo", b"foo"),
        (b"dir/../../foo", b"../foo"),
        (b"dir/./.././../../foo/bar/.", b"../../foo/bar"),
        (b"dir/./.././../../foo/bar/./", b"../../foo/bar/"),
        (b"dir/./.././../../foo/bar/..", b"../../foo"),
        (b"dir//.//..//.//..//..//foo//bar", b"../../foo/bar"),
        (b"dir/./subdir/../subsubdir/.././subsubsubdir/..", b"dir"),
        (b"/dir/./subdir/../subsubdir/.././subsubsubdir/../", b"/dir/"),
        (b"/./.././../../../../../../../\x00/../etc/./passwd", b"/etc/passwd"),
        (b"a../b.../.c", b"a../b.../.c"),
    ];
    check(T::NormalizePath, both);
    check(T::NormalizePathWin, both);
    check(T::NormalizePath, &[(b"a\\..\\b", b"a\\..\\b")]);
    check(
        T::NormalizePathWin,
        &[(b"a\\..\\b", b"b"), (b"\\x\\.\\y\\\\z\\", b"/x/y/z/"), (b"..\\../c:\\d", b"../../c:/d")],
    );
}

#[test]
fn base64_is_decoded_up_to_the_first_stranger_or_past_all_of_them() {
    check(
        T::Base64Decode,
        &[
            (b"", b""),
            (b"VGVzdA==", b"Test"),
            (b"VGVzdA", b"Test"),
            (b"VGVz\r\ndA", b"Test"),
            (b"VGVz dA", b"Tes"),
            (b"VGVz=dA", b"Tes"),
            (b"V", b""),
            (b"VG", b"T"),
            (b"VGV", b"Te"),
            (b"!VGVz", b""),
            (b"VGVz\x00\xff", b"Tes"),
            (b"+/+/", b"\xfb\xff\xbf"),
        ],
    );
    check(
        T::Base64DecodeExt,
        &[
            (b"", b""),
            (b"VG!Vz.d\x00\xffA==", b"Test"),
            (b"P.HNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==", b"<script>alert(1)</script>"),
            (b" / /", b"\xfb\xff\xbf"),
            (b"=", b""),
        ],
    );
    check(T::Base64Encode, &[(b"", b""), (b"Test", b"VGVzdA=="), (b"\xfb\xff\xbf", b"+/+/")]);
}

#[test]
fn hexadecimal() {
    check(T::HexEncode, &[(b"", b""), (b"\x00aJ\xff", b"00614aff")]);
    check(T::HexDecode, &[(b"", b""), (b"00614aFF", b"\x00aJ\xff"), (b"a", b""), (b"414", b"A")]);
    check(
        T::SqlHexDecode,
        &[
            (b"", b""),
            (b"0x414243", b"ABC"),
            (b"0X61 0x6", b"a 0x6"),
            (b"0", b"0"),
            (b"0x", b"0x"),
            (b"0x4g", b"0x4g"),
            (b"0x414", b"A4"),
            (b"00x4142g", b"0ABg"),
            (b"0x00ff", b"\x00\xff"),
        ],
    );
}

#[test]
fn digests_are_bytes_and_a_length_is_digits() {
    for (transformation, value, expected) in [
        (T::Sha1, &b""[..], "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        (T::Sha1, b"abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (T::Md5, b"", "d41d8cd98f00b204e9800998ecf8427e"),
        (T::Md5, b"abc", "900150983cd24fb0d6963f7d28e17f72"),
    ] {
        let digest = apply(transformation, value).into_owned();
        assert_eq!(apply(T::HexEncode, &digest), expected.as_bytes());
    }
    check(T::Length, &[(b"", b"0"), (b"1", b"1"), (b"0123456789", b"10"), (b"\x00\xff", b"2")]);
}

#[test]
fn white_space_and_nulls() {
    check(
        T::Trim,
        &[(b"", b""), (b" \t\n\x0b\x0c\r", b""), (b" a b\n", b"a b"), (b"\xa0a\x00", b"\xa0a\x00")],
    );
    check(T::TrimLeft, &[(b" \ta ", b"a "), (b"a", b"a")]);
    check(T::TrimRight, &[(b" a\r\n", b" a"), (b"a", b"a")]);
    check(
        T::CompressWhitespace,
        &[
            (b"", b""),
            (b"a b", b"a b"),
            (b"a \t\n\x0b\x0c\r\xa0b\t", b"a b "),
            (b"\x00\x85", b"\x00\x85"),
        ],
    );
    check(
        T::RemoveWhitespace,
        &[(b"", b""), (b" a \t\n\x0b\x0c\r\xa0b", b"ab"), (b"\x00", b"\x00")],
    );
    check(T::RemoveNulls, &[(b"", b""), (b"\x00a\x00\x00b", b"ab"), (b"a", b"a")]);
    check(T::ReplaceNulls, &[(b"", b""), (b"\x00a\x00", b" a "), (b"a", b"a")]);
}

#[test]
fn only_ascii_has_a_case() {
    check(T::Lowercase, &[(b"", b""), (b"AZ[a", b"az[a"), ("Ä".as_bytes(), "Ä".as_bytes())]);
    check(T::Uppercase, &[(b"", b""), (b"az{A", b"AZ{A"), (b"\xe4", b"\xe4")]);
}
