//! Whether a fingerprint is one of an injection, and the few that are and are not.

use memchr::memmem;

use super::fold::Folded;
use super::words::is_known;

/// True where the tokens are those of an injection.
pub(super) fn is_injection(folded: &Folded, value: &[u8]) -> bool {
    let fingerprint = folded.fingerprint();
    // No fingerprint of one token but this is one of an injection.
    if folded.tokens().len() < 2 && fingerprint.as_bytes() != b"X" {
        return false;
    }
    is_known(&fingerprint) && !is_harmless(folded, value)
}

/// Short ones that people write.
fn is_harmless(folded: &Folded, value: &[u8]) -> bool {
    let tokens = folded.tokens();
    // Microsoft's audit log leaves out what has this in a comment.
    if tokens.len() > 1
        && tokens.last().is_some_and(|last| last.kind == b'c')
        && memmem::find(value, b"sp_password").is_some()
    {
        return false;
    }
    match tokens {
        [first, second] => {
            let comment =
                if second.kind == b'c' { second.text().first().copied().unwrap_or(0) } else { 0 };
            match (first.kind, second.kind) {
                (_, b'U') => folded.read == 2,
                _ if second.text().first() == Some(&b'#') => true,
                (b'n', b'c') => comment != b'/',
                (b'1', b'c') if comment == b'/' => false,
                // Only what follows the number at once: C looks for it as if the number began the value.
                (b'1', b'c') if folded.read > 2 => false,
                (b'1', b'c') => {
                    let behind = value.get(first.text().len()..).unwrap_or_default();
                    let is_end = behind.first().is_none_or(|byte| !(33..=127).contains(byte));
                    !is_end && !behind.starts_with(b"/*") && !behind.starts_with(b"--")
                }
                // `1--` ends a statement, `1 -- so` goes on with a thought.
                _ => second.text().len() > 2 && second.text().first() == Some(&b'-'),
            }
        }
        [first, second, third] => match (first.kind, second.kind, third.kind) {
            // `…foo' + 'bar…`
            (b's', b'o' | b'&', b's') => {
                !(first.open == 0 && third.close == 0 && first.close == third.open)
            }
            (b's', b'&', b'n') | (b'n', b'&', b'1') | (b'1', b'&', b'1' | b'v' | b's') => {
                folded.read == 3
            }
            // Anything but `INTO OUTFILE` and `INTO DUMPFILE`.
            (_, b'k', _) => {
                second.text().len() < 5
                    || !second
                        .text()
                        .get(..4)
                        .is_some_and(|text| text.eq_ignore_ascii_case(b"INTO"))
            }
            _ => false,
        },
        _ => false,
    }
}
