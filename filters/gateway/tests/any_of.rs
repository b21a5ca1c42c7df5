//! Alternatives that wait, call, hold bodies, change their mind: what tables of the controls that ship can't say.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

use std::rc::Rc;

use portcullis_cases::engine::Observed;
use portcullis_cases::native::{Native, Part, World};
use portcullis_cases::prepared::Sent;
use portcullis_control::config::Section;
use portcullis_control::control::{Body, Call, CallAnswer, Control, Verdict};
use portcullis_control::exchange::Exchange;
use portcullis_control::headers::{Edit, FieldName, FieldValue, HeaderMap};
use portcullis_control::identity::Identity;
use portcullis_control::place::Place;
use portcullis_control::policy::Kind;
use portcullis_control::program::Site;
use portcullis_control::reasons;
use portcullis_control::refusal::{Reason, Refusal};
use portcullis_runtime::module::Definition;
use serde_json::{Value, json};

reasons! {
    /// Why a control under test refuses.
    enum Why {
        /// Nothing was presented.
        Nothing = (401, "nothing", "Nothing"),
        /// The body was no good.
        Body = (401, "body", "Bad body"),
        /// Known, and not entitled.
        Forbidden = (403, "forbidden", "Forbidden"),
        /// Not to be decided now.
        Later = (503, "later", "Later"),
        /// Not to be decided at all.
        Large = (413, "large", "Too large"),
    }
}

/// Nanoseconds for which a control under test waits, at most.
const PATIENCE: u64 = 5_000_000_000;

/// A control that does what the header of its name says, word by word: the later ones after it waited.
trait Told {
    const NAME: &'static str;
    const PLACE: Place;
}

struct Obedient<T>(std::marker::PhantomData<T>);

impl<T: Told + 'static> Obedient<T> {
    fn refusal(why: Why) -> Verdict {
        let challenge = FieldValue::new(T::NAME).unwrap();
        Verdict::from(Refusal::from(why).with_header("www-authenticate", challenge))
    }

    fn say(exchange: &mut Exchange) {
        let identity = Identity {
            control: T::NAME.into(),
            subject: Some(T::NAME.into()),
            groups: vec![T::NAME.into()],
            ..Identity::default()
        };
        let name = FieldName::parse(&format!("x-user-{}", T::NAME)).unwrap();
        let value = FieldValue::new(T::NAME).unwrap();
        exchange.set_identity(Rc::new(identity), &[Edit::Set(name, value)]);
        exchange.note("said", Vec::new());
    }

    fn act(exchange: &mut Exchange, words: &mut Vec<String>) -> Verdict {
        if words.is_empty() {
            return Self::refusal(Why::Nothing);
        }
        match words.remove(0).as_str() {
            "pass" => {
                Self::say(exchange);
                Verdict::Continue
            }
            "say" => {
                Self::say(exchange);
                exchange.edit_request(Edit::Remove(FieldName::from_static("x-secret")));
                exchange.set_request_header(
                    FieldName::from_static("x-kept"),
                    FieldValue::from_static("changed"),
                );
                Self::act(exchange, words)
            }
            "forbid" => Self::refusal(Why::Forbidden),
            "later" => Verdict::from(Refusal::from(Why::Later)),
            "large" => Self::refusal(Why::Large),
            "call" => Verdict::Call(Box::new(Call::Http {
                cluster: T::NAME.into(),
                headers: Vec::new(),
                body: Vec::new(),
                timeout_ms: 1,
            })),
            "wait" => Verdict::Wait { until: exchange.now() + PATIENCE },
            "hold" => Verdict::HoldBody { max: 8 },
            "hold-more" => Verdict::HoldBody { max: 16 },
            other => panic!("nobody knows how to {other}"),
        }
    }
}

