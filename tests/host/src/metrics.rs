//! Metrics with Envoy's rules: one stat by name for the whole process, a new id for each definition.

use std::collections::{BTreeMap, HashMap};

use crate::abi::Status;

/// The three kinds, by the number a guest names them with; ids carry it in their low two bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Kind {
    pub(crate) fn from_number(number: i32) -> Option<Self> {
        match number {
            0 => Some(Self::Counter),
            1 => Some(Self::Gauge),
            2 => Some(Self::Histogram),
            _ => None,
        }
    }
}

/// The process's stats.
#[derive(Default)]
pub(crate) struct Metrics {
    values: BTreeMap<String, i64>,
    samples: BTreeMap<String, Vec<i64>>,
}

/// The ids one VM has been given.
#[derive(Default)]
pub(crate) struct MetricIds {
    names: HashMap<u32, (Kind, String)>,
    /// How many of each kind there are.
    defined: [u32; 3],
}

impl MetricIds {
    pub(crate) fn define(&mut self, metrics: &mut Metrics, kind: Kind, name: String) -> u32 {
        let defined = &mut self.defined[kind as usize];
        *defined += 1;
        let id = *defined * 4 + kind as u32;
        match kind {
            Kind::Histogram => drop(metrics.samples.entry(name.clone()).or_default()),
            _ => _ = metrics.values.entry(name.clone()).or_default(),
        }
        self.names.insert(id, (kind, name));
        id
    }

    /// The name behind an id, for faults and for a stream's own account.
    pub(crate) fn name(&self, id: u32) -> Option<&str> {
        self.names.get(&id).map(|(_, name)| name.as_str())
    }
}

impl Metrics {
    pub(crate) fn value(&self, name: &str) -> i64 {
        self.values.get(name).copied().unwrap_or(0)
    }

    pub(crate) fn all(&self) -> BTreeMap<String, i64> {
        self.values.clone()
    }

    pub(crate) fn samples(&self, name: &str) -> Vec<i64> {
        self.samples.get(name).cloned().unwrap_or_default()
    }

    /// Envoy: a counter only grows, a histogram cannot be incremented at all.
    pub(crate) fn increment(&mut self, ids: &MetricIds, id: u32, delta: i64) -> Status {
        if id & 3 > 1 {
            return Status::BAD_ARGUMENT;
        }
        let Some(name) = ids.name(id) else { return Status::NOT_FOUND };
        if id & 3 == 0 && delta <= 0 {
            return Status::BAD_ARGUMENT;
        }
        *self.values.entry(name.to_owned()).or_default() += delta;
        Status::OK
    }

    /// Envoy: recording adds to a counter, sets a gauge, and samples a histogram.
    pub(crate) fn record(&mut self, ids: &MetricIds, id: u32, value: i64) -> Status {
        let Some((kind, name)) = ids.names.get(&id) else { return Status::NOT_FOUND };
        match kind {
            Kind::Counter => *self.values.entry(name.clone()).or_default() += value,
            Kind::Gauge => _ = self.values.insert(name.clone(), value),
            Kind::Histogram => self.samples.entry(name.clone()).or_default().push(value),
        }
        Status::OK
    }

    pub(crate) fn get(&self, ids: &MetricIds, id: u32) -> Result<i64, Status> {
        if id & 3 > 1 {
            return Err(Status::BAD_ARGUMENT);
        }
        ids.name(id).map(|name| self.value(name)).ok_or(Status::NOT_FOUND)
    }
}
