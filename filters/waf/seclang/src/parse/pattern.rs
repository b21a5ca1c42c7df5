//! Patterns of `@rx` as text.

use super::expression;
use crate::syntax::Variable;

/// A pattern as text: a byte that is no UTF-8 becomes an escape, so that it stays the byte that it is.
///
/// # Errors
/// What a pattern can't say.
pub(super) fn read(bytes: &[u8]) -> Result<String, String> {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // A backslash before such a byte means the byte; before the escape it would mean a backslash.
            let backslashes = text.bytes().rev().take_while(|byte| *byte == b'\\').count();
            if backslashes % 2 == 1 {
                text.pop();
            }
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    if text.len() > bytes.len() && text.contains("\\Q") {
        return Err("expected UTF-8 in a pattern with `\\Q`; write the byte as `\\xhh`".to_owned());
    }
    no_macro(bytes)?;
    Ok(text)
}

/// ModSecurity expands macros in patterns when a rule runs; such a pattern would be text here, and never match.
fn no_macro(bytes: &[u8]) -> Result<(), String> {
    let mut rest = bytes;
    while let Some((_, behind)) = rest.split_first() {
        if let Some((name, _)) = expression::inside(rest) {
            let name = String::from_utf8_lossy(name);
            let variable = name.split(['.', ':']).next().unwrap_or_default();
            if Variable::named(variable).is_some() {
                return Err(format!(
                    "a pattern has no macros, but `%{{{name}}}` is one; use `@streq`, `@contains` or `@within`"
                ));
            }
        }
        rest = behind;
    }
    Ok(())
}
