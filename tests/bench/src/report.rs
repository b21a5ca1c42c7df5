//! The tables.

use portcullis_e2e::envoy_version;

use crate::cpu::Cores;
use crate::memory::{Footprint, WORKERS};
use crate::options::Options;
use crate::rounds::Measured;
use crate::rows::NO_FILTER;
use crate::targets::targets;

/// How much of the time Envoy runs, at least, on a machine where nothing else does.
const QUIET: f64 = 0.6;

/// Costs of rows by their names.
pub(crate) struct Costs<'m>(&'m [Measured]);

impl Costs<'_> {
    fn row(&self, name: &str) -> Option<&Measured> {
        self.0.iter().find(|measured| measured.row.name == name)
    }

    /// The differences to the same without a filter, each within one round, in microseconds.
    fn differences(&self, name: &str) -> Option<Vec<f64>> {
        let measured = self.row(name)?;
        let plain = &self.row(measured.row.base())?.cost;
        Some(measured.cost.iter().zip(plain).map(|(one, plain)| one - plain).collect())
    }

    /// The cost above `no filter` in microseconds a request.
    pub(crate) fn above(&self, name: &str) -> Option<f64> {
        self.differences(name).map(|differences| median(&differences))
    }
}

/// The middle one, or the mean of the two in the middle; NaN of nothing.
pub(crate) fn median(figures: &[f64]) -> f64 {
    (quantile(figures, 0.5, f64::floor) + quantile(figures, 0.5, f64::ceil)) / 2.0
}

fn quantile(figures: &[f64], part: f64, round: fn(f64) -> f64) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1) as f64;
    sorted.get(round(last * part) as usize).copied().unwrap_or(f64::NAN)
}

/// Half of the range in which the middle half of the figures lies.
fn spread(figures: &[f64]) -> f64 {
    (quantile(figures, 0.75, f64::round) - quantile(figures, 0.25, f64::round)) / 2.0
}

fn ratio(figure: Option<f64>, base: Option<f64>) -> String {
    match figure.zip(base) {
        Some((figure, base)) => format!("{:.2}", figure / base),
        None => String::new(),
    }
}

/// Prints everything.
pub(crate) fn print(options: &Options, cores: Cores, rounds: &[Measured], memory: &[Footprint]) {
    let costs = Costs(rounds);
    println!(
        "Envoy {}, one worker on core {}, clients and upstream on core {}; RS256 with 2,048 bits;\n\
         medians of {} rounds of {} requests, all rows in each round, all Envoys started anew {} times; ± half of the middle \
         half\n",
        envoy_version(),
        cores.envoy,
        cores.load,
        options.generations * options.rounds,
        options.requests,
        options.generations,
    );
    print_costs(&costs);
    print_memory(options, memory);
    print_targets(&costs, memory);
}

fn print_costs(costs: &Costs<'_>) {
    println!(
        "{:<66} {:>8} {:>15} {:>10} {:>10} {:>6}",
        "CPU of Envoy per request, µs", "total", "above none", "× no-op", "× ours", "busy"
    );
    for measured in costs.0 {
        let name = measured.row.name;
        let total = median(&measured.cost);
        let busy = 100.0 * median(&measured.busy);
        if name == measured.row.base() {
            println!("{name:<66} {total:>8.2} {:>15} {:>10} {:>10} {busy:>5.0}%", "", "", "");
            continue;
        }
        let [sdk, ours] = measured.row.noops();
        let differences = costs.differences(name).unwrap_or_default();
        let above = median(&differences);
        println!(
            "{name:<66} {total:>8.2} {:>15} {:>10} {:>10} {busy:>5.0}%",
            format!("{above:.2} ± {:.2}", spread(&differences)),
            ratio(Some(above), costs.above(sdk)),
            ratio(Some(above), costs.above(ours)),
        );
    }
    println!(
        "(× no-op: cost above none, over that of the no-op module on the SDK; × ours: over that of our runtime; busy: how much\n \
         of the time Envoy ran)"
    );
    let plain = costs.row(NO_FILTER).map_or(1.0, |measured| median(&measured.busy));
    if plain < QUIET {
        println!(
            "NOTE: Envoy had its core for {:.0} % of the time: something else runs here, and its cold caches are in every figure",
            100.0 * plain
        );
    }
    println!();
}

fn print_memory(options: &Options, memory: &[Footprint]) {
    println!(
        "{:<66} {:>8} {:>8} {:>8} {:>8} {:>9} {:>9}",
        format!("Memory of Envoy, {WORKERS} workers, MiB, medians of {}", options.starts),
        "ready",
        "used",
        "+ ready",
        "+ used",
        "ready, ms",
        "code, KiB"
    );
    let mib = |bytes: f64| bytes / f64::from(1 << 20);
    for row in memory {
        let (ready, used) = (mib(median(&row.ready)), mib(median(&row.used)));
        let plain = &memory[0];
        let start: Vec<f64> = row.start.iter().map(|start| start.as_secs_f64() * 1e3).collect();
        println!(
            "{:<66} {ready:>8.1} {used:>8.1} {:>8.1} {:>8.1} {:>9.0} {:>9.0}",
            row.name,
            ready - mib(median(&plain.ready)),
            used - mib(median(&plain.used)),
            median(&start),
            row.code as f64 / 1024.0,
        );
    }
    println!(
        "(used: after one request with each of the fresh tokens; +: over plain Envoy; code: the modules' code sections)\n"
    );
}

fn print_targets(costs: &Costs<'_>, memory: &[Footprint]) {
    println!("Targets, as cost above `{NO_FILTER}` (a miss is a note, not a failure)");
    for target in targets(costs, memory) {
        println!(
            "  {:<72} {:>6.2} {} = {:.2} × {} ({:.2}), at most {:.2}: {}",
            target.what,
            target.figure,
            target.unit,
            target.ratio(),
            target.base,
            target.base_figure,
            target.at_most,
            if target.met() { "met" } else { "NOT MET" },
        );
    }
}
