//! Where a value matches first, told by going through the pattern's NFA with all its threads at once: for values of which
//! the lazy DFA would make a new state with nearly every byte.
//!
//! `regex-automata`'s own engine for that follows all ways without a byte anew at each byte, from the beginning of the
//! pattern too, and keeps the order and the groups of threads. Here is remembered where a thread stands behind a byte,
//! given the class of the next one: mostly nowhere, else in one place.

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::HashMap;

use regex_automata::nfa::thompson::{NFA, State};
use regex_automata::util::primitives::StateID;
use rustc_hash::FxBuildHasher;

/// Bytes of what is remembered of a pattern, at most; past them all is forgotten. The Core Rule Set's largest pattern
/// needs half of it for a value that is made of the pattern's own words.
const MAX_REMEMBERED: usize = 512 * 1024;

/// The thread that is none: it goes nowhere.
const NONE: u32 = 0;

/// Numbers from here on are no threads.
const SPECIAL: u32 = u32::MAX - 2;
/// What a thread does is not found out yet.
const UNKNOWN: Step = Step { first: u32::MAX, second: NONE };
/// There is a match in front of the byte.
const MATCH: Step = Step { first: u32::MAX - 1, second: NONE };
/// It goes on in more places than two: those of the list that begins there.
const LIST: u32 = SPECIAL;

/// Where a thread goes on with a class of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    first: u32,
    second: u32,
}

/// The byte before a place, as far as what looks behind tells it from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Behind {
    Nothing,
    Word,
    LineFeed,
    CarriageReturn,
    Other,
}

impl Behind {
    const COUNT: usize = 5;

    const fn of(byte: u8) -> Self {
        match byte {
            b'\n' => Behind::LineFeed,
            b'\r' => Behind::CarriageReturn,
            b'0'..=b'9' | b'A'..=b'Z' | b'_' | b'a'..=b'z' => Behind::Word,
            _ => Behind::Other,
        }
    }

    /// A byte of its kind.
    const fn byte(self) -> Option<u8> {
        match self {
            Behind::Nothing => None,
            Behind::Word => Some(b'a'),
            Behind::LineFeed => Some(b'\n'),
            Behind::CarriageReturn => Some(b'\r'),
            Behind::Other => Some(b' '),
        }
    }
}

/// A thread between two bytes: the state that it came to, and the byte that led there.
type Thread = (StateID, Behind);

/// An NFA that is gone through.
#[derive(Debug)]
pub(super) struct Simulation {
    remembered: RefCell<Remembered>,
}

impl Simulation {
    pub(super) fn new() -> Self {
        Self::with_room(MAX_REMEMBERED)
    }

    /// One that remembers so many bytes.
    fn with_room(room: usize) -> Self {
        Self { remembered: RefCell::new(Remembered { room, ..Remembered::default() }) }
    }

    /// True if it can go through a pattern: what looks for words of Unicode sees more than one byte.
    pub(super) fn fits(nfa: &NFA) -> bool {
        !nfa.look_set_any().contains_word_unicode()
    }

    /// Where a match ends first, whichever it is.
    pub(super) fn first_end(&self, nfa: &NFA, value: &[u8]) -> Option<usize> {
        let remembered = &mut *self.remembered.borrow_mut();
        let classes = nfa.byte_classes();
        let looks = !nfa.look_set_any().is_empty();
        remembered.begin(classes.alphabet_len());
        let behind = if looks { Behind::Nothing } else { Behind::Other };
        let mut count = remembered.restart(nfa, behind, 0);
        for at in 0..=value.len() {
            if remembered.is_full {
                count = remembered.forget(count);
            }
            let byte = value.get(at).copied();
            let (class, behind) = match byte {
                Some(byte) if looks => (classes.get(byte).into(), Behind::of(byte)),
                Some(byte) => (classes.get(byte).into(), Behind::Other),
                None => (classes.eoi().as_usize(), Behind::Other),
            };
            // Another one for each byte, so that no thread is marked from before.
            let mark = at as u32 + 1;
            let Some(entered) = remembered.advance(nfa, count, Unit { byte, class, behind }, mark)
            else {
                return Some(at);
            };
            count = entered;
        }
        None
    }

