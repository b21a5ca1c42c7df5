//! What the programs of a VM share: a pattern, an automaton or a rule is there once, however many routes have it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;

use ipnet::IpNet;
use portcullis_waf_operators::pattern::{Case, Pattern};
use portcullis_waf_operators::phrases::{Phrases, lines};
use portcullis_waf_seclang::syntax::Rule;
use rustc_hash::FxBuildHasher;

use super::familiar::Familiar;
use super::view::Views;
use super::{Heads, LinkedRule, Pipelines, Program, Scheduled, Warming};
use crate::bits::Bits;
use crate::ruleset::Fault;
use crate::transaction::{Tx, Values};

/// Data files by name (`@pmFromFile`, `@ipMatchFromFile`): a filter has no file system.
pub type Files<'f> = dyn Fn(&str) -> Option<Vec<u8>> + 'f;

/// The shared things of a VM. What nobody uses any longer goes when the next program is linked.
#[derive(Default)]
pub struct Store {
    patterns: HashMap<(String, bool), Rc<Pattern>>,
    /// By their texts, which rules and patterns have in common.
    translated: HashMap<Rc<str>, Rc<Pattern>>,
    phrases: HashMap<Vec<Vec<u8>>, Rc<Phrases>>,
    files: HashMap<Vec<String>, Rc<Phrases>>,
    rules: HashMap<Rc<Rule>, Rc<LinkedRule>>,
    /// The lists of whole programs: most routes have the same rules, or the same in most phases.
    lists: Vec<Rc<[Rc<LinkedRule>]>>,
    schedules: Vec<Rc<[Scheduled]>>,
    /// Requests ask it for names that they make, and put none in.
    slots: HashMap<Rc<[u8]>, usize, FxBuildHasher>,
    names: Vec<Rc<[u8]>>,
    pub(crate) pipelines: Pipelines,
    pub(crate) views: Views,
    pub(crate) heads: Heads,
    pub(crate) familiar: RefCell<Familiar>,
    warming: RefCell<Warming>,
    /// Buffers of transactions that are over.
    kept: RefCell<Vec<(Values, Tx)>>,
}

/// Slots 0 to 9 of TX are the captures.
pub(crate) const CAPTURES: usize = 10;

/// Buffers that are kept, at most: as many as requests that a worker looks at by turns, as a rule; others are made anew.
const MAX_KEPT: usize = 4;

impl Store {
    /// What a transaction fills, in buffers that served another one where there are any.
    pub(crate) fn begin(&self, program: &Program) -> (Values, Tx) {
        let kept = self.kept.try_borrow_mut().ok().and_then(|mut kept| kept.pop());
        let (values, mut tx) =
            kept.map_or((None, Tx::default()), |(values, tx)| (Some(values), tx));
        tx.clear(self.slots());
        (Values::new(program, self, values), tx)
    }

