//! From phrases to the table of an automaton. This runs where rules are compiled, not where they are asked.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;

use super::{HEADER, SHALLOW, SLOT, Slot, VACANT, VERSION, size};

/// Bytes of all phrases of one automaton: a slot's number has three bytes, and a byte of phrase needs a few slots at
/// the worst. The phrase files of the Core Rule Set have 171 kB together.
pub const MAX_BYTES: usize = 2 * 1024 * 1024;

/// The phrases are longer, together, than an automaton takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyPhrases;

impl fmt::Display for TooManyPhrases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected at most {MAX_BYTES} bytes of phrases")
    }
}

impl std::error::Error for TooManyPhrases {}

/// Phrases by their beginnings.
#[derive(Debug)]
pub struct Trie {
    /// The class of each byte; 0 for those that no phrase has.
    class_of: [u8; 256],
    classes: usize,
    nodes: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    children: Vec<(u8, usize)>,
    depth: usize,
    /// The longest other node that this one's text ends with.
    fallback: usize,
    /// The phrases that end here, by their place in the list.
    ends: Vec<u32>,
    out: u32,
    slot: u32,
    first_child: u32,
}

impl Trie {
    /// The beginnings of these phrases; one that is empty is left out.
    pub fn new<P: AsRef<[u8]>>(phrases: &[P]) -> Result<Self, TooManyPhrases> {
        if phrases.iter().map(|phrase| phrase.as_ref().len()).sum::<usize>() > MAX_BYTES {
            return Err(TooManyPhrases);
        }
        let used: BTreeSet<u8> =
            phrases.iter().flat_map(|phrase| phrase.as_ref()).map(u8::to_ascii_lowercase).collect();
        let mut class_of = [0_u8; 256];
        // At most 230 classes, as 26 letters have but one case: none is that of a vacant slot.
        for (byte, class) in used.iter().zip(1_u8..) {
            for byte in [*byte, byte.to_ascii_uppercase()] {
                if let Some(entry) = class_of.get_mut(usize::from(byte)) {
                    *entry = class;
                }
            }
        }
        let mut trie = Self { class_of, classes: used.len() + 1, nodes: vec![Node::default()] };
        for (index, phrase) in (0_u32..).zip(phrases) {
            trie.insert(phrase.as_ref(), index);
        }
        Ok(trie)
    }

    fn class(&self, byte: u8) -> u8 {
        self.class_of.get(usize::from(byte)).copied().unwrap_or(0)
    }

    fn insert(&mut self, phrase: &[u8], index: u32) {
        if phrase.is_empty() {
            return;
        }
        let mut at = 0;
        for &byte in phrase {
            let class = self.class(byte);
            let next = self.nodes.len();
            let Some(node) = self.nodes.get_mut(at) else { return };
            let depth = node.depth + 1;
            at = match node.children.binary_search_by_key(&class, |(class, _)| *class) {
                Ok(found) => node.children.get(found).map_or(0, |(_, child)| *child),
                Err(place) => {
                    node.children.insert(place, (class, next));
                    self.nodes.push(Node { depth, ..Node::default() });
                    next
                }
            };
        }
        if let Some(node) = self.nodes.get_mut(at) {
            node.ends.push(index);
        }
    }

    /// The table. `output` is told which phrases end at a state, and what was put out for those that end there as the
    /// end of others; what it gives, if it is not 0, is what [`Automaton::scan`](super::Automaton::scan) tells.
    #[must_use]
    pub fn finish(mut self, mut output: impl FnMut(&[u32], u32) -> u32) -> Vec<u8> {
        let order = self.link(&mut output);
        let slots = self.place(&order);
        self.write(&slots)
    }

    /// Fallbacks and outputs, the shallow nodes first; gives that order.
    fn link(&mut self, output: &mut impl FnMut(&[u32], u32) -> u32) -> Vec<usize> {
        let mut order = Vec::with_capacity(self.nodes.len());
        let mut queue = VecDeque::from([0]);
        while let Some(at) = queue.pop_front() {
            order.push(at);
            let Some(node) = self.nodes.get_mut(at) else { continue };
            let children = node.children.clone();
            let (fallback, ends) = (node.fallback, std::mem::take(&mut node.ends));
            let inherited =
                if at == 0 { 0 } else { self.nodes.get(fallback).map_or(0, |node| node.out) };
            let out = if ends.is_empty() { inherited } else { output(&ends, inherited) };
            if let Some(node) = self.nodes.get_mut(at) {
                node.out = out;
            }
            for (class, child) in children {
                let fallback = if at == 0 { 0 } else { self.next(fallback, class) };
                if let Some(node) = self.nodes.get_mut(child) {
                    node.fallback = fallback;
                }
                queue.push_back(child);
            }
        }
        order
    }

    fn child(&self, at: usize, class: u8) -> Option<usize> {
        let children = &self.nodes.get(at)?.children;
        let found = children.binary_search_by_key(&class, |(class, _)| *class).ok()?;
        children.get(found).map(|(_, child)| *child)
    }

    /// The state after a byte of the class: of nodes above the one that asks, which have their fallbacks.
    fn next(&self, mut at: usize, class: u8) -> usize {
        loop {
            if let Some(child) = self.child(at, class) {
                return child;
            }
            if at == 0 {
                return 0;
            }
            at = self.nodes.get(at).map_or(0, |node| node.fallback);
        }
    }