    pub(super) fn memory_usage(&self) -> usize {
        self.remembered.borrow().bytes()
    }
}

/// What comes next.
#[derive(Clone, Copy)]
struct Unit {
    /// None at the end.
    byte: Option<u8>,
    class: usize,
    /// What it is to who looks behind.
    behind: Behind,
}

/// What was found out of a pattern. Threads are numbers here.
#[derive(Debug, Default)]
struct Remembered {
    /// Bytes that all may have; past them it begins anew.
    room: usize,
    /// Classes of bytes, and the end.
    classes: usize,
    numbers: HashMap<Thread, u32, FxBuildHasher>,
    threads: Vec<Thread>,
    /// Of each thread, what it does with each class.
    steps: Vec<Step>,
    /// Lists of threads, their lengths in front.
    lists: Vec<u32>,
    /// The last place where each thread was entered.
    marks: Vec<u32>,
    /// The threads in front of a byte, and those behind it: room for all, and for one that is written and does not count.
    current: Vec<u32>,
    next: Vec<u32>,
    /// The threads that begin the pattern, by what is behind them.
    starts: [Option<u32>; Behind::COUNT],
    is_full: bool,
    /// For [`Remembered::find`].
    ways: Vec<StateID>,
    seen: Vec<bool>,
}

impl Remembered {
    fn begin(&mut self, classes: usize) {
        if self.threads.is_empty() {
            self.classes = classes;
            self.add((StateID::ZERO, Behind::Nothing));
        }
        self.marks.fill(0);
    }

    fn bytes(&self) -> usize {
        // A thread is in a list of them, in a table of numbers, marked, and has room in two lists.
        const THREAD: usize = 3 * size_of::<(Thread, u32)>();
        self.steps.len() * size_of::<Step>()
            + self.lists.len() * size_of::<u32>()
            + self.threads.len() * THREAD
    }

    /// Begins anew with so many threads. How many there are.
    fn forget(&mut self, count: usize) -> usize {
        let all = std::mem::take(&mut self.threads);
        let current = std::mem::take(&mut self.current);
        let classes = self.classes;
        *self = Self { room: self.room, ..Self::default() };
        self.begin(classes);
        let known = current.iter().take(count).filter_map(|number| all.get(*number as usize));
        let kept: Vec<u32> = known.map(|thread| self.thread(*thread)).collect();
        for (place, thread) in self.current.iter_mut().zip(&kept) {
            *place = *thread;
        }
        kept.len()
    }

    /// The number of a thread.
    fn thread(&mut self, thread: Thread) -> u32 {
        match self.numbers.get(&thread) {
            Some(number) => *number,
            None => self.add(thread),
        }
    }

    fn add(&mut self, thread: Thread) -> u32 {
        let number = self.threads.len() as u32;
        if number != NONE {
            self.numbers.insert(thread, number);
        }
        self.threads.push(thread);
        self.steps.resize(self.steps.len() + self.classes, UNKNOWN);
        self.marks.push(0);
        self.current.resize(self.threads.len() + 1, NONE);
        self.next.resize(self.threads.len() + 1, NONE);
        number
    }

    /// Enters the thread that begins the pattern as the first one. How many there are.
    #[inline(always)]
    fn restart(&mut self, nfa: &NFA, behind: Behind, mark: u32) -> usize {
        let start = match self.starts.get(behind as usize) {
            Some(Some(start)) => *start,
            _ => {
                let start = self.thread((nfa.start_anchored(), behind));
                if let Some(known) = self.starts.get_mut(behind as usize) {
                    *known = Some(start);
                }
                start
            }
        };
        let places = if mark == 0 { &mut self.current } else { &mut self.next };
        if let Some(place) = places.first_mut() {
            *place = start;
        }
        for entered in [NONE, start] {
            if let Some(marked) = self.marks.get_mut(entered as usize) {
                *marked = mark;
            }
        }
        1
    }

