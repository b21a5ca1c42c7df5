//! Counters of families: each is defined when it first counts, as most of what a configuration knows never happens.

use std::cell::RefCell;
use std::collections::HashMap;

use portcullis_control::counter::{CounterFamily, OTHERS};

use super::full_name;
use crate::host::Host;

/// Members by control and family.
#[derive(Default)]
pub(super) struct Members {
    families: RefCell<HashMap<(&'static str, &'static str), Family>>,
}

type Family = HashMap<String, Member>;

struct Member {
    id: u32,
    pending: u64,
}

impl Members {
    /// Counts one, to be handed over on the next tick.
    pub(super) fn count(
        &self,
        host: &dyn Host,
        control: &'static str,
        family: &'static CounterFamily,
        member: &str,
    ) {
        let Ok(mut families) = self.families.try_borrow_mut() else { return };
        let members = families.entry((control, family.name)).or_default();
        let room = members.len() < family.most || members.contains_key(member);
        let name = if room { member } else { OTHERS };
        if let Some(known) = members.get_mut(name) {
            known.pending = known.pending.saturating_add(1);
            return;
        }
        let defined = host.define_counter(&full_name(&[control, family.name, name]));
        if let Ok(id) = defined {
            members.insert(name.to_owned(), Member { id, pending: 1 });
        }
    }

    /// Hands over what was collected.
    pub(super) fn flush(&self, host: &dyn Host) {
        let Ok(mut families) = self.families.try_borrow_mut() else { return };
        for member in families.values_mut().flat_map(Family::values_mut) {
            if member.pending > 0 && host.increment(member.id, member.pending).is_ok() {
                member.pending = 0;
            }
        }
    }
}
