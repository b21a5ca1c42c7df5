//! From an operator to what must occur in a value that it matches.

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::bytes::ByteSet;

use super::clause::Clause;

/// Texts that a part of a pattern stands for are written out as long as there are so many.
const MAX_TEXTS: usize = 64;

/// And as long as none is longer than this.
const MAX_TEXT: usize = 32;

/// A class of so many bytes, cases taken together, is written out; a larger one is a set of bytes.
const MAX_WRITTEN_OUT: usize = 10;

/// A class of more bytes than this is met by nearly every value.
const MAX_CLASS: usize = 128;

/// What must occur for an operator to match, all of it; nothing where that cannot be said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition(Vec<Clause>);

impl Condition {
    /// Of an operator that every value may match: a negated one, one over a macro or a number.
    #[must_use]
    pub fn always() -> Self {
        Self::default()
    }

    /// Of `@rx`: what [`crate::pattern::parse`] made of it.
    #[must_use]
    pub fn of_pattern(hir: &Hir) -> Self {
        Self(Clause::best(Meaning::of(hir).clauses()))
    }

    /// Of `@pm`: any of the phrases.
    #[must_use]
    pub fn of_phrases<P: AsRef<[u8]>>(phrases: &[P]) -> Self {
        // One that is empty is no phrase, and none at all match nothing.
        let phrases = phrases.iter().map(AsRef::as_ref).filter(|phrase: &&[u8]| !phrase.is_empty());
        Self(Clause::best(Clause::of_texts(phrases).into_iter().collect()))
    }

    /// Of `@contains`, `@streq` and their like: all of the text.
    #[must_use]
    pub fn of_text(text: &[u8]) -> Self {
        Self(Clause::best(Clause::of_texts([text]).into_iter().collect()))
    }

    /// Of what needs any byte of a set, whatever the case of a letter.
    #[must_use]
    pub fn of_bytes(bytes: ByteSet) -> Self {
        Self(vec![Clause { bytes: bytes.caseless(), ..Clause::default() }])
    }

    /// Its clauses, the rarest first.
    #[must_use]
    pub fn clauses(&self) -> &[Clause] {
        &self.0
    }
}

/// What a part of a pattern matches.
enum Meaning {
    /// One of these texts and nothing else, letters in lower case.
    Texts(Vec<Vec<u8>>),
    /// What has all of these.
    All(Vec<Clause>),
}