    /// Keeps a transaction's buffers for others, and what it came to in mind.
    pub(crate) fn take_back(&self, values: Values, tx: Tx) {
        if let Ok(mut familiar) = self.familiar.try_borrow_mut() {
            let missed = values.missed_sets().iter();
            missed.for_each(|set| familiar.learn(*set, &self.views, &self.pipelines));
        }
        if let Ok(mut kept) = self.kept.try_borrow_mut()
            && kept.len() < MAX_KEPT
            && values.may_be_kept()
        {
            kept.push((values, tx));
        }
    }

    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        let mut store = Store::default();
        for capture in 0..CAPTURES {
            store.slot(capture.to_string().as_bytes());
        }
        store
    }

    /// Notes which rules of a program a transaction came past.
    pub(crate) fn came_past(&self, program: &Program, passed: &Bits) {
        if let Ok(mut warming) = self.warming.try_borrow_mut() {
            warming.add(&program.rules, passed);
        }
    }

    pub(super) fn warm(&self) -> bool {
        self.warming.try_borrow_mut().is_ok_and(|mut warming| warming.step())
    }

    /// Drops what no program holds.
    pub fn prune(&mut self) {
        // What is to be compiled may be nobody's any longer.
        self.warming.get_mut().start_again(0);
        // First what holds rules.
        self.lists.retain(|list| Rc::strong_count(list) > 1);
        self.schedules.retain(|list| Rc::strong_count(list) > 1);
        self.rules.retain(|_, linked| Rc::strong_count(linked) > 1);
        let live: Bits = self.rules.values().filter_map(|one| one.head).map(usize::from).collect();
        self.heads.retain(|head| live.has(head.into()));
        self.patterns.retain(|_, pattern| Rc::strong_count(pattern) > 1);
        self.translated.retain(|_, pattern| Rc::strong_count(pattern) > 1);
        self.phrases.retain(|_, phrases| Rc::strong_count(phrases) > 1);
        let left = self.patterns.values().chain(self.translated.values());
        let compiled = left.filter(|pattern| pattern.is_compiled());
        self.warming.get_mut().start_again(compiled.map(|pattern| pattern.memory_usage()).sum());
    }

    /// The slot of a name in TX.
    pub(crate) fn slot(&mut self, name: &[u8]) -> usize {
        let name: Rc<[u8]> = name.to_ascii_lowercase().into();
        let next = self.names.len();
        let names = &mut self.names;
        *self.slots.entry(name).or_insert_with_key(|name| {
            names.push(Rc::clone(name));
            next
        })
    }

    /// The slot of a name that some rule names.
    pub(crate) fn known_slot(&self, name: &[u8]) -> Option<usize> {
        self.slots.get(name).copied()
    }

    /// How many slots there are.
    pub(crate) fn slots(&self) -> usize {
        self.names.len()
    }

    /// The name of a slot, in lower case.
    pub(crate) fn slot_name(&self, slot: usize) -> &[u8] {
        self.names.get(slot).map_or(&[], |name| name)
    }

    /// The same, to be kept.
    pub(crate) fn shared_name(&self, slot: usize) -> Rc<[u8]> {
        self.names.get(slot).map_or_else(|| Rc::from([]), Rc::clone)
    }

    pub(super) fn rule(
        &mut self,
        rule: &Rc<Rule>,
        files: &Files<'_>,
        faults: &mut Vec<Fault>,
    ) -> Option<Rc<LinkedRule>> {
        if let Some(linked) = self.rules.get(rule) {
            return Some(Rc::clone(linked));
        }
        let linked = Rc::new(LinkedRule::link(rule, self, files, faults)?);
        self.rules.insert(Rc::clone(rule), Rc::clone(&linked));
        Some(linked)
    }

    /// The rules of a program, in order.
    pub(super) fn rule_list(&mut self, rules: Vec<Rc<LinkedRule>>) -> Rc<[Rc<LinkedRule>]> {
        shared(&mut self.lists, rules, Rc::ptr_eq)
    }

    /// What runs in a phase.
    pub(super) fn schedule(&mut self, schedule: Vec<Scheduled>) -> Rc<[Scheduled]> {
        shared(&mut self.schedules, schedule, PartialEq::eq)
    }

    pub(super) fn pattern(&mut self, text: &str, case: Case) -> Result<Rc<Pattern>, String> {
        let key = (text.to_owned(), case == Case::Insensitive);
        if let Some(pattern) = self.patterns.get(&key) {
            return Ok(Rc::clone(pattern));
        }
        let pattern = Pattern::new(text.as_bytes(), case).map_err(|fault| fault.to_string())?;
        let pattern = Rc::new(pattern);
        self.patterns.insert(key, Rc::clone(&pattern));
        Ok(pattern)
    }

    /// A pattern that was checked before: it is not looked at until it is needed.
    pub(super) fn translated(&mut self, text: &Rc<str>) -> Rc<Pattern> {
        let known = self.translated.entry(Rc::clone(text));
        Rc::clone(known.or_insert_with_key(|text| Rc::new(Pattern::translated(Rc::clone(text)))))
    }

    /// Takes the automaton of data files that was made before.
    pub fn take_phrases(&mut self, names: &[String], table: &'static [u8]) {
        if let Some(phrases) = Phrases::from_table(table) {
            self.files.entry(names.to_vec()).or_insert_with(|| Rc::new(phrases));
        }
    }

    pub(super) fn phrases(&mut self, phrases: &[Vec<u8>]) -> Result<Rc<Phrases>, String> {
        if let Some(known) = self.phrases.get(phrases) {
            return Ok(Rc::clone(known));
        }
        let built = Rc::new(Phrases::new(phrases).map_err(|fault| fault.to_string())?);
        self.phrases.insert(phrases.to_vec(), Rc::clone(&built));
        Ok(built)
    }

    pub(super) fn phrase_files(
        &mut self,
        names: &[String],
        files: &Files<'_>,
    ) -> Result<Rc<Phrases>, String> {
        if let Some(known) = self.files.get(names) {
            return Ok(Rc::clone(known));
        }
        let texts = names.iter().map(|name| file(name, files)).collect::<Result<Vec<_>, _>>()?;
        let phrases: Vec<&[u8]> = texts.iter().flat_map(|text| lines(text)).collect();
        let built = Rc::new(Phrases::new(&phrases).map_err(|fault| fault.to_string())?);
        self.files.insert(names.to_vec(), Rc::clone(&built));
        Ok(built)
    }

    pub(super) fn address_files(
        &self,
        names: &[String],
        files: &Files<'_>,
    ) -> Result<Vec<IpNet>, String> {
        let mut nets = Vec::new();
        for name in names {
            for line in lines(&file(name, files)?) {
                let text = String::from_utf8_lossy(line);
                let address = || text.parse::<IpAddr>().map(IpNet::from).ok();
                nets.push(text.parse::<IpNet>().ok().or_else(address).ok_or_else(|| {
                    format!("`{text}` of the data file `{name}` is no address and no network")
                })?);
            }
        }
        Ok(nets)
    }
}

/// The known list that is the same, or this one, which is known from now on.
fn shared<T>(known: &mut Vec<Rc<[T]>>, list: Vec<T>, same: fn(&T, &T) -> bool) -> Rc<[T]> {
    let is_same = |other: &&Rc<[T]>| {
        other.len() == list.len() && other.iter().zip(&list).all(|(one, other)| same(one, other))
    };
    if let Some(found) = known.iter().find(is_same) {
        return Rc::clone(found);
    }
    let list = Rc::from(list);
    known.push(Rc::clone(&list));
    list
}

fn file(name: &str, files: &Files<'_>) -> Result<Vec<u8>, String> {
    files(name).ok_or_else(|| {
        format!("the data file `{name}` is not there; give its text in `data_files`")
    })
}
