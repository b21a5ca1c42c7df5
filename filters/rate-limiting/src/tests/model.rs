//! Whatever workers do between each other's reads and writes, the outcome is that of one who counts alone.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::world::{Memory, START, World, ask, control};

/// A generator of the kind that tests need: small, seeded, the same everywhere (xorshift64*).
pub(super) struct Generator(u64);

impl Generator {
    pub(super) fn new(seed: u64) -> Self {
        Generator(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d).checked_rem(bound).unwrap_or(0)
    }
}

/// Counts one request after the other: what the limits mean, and nothing else.
#[derive(Default)]
struct Model(HashMap<u64, (u64, [u64; LIMITS.len()])>);

/// Seconds and requests.
const LIMITS: [(u64, u64); 3] = [(1, 3), (60, 7), (3_600, 20)];

impl Model {
    fn admits(&mut self, client: u64, now: u64) -> bool {
        let (last, mut used) = self.0.get(&client).copied().unwrap_or_default();
        let at = now.max(last);
        for ((length, _), used) in LIMITS.iter().zip(&mut used) {
            if at / length != last / length {
                *used = 0;
            }
        }
        let admitted = LIMITS.iter().zip(used).all(|((_, limit), used)| used < *limit);
        if admitted {
            self.0.insert(client, (at, used.map(|used| used + 1)));
        }
        admitted
    }
}

/// Workers that are interrupted by each other whenever one is about to write.
struct Workers {
    memory: Arc<Memory>,
    generator: RefCell<Generator>,
    now: Cell<u64>,
    /// When the request came that is interrupted.
    outer: Cell<u64>,
    depth: Cell<u32>,
    /// In the order in which the requests were decided.
    outcomes: RefCell<Vec<(u64, u64, bool)>>,
}

/// Workers inside each other, at most.
const DEPTH: u32 = 4;

fn request(workers: &Rc<Workers>) {
    let (client, now) = {
        let mut generator = workers.generator.borrow_mut();
        // Most requests come at once, some after a pause. Whoever is interrupted reads on with an old clock, and
        // clocks lie up to three seconds apart anyway; past ten the table takes it for a clock that was set back.
        let pause = generator.below(4) == 0;
        let bound = match workers.depth.get() {
            0 => 40,
            _ => workers.outer.get() + 6 - workers.now.get(),
        };
        workers.now.set(workers.now.get() + if pause { generator.below(bound) } else { 0 });
        if workers.depth.get() == 0 {
            workers.outer.set(workers.now.get());
        }
        (generator.below(3), workers.now.get() - generator.below(4))
    };
    let world = World::new(&workers.memory).at(now).from(&format!("10.0.0.{client}:1"));
    let interrupted = workers.generator.borrow_mut().below(3) != 0;
    if interrupted && workers.depth.get() < DEPTH {
        let workers = Rc::clone(workers);
        *world.before_write.borrow_mut() = Some(Box::new(move || {
            workers.depth.set(workers.depth.get() + 1);
            let others = workers.generator.borrow_mut().below(3);
            for _ in 0..=others {
                request(&workers);
            }
            workers.depth.set(workers.depth.get() - 1);
        }));
    }
    // Each worker has its own VM, and with it its own policy.
    let policy = control(r#"{"second":3,"minute":7,"hour":20,"limit_by":"ip"}"#);
    let admitted = ask(&policy, world).admitted();
    workers.outcomes.borrow_mut().push((client, now, admitted));
}

#[test]
fn any_interleaving_of_workers_gives_what_one_worker_gives() {
    let (mut admitted, mut denied) = (0, 0);
    for seed in 0..60 {
        let workers = Rc::new(Workers {
            memory: Arc::default(),
            generator: RefCell::new(Generator::new(seed)),
            now: Cell::new(START + seed),
            outer: Cell::new(0),
            depth: Cell::new(0),
            outcomes: RefCell::default(),
        });
        for _ in 0..60 {
            request(&workers);
        }
        let mut model = Model::default();
        for (index, (client, now, outcome)) in workers.outcomes.borrow().iter().enumerate() {
            assert_eq!(model.admits(*client, *now), *outcome, "seed {seed}, request {index}");
            if *outcome { admitted += 1 } else { denied += 1 }
        }
    }
    assert!(admitted > 1_000 && denied > 1_000, "{admitted} admitted, {denied} denied");
}

#[test]
fn threads_together_admit_exactly_the_limit() {
    const LIMIT: usize = 40;
    for (workers, config) in [
        (4, r#"{"minute":40,"limit_by":"ip"}"#),
        (16, r#"{"second":40,"minute":40,"hour":40,"limit_by":"ip"}"#),
        (16, r#"[{"minute":40,"limit_by":"ip"},{"minute":60,"limit_by":"ip","name":"b"}]"#),
        (16, r#"[{"minute":60,"limit_by":"ip"},{"minute":40,"limit_by":"ip","name":"b"}]"#),
    ] {
        let memory = Arc::<Memory>::default();
        let barrier = std::sync::Barrier::new(workers);
        let admitted: usize = std::thread::scope(|scope| {
            let work = || {
                let policy = control(config);
                barrier.wait();
                (0..20).filter(|_| ask(&policy, World::new(&memory)).admitted()).count()
            };
            let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(admitted, LIMIT, "{workers} workers, {config}");
    }
}
