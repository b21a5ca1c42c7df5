//! The loop: take a seed, change it, run it, keep what showed something new.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use fastrand::Rng;

use crate::corpus;
use crate::mutate::{MAX_INPUT_BYTES, Mutator};
use crate::targets::Target;
use crate::watch::Watch;

/// Inputs that are kept in memory because they showed something new.
const MAX_POOL: usize = 4096;

/// An input that a target failed on.
#[derive(Debug)]
pub struct Failure {
    /// What the target said.
    pub message: String,
    /// Where the input is kept.
    pub kept: PathBuf,
}

/// One target with its inputs, at some point of a run that its seed number determines.
pub struct Run {
    target: Target,
    pool: Vec<Vec<u8>>,
    seen: HashSet<u64>,
    rng: Rng,
    mutator: Mutator,
    watch: Watch,
}

impl Run {
    /// A run from the target's seeds; `failures` is where inputs are kept that it fails on.
    #[must_use]
    pub fn new(target: Target, seed: u64, failures: PathBuf) -> Self {
        let mut pool: Vec<Vec<u8>> =
            corpus::read(&corpus::seeds(target.name)).into_iter().map(|(_, input)| input).collect();
        let mutator = Mutator::new(&pool);
        pool.push(Vec::new());
        let watch = Watch::new(target.name, failures);
        Run { target, pool, seen: HashSet::new(), rng: Rng::with_seed(seed), mutator, watch }
    }

    /// Runs every seed and every regression as it is.
    ///
    /// # Errors
    /// The first that fails.
    pub fn replay(&mut self) -> Result<usize, Failure> {
        let old = corpus::read(&corpus::regressions(self.target.name));
        let inputs: Vec<Vec<u8>> =
            self.pool.iter().cloned().chain(old.into_iter().map(|(_, input)| input)).collect();
        for input in &inputs {
            let shown = self.run(input)?;
            self.seen.insert(shown);
        }
        Ok(inputs.len())
    }

    /// Makes one input and runs it.
    ///
    /// # Errors
    /// It fails.
    pub fn step(&mut self) -> Result<(), Failure> {
        let base = self.rng.usize(..self.pool.len());
        let other = self.rng.usize(..self.pool.len());
        let input = self.mutator.mutate(&mut self.rng, &self.pool[base], &self.pool[other]);
        let shown = self.run(&input)?;
        if self.pool.len() < MAX_POOL && input.len() <= MAX_INPUT_BYTES && self.seen.insert(shown) {
            self.pool.push(input);
        }
        Ok(())
    }

    /// What the target shows of an input; a panic is a failure, and its input is kept.
    fn run(&mut self, input: &[u8]) -> Result<u64, Failure> {
        self.watch.start(input);
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.target.run)(input)));
        self.watch.end();
        outcome.map_err(|panic| {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let message = text.or_else(|| panic.downcast_ref::<String>().cloned());
            let kept = corpus::keep(self.watch.folder(), input).expect("the input can be kept");
            Failure { message: message.unwrap_or_default(), kept }
        })
    }

    /// How many inputs are worth changing.
    #[must_use]
    pub fn pool(&self) -> usize {
        self.pool.len()
    }
}
