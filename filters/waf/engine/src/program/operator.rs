//! Operators with their arguments ready.

use std::rc::Rc;

use portcullis_waf_operators::address::{MAX_NETWORKS, Networks};
use portcullis_waf_operators::bytes::ByteSet;
use portcullis_waf_operators::pattern::{Case, Pattern};
use portcullis_waf_operators::phrases::Phrases;
use portcullis_waf_operators::validate::byte_ranges;
use portcullis_waf_seclang::syntax::Operator;

use super::{Expr, Files, Literal, Store};

/// A pattern that every text matches as a whole, as `.` is any byte: what is captured is the text.
const ANYTHING: &str = "^.*$";

/// What is asked of a value.
#[derive(Debug)]
pub(crate) enum Op {
    Rx(Rc<Pattern>),
    Phrases(Rc<Phrases>),
    Compare(Comparison, Expr),
    Text(TextTest, Expr),
    Address(Networks),
    Sqli,
    Xss,
    OutsideOf(ByteSet),
    UrlEncoding,
    Utf8,
    Always,
    Never,
}

/// Numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Eq,
    Ge,
    Gt,
    Le,
    Lt,
}

impl Comparison {
    /// True if it holds between these.
    pub(crate) fn holds(self, value: i64, than: i64) -> bool {
        match self {
            Comparison::Eq => value == than,
            Comparison::Ge => value >= than,
            Comparison::Gt => value > than,
            Comparison::Le => value <= than,
            Comparison::Lt => value < than,
        }
    }
}

/// Texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextTest {
    Equal,
    Contains,
    ContainsWord,
    BeginsWith,
    EndsWith,
    Within,
}

impl Op {
    /// # Errors
    /// What is wrong with a pattern, or which data file is missing.
    pub(crate) fn link(
        operator: &Operator,
        store: &mut Store,
        files: &Files<'_>,
    ) -> Result<Op, String> {
        let mut compare = |comparison, argument| {
            Ok::<_, String>(Op::Compare(comparison, Expr::link(argument, store)?))
        };
        match operator {
            Operator::Eq(argument) => return compare(Comparison::Eq, argument),
            Operator::Ge(argument) => return compare(Comparison::Ge, argument),
            Operator::Gt(argument) => return compare(Comparison::Gt, argument),
            Operator::Le(argument) => return compare(Comparison::Le, argument),
            Operator::Lt(argument) => return compare(Comparison::Lt, argument),
            _ => {}
        }
        let mut text =
            |test, argument| Ok::<_, String>(Op::Text(test, Expr::link(argument, store)?));
        match operator {
            Operator::StrEq(argument) => return text(TextTest::Equal, argument),
            Operator::Contains(argument) => return text(TextTest::Contains, argument),
            Operator::ContainsWord(argument) => return text(TextTest::ContainsWord, argument),
            Operator::BeginsWith(argument) => return text(TextTest::BeginsWith, argument),
            Operator::EndsWith(argument) => return text(TextTest::EndsWith, argument),
            Operator::Within(argument) => return text(TextTest::Within, argument),
            _ => {}
        }
        Ok(match operator {
            Operator::Rx(pattern) if pattern == ANYTHING => Op::Always,
            Operator::RxTranslated(pattern) if **pattern == *ANYTHING => Op::Always,
            Operator::Rx(pattern) => Op::Rx(store.pattern(pattern, Case::Sensitive)?),
            Operator::RxTranslated(pattern) => Op::Rx(store.translated(pattern)),
            Operator::Pm(phrases) => Op::Phrases(store.phrases(phrases)?),
            Operator::PmFromFile(names) => Op::Phrases(store.phrase_files(names, files)?),
            Operator::IpMatch(nets) => Op::Address(networks(nets)?),
            Operator::IpMatchFromFile(names) => {
                Op::Address(networks(&store.address_files(names, files)?)?)
            }
            Operator::StrMatch(phrase) => {
                Op::Text(TextTest::Contains, Expr::Literal(Literal::new(phrase)))
            }
            Operator::DetectSqli => Op::Sqli,
            Operator::DetectXss => Op::Xss,
            Operator::ValidateByteRange(ranges) => Op::OutsideOf(byte_ranges(ranges)),
            Operator::ValidateUrlEncoding => Op::UrlEncoding,
            Operator::ValidateUtf8Encoding => Op::Utf8,
            Operator::NoMatch => Op::Never,
            _ => Op::Always,
        })
    }
}

fn networks(nets: &[ipnet::IpNet]) -> Result<Networks, String> {
    Networks::new(nets).ok_or_else(|| {
        format!("expected at most {MAX_NETWORKS} networks, but found {}", nets.len())
    })
}
