//! The arguments of a directive: words, or texts in quotes.

/// Splits a directive into its name and arguments. In quotes a backslash before the quote makes it a part of the text;
/// any other backslash stays, as rules for both ModSecuritys expect.
///
/// # Errors
/// A quote that does not end.
pub(super) fn split(line: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let mut arguments = Vec::new();
    let mut rest = line.trim_ascii();
    while let Some(&first) = rest.first() {
        let (argument, behind) = if matches!(first, b'"' | b'\'') && !arguments.is_empty() {
            quoted(rest, first).ok_or_else(|| {
                let quote = char::from(first);
                format!(
                    "expected the text to end with {quote}, but the line ends first; a backslash at the very end of a \
                     line continues it"
                )
            })?
        } else {
            let end = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
            let (word, behind) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            (word.to_vec(), behind)
        };
        arguments.push(argument);
        rest = behind.trim_ascii_start();
    }
    Ok(arguments)
}

/// The text within the quotes that it begins with, and what is behind them.
fn quoted(text: &[u8], quote: u8) -> Option<(Vec<u8>, &[u8])> {
    let mut inside = Vec::new();
    let mut bytes = text.iter().enumerate().skip(1);
    while let Some((place, &byte)) = bytes.next() {
        match byte {
            b'\\' => {
                let (_, &next) = bytes.next()?;
                if next != quote {
                    inside.push(b'\\');
                }
                inside.push(next);
            }
            _ if byte == quote => return Some((inside, text.get(place + 1..).unwrap_or_default())),
            _ => inside.push(byte),
        }
    }
    None
}