impl<T: Told + 'static> Control for Obedient<T> {
    const NAME: &'static str = T::NAME;
    const PLACES: &'static [Place] = &[T::PLACE];
    const REASONS: &'static [&'static Reason] = Why::ALL;
    const COUNTERS: &'static [&'static str] = &["said", "trailers"];
    type State = Vec<String>;

    fn compile(_section: &mut Section<'_>, _site: &Site<'_>) -> Option<Self> {
        Some(Obedient(std::marker::PhantomData))
    }

    fn identity_headers(&self) -> Vec<FieldName> {
        vec![FieldName::from_static("x-user-*")]
    }

    fn may_hold_request(&self) -> bool {
        true
    }

    fn request_headers(
        &self,
        exchange: &mut Exchange,
        words: &mut Vec<String>,
        end: bool,
    ) -> Verdict {
        let told = exchange.request_headers().first(T::NAME).unwrap_or_default().to_vec();
        let told = String::from_utf8(told).unwrap();
        *words = told.split_whitespace().map(str::to_owned).collect();
        assert!(!end || !told.contains("hold"), "{}: there is no body to hold", T::NAME);
        Self::act(exchange, words)
    }

    fn call_done(
        &self,
        exchange: &mut Exchange,
        words: &mut Vec<String>,
        _: &CallAnswer,
    ) -> Verdict {
        Self::act(exchange, words)
    }

    fn woken(&self, exchange: &mut Exchange, words: &mut Vec<String>) -> Verdict {
        Self::act(exchange, words)
    }

    fn request_body(
        &self,
        exchange: &mut Exchange,
        words: &mut Vec<String>,
        body: Body<'_>,
    ) -> Verdict {
        match words.first().map(String::as_str) {
            Some("hold" | "hold-more") if !body.complete => return Self::act(exchange, words),
            _ if !body.complete => return Self::refusal(Why::Large),
            _ => {}
        }
        exchange.replace_request_body([T::NAME.as_bytes(), b":", body.bytes].concat());
        if body.bytes.ends_with(b"good") {
            Self::act(exchange, words)
        } else {
            Self::refusal(Why::Body)
        }
    }

    fn stand_back(&self, exchange: &mut Exchange) {
        let name = FieldName::parse(&format!("{}-credential", T::NAME)).unwrap();
        exchange.edit_request(Edit::Remove(name));
    }

    fn request_trailers(&self, exchange: &mut Exchange, _: &mut Vec<String>) -> Verdict {
        exchange.count("trailers");
        Verdict::Continue
    }
}

macro_rules! told {
    ($type:ident, $name:literal, $place:ident) => {
        struct $type;
        impl Told for $type {
            const NAME: &'static str = $name;
            const PLACE: Place = Place::$place;
        }
    };
}
told!(One, "one", MtlsAuth);
told!(Two, "two", JwtAuth);
told!(Three, "three", KeyAuth);
told!(Behind, "behind", RequestValidation);

const KINDS: [Kind; 4] = [
    Kind::of::<Obedient<One>>(),
    Kind::of::<Obedient<Two>>(),
    Kind::of::<Obedient<Three>>(),
    Kind::of::<Obedient<Behind>>(),
];

struct Gate {
    world: World,
    native: Native,
}

impl Gate {
    fn new(configuration: &Value) -> Self {
        let world = World::default();
        let load = |text: &[u8], environment: &portcullis_control::config::Environment<'_>| {
            portcullis_gateway::compose(&KINDS, text, environment)
        };
        let mut native = Native::new(&world, Definition { name: "gateway", load });
        let text = configuration.to_string().into_bytes();
        assert!(native.configure(&text, &|_| None), "{:?}", world.log());
        Gate { world, native }
    }

    /// All three, one of which has to let the request pass.
    fn any() -> Self {
        Gate::new(
            &json!({"one": {}, "two": {}, "three": {}, "auth": {"any_of": ["one", "two", "three"]}}),
        )
    }

    fn send(
        &mut self,
        headers: &[(&str, &str)],
        body: Option<&str>,
        trailers: &[(&str, &str)],
    ) -> Observed {
        let fields = |fields: &[(&str, &str)]| {
            let field =
                |(name, value): &(&str, &str)| ((*name).to_owned(), value.as_bytes().to_vec());
            fields.iter().map(field).collect()
        };
        let extra = [("x-kept", "as it was"), ("x-secret", "s")];
        self.native.send(&Sent {
            method: "POST".to_owned(),
            headers: fields(&[headers, &extra].concat()),
            trailers: fields(trailers),
            body: body.map(|body| body.as_bytes().to_vec()),
            ..Sent::default()
        })
    }

    fn get(&mut self, headers: &[(&str, &str)]) -> Observed {
        self.send(headers, None, &[])
    }

    fn count(&mut self, name: &str) -> u64 {
        self.native.tick();
        self.world.counter(&format!("portcullis.{name}"))
    }
}

fn all<'o>(fields: &'o [(String, Vec<u8>)], name: &str) -> Vec<&'o str> {
    let named = fields.iter().filter(|(known, _)| known == name);
    named.map(|(_, value)| std::str::from_utf8(value).unwrap()).collect()
}

/// The subjects that the upstream was told, and what else was changed.
fn told(observed: &Observed) -> (Vec<&str>, Vec<&str>, Vec<&str>) {
    let headers = &observed.upstream.as_ref().expect("it passed").headers;
    let users = ["one", "two", "three"].into_iter();
    let users = users.flat_map(|name| all(headers, &format!("x-user-{name}"))).collect();
    (users, all(headers, "x-kept"), all(headers, "x-secret"))
}

