//! The exclusions of all requests together, as YAML and in words.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::{Value, json};

use crate::need::Need;
use crate::target::targets;

/// What to write into the configuration.
#[derive(Clone, Debug, Default)]
pub struct Suggestion {
    entries: Vec<Entry>,
    requests: usize,
    incomplete: usize,
}

/// One exclusion.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    place: Place,
    rules: BTreeSet<u32>,
    /// What they no longer see; `None`: they don't run.
    targets: Option<BTreeSet<String>>,
}

/// The requests that an exclusion is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Exact(String),
    Prefix(String),
    Everywhere,
}

impl Suggestion {
    pub(crate) fn of(needs: &[Need]) -> Self {
        // Who is left out whole for one request need not be for another: each target has paths of its own.
        let mut paths: BTreeMap<(u32, Option<String>), BTreeSet<Option<String>>> = BTreeMap::new();
        for need in needs {
            for line in &need.lines {
                let names = targets(&line.targets);
                let names = names.map_or(vec![None], |all| all.into_iter().map(Some).collect());
                for name in names {
                    paths.entry((line.id, name)).or_default().insert(need.path.clone());
                }
            }
        }
        let mut rules: BTreeMap<(Place, u32, bool), BTreeSet<String>> = BTreeMap::new();
        for ((rule, target), paths) in paths {
            let key = (Place::of(&paths), rule, target.is_some());
            rules.entry(key).or_default().extend(target);
        }
        let mut entries: Vec<Entry> = Vec::new();
        for ((place, rule, aimed), targets) in rules {
            let targets = aimed.then_some(targets);
            let same = |entry: &&mut Entry| entry.place == place && entry.targets == targets;
            match entries.iter_mut().find(same) {
                Some(entry) => _ = entry.rules.insert(rule),
                None => entries.push(Entry { place, rules: [rule].into(), targets }),
            }
        }
        let incomplete = needs.iter().filter(|need| need.incomplete).count();
        Suggestion { entries, requests: needs.len(), incomplete }
    }

    /// True if nothing was refused.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value of `exclusions`.
    #[must_use]
    pub fn value(&self) -> Value {
        self.entries.iter().map(Entry::value).collect()
    }
}

impl Place {
    /// What all paths share: one path, or where they lie; everywhere where they share nothing, or one is unknown.
    fn of(paths: &BTreeSet<Option<String>>) -> Self {
        let Some(paths) = paths.iter().map(Option::as_deref).collect::<Option<Vec<&str>>>() else {
            return Place::Everywhere;
        };
        if let [path] = paths.as_slice() {
            return Place::Exact((*path).to_owned());
        }
        let mut shared: Vec<&str> =
            paths.first().map(|path| path.split('/').collect()).unwrap_or_default();
        for path in &paths {
            let same =
                shared.iter().zip(path.split('/')).take_while(|(one, other)| **one == *other);
            shared.truncate(same.count());
        }
        let shared = shared.join("/");
        if shared.is_empty() { Place::Everywhere } else { Place::Prefix(shared) }
    }

    fn words(&self) -> String {
        match self {
            Place::Exact(path) => format!("on {}", shown(path)),
            Place::Prefix(path) => format!("on {} and below", shown(path)),
            Place::Everywhere => "on any path".to_owned(),
        }
    }
}

impl Entry {
    fn value(&self) -> Value {
        let mut entry = json!({"rules": self.rules});
        match &self.place {
            Place::Exact(path) => entry["match"] = json!({"path": {"exact": path}}),
            Place::Prefix(path) => entry["match"] = json!({"path": {"prefix": path}}),
            Place::Everywhere => {}
        }
        if let Some(targets) = &self.targets {
            entry["targets"] = json!(targets);
        }
        entry
    }

    fn words(&self) -> String {
        let one = self.rules.len() == 1;
        let rules: Vec<String> = self.rules.iter().map(u32::to_string).collect();
        let place = self.place.words();
        match &self.targets {
            None => {
                let run = if one { "runs" } else { "run" };
                format!("{} no longer {run} {place}: nothing is seen by it there", rules.join(", "))
            }
            Some(targets) => {
                let see = if one { "sees" } else { "see" };
                let targets: Vec<String> = targets.iter().map(|target| shown(target)).collect();
                format!("{} no longer {see} {} {place}", rules.join(", "), targets.join(", "))
            }
        }
    }
}

/// Text of a client, in which no byte ends a line.
fn shown(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\');
    if plain { text.to_owned() } else { quoted }
}

impl fmt::Display for Suggestion {
    /// YAML that can be pasted as it is: what it opens stands in its comments.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return writeln!(f, "# No rule refused anything in this log.");
        }
        writeln!(
            f,
            "# For {} refused requests. Whatever attacks are among them pass, too: look first.",
            self.requests
        )?;
        if self.incomplete > 0 {
            writeln!(
                f,
                "# {} of them have rules that are not in the log, or add to scores otherwise: these exclusions may not be enough.",
                self.incomplete
            )?;
        }
        writeln!(f, "exclusions:")?;
        for entry in &self.entries {
            let value = entry.value();
            writeln!(f, "# {}.", entry.words())?;
            // JSON is YAML.
            writeln!(f, "- rules: {}", value["rules"])?;
            for name in ["match", "targets"] {
                if !value[name].is_null() {
                    writeln!(f, "  {name}: {}", value[name])?;
                }
            }
        }
        Ok(())
    }
}
