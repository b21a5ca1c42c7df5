//! Reading a configuration: every fault is collected with its path and the way out, nothing unknown passes.

mod node;
mod section;

use std::cell::RefCell;
use std::fmt;

pub use node::Node;
pub use section::Section;

use crate::json::Value;
use crate::surroundings::HostVersion;

/// Faults reported of one configuration, at most: past it the rest is counted. A configuration of 1 MB that is wrong
/// everywhere would otherwise write megabytes into Envoy's log, on every worker.
pub const MAX_FAULTS: usize = 64;

/// One thing that is wrong, where it stands and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The place, as `routes[1].config.minute`; empty for the configuration as a whole.
    pub path: String,
    /// Lower case, no full stop; says what was expected.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "configuration" } else { &self.path };
        write!(f, "{path}: {}", self.message)
    }
}

/// A configuration that is not accepted, with everything that is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// The first [`MAX_FAULTS`].
    pub list: Vec<Fault>,
    /// How many more there are.
    pub more: usize,
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.list.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        if self.more > 0 {
            write!(f, "\nand {} more", self.more)?;
        }
        Ok(())
    }
}

/// The environment that `vm_config.environment_variables` hands in: `{env: NAME}` is looked up here.
pub type Variables<'v> = dyn Fn(&str) -> Option<String> + 'v;

/// What a configuration is loaded in.
#[derive(Clone, Copy)]
pub struct Environment<'v> {
    /// What `{env: NAME}` stands for.
    pub variables: &'v Variables<'v>,
    /// The Envoy that loads it.
    pub host: HostVersion,
}

/// What all readers of one configuration share.
pub struct Reader<'v> {
    variables: &'v Variables<'v>,
    faults: RefCell<Faults>,
    warnings: RefCell<Vec<Fault>>,
}

impl<'v> Reader<'v> {
    /// A reader without faults so far.
    #[must_use]
    pub fn new(variables: &'v Variables<'v>) -> Self {
        Reader { variables, faults: RefCell::default(), warnings: RefCell::default() }
    }

    /// The configuration's root.
    pub fn root(&'v self, value: &'v Value) -> Node<'v> {
        Node::new(self, String::new(), value)
    }

    /// The outcome: `value` if nothing was wrong, with what an operator should know all the same.
    ///
    /// # Errors
    /// All faults, if there is one; also where `value` is missing, which then is a fault of its own.
    pub fn finish<T>(self, value: Option<T>) -> Result<(T, Vec<Fault>), Faults> {
        let mut faults = self.faults.into_inner();
        match value {
            Some(value) if faults.list.is_empty() => Ok((value, self.warnings.into_inner())),
            _ => {
                if faults.list.is_empty() {
                    let message = String::from("not usable");
                    faults.list.push(Fault { path: String::new(), message });
                }
                Err(faults)
            }
        }
    }

    fn fault(&self, path: &str, message: String) {
        let mut faults = self.faults.borrow_mut();
        if faults.list.len() < MAX_FAULTS {
            faults.list.push(Fault { path: path.to_owned(), message });
        } else {
            faults.more = faults.more.saturating_add(1);
        }
    }

    fn warn(&self, path: &str, message: String) {
        let mut warnings = self.warnings.borrow_mut();
        if warnings.len() < MAX_FAULTS {
            warnings.push(Fault { path: path.to_owned(), message });
        }
    }

    fn has_faults(&self) -> bool {
        !self.faults.borrow().list.is_empty()
    }
}

#[cfg(test)]
mod tests;
