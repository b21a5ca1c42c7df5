//! Operators: what a rule asks of a value.

use std::rc::Rc;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::Expression;

/// An operator, perhaps negated.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Test {
    /// `!@…`: matches where the operator does not.
    pub negated: bool,
    /// The operator.
    pub operator: Operator,
}

/// An operator with its argument.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Operator {
    /// `@rx`: as written, PCRE's syntax.
    Rx(String),
    /// `@rx` whose pattern was checked and translated to the syntax of `regex-syntax` when a module was built.
    RxTranslated(Rc<str>),
    /// `@pm`: phrases without regard to ASCII case; `|41 0a|` in a phrase are bytes in hex.
    Pm(Vec<Vec<u8>>),
    /// `@pmFromFile`, `@pmf`: names of data files, a phrase a line.
    PmFromFile(Vec<String>),
    /// `@eq`: numbers.
    Eq(Expression),
    /// `@ge`
    Ge(Expression),
    /// `@gt`
    Gt(Expression),
    /// `@le`
    Le(Expression),
    /// `@lt`
    Lt(Expression),
    /// `@streq`
    StrEq(Expression),
    /// `@contains`
    Contains(Expression),
    /// `@containsWord`
    ContainsWord(Expression),
    /// `@beginsWith`
    BeginsWith(Expression),
    /// `@endsWith`
    EndsWith(Expression),
    /// `@within`: the value is a part of the argument.
    Within(Expression),
    /// `@strmatch`: the argument is a part of the value, without macros.
    StrMatch(Vec<u8>),
    /// `@ipMatch`
    IpMatch(Vec<IpNet>),
    /// `@ipMatchFromFile`, `@ipMatchF`: names of data files, a network a line.
    IpMatchFromFile(Vec<String>),
    /// `@detectSQLi`
    DetectSqli,
    /// `@detectXSS`
    DetectXss,
    /// `@validateByteRange`: inclusive ranges; matches where a byte is outside of all.
    ValidateByteRange(Vec<(u8, u8)>),
    /// `@validateUrlEncoding`: matches where `%` is not followed by two hex digits.
    ValidateUrlEncoding,
    /// `@validateUtf8Encoding`: matches where it is not UTF-8.
    ValidateUtf8Encoding,
    /// `@unconditionalMatch`
    UnconditionalMatch,
    /// `@noMatch`
    NoMatch,
}
