//! Whether a value is SQL injection: it is read as SQL in up to five contexts, what it is made of is folded to at most
//! five tokens, and the letters of their kinds are looked up among the fingerprints of injections.
//!
//! This follows libinjection to the letter where the two could be told apart by a value, its slips too: the rules were
//! tuned on its verdicts. Kinds are its letters:
//!
//! | kinds | what |
//! |---|---|
//! | `k` `E` `B` `U` `T` | keyword, expression (`SELECT`), group (`ORDER BY`), `UNION`, Transact-SQL |
//! | `f` `t` `A` `o` `&` | function, type, `COLLATE`, operator, logical operator |
//! | `n` `1` `v` `s` `c` | bare word, number, variable, string, comment |
//! | `(` `)` `{` `}` `.` `,` `:` `;` `\` | themselves |
//! | `?` `X` | unknown; what is not read further and always an injection |

mod fold;
mod text;
mod token;
mod tokenizer;
mod verdict;
mod words;

pub use token::Fingerprint;

use fold::fold;
use tokenizer::{Context, Dialect, Tokenizer};
use verdict::is_injection;

/// The fingerprint, where it is one of an injection.
pub(super) fn detect(value: &[u8]) -> Option<Fingerprint> {
    use Context::{DoubleQuoted, Plain, SingleQuoted};
    use Dialect::{Ansi, MySql};
    if value.is_empty() {
        return None;
    }
    let attempt = |context, dialect| -> Result<bool, Fingerprint> {
        let folded = fold(Tokenizer::new(value, context, dialect));
        if is_injection(&folded, value) {
            Err(folded.fingerprint())
        } else {
            Ok(folded.differs_in_mysql)
        }
    };
    let run = || -> Result<(), Fingerprint> {
        if attempt(Plain, Ansi)? {
            attempt(Plain, MySql)?;
        }
        if memchr::memchr(b'\'', value).is_some() && attempt(SingleQuoted, Ansi)? {
            attempt(SingleQuoted, MySql)?;
        }
        if memchr::memchr(b'"', value).is_some() {
            attempt(DoubleQuoted, MySql)?;
        }
        Ok(())
    };
    run().err()
}
