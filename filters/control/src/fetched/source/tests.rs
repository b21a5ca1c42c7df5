//! Sources of several workers over one memory: who fetches, what is taken, what serves.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::*;
use crate::headers::HeaderMap;
use crate::store::{SharedData, StoreError, Version};
use crate::surroundings::{SignatureCheck, Unavailable};

const START: u64 = 1_000_000_000;
const SCHEDULE: Schedule = Schedule { refresh: 300_000, cooldown: 30_000, stale_for: 600_000 };

/// A process with a clock and shared data.
#[derive(Default)]
struct Process {
    now: Cell<u64>,
    values: RefCell<BTreeMap<String, (Vec<u8>, u32)>>,
}

impl SharedData for Process {
    fn get(&self, key: &str) -> Result<Option<(Vec<u8>, Version)>, StoreError> {
        let values = self.values.borrow();
        Ok(values.get(key).map(|(value, version)| (value.clone(), Version(*version))))
    }

    fn set(&self, key: &str, value: &[u8], expected: Option<Version>) -> Result<(), StoreError> {
        let mut values = self.values.borrow_mut();
        let version = values.get(key).map(|(_, version)| Version(*version));
        if version != expected {
            return Err(StoreError::Changed);
        }
        let next = version.map_or(1, |Version(version)| version + 1);
        values.insert(key.to_owned(), (value.to_vec(), next));
        Ok(())
    }
}

impl Surroundings for Process {
    fn now(&self) -> u64 {
        self.now.get() * 1_000_000
    }

    fn random(&self) -> u64 {
        4
    }

    fn shared(&self) -> &dyn SharedData {
        self
    }

    fn verify_signature(&self, _check: &SignatureCheck<'_>) -> Result<bool, Unavailable> {
        Err(Unavailable)
    }

    fn property(&self, _path: &[&str]) -> Option<Vec<u8>> {
        None
    }

    fn request_headers(&self) -> HeaderMap {
        HeaderMap::default()
    }

    fn request_trailers(&self) -> HeaderMap {
        HeaderMap::default()
    }

    fn response_headers(&self) -> HeaderMap {
        HeaderMap::default()
    }

    fn response_trailers(&self) -> HeaderMap {
        HeaderMap::default()
    }
}

/// A number; `-` in front of an entry is of no use, `> URL` leads on.
#[derive(Debug)]
struct Number;

impl Document for Number {
    type Value = u64;
    const NAME: &'static str = "numbers";
    const MAX_BYTES: usize = 64;
    const COUNTERS: Counters =
        Counters { fetched: "fetched", failed: "failed", skipped: "skipped" };

    fn read(
        &self,
        asked: Asked,
        body: &[u8],
        _surroundings: &dyn Surroundings,
    ) -> Result<Answered, String> {
        let text = std::str::from_utf8(body).map_err(|_| "no text".to_owned())?;
        if let Some(url) = text.strip_prefix("> ") {
            let elsewhere = Endpoint::parse(url, "other").ok_or("no URL")?;
            return Ok(Answered::Elsewhere(elsewhere));
        }
        let skipped = text.matches('-').count();
        let number: u64 = text.trim_matches('-').parse().map_err(|_| "no number".to_owned())?;
        let number = if asked == Asked::Next { number + 1_000 } else { number };
        Ok(Answered::Document(number.to_string().into_bytes(), skipped))
    }

    fn open(&self, published: &[u8], _surroundings: &dyn Surroundings) -> Option<u64> {
        std::str::from_utf8(published).ok()?.parse().ok()
    }
}

fn source() -> Source<Number> {
    let endpoint = Endpoint::parse("https://numbers/one", "numbers").unwrap();
    Source::new("number", endpoint, Number, SCHEDULE)
}

fn answer(status: &str, body: &str) -> CallAnswer {
    let mut headers = HeaderMap::default();
    headers.push(b":status", status.as_bytes());
    CallAnswer::Http { headers, body: body.as_bytes().to_vec() }
}

impl Process {
    fn at(now: u64) -> Self {
        Process { now: Cell::new(now), ..Process::default() }
    }

    fn step(&self, source: &Source<Number>, event: JobEvent<'_>) -> (JobStep, Report) {
        let mut report = Report::default();
        let step = source.step(event, self, &mut report);
        (step, report)
    }

