//! One rule of a chain: its operator on each value of its targets.

use std::borrow::Cow;
use std::rc::Rc;

use portcullis_waf_operators::number::number;
use portcullis_waf_operators::pattern::{Exhausted, LONG, MAX_GROUPS, Pattern, Span};
use portcullis_waf_operators::{libinjection as injection, text as texts, validate};
use portcullis_waf_seclang::syntax::{Rule, Variable};

use super::expand::{Named, RULE_MEMBERS};
use super::matched::{Matched, full_name};
use super::tx::TxValue;
use super::values::{FormId, ItemId};
use super::{EngineError, Transaction};
use crate::program::{
    Capture, LinkedLink, LinkedTarget, List, Op, Point, PointSelector, Program, Store, TextTest,
};

/// What the operator said of one value.
pub(super) enum Answer {
    No,
    /// With what it captured.
    Yes(Vec<Rc<[u8]>>),
    /// A pattern's match ends there; what it captured is found where somebody asks.
    Ends(usize),
    /// It could not be run to its end.
    Unknown,
}

impl From<bool> for Answer {
    fn from(matched: bool) -> Self {
        if matched { Answer::Yes(Vec::new()) } else { Answer::No }
    }
}

impl Answer {
    /// What could not be run is no match, negated or not.
    fn negated_if(self, negated: bool) -> Self {
        match self {
            Answer::No if negated => Answer::Yes(Vec::new()),
            Answer::Yes(_) | Answer::Ends(_) if negated => Answer::No,
            answer => answer,
        }
    }
}

/// A rule in its place, while it runs.
pub(super) struct Running<'r> {
    pub(super) program: &'r Program,
    pub(super) store: &'r Store,
    pub(super) rule: &'r Rc<Rule>,
    pub(super) link: &'r LinkedLink,
    /// The link's place in its chain.
    pub(super) depth: usize,
    /// The rule's place in the program.
    pub(super) index: usize,
}

impl Transaction {
    /// True if the operator matched at least one value. What a match does is done at once, for each.
    pub(super) fn link(&mut self, running: &Running<'_>) -> bool {
        let Running { store, link, .. } = *running;
        if link.targets.is_empty() {
            let answer = self.ask(running, &[]);
            return self.judge(running, answer, Matched::default);
        }
        if link.guard.is_some_and(|guard| !self.values.passes(guard, store)) {
            return false;
        }
        let mut matched = false;
        for target in &link.targets {
            let list = target.point.list;
            if target.count {
                let count = i64::try_from(self.count(running, &target.point)).unwrap_or(i64::MAX);
                let answer = self.ask_number(running, count);
                matched |= self.judge(running, answer, || match &target.point.selector {
                    PointSelector::Slot(slot) => Matched::Slots(*slot, count),
                    selector => {
                        let name = full_name(list, selected_name(selector));
                        Matched::Text {
                            name: [b"&".as_slice(), name.as_slice()].concat(),
                            value: TxValue::Number(count).text(),
                        }
                    }
                });
            } else if let Some((slot, held)) = self.compared(running, &target.point) {
                let number = held.as_ref().map_or(0, TxValue::number);
                let answer = self.ask_number(running, number);
                if let Some(value) = held {
                    matched |= self.judge(running, answer, || Matched::Slot(slot, value));
                }
            } else if list.is_dynamic() {
                for (name, value) in self.made(running, &target.point) {
                    if !self.excluded(running, list, &name) {
                        matched |= self.value(running, list, &name, &value);
                    }
                }
            } else {
                matched |= self.items(running, target);
            }
        }
        if matched && matches!(link.capture, Capture::Last | Capture::Shown) {
            self.capture_last(running);
        }
        matched
    }

    /// Keeps what the last value that matched has in the pattern's groups.
    fn capture_last(&mut self, running: &Running<'_>) {
        let Op::Rx(pattern) = &running.link.op else { return };
        let is_shown = running.link.capture == Capture::Shown && !running.program.captures_are_read;
        let text = &self.matched.text(&self.values);
        let answer = groups(text, |spans| match self.ended {
            Some(end) if is_shown => pattern.show(text, end, spans),
            _ => pattern.captures(text, spans),
        });
        match answer {
            Answer::Yes(captures) => self.capture(captures),
            Answer::No | Answer::Ends(_) => {}
            Answer::Unknown => self.error(EngineError::Operator { rule: running.rule.metadata.id }),
        }
    }

    /// The slot of a score or setting that is compared as the number it is, and what it holds: most rules that are no
    /// pattern ask only this, and it costs no text.
    fn compared(&self, running: &Running<'_>, point: &Point) -> Option<(usize, Option<TxValue>)> {
        let link = running.link;
        match (&point.selector, &link.op) {
            (PointSelector::Slot(slot), Op::Compare(..))
                if link.stages == [0] && self.is_free(running, point.list) =>
            {
                Some((*slot, self.tx.get(*slot).cloned()))
            }
            _ => None,
        }
    }

