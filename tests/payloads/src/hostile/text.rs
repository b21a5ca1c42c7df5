//! Forms of one long argument: alphabets and words that patterns begin with. None has `&`, which would end it.

use super::{FORM, LENGTH, fill, form};
use crate::Random;
use crate::values::ATTACKS;

/// What can be written of ASCII, but for `%` and `&`.
pub(super) const PRINTABLE: &[u8] = b" !\"#$'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";

/// What shells read as something else than a letter, and the letters that commands are made of.
pub(super) fn shell_alphabet(random: &mut Random) -> (String, Vec<u8>) {
    form(random, |random, bytes| {
        bytes.extend(random.bytes(b";|`$(){}<>/\\'\"~*?[]!#-=.,: \nabcehilnoprstw0", 64));
    })
}

/// Each begins a comment that never ends: whoever looks for its end looks through all that comes.
pub(super) fn open_comments(random: &mut Random) -> (String, Vec<u8>) {
    form(random, |_, bytes| bytes.extend(b"<!--"))
}

/// What ends a value in SQL and in scripts.
pub(super) fn quotes_and_parentheses(random: &mut Random) -> (String, Vec<u8>) {
    form(random, |random, bytes| bytes.extend(random.bytes(b"'\"`()(), ", 64)))
}

/// Words of a statement with comments of all kinds between them.
pub(super) fn sql_comments(random: &mut Random) -> (String, Vec<u8>) {
    let words: [&[u8]; 8] =
        [b"union", b"select", b"1", b"from", b"users", b"where", b"or", b"'a'='a'"];
    let comments: [&[u8]; 6] = [b"/**/", b"/*!50000", b"*/", b"-- \n", b"#\n", b"/*x*/"];
    form(random, |random, bytes| {
        bytes.extend(random.one_of(&words));
        bytes.extend(random.one_of(&comments));
    })
}

/// Prose of the words that SQL and shells know.
pub(super) fn sql_words(random: &mut Random) -> (String, Vec<u8>) {
    let words: [&[u8]; 20] = [
        b"select", b"from", b"where", b"union", b"all", b"or", b"and", b"not", b"in", b"like",
        b"order", b"group", b"by", b"having", b"case", b"when", b"cat", b"sleep", b"echo", b"exec",
    ];
    form(random, |random, bytes| {
        bytes.extend(random.one_of(&words));
        bytes.push(b' ');
    })
}

/// Names of commands and what stands between their letters and words, in no order: nearly each byte continues something
/// else than the last one did.
pub(super) fn command_words(random: &mut Random) -> (String, Vec<u8>) {
    let words: [&[u8]; 40] = [
        b"ash", b"awk", b"base64", b"bash", b"busybox", b"c89", b"cat", b"chmod", b"command",
        b"cp", b"curl", b"dash", b"diff", b"dd", b"env", b"eval", b"find", b"gcc", b"getent",
        b"head", b"id", b"kill", b"ksh", b"less", b"ls", b"ltrace", b"nc", b"nohup", b"perl",
        b"ping", b"ps", b"python", b"sed", b"sh", b"tar", b"time", b"timeout", b"wget", b"who",
        b"x",
    ];
    words_and_signs(random, &words, b";|`$(){}<>/\\'\"~*?[]!#-.,: \n_")
}

/// The same of names of functions, elements and events.
pub(super) fn script_words(random: &mut Random) -> (String, Vec<u8>) {
    let words: [&[u8]; 40] = [
        b"abs",
        b"alert",
        b"applet",
        b"array",
        b"assert",
        b"body",
        b"chr",
        b"constructor",
        b"decode",
        b"document",
        b"embed",
        b"error",
        b"eval",
        b"exec",
        b"expression",
        b"file",
        b"form",
        b"frame",
        b"function",
        b"get",
        b"http",
        b"iframe",
        b"img",
        b"isindex",
        b"javascript",
        b"link",
        b"load",
        b"meta",
        b"object",
        b"on",
        b"open",
        b"passthru",
        b"prototype",
        b"script",
        b"src",
        b"style",
        b"svg",
        b"system",
        b"url",
        b"x",
    ];
    words_and_signs(random, &words, b"<>=\"'`/:;.,()[]{}$_-! \t0")
}

/// Words, and none to two signs behind each.
fn words_and_signs(random: &mut Random, words: &[&[u8]], signs: &[u8]) -> (String, Vec<u8>) {
    form(random, |random, bytes| {
        bytes.extend(random.one_of(words));
        let between = random.below(3);
        bytes.extend(random.bytes(signs, between));
    })
}

/// Whatever can be written.
pub(super) fn printable(random: &mut Random) -> (String, Vec<u8>) {
    form(random, |random, bytes| bytes.extend(random.bytes(PRINTABLE, 64)))
}

/// What everybody tries, one after the other.
pub(super) fn attack_mix(random: &mut Random) -> (String, Vec<u8>) {
    form(random, |random, bytes| bytes.extend(random.one_of(&ATTACKS).bytes()))
}

/// Script in six characters.
pub(super) fn script_without_letters(random: &mut Random) -> (String, Vec<u8>) {
    form(random, |random, bytes| bytes.extend(random.bytes(b"[]()!+", 64)))
}

/// Ways out of a folder, with all slashes.
pub(super) fn dots_and_slashes(random: &mut Random) -> (String, Vec<u8>) {
    let steps: [&[u8]; 7] = [b"../", b"..\\", b"./", b"//", b".../", b"a/", b"..;/"];
    form(random, |random, bytes| bytes.extend(random.one_of(&steps)))
}

/// What patterns allow between any two words, with a word now and then.
pub(super) fn white_space(random: &mut Random) -> (String, Vec<u8>) {
    form(random, |random, bytes| {
        bytes.extend(random.bytes(b" \t\n\x0b\x0c\r", 97));
        bytes.extend(random.one_of::<[u8]>(&[b"on", b"=", b"select", b"<", b"1"]));
    })
}

/// The longest word there is.
pub(super) fn one_letter(random: &mut Random) -> (String, Vec<u8>) {
    form(random, |_, bytes| bytes.push(b'a'))
}

/// A picture as text, say.
pub(super) fn base64(random: &mut Random) -> (String, Vec<u8>) {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    form(random, |random, bytes| bytes.extend(random.bytes(ALPHABET, 64)))
}

/// Every byte, those that end arguments and encode others too.
pub(super) fn random_bytes(random: &mut Random) -> (String, Vec<u8>) {
    let mut bytes = b"q=".to_vec();
    fill(&mut bytes, LENGTH, |bytes| bytes.extend(random.number().to_le_bytes()));
    (FORM.to_owned(), bytes)
}