    /// What a worker with the lease does, if anything.
    fn fetches(&self, source: &Source<Number>) -> bool {
        matches!(self.step(source, JobEvent::Leased).0, JobStep::Call(_))
    }

    /// A whole fetch, whose answer all of these hear of.
    fn fetch(&self, source: &Source<Number>, text: &str, all: &[&Source<Number>]) {
        assert!(self.fetches(source));
        let (step, _) = self.step(source, JobEvent::Answer(&answer("200", text)));
        let JobStep::Publish(blob) = step else { panic!("{step:?}") };
        for one in all {
            assert_eq!(self.step(one, JobEvent::Published(&blob)).0, JobStep::Done);
        }
    }
}

#[test]
fn one_worker_fetches_and_all_have_it_until_it_is_old() {
    let process = Process::at(START);
    let (one, two) = (source(), source());
    for source in [&one, &two] {
        assert_eq!(process.step(source, JobEvent::Due).0, JobStep::Lease);
        assert_eq!(source.serving(START), None);
    }
    process.fetch(&one, "7", &[&one, &two]);
    for source in [&one, &two] {
        assert_eq!(source.serving(START).as_deref(), Some(&7));
        assert_eq!(process.step(source, JobEvent::Due).0, JobStep::Done);
        // Refresh and stale_for later it serves no more, and is still there.
        assert_eq!(source.serving(START + 899_999).as_deref(), Some(&7));
        assert_eq!(source.serving(START + 900_000), None);
        assert_eq!(source.newest().as_deref(), Some(&7));
    }
    process.now.set(START + 270_000);
    assert_eq!(process.step(&two, JobEvent::Due).0, JobStep::Lease);
}

#[test]
fn a_worker_that_gets_the_lease_later_knows_of_the_earlier_attempt() {
    let process = Process::at(START);
    let (one, two) = (source(), source());
    assert!(process.fetches(&one));
    process.step(&one, JobEvent::Answer(&answer("500", "7")));
    assert!((one.has_failed(), two.has_failed()) == (true, false));
    assert!(!process.fetches(&two), "within the pause after a failure");
    assert!(two.has_failed());
    process.now.set(START + 1_000);
    assert!(process.fetches(&two));
}

#[test]
fn what_is_no_document_is_counted_told_and_replaces_nothing() {
    let process = Process::at(START);
    let source = source();
    let bad = [answer("200", "x"), answer("302", "8"), answer("200", &"8".repeat(65))];
    for (number, bad) in bad.iter().enumerate() {
        assert!(process.fetches(&source));
        let (step, report) = process.step(&source, JobEvent::Answer(bad));
        assert_eq!((step, report.counts), (JobStep::Done, vec!["failed"]));
        let pause = 1 << number;
        let end = format!("; there are none, next attempt in {pause} s");
        assert!(report.warnings[0].ends_with(&end), "{:?}", report.warnings);
        process.now.set(process.now.get() + 1_000 * pause);
    }
    process.fetch(&source, "7", &[&source]);
    assert!(!source.has_failed());
    process.now.set(process.now.get() + 300_000);
    assert!(process.fetches(&source));
    let (_, report) = process.step(&source, JobEvent::Answer(&answer("200", "x")));
    let name = "numbers of number:numbers:numbers/one:300000:30000:600000";
    let says = format!("{name}: no number; the old ones go on serving, next attempt in 1 s");
    assert_eq!(report.warnings, [says]);
    process.now.set(process.now.get() + 600_000);
    assert!(process.fetches(&source));
    let (_, report) = process.step(&source, JobEvent::Answer(&answer("200", "x")));
    assert!(report.warnings[0].contains("; the old ones are too old to serve, "));
    // Nor does anything that somebody else wrote.
    process.step(&source, JobEvent::Published(b"short"));
    process.step(&source, JobEvent::Published(&answer::publish(1, 2, b"x")));
    assert_eq!(source.newest().as_deref(), Some(&7));
}

#[test]
fn entries_of_no_use_are_counted_each() {
    let process = Process::at(START);
    let source = source();
    assert!(process.fetches(&source));
    let (_, report) = process.step(&source, JobEvent::Answer(&answer("200", "--7-")));
    assert_eq!(report.counts, ["fetched", "skipped", "skipped", "skipped"]);
}