    /// Takes so many threads over what comes next. How many there are behind it; none where there is a match in front of
    /// it.
    #[inline(always)]
    fn advance(&mut self, nfa: &NFA, count: usize, unit: Unit, mark: u32) -> Option<usize> {
        let mut entered = self.restart(nfa, unit.behind, mark);
        for index in 0..count {
            let thread = self.current.get(index).copied().unwrap_or(NONE);
            let step = self.steps.get(thread as usize * self.classes + unit.class);
            let mut step = step.copied().unwrap_or(UNKNOWN);
            if step.first >= SPECIAL {
                if step == UNKNOWN {
                    step = self.find(nfa, thread, unit);
                }
                if step == MATCH {
                    return None;
                }
                if step.first == LIST {
                    let begin = step.second as usize;
                    let length = self.lists.get(begin).map_or(0, |length| *length as usize);
                    for index in begin + 1..=begin + length {
                        let thread = self.lists.get(index).copied().unwrap_or(NONE);
                        self.enter(thread, mark, &mut entered);
                    }
                    continue;
                }
            }
            // Whether it goes on, and in one or two places, nobody could foretell: it is not asked.
            self.enter(step.first, mark, &mut entered);
            self.enter(step.second, mark, &mut entered);
        }
        std::mem::swap(&mut self.current, &mut self.next);
        Some(entered)
    }

    #[inline(always)]
    fn enter(&mut self, thread: u32, mark: u32, entered: &mut usize) {
        if let (Some(marked), Some(place)) =
            (self.marks.get_mut(thread as usize), self.next.get_mut(*entered))
        {
            *place = thread;
            *entered += usize::from(*marked != mark);
            *marked = mark;
        }
    }

    /// Finds out what a thread does with what comes next, and whatever is of the same class.
    #[cold]
    fn find(&mut self, nfa: &NFA, thread: u32, unit: Unit) -> Step {
        let Unit { byte, class, behind } = unit;
        let dead = Step { first: NONE, second: NONE };
        let Some(&(state, last)) = self.threads.get(thread as usize) else { return dead };
        let (text, at) = match (last.byte(), byte) {
            (Some(last), Some(next)) => (vec![last, next], 1),
            (Some(last), None) => (vec![last], 1),
            (None, Some(next)) => (vec![next], 0),
            (None, None) => (Vec::new(), 0),
        };
        let mut targets = Vec::new();
        let mut matches = false;
        self.seen.clear();
        self.seen.resize(nfa.states().len(), false);
        self.ways.clear();
        self.ways.push(state);
        while let Some(way) = self.ways.pop() {
            match self.seen.get_mut(way.as_usize()) {
                Some(seen) if !*seen => *seen = true,
                _ => continue,
            }
            match nfa.state(way) {
                State::ByteRange { trans } => {
                    let byte = byte.filter(|byte| trans.matches_byte(*byte));
                    targets.extend(byte.map(|_| trans.next));
                }
                State::Sparse(all) => targets.extend(byte.and_then(|byte| all.matches_byte(byte))),
                State::Dense(all) => targets.extend(byte.and_then(|byte| all.matches_byte(byte))),
                State::Look { look, next } => {
                    let holds = nfa.look_matcher().matches(*look, &text, at);
                    self.ways.extend(holds.then_some(*next));
                }
                State::Union { alternates } => self.ways.extend(alternates.iter()),
                State::BinaryUnion { alt1, alt2 } => self.ways.extend([*alt1, *alt2]),
                State::Capture { next, .. } => self.ways.push(*next),
                State::Fail => {}
                State::Match { .. } => matches = true,
            }
        }
        targets.sort_unstable();
        targets.dedup();
        let step = match targets.as_slice() {
            _ if matches => MATCH,
            [] => dead,
            [one] => Step { first: self.thread((*one, behind)), second: NONE },
            [one, two] => {
                let (first, second) = (self.thread((*one, behind)), self.thread((*two, behind)));
                Step { first, second }
            }
            many => {
                let list = self.lists.len() as u32;
                let threads: Vec<u32> =
                    many.iter().map(|state| self.thread((*state, behind))).collect();
                self.lists.push(threads.len() as u32);
                self.lists.extend(threads);
                Step { first: LIST, second: list }
            }
        };
        if let Some(known) = self.steps.get_mut(thread as usize * self.classes + class) {
            *known = step;
        }
        self.is_full = self.bytes() >= self.room;
        step
    }
}