/// `control outcome reason` of each line of the record.
fn record(observed: &Observed) -> Vec<String> {
    let record = observed.decision.as_deref().unwrap_or(b"[]");
    let notes: Vec<Value> = serde_json::from_slice(record).unwrap();
    let word = |note: &Value, name: &str| note[name].as_str().unwrap().to_owned();
    notes
        .iter()
        .map(|note| ["control", "outcome", "reason"].map(|name| word(note, name)).join(" "))
        .collect()
}

const UNTOUCHED: (&[&str], &[&str]) = (&["as it was"], &["s"]);

#[test]
fn what_a_refusing_alternative_did_is_undone() {
    let mut gate = Gate::any();
    let observed = gate.get(&[("one", "say forbid"), ("two", "say"), ("three", "pass")]);
    let (users, kept, secret) = told(&observed);
    assert_eq!((observed.status, users), (Some(200), vec!["three"]));
    assert_eq!((&kept[..], &secret[..]), UNTOUCHED);
    assert_eq!(record(&observed), ["three noted said", "one tried forbidden", "two tried nothing"]);
    let counts = ["one.said", "two.said", "three.said", "three.allowed", "one.allowed"];
    assert_eq!(counts.map(|name| gate.count(name)), [0, 0, 1, 1, 0]);
    let counts = [
        "one.tried.forbidden",
        "two.tried.nothing",
        "one.refused.forbidden",
        "two.refused.nothing",
    ];
    assert_eq!(counts.map(|name| gate.count(name)), [1, 1, 0, 0]);
}

#[test]
fn after_a_success_the_others_are_not_asked_and_hide_what_they_would_have_hidden() {
    let mut gate = Gate::any();
    let credentials = ["one", "two", "three"].map(|name| format!("{name}-credential"));
    let mut headers = vec![("two", "pass"), ("three", "say forbid")];
    headers.extend(credentials.iter().map(|name| (name.as_str(), "c")));
    let observed = gate.send(&headers, Some("b"), &[("x-end", "1")]);
    let (users, kept, secret) = told(&observed);
    assert_eq!((&users[..], (&kept[..], &secret[..])), (&["two"][..], UNTOUCHED));
    assert_eq!(record(&observed), ["two noted said", "one tried nothing"]);
    let upstream = &observed.upstream.as_ref().unwrap().headers;
    let left: Vec<_> = credentials.iter().map(|name| all(upstream, name).len()).collect();
    assert_eq!(left, [0, 1, 0], "the winner hides by its own rule alone");
    let counts = ["one.trailers", "two.trailers", "three.trailers"];
    assert_eq!(counts.map(|name| gate.count(name)), [0, 1, 0]);
}

#[test]
fn an_alternative_that_waits_or_calls_suspends_those_behind_it() {
    for (word, answers) in [("wait", 0), ("call", 1)] {
        let mut gate = Gate::any();
        let go_on = |gate: &mut Gate| match word {
            "wait" => {
                gate.world.set_now(gate.world.now() + PATIENCE);
                gate.native.wait()
            }
            _ => gate.native.answer_call(
                u32::try_from(gate.world.calls().len()).unwrap(),
                &CallAnswer::Http { headers: HeaderMap::default(), body: Vec::new() },
            ),
        };
        let one = format!("say {word} forbid");
        let two = format!("{word} pass");
        let waiting = gate.get(&[("one", &one), ("two", &two), ("three", "pass")]);
        assert_eq!((waiting.status, waiting.upstream.is_none()), (None, true));
        assert_eq!(gate.world.calls().len(), answers);
        let waiting = go_on(&mut gate);
        assert_eq!((waiting.status, waiting.upstream.is_none()), (None, true), "two waits as well");
        let observed = go_on(&mut gate);
        let (users, kept, secret) = told(&observed);
        assert_eq!((&users[..], (&kept[..], &secret[..])), (&["two"][..], UNTOUCHED));
        assert_eq!(record(&observed), ["two noted said", "one tried forbidden"]);
    }
}

