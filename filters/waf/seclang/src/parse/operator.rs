//! Operators with their arguments.

use ipnet::IpNet;

use super::expression;
use crate::syntax::{Operator, Test};

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
        return Ok(Test { negated, operator: Operator::Rx(pattern(rest)) });
    };
    let end = named.iter().position(u8::is_ascii_whitespace).unwrap_or(named.len());
    let (name, argument) = named.split_at_checked(end).unwrap_or((named, &[]));
    let name = String::from_utf8_lossy(name);
    let argument = argument.trim_ascii_start();
    Ok(Test { negated, operator: operator(&name, argument)? })
}

fn operator(name: &str, argument: &[u8]) -> Result<Operator, String> {
    let expression = || expression::read(argument);
    let names = || -> Result<Vec<String>, String> {
        let text = String::from_utf8_lossy(argument);
        let names: Vec<String> = text.split_ascii_whitespace().map(str::to_owned).collect();
        if names.is_empty() {
            return Err(format!("expected the name of a data file behind `@{name}`"));
        }
        Ok(names)
    };
    Ok(match name.to_ascii_lowercase().as_str() {
        "rx" => Operator::Rx(pattern(argument)),
        "pm" => Operator::Pm(phrases(argument)?),
        "pmfromfile" | "pmf" => Operator::PmFromFile(names()?),
        "eq" => Operator::Eq(expression()?),
        "ge" => Operator::Ge(expression()?),
        "gt" => Operator::Gt(expression()?),
        "le" => Operator::Le(expression()?),
        "lt" => Operator::Lt(expression()?),
        "streq" => Operator::StrEq(expression()?),
        "contains" => Operator::Contains(expression()?),
        "containsword" => Operator::ContainsWord(expression()?),
        "beginswith" => Operator::BeginsWith(expression()?),
        "endswith" => Operator::EndsWith(expression()?),
        "within" => Operator::Within(expression()?),
        "strmatch" => Operator::StrMatch(argument.to_vec()),
        "ipmatch" => Operator::IpMatch(networks(argument)?),
        "ipmatchfromfile" | "ipmatchf" => Operator::IpMatchFromFile(names()?),
        "detectsqli" => Operator::DetectSqli,
        "detectxss" => Operator::DetectXss,
        "validatebyterange" => Operator::ValidateByteRange(byte_ranges(argument)?),
        "validateurlencoding" => Operator::ValidateUrlEncoding,
        "validateutf8encoding" => Operator::ValidateUtf8Encoding,
        "unconditionalmatch" => Operator::UnconditionalMatch,
        "nomatch" => Operator::NoMatch,
        _ => {
            return Err(match refused(name) {
                Some(why) => format!("the operator `@{name}` is not there: {why}"),
                None => format!("unknown operator `@{name}`"),
            });
        }
    })
}

/// Why an operator of ModSecurity's is not there.
fn refused(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "geolookup" => "there is no database of places in a filter",
        "gsblookup" | "rbl" => "a filter asks no list of addresses",
        "inspectfile" | "fuzzyhash" => "a filter starts no processes and has no file system",
        "rxglobal" => "use `@rx`",
        "rsub" => "bodies are judged, not changed",
        "validatedtd" | "validateschema" => "use request-validation",
        "validatehash" | "verifycc" | "verifycpf" | "verifyssn" | "verifysvnr" => "use a pattern",
        _ => return None,
    })
}

/// A pattern as text: a byte that is no UTF-8 as an escape, so that it stays the byte that it is.
fn pattern(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

/// Phrases between spaces; `|41 0a|` within one are bytes.
fn phrases(argument: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let mut phrases = vec![Vec::new()];
    let mut hex: Option<Vec<u8>> = None;
    let mut push = |byte: Option<u8>| match (byte, phrases.last_mut()) {
        (Some(byte), Some(phrase)) => phrase.push(byte),
        (None, Some(phrase)) if !phrase.is_empty() => phrases.push(Vec::new()),
        _ => {}
    };
    for &byte in argument {
        match (&mut hex, byte) {
            (None, b'|') => hex = Some(Vec::new()),
            (Some(digits), b'|') => {
                let text = String::from_utf8_lossy(digits).into_owned();
                for pair in text.split_ascii_whitespace() {
                    let value = u8::from_str_radix(pair, 16).map_err(|_| {
                        format!("expected bytes such as `41 0a` between bars, but found `{text}`")
                    })?;
                    push(Some(value));
                }
                hex = None;
            }
            (Some(digits), byte) => digits.push(byte),
            (None, byte) if byte.is_ascii_whitespace() => push(None),
            (None, byte) => push(Some(byte)),
        }
    }
    if hex.is_some() {
        return Err("expected a second bar behind the bytes of a phrase".to_owned());
    }
    phrases.retain(|phrase| !phrase.is_empty());
    if phrases.is_empty() {
        return Err("expected at least one phrase behind `@pm`".to_owned());
    }
    Ok(phrases)
}

fn networks(argument: &[u8]) -> Result<Vec<IpNet>, String> {
    let text = String::from_utf8_lossy(argument);
    let parts = text.split([',', ' ']).map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let address = || part.parse::<std::net::IpAddr>().map(IpNet::from).ok();
            part.parse::<IpNet>()
                .ok()
                .or_else(address)
                .ok_or_else(|| format!("expected an address or a network, but found `{part}`"))
        })
        .collect()
}

fn byte_ranges(argument: &[u8]) -> Result<Vec<(u8, u8)>, String> {
    let text = String::from_utf8_lossy(argument);
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            match (first.trim().parse(), last.trim().parse()) {
                (Ok(first), Ok(last)) if first <= last => Ok((first, last)),
                _ => Err(format!("expected bytes such as `32-126`, but found `{part}`")),
            }
        })
        .collect()
}
