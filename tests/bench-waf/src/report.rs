//! The table: microseconds of CPU for each request, medians over the rounds.

use std::fmt::Write;

/// The server that ours is compared with.
pub(crate) const LIBMODSECURITY: &str = "nginx, libmodsecurity with CRS";
/// What any module costs.
pub(crate) const NOOP: &str = "Envoy, a no-op module";
/// What is measured.
pub(crate) const OURS: &str = "Envoy, our WAF with CRS";

/// One cell: both ways of sending.
#[derive(Clone, Debug, Default)]
pub struct Figure {
    cold: Vec<f64>,
    repeated: Vec<f64>,
}

/// All cells, in the order they were added.
#[derive(Clone, Debug, Default)]
pub struct Table(Vec<(&'static str, &'static str, Figure)>);

impl Table {
    /// Adds one round's figures.
    pub fn add(&mut self, request: &'static str, target: &'static str, cold: f64, repeated: f64) {
        let same = |(r, t, _): &&mut (&str, &str, Figure)| *r == request && *t == target;
        let figure = match self.0.iter_mut().find(same) {
            Some((_, _, figure)) => figure,
            None => {
                self.0.push((request, target, Figure::default()));
                &mut self.0.last_mut().expect("just pushed").2
            }
        };
        figure.cold.push(cold);
        figure.repeated.push(repeated);
    }

    /// One line a cell; behind a filter's what it adds to its server alone, and behind ours how that compares.
    #[must_use]
    pub fn told(&self) -> String {
        let mut out =
            String::from("CPU in microseconds a request        cold   added  repeated  added\n");
        for (request, target, figure) in &self.0 {
            let (cold, repeated) = figure.medians();
            let _ = write!(out, "{request}: {target}\n{cold:>40.1}");
            let Some(added) = self.added(request, target) else {
                let _ = writeln!(out, " {:>7} {repeated:>9.1}", "");
                continue;
            };
            let _ = write!(out, " {:>7.1} {repeated:>9.1} {:>6.1}", added.0, added.1);
            if *target == OURS {
                if let Some(theirs) = self.added(request, LIBMODSECURITY) {
                    let (cold, repeated) = (theirs.0 / added.0, theirs.1 / added.1);
                    let _ = write!(out, "  1/{cold:.1} and 1/{repeated:.1} of libmodsecurity's");
                }
                if let Some(least) = self.added(request, NOOP) {
                    let (cold, repeated) = (added.0 / least.0, added.1 / least.1);
                    let _ = write!(out, ", {cold:.1} and {repeated:.1} no-op modules");
                }
            }
            out.push('\n');
        }
        out
    }

    /// What a filter adds to its server alone, which has the name in front of its comma.
    fn added(&self, request: &str, target: &str) -> Option<(f64, f64)> {
        let medians = |name: &str| {
            let same = |(r, t, _): &&(&str, &str, Figure)| *r == request && *t == name;
            self.0.iter().find(same).map(|(_, _, figure)| figure.medians())
        };
        let (with, alone) = (medians(target)?, medians(target.split_once(',')?.0)?);
        Some((with.0 - alone.0, with.1 - alone.1))
    }
}

impl Figure {
    fn medians(&self) -> (f64, f64) {
        (median(&self.cold), median(&self.repeated))
    }
}

pub(crate) fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_waf_adds_is_told_and_compared() {
        let mut table = Table::default();
        for (target, cold) in [
            ("nginx", 50.0),
            (LIBMODSECURITY, 1050.0),
            ("Envoy", 60.0),
            (NOOP, 72.5),
            (OURS, 160.0),
        ] {
            for off in [-1.0, 0.0, 1.0] {
                table.add("GET", target, cold + off, cold);
            }
        }
        let told = table.told();
        assert!(told.contains("1050.0  1000.0"), "{told}");
        assert!(told.contains("1/10.0 and 1/10.0 of libmodsecurity's"), "{told}");
        assert!(told.contains("8.0 and 8.0 no-op modules"), "{told}");
    }
}