#[test]
fn a_body_that_one_alternative_judged_bad_is_the_next_ones_as_it_came() {
    let mut gate = Gate::any();
    let observed = gate.send(&[("one", "say hold pass"), ("two", "hold pass")], Some("bad"), &[]);
    assert_eq!(observed.status, Some(401));
    assert_eq!(record(&observed), ["two tried body", "three tried nothing", "one refused body"]);
    // The first one's replacement is undone; the second one's is what goes on.
    let observed =
        gate.send(&[("one", "say hold forbid"), ("two", "hold pass")], Some("good"), &[]);
    assert_eq!(observed.upstream.as_ref().unwrap().body, b"two:good");
    assert_eq!(told(&observed), (vec!["two"], UNTOUCHED.0.to_vec(), UNTOUCHED.1.to_vec()));
    let observed = gate.send(&[("one", "say hold forbid"), ("two", "pass")], Some("good"), &[]);
    assert_eq!(observed.upstream.as_ref().unwrap().body, b"good");
    // One that changes its mind later, after a call, is undone as well.
    let waiting = gate.send(&[("one", "hold call forbid"), ("two", "pass")], Some("good"), &[]);
    assert_eq!(waiting.status, None);
    let observed = gate.native.answer_call(1, &CallAnswer::Failed { grpc_status: 0 });
    assert_eq!(observed.upstream.as_ref().unwrap().body, b"good");
    let waiting = gate.send(&[("one", "hold call pass")], Some("good"), &[]);
    assert_eq!(waiting.status, None);
    let observed = gate.native.answer_call(2, &CallAnswer::Failed { grpc_status: 0 });
    assert_eq!(observed.upstream.as_ref().unwrap().body, b"one:good");
    // Trailers end the body just as well.
    let observed =
        gate.send(&[("one", "hold forbid"), ("two", "hold pass")], Some("good"), &[("x-end", "1")]);
    assert_eq!(observed.upstream.as_ref().unwrap().body, b"two:good");
}

#[test]
fn a_body_that_is_too_large_for_one_alternative_reaches_the_others_and_the_controls_behind() {
    let mut gate = Gate::new(&json!({
        "one": {}, "two": {}, "behind": {}, "auth": {"any_of": ["one", "two"]},
    }));
    let body = "twelve: good";
    let observed = gate.send(
        &[("one", "hold pass"), ("two", "pass"), ("behind", "hold-more pass")],
        Some(body),
        &[],
    );
    assert_eq!(observed.upstream.as_ref().unwrap().body, b"behind:twelve: good");
    // One that wants to see more of it gets more; one that wants no more than it saw would ask for ever.
    let observed =
        gate.send(&[("one", "hold hold-more pass"), ("behind", "pass")], Some(body), &[]);
    assert_eq!(observed.upstream.as_ref().unwrap().body, b"one:twelve: good");
    let observed = gate.send(
        &[("one", "hold hold pass"), ("two", "pass"), ("behind", "pass")],
        Some(body),
        &[],
    );
    assert_eq!(
        (observed.status, &record(&observed)[1..]),
        (Some(200), &["one tried internal".to_owned(), "behind noted said".to_owned()][..])
    );
    let observed = gate.send(&[("one", "hold hold hold pass")], Some("good"), &[]);
    assert_eq!(
        (observed.status, record(&observed)),
        (Some(503), vec!["two tried nothing".to_owned(), "one refused internal".to_owned()])
    );
}

#[test]
fn a_body_that_came_while_another_one_waited_is_still_a_body() {
    let mut gate = Gate::any();
    let headers = [("one", "wait forbid"), ("two", "hold pass")];
    let waiting = gate.send(&headers, Some("good"), &[]);
    assert_eq!(waiting.status, None);
    gate.world.set_now(PATIENCE);
    let observed = gate.native.wait();
    assert_eq!((observed.status, told(&observed).0), (Some(200), vec!["two"]));
    assert_eq!(observed.upstream.unwrap().body, b"two:good");
}

#[test]
fn where_all_refuse_the_client_reads_what_says_most_and_the_first_of_those() {
    let mut gate = Gate::any();
    for (words, status, message, decisive) in [
        (["", "", ""], 401, "Nothing", "one"),
        (["", "forbid", ""], 403, "Forbidden", "two"),
        (["", "large", "forbid"], 413, "Too large", "two"),
        (["forbid", "", "later"], 503, "Later", "three"),
        (["later", "later", "forbid"], 503, "Later", "one"),
    ] {
        let observed = gate.get(&[("one", words[0]), ("two", words[1]), ("three", words[2])]);
        let body: Value = serde_json::from_slice(&observed.body).unwrap();
        assert_eq!(
            (observed.status, &body["message"]),
            (Some(status), &message.into()),
            "{words:?}"
        );
        let challenges = all(&observed.headers, "www-authenticate");
        match status {
            401 => assert_eq!(challenges, ["one", "two", "three"]),
            503 => assert!(challenges.is_empty()),
            _ => assert_eq!(challenges, [decisive]),
        }
        let lines = record(&observed);
        assert_eq!(lines.len(), 3, "each has one line: {lines:?}");
        assert!(lines[2].starts_with(&format!("{decisive} refused ")), "{lines:?}");
    }
    let refused: u64 = ["one", "two", "three"]
        .iter()
        .flat_map(|name| Why::ALL.iter().map(move |why| format!("{name}.refused.{}", why.label)))
        .map(|name| gate.count(&name))
        .sum();
    assert_eq!(refused, 5, "one a request");
}

