//! A control's own module: its fields flat, beside the reserved ones.

use super::{Common, Part, load, read_routes};
use crate::config::{Environment, Faults, Section};
use crate::consumers::read_consumers;
use crate::mode::Mode;
use crate::policy::Kind;
use crate::program::{Commons, Household, Lineup, Program, Slot};
use crate::surroundings::HostVersion;

/// Compiles the configuration of one control's own module.
///
/// # Errors
/// Every fault, with its path.
pub fn module(
    kind: Kind,
    configuration: &[u8],
    environment: &Environment<'_>,
) -> Result<Program, Faults> {
    load(configuration, environment, |section| read(kind, section, environment.host))
}

fn read(kind: Kind, section: &mut Section<'_>, host: HostVersion) -> Option<Program> {
    let common = Common::read(section);
    let mode = section.or("mode", Mode::Enforce, |node| Mode::read(&node));
    let consumers = if kind.uses_consumers {
        section.optional("consumers").and_then(|node| read_consumers(&node)).unwrap_or_default()
    } else {
        Vec::new()
    };
    let household = Household { consumers, gateway: false, host, commons: Commons::default() };
    let base =
        (kind.compile)(section, &household.site(None)).map(|policy| Slot { kind, policy, mode });
    let routes = read_routes(section, |entry, found| {
        Part::check_match(kind, found, entry.node());
        let mode = entry.optional("mode").and_then(|node| Mode::read(&node));
        let slot = match entry.optional("config") {
            Some(node) => {
                let slot = Part::read(kind, &node, &household.site(Some(found)));
                slot.map(|slot| Slot { mode: mode.unwrap_or(slot.mode), ..slot })
            }
            None => {
                if mode.is_none() {
                    entry.node().fault("expected config, mode or both");
                }
                base.clone().map(|slot| Slot { mode: mode.unwrap_or_default(), ..slot })
            }
        };
        Lineup::from(Vec::from_iter(slot))
    });
    Some(common.program(section.node(), vec![kind], vec![base?].into(), routes, false))
}
