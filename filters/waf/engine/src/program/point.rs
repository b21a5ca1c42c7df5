//! Where a rule looks: a list of values, and which of them by name.

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

    /// Its place among all.
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }

    /// The variable that it is of.
    pub(crate) fn variable(self) -> Variable {
        Variable::ALL.get(self.index()).copied().unwrap_or(Variable::Xml)
    }
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
                _ => false,
            }
    }
}
