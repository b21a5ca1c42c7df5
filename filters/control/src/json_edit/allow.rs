//! The only fields that may leave.

use std::collections::BTreeMap;

use super::JsonEditFault;
use super::document::Value;
use super::path::{JsonPath, Step};

/// The members that stay, by their paths; all others go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// A path ends here: the value stays as a whole.
    whole: bool,
    names: BTreeMap<String, Allowed>,
    items: Option<Box<Allowed>>,
}

impl Allowed {
    /// The members of all paths.
    #[must_use]
    pub fn new(paths: &[JsonPath]) -> Self {
        let mut root = Allowed::default();
        for path in paths {
            let mut here = &mut root;
            for step in &path.way {
                here = match step {
                    Step::Name(name) => here.names.entry(name.as_str().to_owned()).or_default(),
                    Step::Items => here.items.get_or_insert_default(),
                };
            }
            here.names.entry(path.name.as_str().to_owned()).or_default().whole = true;
        }
        root
    }

    /// Takes away what may not stay; false if the value itself may not. A value that is not of the shape that a path has
    /// goes as a whole: what would be in it, nobody allowed. The paths bound how deep this goes.
    pub(super) fn filter(
        &self,
        value: &mut Value<'_>,
        places: &mut usize,
        changed: &mut bool,
    ) -> Result<bool, JsonEditFault> {
        if self.whole {
            return Ok(true);
        }
        value.expand(places)?;
        match value {
            Value::Object { members, .. } if !self.names.is_empty() => {
                let mut kept = Vec::with_capacity(members.len());
                for mut member in members.drain(..) {
                    let allowed = member.name.as_deref().and_then(|name| self.names.get(name));
                    if let Some(allowed) = allowed
                        && allowed.filter(&mut member.value, places, changed)?
                    {
                        kept.push(member);
                    } else {
                        *changed = true;
                    }
                }
                *members = kept;
                Ok(true)
            }
            Value::List { items, .. } => {
                let Some(allowed) = &self.items else { return Ok(false) };
                let mut kept = Vec::with_capacity(items.len());
                for mut item in items.drain(..) {
                    if allowed.filter(&mut item.value, places, changed)? {
                        kept.push(item);
                    } else {
                        *changed = true;
                    }
                }
                *items = kept;
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}
