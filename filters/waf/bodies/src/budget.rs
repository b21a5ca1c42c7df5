//! What is left of the limits while a body is read.

use crate::{Argument, Fault, Limits};

/// Counts down; past zero it is a fault.
pub(crate) struct Budget {
    arguments: usize,
    outer_names: usize,
    nodes: usize,
    names: usize,
}

impl Budget {
    pub(crate) fn new(limits: &Limits) -> Self {
        Budget {
            arguments: limits.arguments,
            // Rules look at them as at the names of arguments.
            outer_names: limits.arguments,
            nodes: limits.nodes,
            names: limits.names,
        }
    }

    /// One more value, element, attribute or text.
    pub(crate) fn node(&mut self) -> Result<(), Fault> {
        take(&mut self.nodes, 1, Fault::TooManyNodes)
    }

    /// One more copy of a name that a body may repeat.
    pub(crate) fn name(&mut self, name: &[u8]) -> Result<(), Fault> {
        take(&mut self.names, name.len(), Fault::NamesTooLong)
    }

    /// One more name that others are in.
    pub(crate) fn outer_name(
        &mut self,
        names: &mut Vec<Vec<u8>>,
        name: Vec<u8>,
    ) -> Result<(), Fault> {
        take(&mut self.outer_names, 1, Fault::TooManyArguments)?;
        names.push(name);
        Ok(())
    }

    /// One more argument.
    pub(crate) fn argument(
        &mut self,
        arguments: &mut Vec<Argument>,
        name: Vec<u8>,
        value: Vec<u8>,
    ) -> Result<(), Fault> {
        take(&mut self.arguments, 1, Fault::TooManyArguments)?;
        arguments.push(Argument { name, value });
        Ok(())
    }
}

fn take(left: &mut usize, count: usize, fault: Fault) -> Result<(), Fault> {
    *left = left.checked_sub(count).ok_or(fault)?;
    Ok(())
}
