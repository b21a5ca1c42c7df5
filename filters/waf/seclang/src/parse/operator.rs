//! Operators with their arguments.

use ipnet::IpNet;

use super::{expression, pattern, shown};
use crate::lists::{REFUSED_OPERATORS, refusal};
use crate::syntax::{Expression, Operator, Test};

/// Reads `@name argument`, `!@name argument`, or a pattern without a name.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(text: &[u8]) -> Result<Test, String> {
    let text = text.trim_ascii_start();
    let (negated, rest) = match text.strip_prefix(b"!") {
        Some(rest) => (true, rest.trim_ascii_start()),
        None => (false, text),
    };
    let Some(named) = rest.strip_prefix(b"@") else {
        return Ok(Test { negated, operator: Operator::Rx(pattern::read(rest)?) });
    };
    let end = named.iter().position(u8::is_ascii_whitespace).unwrap_or(named.len());
    let (name, argument) = named.split_at_checked(end).unwrap_or((named, &[]));
    let name = shown(name);
    let operator = operator(&name, argument.trim_ascii_start())?
        .map_err(|fault| format!("in `@{name}`: {fault}"))?;
    Ok(Test { negated, operator })
}

/// The operator of a name; inside, what its argument came to.
fn operator(name: &str, argument: &[u8]) -> Result<Result<Operator, String>, String> {
    let expression =
        |operator: fn(Expression) -> Operator| expression::read(argument).map(operator);
    let number = |operator: fn(Expression) -> Operator| number(argument).map(operator);
    Ok(match name.to_ascii_lowercase().as_str() {
        "rx" => pattern::read(argument).map(Operator::Rx),
        "pm" => phrases(argument).map(Operator::Pm),
        "pmfromfile" | "pmf" => files(argument).map(Operator::PmFromFile),
        "eq" => number(Operator::Eq),
        "ge" => number(Operator::Ge),
        "gt" => number(Operator::Gt),
        "le" => number(Operator::Le),
        "lt" => number(Operator::Lt),
        "streq" => expression(Operator::StrEq),
        "contains" => expression(Operator::Contains),
        "containsword" => expression(Operator::ContainsWord),
        "beginswith" => expression(Operator::BeginsWith),
        "endswith" => expression(Operator::EndsWith),
        "within" => expression(Operator::Within),
        "strmatch" => Ok(Operator::StrMatch(argument.to_vec())),
        "ipmatch" => networks(argument).map(Operator::IpMatch),
        "ipmatchfromfile" | "ipmatchf" => files(argument).map(Operator::IpMatchFromFile),
        "detectsqli" => Ok(Operator::DetectSqli),
        "detectxss" => Ok(Operator::DetectXss),
        "validatebyterange" => byte_ranges(argument).map(Operator::ValidateByteRange),
        "validateurlencoding" => Ok(Operator::ValidateUrlEncoding),
        "validateutf8encoding" => Ok(Operator::ValidateUtf8Encoding),
        "unconditionalmatch" => Ok(Operator::UnconditionalMatch),
        "nomatch" => Ok(Operator::NoMatch),
        _ => return Err(refusal("operator", REFUSED_OPERATORS, name)),
    })
}

/// A number, or a text with macros that become one.
fn number(argument: &[u8]) -> Result<Expression, String> {
    let argument = argument.trim_ascii_end();
    let expression = expression::read(argument)?;
    let digits = argument.strip_prefix(b"-").unwrap_or(argument);
    let is_number = digits.iter().all(u8::is_ascii_digit)
        && std::str::from_utf8(argument).is_ok_and(|text| text.parse::<i64>().is_ok());
    if expression.literal().is_some() && !is_number {
        return Err(format!("expected a whole number, but found `{}`", shown(argument)));
    }
    Ok(expression)
}

/// Names of data files.
fn files(argument: &[u8]) -> Result<Vec<String>, String> {
    let text = std::str::from_utf8(argument)
        .map_err(|_| format!("expected UTF-8 in a name, but found `{}`", shown(argument)))?;
    let names: Vec<String> = text.split_ascii_whitespace().map(str::to_owned).collect();
    match names.iter().find(|name| name.contains("://")) {
        _ if names.is_empty() => Err("expected the name of a data file".to_owned()),
        Some(name) => Err(format!(
            "expected the name of a data file, but found `{name}`: data comes with the configuration"
        )),
        None => Ok(names),
    }
}

/// Phrases between spaces; `|41 0a|` within one are bytes.
fn phrases(argument: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let mut phrases: Vec<Vec<u8>> = Vec::new();
    let mut open = Vec::new();
    let mut hex: Option<Vec<u8>> = None;
    for &byte in argument {
        match (&mut hex, byte) {
            (None, b'|') => hex = Some(Vec::new()),
            (Some(digits), b'|') => {
                open.extend(bytes(digits)?);
                hex = None;
            }
            (Some(digits), byte) => digits.push(byte),
            (None, byte) if byte.is_ascii_whitespace() => phrases.push(std::mem::take(&mut open)),
            (None, byte) => open.push(byte),
        }
    }
    if hex.is_some() {
        return Err("expected a second `|` behind the bytes of a phrase".to_owned());
    }
    phrases.push(open);
    phrases.retain(|phrase| !phrase.is_empty());
    if phrases.is_empty() {
        return Err("expected at least one phrase, but found none".to_owned());
    }
    Ok(phrases)
}

/// Bytes in hex, with or without spaces between them.
fn bytes(digits: &[u8]) -> Result<Vec<u8>, String> {
    let wrong = || {
        let found = shown(digits);
        format!(
            "expected bytes such as `41 0a` between two `|`, but found `{found}`; write `|7c|` for a bar"
        )
    };
    let digits: Vec<u8> =
        digits.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    if digits.is_empty() || digits.len() % 2 == 1 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(wrong());
    }
    let pairs = digits.chunks_exact(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    });
    pairs.collect::<Option<Vec<u8>>>().ok_or_else(wrong)
}

/// Addresses and networks between commas or spaces.
fn networks(argument: &[u8]) -> Result<Vec<IpNet>, String> {
    let text = String::from_utf8_lossy(argument);
    let parts = text.split([',', ' ']).map(str::trim).filter(|part| !part.is_empty());
    let networks = parts.map(|part| {
        let address = || part.parse::<std::net::IpAddr>().map(IpNet::from).ok();
        let network = part.parse::<IpNet>().ok().or_else(address);
        network.ok_or_else(|| {
            format!("expected an address or a network, but found `{}`", shown(part.as_bytes()))
        })
    });
    let networks = networks.collect::<Result<Vec<_>, _>>()?;
    if networks.is_empty() {
        return Err("expected an address or a network, but found none".to_owned());
    }
    Ok(networks)
}

/// Inclusive ranges of bytes between commas.
fn byte_ranges(argument: &[u8]) -> Result<Vec<(u8, u8)>, String> {
    let text = String::from_utf8_lossy(argument);
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let ranges = parts.map(|part| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        match (first.trim().parse(), last.trim().parse()) {
            (Ok(first), Ok(last)) if first <= last => Ok((first, last)),
            _ => Err(format!(
                "expected bytes such as `32-126`, but found `{}`",
                shown(part.as_bytes())
            )),
        }
    });
    let ranges = ranges.collect::<Result<Vec<_>, _>>()?;
    if ranges.is_empty() {
        return Err("expected bytes such as `32-126`, but found none".to_owned());
    }
    Ok(ranges)
}