impl Meaning {
    fn of(hir: &Hir) -> Meaning {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Meaning::Texts(vec![Vec::new()]),
            HirKind::Literal(literal) => Meaning::Texts(vec![literal.0.to_ascii_lowercase()]),
            HirKind::Class(class) => Meaning::of_class(class),
            HirKind::Capture(capture) => Meaning::of(&capture.sub),
            HirKind::Repetition(repetition) => {
                Meaning::of(&repetition.sub).repeated(repetition.min, repetition.max)
            }
            HirKind::Concat(parts) => Meaning::of_parts(parts),
            HirKind::Alternation(branches) => Meaning::of_branches(branches),
        }
    }

    fn nothing_known() -> Meaning {
        Meaning::All(Vec::new())
    }

    fn of_class(class: &Class) -> Meaning {
        let mut bytes = ByteSet::EMPTY;
        match class {
            Class::Bytes(class) => {
                class.iter().for_each(|range| bytes.insert_range(range.start(), range.end()))
            }
            Class::Unicode(class) => {
                for range in class.iter() {
                    let (Ok(start), Ok(end)) =
                        (u8::try_from(range.start()), u8::try_from(range.end()))
                    else {
                        return Meaning::nothing_known();
                    };
                    if end > 0x7f {
                        return Meaning::nothing_known();
                    }
                    bytes.insert_range(start, end);
                }
            }
        }
        // Case never counts, so that a value stands for what differs from it by case alone.
        let bytes = bytes.caseless();
        let mut folded: Vec<u8> = bytes.iter().map(|byte| byte.to_ascii_lowercase()).collect();
        folded.sort_unstable();
        folded.dedup();
        if folded.len() <= MAX_WRITTEN_OUT {
            Meaning::Texts(folded.into_iter().map(|byte| vec![byte]).collect())
        } else if bytes.len() <= MAX_CLASS {
            Meaning::All(vec![Clause { bytes, ..Clause::default() }])
        } else {
            Meaning::nothing_known()
        }
    }

    fn of_parts(parts: &[Hir]) -> Meaning {
        let mut known = Vec::new();
        // What follows what is known already.
        let mut texts = vec![Vec::new()];
        let mut is_exact = true;
        for part in parts {
            match Meaning::of(part) {
                Meaning::Texts(next) => match crossed(&texts, &next) {
                    Some(both) => texts = both,
                    None => {
                        known.extend(Meaning::Texts(std::mem::replace(&mut texts, next)).clauses());
                        is_exact = false;
                    }
                },
                Meaning::All(clauses) => {
                    let before = std::mem::replace(&mut texts, vec![Vec::new()]);
                    known.extend(Meaning::Texts(before).clauses());
                    known.extend(clauses);
                    is_exact = false;
                }
            }
        }
        if is_exact {
            return Meaning::Texts(texts);
        }
        known.extend(Meaning::Texts(texts).clauses());
        Meaning::All(known)
    }

    fn of_branches(branches: &[Hir]) -> Meaning {
        let branches: Vec<Meaning> = branches.iter().map(Meaning::of).collect();
        let texts: Option<Vec<&Vec<Vec<u8>>>> = branches
            .iter()
            .map(|branch| match branch {
                Meaning::Texts(texts) => Some(texts),
                Meaning::All(_) => None,
            })
            .collect();
        if let Some(texts) = texts
            && texts.iter().map(|texts| texts.len()).sum::<usize>() <= MAX_TEXTS
        {
            let mut all: Vec<Vec<u8>> = texts.into_iter().flatten().cloned().collect();
            all.sort();
            all.dedup();
            return Meaning::Texts(all);
        }
        let branches: Vec<Vec<Clause>> =
            branches.into_iter().map(|branch| Clause::best(branch.clauses())).collect();
        Meaning::All(either(&branches))
    }

    fn repeated(self, min: u32, max: Option<u32>) -> Meaning {
        match self {
            Meaning::Texts(mut texts) if min == 0 && max == Some(1) => {
                texts.push(Vec::new());
                Meaning::Texts(texts)
            }
            _ if min == 0 => Meaning::nothing_known(),
            Meaning::Texts(texts) => {
                let mut repeated = texts.clone();
                for times in 1..min {
                    match crossed(&repeated, &texts) {
                        Some(longer) => repeated = longer,
                        // So many of them are in it, whatever follows.
                        None => return Meaning::All(Meaning::Texts(repeated).clauses()),
                    }
                    debug_assert!(times < min);
                }
                match max {
                    Some(max) if max == min => Meaning::Texts(repeated),
                    _ => Meaning::All(Meaning::Texts(repeated).clauses()),
                }
            }
            known => known,
        }
    }

    fn clauses(self) -> Vec<Clause> {
        match self {
            Meaning::All(clauses) => clauses,
            Meaning::Texts(texts) => {
                Clause::of_texts(texts.iter().map(Vec::as_slice)).into_iter().collect()
            }
        }
    }
}

/// Every text of the one before every text of the other, if those are not too many.
fn crossed(first: &[Vec<u8>], second: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    let longest = |texts: &[Vec<u8>]| texts.iter().map(Vec::len).max().unwrap_or(0);
    let is_one = first.len() == 1 && second.len() == 1;
    if first.len() * second.len() > MAX_TEXTS
        || (!is_one && longest(first) + longest(second) > MAX_TEXT)
    {
        return None;
    }
    let mut both: Vec<Vec<u8>> = first
        .iter()
        .flat_map(|a| second.iter().map(move |b| [a.as_slice(), b.as_slice()].concat()))
        .collect();
    both.sort();
    both.dedup();
    Some(both)
}

/// What holds where any of the branches does: of each the rarest clause, of each the next one, and so on.
fn either(branches: &[Vec<Clause>]) -> Vec<Clause> {
    let most = branches.iter().map(Vec::len).max().unwrap_or(0);
    if branches.iter().any(Vec::is_empty) {
        return Vec::new();
    }
    (0..most)
        .map(|at| {
            Clause::any(
                branches.iter().filter_map(|branch| branch.get(at).or_else(|| branch.last())),
            )
        })
        .collect()
}
