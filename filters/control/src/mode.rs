//! How much of a control's decision is carried out.

use crate::config::Node;
use crate::json::Value;

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
    /// Reads `enforce`, `shadow` or `off`. Envoy's YAML takes an unquoted `off` for `false`, so that is `off` too.
    #[must_use]
    pub fn read(node: &Node<'_>) -> Option<Self> {
        if node.value() == &Value::Bool(false) {
            return Some(Mode::Off);
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Reader;
    use crate::json::parse;

    #[test]
    fn an_unquoted_off_of_yaml_is_off() {
        let environment = |_: &str| None;
        let read = |json: &str| {
            let value = parse(json.as_bytes()).ok()?;
            let reader = Reader::new(&environment);
            let mode = Mode::read(&reader.root(&value));
            reader.finish(mode).ok().map(|(mode, _)| mode)
        };
        for (json, mode) in [
            ("\"enforce\"", Some(Mode::Enforce)),
            ("\"shadow\"", Some(Mode::Shadow)),
            ("\"off\"", Some(Mode::Off)),
            ("false", Some(Mode::Off)),
            ("true", None),
            ("\"Off\"", None),
            ("null", None),
        ] {
            assert_eq!(read(json), mode, "{json}");
        }
    }
}