    /// Gives each node a slot, so that those of its children are its own number of slots from its base by their class.
    ///
    /// No two nodes have the same base: then a slot's class alone tells whose child it is.
    fn place(&mut self, order: &[usize]) -> Slots {
        let mut slots = Slots::new();
        for &at in order {
            let Some(node) = self.nodes.get(at) else { continue };
            if node.children.is_empty() {
                continue;
            }
            let children = node.children.clone();
            let base = slots.base(&children);
            for (class, child) in children {
                let slot = base + u32::from(class);
                slots.take(slot);
                if let Some(node) = self.nodes.get_mut(child) {
                    node.slot = slot;
                }
            }
            if let Some(node) = self.nodes.get_mut(at) {
                node.first_child = base;
            }
        }
        slots
    }

    fn write(&self, slots: &Slots) -> Vec<u8> {
        // Nodes without children count them from behind all slots.
        let end = slots.end();
        let mut table: Vec<[u8; SLOT]> =
            vec![Slot::encode(end, VACANT, SHALLOW, 0); end as usize + self.classes];
        let mut singles = vec![0_u32; self.classes];
        let mut square = vec![0_u32; self.classes * self.classes];
        let mut has_single_bytes = false;
        for node in &self.nodes {
            for &(class, child) in &node.children {
                let Some(child) = self.nodes.get(child) else { continue };
                let first_child = if child.children.is_empty() { end } else { child.first_child };
                let fallback = self.nodes.get(child.fallback).filter(|node| node.depth > 1);
                let fallback = fallback.map_or(SHALLOW, |node| node.slot);
                if let Some(slot) = table.get_mut(child.slot as usize) {
                    *slot = Slot::encode(first_child, u32::from(class), fallback, child.out);
                }
                if child.depth == 1 {
                    has_single_bytes |= child.out != 0;
                    if let Some(out) = singles.get_mut(usize::from(class)) {
                        *out = child.out;
                    }
                    for &(second, deep) in &child.children {
                        let at = usize::from(class) * self.classes + usize::from(second);
                        if let (Some(entry), Some(deep)) =
                            (square.get_mut(at), self.nodes.get(deep))
                        {
                            *entry = deep.slot;
                        }
                    }
                }
            }
        }
        let mut bytes = Vec::with_capacity(size(self.classes, table.len()).unwrap_or(HEADER));
        let counts =
            [VERSION, self.classes as u32, u32::from(has_single_bytes), table.len() as u32];
        bytes.extend(counts.into_iter().flat_map(u32::to_le_bytes));
        bytes.extend_from_slice(&self.class_of);
        bytes.extend(singles.into_iter().chain(square).flat_map(u32::to_le_bytes));
        bytes.extend(table.into_iter().flatten());
        bytes
    }
}

/// Which slots are taken, and which bases.
struct Slots {
    /// For a slot that is taken, one behind it with none vacant between; for a vacant one itself. What is behind all of
    /// them is vacant.
    next: Vec<u32>,
    bases: Vec<bool>,
    /// No slot below it is worth a look: the few that are vacant fit nobody.
    from: u32,
}

/// A search passes over so many vacant slots before the next one begins behind them.
const PATIENCE: usize = 64;

impl Slots {
    fn new() -> Self {
        // The first slot is the shallow state's.
        Self { next: vec![1], bases: vec![true], from: 1 }
    }

    fn end(&self) -> u32 {
        self.next.len() as u32
    }

    fn is_taken(&self, slot: u32) -> bool {
        self.next.get(slot as usize).is_some_and(|next| *next != slot)
    }

    /// The first vacant slot from here on. Each search makes the way shorter for those that follow.
    fn vacant(&mut self, mut slot: u32) -> u32 {
        while let Some(next) = self.next.get(slot as usize).copied().filter(|next| *next != slot) {
            let beyond = self.next.get(next as usize).copied().unwrap_or(next);
            if let Some(entry) = self.next.get_mut(slot as usize) {
                *entry = beyond;
            }
            slot = beyond;
        }
        slot
    }

    fn has_base(&self, base: u32) -> bool {
        self.bases.get(base as usize).copied().unwrap_or(false)
    }

    /// The lowest base at which all children find their slots vacant.
    fn base(&mut self, children: &[(u8, usize)]) -> u32 {
        let first = children.first().map_or(0, |(class, _)| u32::from(*class));
        let mut slot = self.vacant(self.from.max(first + 1));
        let mut passed = 0;
        while self.has_base(slot - first)
            || children
                .iter()
                .skip(1)
                .any(|(class, _)| self.is_taken(slot - first + u32::from(*class)))
        {
            passed += 1;
            if passed == PATIENCE {
                self.from = slot;
            }
            slot = self.vacant(slot + 1);
        }
        let base = slot - first;
        if self.bases.len() <= base as usize {
            self.bases.resize(base as usize + 1, false);
        }
        if let Some(entry) = self.bases.get_mut(base as usize) {
            *entry = true;
        }
        base
    }

    fn take(&mut self, slot: u32) {
        let end = self.end();
        if end <= slot {
            self.next.extend(end..=slot);
        }
        if let Some(entry) = self.next.get_mut(slot as usize) {
            *entry = slot + 1;
        }
    }
}