#[test]
fn one_that_cannot_decide_keeps_nobody_out_that_another_one_knows() {
    let mut gate = Gate::any();
    let observed = gate.get(&[("one", "later"), ("two", "forbid"), ("three", "pass")]);
    assert_eq!((observed.status, told(&observed).0), (Some(200), vec!["three"]));
    // Nor does a body that can't be read, or a call that can't be made.
    gate.world.break_down(Part::Bodies);
    let observed = gate.send(&[("one", "hold pass"), ("two", "pass")], Some("good"), &[]);
    assert_eq!(
        (observed.status, &record(&observed)[1..]),
        (Some(200), &["one tried internal".to_owned()][..])
    );
    let observed = gate.send(&[("one", "hold pass"), ("two", "forbid")], Some("good"), &[]);
    assert_eq!(observed.status, Some(503));
    gate.world.mend();
    gate.world.break_down(Part::Calls);
    let observed = gate.get(&[("one", "call forbid"), ("two", "pass")]);
    assert_eq!((observed.status, told(&observed).0), (Some(200), vec!["two"]));
}

#[test]
fn in_shadow_mode_nobody_waits_and_what_is_not_decided_is_not_counted() {
    let mut gate = Gate::new(&json!({
        "one": {"mode": "shadow"}, "two": {"mode": "shadow"}, "auth": {"any_of": ["one", "two"]},
    }));
    let observed = gate.get(&[("one", "say wait pass")]);
    assert_eq!(
        (observed.status, record(&observed)),
        (Some(200), vec!["two tried nothing".to_owned()])
    );
    let observed = gate.get(&[("one", "say forbid")]);
    let lines = ["two tried nothing".to_owned(), "one would_refuse forbidden".to_owned()];
    assert_eq!((observed.status, record(&observed)), (Some(200), lines.to_vec()));
    assert_eq!(told(&observed), (vec![], UNTOUCHED.0.to_vec(), UNTOUCHED.1.to_vec()));
    let counts = ["one.would_refuse.forbidden", "two.would_refuse.nothing", "one.said"];
    assert_eq!(counts.map(|name| gate.count(name)), [1, 0, 0]);
}

#[test]
fn what_an_alternative_in_shadow_mode_would_have_been_stays_beside_who_it_is() {
    let mut gate = Gate::new(&json!({
        "one": {"mode": "shadow"}, "two": {}, "three": {}, "auth": {"any_of": ["one", "two", "three"]},
    }));
    let observed = gate.get(&[("one", "pass"), ("two", "say forbid"), ("three", "pass")]);
    assert_eq!(told(&observed), (vec!["three"], UNTOUCHED.0.to_vec(), UNTOUCHED.1.to_vec()));
    assert_eq!(record(&observed), ["one noted said", "three noted said", "two tried forbidden"]);
    let counts = ["one.said", "two.said", "three.said", "one.allowed", "three.allowed"];
    assert_eq!(counts.map(|name| gate.count(name)), [1, 0, 1, 0, 1]);
}

#[test]
fn a_control_that_is_none_of_the_alternatives_has_to_let_the_request_pass_too() {
    let mut gate = Gate::new(&json!({
        "one": {}, "two": {}, "three": {}, "auth": {"any_of": ["three", "one"]},
    }));
    let observed = gate.get(&[("one", "pass"), ("three", "pass")]);
    assert_eq!(
        (observed.status, record(&observed)),
        (Some(401), vec!["two refused nothing".to_owned()])
    );
    // They stand where the last of them stands: the identity of whoever succeeds counts, whole.
    let observed = gate.get(&[("one", "pass"), ("two", "pass")]);
    assert_eq!((observed.status, told(&observed).0), (Some(200), vec!["one"]));
    assert_eq!(record(&observed), ["two noted said", "one noted said", "three tried nothing"]);
    let observed = gate.get(&[("one", "say"), ("two", "pass"), ("three", "say")]);
    assert_eq!(observed.status, Some(401));
    assert_eq!(all(&observed.headers, "www-authenticate"), ["three", "one"]);
    assert_eq!(record(&observed), ["two noted said", "one tried nothing", "three refused nothing"]);
}
