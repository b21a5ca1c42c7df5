//! What a route makes of a program: which rules and targets it leaves out, and with which values it begins.

use std::rc::Rc;

use portcullis_waf_seclang::syntax::{EngineMode, Removal, VariableRef};

use crate::bits::Bits;
use crate::log::LogData;
use crate::program::{Point, Program};

/// Rules that are left out whole, or only for a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exclusion {
    /// The rules.
    pub rules: Removal,
    /// What they no longer look at; `None`: they don't run.
    pub target: Option<VariableRef>,
}

/// A route's view of a program: a bit set and a few values, whatever the program's size.
#[derive(Clone, Debug)]
pub struct Profile {
    pub(crate) removed: Bits,
    pub(crate) targets: Vec<(Rc<Bits>, Point)>,
    pub(crate) tx: Vec<(usize, Rc<[u8]>)>,
    pub(crate) ceiling: EngineMode,
    pub(crate) log_data: LogData,
}

impl Profile {
    /// A profile of a program.
    ///
    /// `ceiling` is the most that `SecRuleEngine` and `ctl:ruleEngine` can reach; `tx` is set before the first rule runs.
    ///
    /// # Errors
    /// What is wrong with an exclusion's pattern.
    pub fn new(
        program: &Program,
        ceiling: EngineMode,
        tx: &[(&str, &[u8])],
        exclusions: &[Exclusion],
        log_data: LogData,
    ) -> Result<Profile, String> {
        let mut removed = Bits::default();
        let mut targets = Vec::new();
        let mut store = program.store.borrow_mut();
        for exclusion in exclusions {
            let bits = program.selected(&exclusion.rules);
            match &exclusion.target {
                None => removed.unite(&bits),
                Some(target) => targets.push((bits, Point::link(target, &mut store)?)),
            }
        }
        let tx = tx.iter().map(|(name, value)| (store.slot(name.as_bytes()), Rc::from(*value)));
        Ok(Profile { removed, targets, tx: tx.collect(), ceiling, log_data })
    }
}