#[test]
fn an_answer_may_lead_on_once() {
    let process = Process::at(START);
    let source = source();
    for again in [false, true] {
        process.now.set(process.now.get() + 300_000);
        assert!(process.fetches(&source));
        let (step, _) = process.step(&source, JobEvent::Answer(&answer("200", "> https://b/two")));
        assert_eq!(step, JobStep::Call(Endpoint::parse("https://b/two", "other").unwrap().call()));
        let next = if again { "> https://c/" } else { "7" };
        let (step, report) = process.step(&source, JobEvent::Answer(&answer("200", next)));
        assert_eq!(matches!(step, JobStep::Publish(_)), !again, "{report:?}");
        process.step(
            &source,
            match &step {
                JobStep::Publish(blob) => JobEvent::Published(blob),
                _ => JobEvent::Due,
            },
        );
        assert_eq!(source.newest().as_deref(), Some(&1_007));
    }
}

#[test]
fn what_requests_name_is_fetched_once_a_cooldown() {
    let process = Process::at(START);
    let (one, two) = (source(), source());
    process.fetch(&one, "7", &[&one, &two]);
    assert!(one.wait_for_another(START + 29_999).is_none());
    process.now.set(START + 30_000);
    let seats: Vec<Seat> = (0..MAX_WAITING_FOR_ANOTHER)
        .map(|_| one.wait_for_another(START + 30_000).unwrap())
        .collect();
    assert!(one.wait_for_another(START + 30_000).is_none(), "so many wait");
    assert!(two.wait_for_another(START + 30_000).is_some());
    process.fetch(&one, "8", &[&one]);
    drop(seats);
    // The other worker wanted it too, and finds that it was tried.
    assert!(!process.fetches(&two));
    assert!(two.wait_for_another(START + 59_999).is_none());
}

#[test]
fn a_fetch_that_is_under_way_is_waited_for_and_causes_no_other() {
    let process = Process::at(START);
    let source = source();
    process.fetch(&source, "7", &[&source]);
    let failed = CallAnswer::Failed { grpc_status: 0 };
    let ends = [answer("200", "8"), answer("500", ""), answer("200", "x"), failed];
    for (number, end) in (1..).zip(&ends) {
        let now = START + 60_000 * number;
        process.now.set(now);
        let first = source.wait_for_another(now).unwrap();
        assert!(process.fetches(&source));
        process.step(&source, JobEvent::Answer(&answer("200", "> https://b/two")));
        process.now.set(now + 1_000);
        let mut late: Vec<Seat> = (1..MAX_WAITING_FOR_ANOTHER)
            .map(|_| source.wait_for_another(now + 1_000).unwrap())
            .collect();
        assert!(source.wait_for_another(now + 1_000).is_none(), "so many wait");
        late.push(first);
        if let (JobStep::Publish(blob), _) = process.step(&source, JobEvent::Answer(end)) {
            process.step(&source, JobEvent::Published(&blob));
        }
        drop(late);
        // Who came late wanted no fetch of its own, and who comes now has to wait for the cooldown's end.
        for later in [now + 1_000, now + 29_999] {
            process.now.set(later);
            assert!(source.wait_for_another(later).is_none(), "{end:?}");
            assert_eq!(process.step(&source, JobEvent::Due).0, JobStep::Done, "{end:?}");
        }
        process.now.set(now + 31_000);
        assert!(!process.fetches(&source), "{end:?}");
    }
}

#[test]
fn so_many_wait_for_a_first_document_and_no_more_until_one_goes() {
    let source = source();
    let mut seats: Vec<Seat> =
        (0..MAX_WAITING_FOR_FIRST).map(|_| source.wait_for_first().unwrap()).collect();
    assert!(source.wait_for_first().is_none());
    assert!(source.wait_for_another(START).is_some(), "others have seats of their own");
    seats.pop();
    assert!(source.wait_for_first().is_some());
}

#[test]
fn the_same_source_twice_is_one() {
    let sources = Sources::default();
    let one = sources.share(source());
    assert!(Rc::ptr_eq(&one, &sources.share(source())));
    let endpoint = Endpoint::parse("https://numbers/one", "numbers").unwrap();
    let schedule = Schedule { cooldown: 1, ..SCHEDULE };
    let other = sources.share(Source::new("number", endpoint, Number, schedule));
    assert!(!Rc::ptr_eq(&one, &other));
}
