//! The rule sets that this module carries, and what all its programs share.

use std::cell::RefCell;
use std::rc::Rc;

use portcullis_waf_embedded::Embedded;
use portcullis_waf_engine::{Prefilter, RuleSet, Store};

/// Our own rules for bodies that can't be read, and which body is read as what.
const RECOMMENDED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/recommended.bin"));
/// What we allow beside CRS's own defaults.
const ALLOWANCES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/allowances.bin"));
/// Our own compact set.
const BASE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/base.bin"));
/// OWASP CRS.
#[cfg(feature = "crs")]
const CRS: Option<&[u8]> = Some(include_bytes!(concat!(env!("OUT_DIR"), "/crs.bin")));
#[cfg(not(feature = "crs"))]
const CRS: Option<&[u8]> = None;

/// Which rules a program has beside those of its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// OWASP CRS.
    Crs,
    /// Our own compact set.
    Base,
    /// None: what `directives` bring.
    None,
}

impl Choice {
    /// CRS where it is there.
    pub(crate) const DEFAULT: Choice = if CRS.is_some() { Choice::Crs } else { Choice::Base };
    /// Whether this module carries CRS.
    pub(crate) const HAS_CRS: bool = CRS.is_some();
}

/// What is there once in a VM, whatever is configured and reloaded.
pub(crate) struct Vm {
    pub(crate) store: Rc<RefCell<Store>>,
    pub(crate) recommended: RuleSet,
    pub(crate) allowances: RuleSet,
    base: Option<Set>,
    crs: Option<Set>,
}

/// A set, decoded.
pub(crate) struct Set {
    pub(crate) setup: RuleSet,
    pub(crate) rules: RuleSet,
    pub(crate) prefilter: Option<Rc<Prefilter>>,
}

thread_local! {
    static VM: RefCell<Option<Vm>> = const { RefCell::new(None) };
}

impl Vm {
    fn new() -> Option<Self> {
        let recommended = Embedded::decode(RECOMMENDED)?.rules;
        let store = Rc::new(RefCell::new(Store::new()));
        let allowances = Embedded::decode(ALLOWANCES)?.rules;
        Some(Vm { store, recommended, allowances, base: None, crs: None })
    }

    /// The chosen set, decoded when it is first chosen; `None` where the module does not carry it.
    pub(crate) fn set(&mut self, choice: Choice) -> Option<&Set> {
        let (slot, bytes) = match choice {
            Choice::None => return None,
            Choice::Base => (&mut self.base, BASE),
            Choice::Crs => (&mut self.crs, CRS?),
        };
        if slot.is_none() {
            let embedded = Embedded::decode(bytes)?;
            let mut store = self.store.borrow_mut();
            for (names, table) in &embedded.phrases {
                store.take_phrases(names, table);
            }
            *slot = Some(Set {
                setup: embedded.setup,
                rules: embedded.rules,
                prefilter: Prefilter::new(embedded.prefilter).map(Rc::new),
            });
        }
        slot.as_ref()
    }
}

/// Does something with what the VM shares; `None` where its own rules can't be decoded, which its tests would see.
pub(crate) fn with_vm<T>(act: impl FnOnce(&mut Vm) -> Option<T>) -> Option<T> {
    VM.with_borrow_mut(|vm| {
        if vm.is_none() {
            *vm = Vm::new();
        }
        act(vm.as_mut()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_module_carries_can_be_decoded() {
        let counts = with_vm(|vm| {
            let recommended = vm.recommended.rules().count();
            let base = vm.set(Choice::Base)?.rules.rules().count();
            Some((recommended, base, Choice::HAS_CRS == vm.set(Choice::Crs).is_some()))
        });
        let (recommended, base, crs) = counts.unwrap();
        assert!(recommended >= 4 && base >= 25 && crs, "{recommended} {base}");
    }
}
