//! The table: microseconds of CPU for each request, medians over the rounds.

use std::fmt::Write;

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

    /// One line a cell; behind a WAF's what it adds to its server alone, and ours as a part of libmodsecurity's.
    #[must_use]
    pub fn told(&self) -> String {
        let mut out =
            String::from("CPU in microseconds a request        cold   added  repeated  added\n");
        let mut yardstick = None;
        for (request, target, figure) in &self.0 {
            let (cold, repeated) = (median(&figure.cold), median(&figure.repeated));
            let alone = self
                .0
                .iter()
                .find(|(r, t, _)| r == request && target.starts_with(&format!("{t},")));
            let _ = write!(out, "{request}: {target}\n{:>40.1}", cold);
            match alone {
                Some((_, _, alone)) => {
                    let added = (cold - median(&alone.cold), repeated - median(&alone.repeated));
                    let _ = write!(out, " {:>7.1} {repeated:>9.1} {:>6.1}", added.0, added.1);
                    match yardstick.replace((*request, added)) {
                        Some((same, theirs)) if same == *request => {
                            let _ = write!(
                                out,
                                "  1/{:.1} and 1/{:.1} of libmodsecurity's",
                                theirs.0 / added.0,
                                theirs.1 / added.1
                            );
                        }
                        _ => {}
                    }
                    out.push('\n');
                }
                None => {
                    let _ = writeln!(out, " {:>7} {repeated:>9.1}", "");
                }
            }
        }
        out
    }
}

fn median(figures: &[f64]) -> f64 {
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
            ("nginx, x with CRS", 1050.0),
            ("Envoy", 60.0),
            ("Envoy, ours with CRS", 160.0),
        ] {
            for off in [-1.0, 0.0, 1.0] {
                table.add("GET", target, cold + off, cold);
            }
        }
        let told = table.told();
        assert!(told.contains("1050.0  1000.0"), "{told}");
        assert!(told.contains("1/10.0 and 1/10.0 of libmodsecurity's"), "{told}");
    }
}