    /// The operator on the values of a list that the request filled.
    fn items(&mut self, running: &Running<'_>, target: &LinkedTarget) -> bool {
        let point = &target.point;
        let mut matched = false;
        if let Some(condition) = running.link.condition
            && !target.views.is_empty()
        {
            let mut views = target.views.iter();
            if !views.any(|view| self.values.may_match(*view, condition, running.store)) {
                return false;
            }
        }
        let all = matches!(point.selector, PointSelector::All) && self.is_free(running, point.list);
        // What a match does may not lengthen the list that is looked through.
        let (mut from, end) = (0, self.values.count(point.list));
        while let Some((item, behind)) = self.values.next_meant(point, from)
            && behind <= end
        {
            from = behind;
            if !all && self.excluded(running, point.list, self.values.name(item)) {
                continue;
            }
            matched |= self.item(running, point.list, item);
        }
        matched
    }

    fn item(&mut self, running: &Running<'_>, list: List, item: ItemId) -> bool {
        let link = running.link;
        let pipelines = &running.store.pipelines;
        let mut matched = false;
        let mut last: Option<FormId> = None;
        for stage in &link.stages {
            let Some(form) = self.values.transformed(item, *stage, pipelines) else { continue };
            if last.replace(form) == Some(form) {
                continue;
            }
            if let Some(condition) = link.condition
                && !self.values.form_may_match(form, condition)
            {
                continue;
            }
            let answer = self.ask(running, self.values.text_of(form));
            matched |= self.judge(running, answer, || Matched::Item(list, item, form));
        }
        matched
    }

    /// The operator on a value that no request sent: it is transformed anew for each rule.
    fn value(&mut self, running: &Running<'_>, list: List, name: &[u8], value: &[u8]) -> bool {
        let pipelines = &running.store.pipelines;
        let mut matched = false;
        let mut last: Option<Cow<'_, [u8]>> = None;
        for stage in &running.link.stages {
            let text = pipelines.apply(*stage, value);
            if last.as_ref() == Some(&text) {
                continue;
            }
            let answer = self.ask(running, &text);
            matched |= self.judge(running, answer, || Matched::Text {
                name: full_name(list, name),
                value: text.as_ref().into(),
            });
            last = Some(text);
        }
        matched
    }

    /// Does what a match does.
    fn judge(
        &mut self,
        running: &Running<'_>,
        answer: Answer,
        matched: impl FnOnce() -> Matched,
    ) -> bool {
        let (captures, ended) = match answer {
            Answer::No => return false,
            Answer::Ends(end) => (Vec::new(), Some(end)),
            Answer::Unknown => {
                self.undecided = true;
                let rule = running.rule.metadata.id;
                self.error(EngineError::Operator { rule });
                return false;
            }
            Answer::Yes(captures) => (captures, None),
        };
        self.ended = ended;
        self.matched = matched();
        self.matches_of_chain.push(self.matched.clone());
        if !captures.is_empty() {
            self.capture(captures);
        }
        self.act(running);
        true
    }

    /// The operator on one text; negation included.
    fn ask(&self, running: &Running<'_>, text: &[u8]) -> Answer {
        let capture = running.link.capture == Capture::Each;
        self.operator(running, text, capture).negated_if(running.link.negated)
    }

    /// The same for a number.
    fn ask_number(&self, running: &Running<'_>, value: i64) -> Answer {
        match &running.link.op {
            Op::Compare(comparison, argument) => {
                let holds = comparison.holds(value, self.number(running.store, argument));
                Answer::from(holds).negated_if(running.link.negated)
            }
            _ => self.ask(running, value.to_string().as_bytes()),
        }
    }

