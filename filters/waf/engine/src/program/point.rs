//! Where a rule looks: a list of values, and which of them by name.

use std::cell::{Ref, RefCell};
use std::rc::Rc;

use portcullis_waf_operators::pattern::{Case, Pattern};
use portcullis_waf_seclang::syntax::{Selector, Variable, VariableRef};

use super::Store;

/// A list of values: one for each variable, and a second one for XML.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct List(u8);

impl List {
    /// How many there are.
    pub(crate) const COUNT: usize = Variable::ALL.len() + 1;
    /// The values of XML attributes (`XML://@*`).
    pub(crate) const XML_ATTRIBUTES: List = List(Variable::ALL.len() as u8);

    /// A variable's own list.
    pub(crate) const fn of(variable: Variable) -> List {
        List(variable as u8)
    }

    /// All of them, by their places.
    pub(crate) fn all() -> impl Iterator<Item = List> {
        (0..List::COUNT as u8).map(List)
    }

    /// Its place among all.
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }

    /// True for lists whose values come from rules, not from the request.
    pub(crate) const fn is_dynamic(self) -> bool {
        DYNAMIC & self.bit() != 0
    }

    /// Its bit in a set of lists. A shift of 128 bits is a call on wasm.
    pub(crate) const fn bit(self) -> u128 {
        let bit = 1_u64 << (self.0 % 64);
        if self.0 < 64 { bit as u128 } else { (bit as u128) << 64 }
    }

    /// The variable that it is of.
    pub(crate) fn variable(self) -> Variable {
        Variable::ALL.get(self.index()).copied().unwrap_or(Variable::Xml)
    }
}

/// The lists whose values come from rules, a bit each.
const DYNAMIC: u128 = bit(Variable::Tx)
    | bit(Variable::MatchedVar)
    | bit(Variable::MatchedVarName)
    | bit(Variable::MatchedVars)
    | bit(Variable::MatchedVarsNames)
    | bit(Variable::HighestSeverity)
    | bit(Variable::Rule);

const _: () = assert!(List::COUNT <= 128, "each list has a bit");

const fn bit(variable: Variable) -> u128 {
    List::of(variable).bit()
}

/// A list and which of its values.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub(crate) list: List,
    pub(crate) selector: PointSelector,
}

/// Which values of a list.
#[derive(Clone, Debug)]
pub(crate) enum PointSelector {
    /// All.
    All,
    /// Those of this name, in lower case.
    Name(Vec<u8>),
    /// Of TX: the one of this slot.
    Slot(usize),
    /// Those whose name this matches.
    Pattern(Rc<Pattern>),
    /// The same of TX.
    Slots(Rc<Slots>),
}

/// A pattern over names of TX, and which of the slots it matches: asked once of each, not once a request.
#[derive(Debug)]
pub(crate) struct Slots {
    pattern: Rc<Pattern>,
    /// What a name must begin with, in lower case, where the pattern asks for nothing else.
    beginning: Option<Vec<u8>>,
    /// How many slots were asked, and which of them match.
    found: RefCell<(usize, Vec<usize>)>,
}

impl Slots {
    /// The slots whose names match.
    pub(crate) fn matching(&self, store: &Store) -> Ref<'_, [usize]> {
        let asked = self.found.borrow().0;
        if asked < store.slots() {
            let (count, matching) = &mut *self.found.borrow_mut();
            let new = *count..store.slots();
            matching.extend(new.filter(|slot| self.means(store.slot_name(*slot), true)));
            *count = store.slots();
        }
        Ref::map(self.found.borrow(), |found| found.1.as_slice())
    }

    /// What a name must begin with, in lower case, where nothing else is asked of it.
    pub(crate) fn beginning(&self) -> Option<&[u8]> {
        self.beginning.as_deref()
    }

    /// True if a name matches; one that can't be asked does where `doubtful` says so.
    pub(crate) fn means(&self, name: &[u8], doubtful: bool) -> bool {
        match &self.beginning {
            Some(beginning) => name
                .get(..beginning.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(beginning)),
            None => self.pattern.is_match(name).unwrap_or(doubtful),
        }
    }
}

/// The text that a pattern asks for at the beginning, if it is no more than that.
fn beginning(pattern: &str) -> Option<Vec<u8>> {
    let text = pattern.strip_prefix('^')?;
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    plain.then(|| text.to_ascii_lowercase().into_bytes())
}

impl Point {
    /// # Errors
    /// What is wrong with a selector's pattern.
    pub(crate) fn link(reference: &VariableRef, store: &mut Store) -> Result<Point, String> {
        let list = List::of(reference.variable);
        let (list, selector) = match &reference.selector {
            Selector::All | Selector::XmlText => (list, PointSelector::All),
            Selector::XmlAttributes => (List::XML_ATTRIBUTES, PointSelector::All),
            Selector::Name(name) if reference.variable == Variable::Tx => {
                (list, PointSelector::Slot(store.slot(name)))
            }
            Selector::Name(name) => (list, PointSelector::Name(name.to_ascii_lowercase())),
            Selector::Pattern(text) if reference.variable == Variable::Tx => {
                let pattern = store.pattern(text, Case::Insensitive)?;
                let beginning = beginning(text);
                let slots = Slots { pattern, beginning, found: RefCell::default() };
                (list, PointSelector::Slots(Rc::new(slots)))
            }
            Selector::Pattern(text) => {
                (list, PointSelector::Pattern(store.pattern(text, Case::Insensitive)?))
            }
        };
        Ok(Point { list, selector })
    }

    /// True if a value of this name is meant. A pattern that can't be run means it where `doubtful` says so.
    pub(crate) fn means(&self, name: &[u8], doubtful: bool) -> bool {
        match &self.selector {
            PointSelector::All => true,
            PointSelector::Name(wanted) => wanted.eq_ignore_ascii_case(name),
            PointSelector::Slot(_) => false,
            PointSelector::Slots(slots) => slots.means(name, doubtful),
            PointSelector::Pattern(pattern) => pattern.is_match(name).unwrap_or(doubtful),
        }
    }

    /// True if both mean the same values; patterns are shared, so that the same text is the same pattern.
    pub(crate) fn same_as(&self, other: &Point) -> bool {
        self.list == other.list
            && match (&self.selector, &other.selector) {
                (PointSelector::All, PointSelector::All) => true,
                (PointSelector::Name(one), PointSelector::Name(two)) => one == two,
                (PointSelector::Slot(one), PointSelector::Slot(two)) => one == two,
                (PointSelector::Pattern(one), PointSelector::Pattern(two)) => Rc::ptr_eq(one, two),
                (PointSelector::Slots(one), PointSelector::Slots(two)) => {
                    Rc::ptr_eq(&one.pattern, &two.pattern)
                }
                _ => false,
            }
    }
}
