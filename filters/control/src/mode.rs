//! How much of a control's decision is carried out.

use crate::config::Node;

/// The mode of one control on one route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Decides, and the decision is carried out.
    #[default]
    Enforce,
    /// Decides, counts and logs; changes nothing.
    Shadow,
    /// Is not asked.
    Off,
}

impl Mode {
    /// Reads `enforce`, `shadow` or `off`.
    #[must_use]
    pub fn read(node: &Node<'_>) -> Option<Self> {
        node.word(&[("enforce", Mode::Enforce), ("shadow", Mode::Shadow), ("off", Mode::Off)])
    }

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Mode::Enforce => "enforce",
            Mode::Shadow => "shadow",
            Mode::Off => "off",
        }
    }
}