    fn operator(&self, running: &Running<'_>, text: &[u8], capture: bool) -> Answer {
        let store = running.store;
        let matched = match &running.link.op {
            // Where it matches tells whether it does, and a short text is gone through as quickly.
            Op::Rx(pattern) if capture && text.len() < LONG => return captures(pattern, text),
            Op::Rx(pattern) => match pattern.any_end(text) {
                Ok(Some(_)) if capture => return captures(pattern, text),
                Ok(Some(end)) => return Answer::Ends(end),
                Ok(None) => false,
                Err(_) => return Answer::Unknown,
            },
            Op::Phrases(phrases) => match phrases.find(text) {
                Some(found) if capture => {
                    return Answer::Yes(vec![text.get(found).unwrap_or_default().into()]);
                }
                found => found.is_some(),
            },
            Op::Compare(comparison, argument) => {
                comparison.holds(number(text), self.number(store, argument))
            }
            Op::Text(test, argument) => {
                let Some(argument) = self.expand(store, running.rule, argument) else {
                    return Answer::Unknown;
                };
                match test {
                    TextTest::Equal => text == argument.as_ref(),
                    TextTest::Contains => texts::contains(text, &argument),
                    TextTest::ContainsWord => texts::contains_word(text, &argument),
                    TextTest::BeginsWith => text.starts_with(&argument),
                    TextTest::EndsWith => text.ends_with(&argument),
                    TextTest::Within => texts::within(text, &argument),
                }
            }
            Op::Address(networks) => match networks.contain(text) {
                Ok(inside) => inside,
                Err(_) => return Answer::Unknown,
            },
            Op::Sqli => match injection::detect_sqli(text) {
                Some(fingerprint) if capture => {
                    return Answer::Yes(vec![fingerprint.as_bytes().into()]);
                }
                found => found.is_some(),
            },
            Op::Xss => match injection::detect_xss(text) {
                true if capture => return Answer::Yes(vec![text.into()]),
                found => found,
            },
            Op::OutsideOf(bytes) => validate::is_outside(text, bytes),
            Op::UrlEncoding => validate::is_badly_url_encoded(text),
            Op::Utf8 => validate::is_badly_utf8_encoded(text),
            Op::Always if capture => return Answer::Yes(vec![text.into()]),
            Op::Always => true,
            Op::Never => false,
        };
        Answer::from(matched)
    }

    /// How many values a point means.
    fn count(&self, running: &Running<'_>, point: &Point) -> usize {
        if let PointSelector::Slot(slot) = &point.selector
            && self.is_free(running, point.list)
        {
            return usize::from(self.tx.get(*slot).is_some());
        }
        if point.list.is_dynamic() {
            let all = self.made(running, point).into_iter();
            return all.filter(|(name, _)| !self.excluded(running, point.list, name)).count();
        }
        let named = self.values.named(point.list);
        named
            .filter(|(name, _)| {
                point.means(name, true) && !self.excluded(running, point.list, name)
            })
            .count()
    }

    /// The values that rules make, those of the running one among them.
    fn made(&self, running: &Running<'_>, point: &Point) -> Vec<Named> {
        if point.list.variable() != Variable::Rule {
            return self.dynamic(running.store, point);
        }
        let meant = RULE_MEMBERS.iter().filter(|name| point.means(name, true));
        let values = meant.map(|&name| (name, self.of_rule(running.store, running.rule, name)));
        let is_there = |(name, value): (&[u8], Vec<u8>)| {
            (!value.is_empty()).then(|| (Rc::from(name), Rc::from(value)))
        };
        values.filter_map(is_there).collect()
    }

    /// True if nobody said not to look at a value of this list.
    fn is_free(&self, running: &Running<'_>, list: List) -> bool {
        running.link.excluded.is_empty() && !self.excluded.concern(list)
    }

    /// True if the rule, the route or another rule said not to look at this value.
    fn excluded(&self, running: &Running<'_>, list: List, name: &[u8]) -> bool {
        let means = |point: &Point| match &point.selector {
            PointSelector::Slot(slot) => running.store.slot_name(*slot).eq_ignore_ascii_case(name),
            _ => point.means(name, false),
        };
        let mut own = running.link.excluded.iter().filter(|point| point.list == list);
        own.any(means) || self.excluded.of(running.index, list).any(means)
    }

    pub(super) fn error(&mut self, error: EngineError) {
        /// One of each kind and rule is enough to refuse and to count.
        const MAX_ERRORS: usize = 16;
        if self.errors.len() < MAX_ERRORS && !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }
}

/// What a pattern's first match captured.
fn captures(pattern: &Pattern, text: &[u8]) -> Answer {
    groups(text, |spans| pattern.captures(text, spans))
}

/// What the groups of a match hold; one that took no part is empty.
fn groups(
    text: &[u8],
    find: impl FnOnce(&mut [Option<Span>]) -> Result<bool, Exhausted>,
) -> Answer {
    let mut spans = [const { None }; MAX_GROUPS];
    match find(&mut spans) {
        Ok(true) => {}
        Ok(false) => return Answer::No,
        Err(_) => return Answer::Unknown,
    }
    let used = spans.iter().rposition(Option::is_some).map_or(0, |last| last.saturating_add(1));
    let texts = spans
        .into_iter()
        .take(used)
        .map(|span| span.and_then(|span| text.get(span)).unwrap_or_default().into());
    Answer::Yes(texts.collect())
}

fn selected_name(selector: &PointSelector) -> &[u8] {
    match selector {
        PointSelector::Name(name) => name,
        _ => &[],
    }
}
