//! What a value must have for each operator of a set to match it.

use std::collections::{BTreeMap, HashMap};

use portcullis_waf_operators::bytes::ByteSet;
use portcullis_waf_operators::libinjection::{sqli_needs, xss_needs};
use portcullis_waf_operators::pattern::parse;
use portcullis_waf_operators::phrases::lines;
use portcullis_waf_operators::prefilter::Condition;
use portcullis_waf_operators::validate::byte_ranges;
use portcullis_waf_seclang::syntax::{Operator, Test};

/// Conditions of a set, each once.
#[derive(Default)]
pub(crate) struct Conditions {
    pub(crate) all: Vec<Condition>,
    numbers: HashMap<Operator, Option<u32>>,
}

impl Conditions {
    /// The number of an operator's condition; `None` where every value has to be asked.
    pub(crate) fn number(&mut self, test: &Test, data: &BTreeMap<String, Vec<u8>>) -> Option<u32> {
        if test.negated {
            return None;
        }
        if let Some(known) = self.numbers.get(&test.operator) {
            return *known;
        }
        let condition =
            of(&test.operator, data).filter(|condition| !condition.clauses().is_empty());
        let number = condition.and_then(|condition| {
            let number = u32::try_from(self.all.len()).ok()?;
            self.all.push(condition);
            Some(number)
        });
        self.numbers.insert(test.operator.clone(), number);
        number
    }
}

fn of(operator: &Operator, data: &BTreeMap<String, Vec<u8>>) -> Option<Condition> {
    Some(match operator {
        Operator::RxTranslated(pattern) => Condition::of_pattern(&parse(pattern).ok()?),
        Operator::Pm(phrases) => Condition::of_phrases(phrases),
        Operator::PmFromFile(names) => {
            let files = names.iter().map(|name| data.get(name)).collect::<Option<Vec<_>>>()?;
            let phrases: Vec<&[u8]> = files.into_iter().flat_map(|file| lines(file)).collect();
            Condition::of_phrases(&phrases)
        }
        Operator::StrEq(text)
        | Operator::Contains(text)
        | Operator::ContainsWord(text)
        | Operator::BeginsWith(text)
        | Operator::EndsWith(text) => Condition::of_text(text.literal()?),
        Operator::StrMatch(text) => Condition::of_text(text),
        Operator::DetectSqli => Condition::of_bytes(sqli_needs()),
        Operator::DetectXss => Condition::of_bytes(xss_needs()),
        Operator::ValidateByteRange(ranges) => {
            Condition::of_bytes(byte_ranges(ranges).complement())
        }
        Operator::ValidateUrlEncoding => Condition::of_bytes([b'%'].into_iter().collect()),
        Operator::ValidateUtf8Encoding => {
            Condition::of_bytes((0x80..=u8::MAX).collect::<ByteSet>())
        }
        _ => return None,
    })
}
