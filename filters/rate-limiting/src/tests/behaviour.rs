//! What tables of cases cannot say: faults of the store, races, identities, and what a request costs the host.

use std::rc::Rc;
use std::sync::Arc;

use portcullis_control::identity::{Consumer, Identity};

use super::world::{Memory, START, World, ask, ask_after, compile, control};
use crate::*;

fn memory() -> Arc<Memory> {
    Arc::default()
}

#[test]
fn one_request_reads_and_writes_shared_data_once_and_no_header() {
    let memory = memory();
    let control = control(r#"{"minute":5,"limit_by":"ip"}"#);
    ask(&control, World::new(&memory));
    let seen = ask(&control, World::new(&memory));
    assert_eq!((seen.world.calls.get(), seen.world.header_reads.get()), (2, 0));
    assert_eq!(seen.header("ratelimit-remaining"), Some("3"));
    assert!(!control.decides_at(Place::RateLimitingBeforeAuth));
}

#[test]
fn counters_that_are_down_let_pass_and_say_so() {
    let control = control(r#"{"minute":1,"limit_by":"ip"}"#);
    let memory = memory();
    for (down, down_on_write) in [(true, false), (false, true), (true, false)] {
        let world = World::new(&memory);
        world.down.set(down);
        world.down_on_write.set(down_on_write);
        let mut seen = ask(&control, world);
        assert!(seen.admitted());
        assert_eq!(seen.headers, []);
        assert_eq!(seen.counts(), [STORE_DOWN]);
        let notes = seen.exchange.take_notes();
        assert_eq!(notes.len(), 1);
        assert_eq!(notes[0].fields, [("limit_by", "ip".to_owned())]);
    }
    assert!(ask(&control, World::new(&memory)).admitted());
}

#[test]
fn counters_that_are_down_refuse_where_that_is_configured() {
    let control = control(r#"{"minute":1,"limit_by":"ip","fault_tolerant":false,"name":"n"}"#);
    for (down, down_on_write) in [(true, false), (false, true)] {
        let world = World::new(&memory());
        world.down.set(down);
        world.down_on_write.set(down_on_write);
        let seen = ask(&control, world);
        let refusal = seen.refusal.as_ref().unwrap();
        assert_eq!((refusal.status(), seen.reason()), (503, Some("counters_unavailable")));
        assert_eq!(seen.headers, []);
        assert_eq!(refusal.fields, [("limit_by", "ip".into()), ("name", "n".into())]);
    }
}

#[test]
fn a_refusal_names_period_and_keyed_hash_and_never_the_client() {
    let control = control(r#"{"second":1,"hour":1,"limit_by":"header","header_name":"x-key"}"#);
    let memory = memory();
    let request = || World::new(&memory).with("x-key", "s3cret");
    assert!(ask(&control, request()).admitted());
    let refusal = ask(&control, request()).refusal.unwrap();
    let names: Vec<_> = refusal.fields.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["limit_by", "counted_by", "key", "period"]);
    assert_eq!(refusal.fields[1].1, "header");
    assert_eq!((refusal.fields[2].1.len(), refusal.fields[3].1.as_str()), (16, "hour"));
    assert!(!format!("{refusal:?}").contains("s3cret"));
}

fn identity(consumer: Option<&str>, credential: Option<&str>) -> Rc<Identity> {
    let consumer =
        consumer.map(|name| Rc::new(Consumer { username: name.to_owned(), ..Consumer::default() }));
    let credential = credential.map(str::to_owned);
    Rc::new(Identity { control: "jwt-auth".into(), consumer, credential, ..Identity::default() })
}

#[test]
fn a_consumer_counts_with_all_credentials_and_a_credential_for_itself() {
    let consumers = control(r#"{"minute":1}"#);
    let credentials = control(r#"{"minute":1,"limit_by":"credential"}"#);
    let memory = memory();
    let asked = |control: &RateLimiting, consumer, credential| {
        ask_after(control, World::new(&memory), |exchange| {
            exchange.set_identity(identity(consumer, credential), &[]);
        })
        .admitted()
    };
    assert!(asked(&consumers, Some("ada"), Some("k1")));
    assert!(!asked(&consumers, Some("ada"), Some("k2")));
    assert!(asked(&consumers, Some("bob"), Some("k1")));
    assert!(asked(&consumers, None, Some("ada")), "a credential is no consumer of that name");
    assert!(!asked(&consumers, None, Some("ada")));
    assert!(asked(&consumers, None, None), "by address");
    assert!(!asked(&consumers, None, None));

    assert!(asked(&credentials, Some("ada"), Some("k1")));
    assert!(asked(&credentials, Some("ada"), Some("k2")));
    assert!(!asked(&credentials, Some("bob"), Some("k1")));
    assert!(asked(&credentials, Some("ada"), None), "by address, not by consumer");
    assert!(!asked(&credentials, Some("bob"), None));
}

#[test]
fn a_limit_before_authentication_counts_what_authentication_refuses() {
    let control = control(
        r#"{"limits":[{"minute":2,"limit_by":"ip","when":"before_auth"},{"minute":9,"limit_by":"credential"}]}"#,
    );
    assert!(control.decides_at(Place::RateLimitingBeforeAuth));
    assert!(control.decides_at(Place::RateLimiting));
    let memory = memory();
    for (admitted, remaining) in [(true, "1"), (true, "0"), (false, "0")] {
        let seen = ask_after(&control, World::new(&memory), |exchange| {
            exchange.set_identity(identity(None, Some("k")), &[]);
        });
        assert_eq!(seen.admitted(), admitted);
        assert_eq!(seen.header("x-ratelimit-remaining-minute"), Some(remaining));
    }
    let seen = ask(&control, World::new(&memory).at(START + 60));
    assert_eq!(seen.header("x-ratelimit-remaining-minute"), Some("1"));
}

#[test]
fn what_one_limiter_refuses_counts_in_none() {
    let control = control(
        r#"[{"minute":5,"limit_by":"ip"},{"hour":1,"limit_by":"header","header_name":"x-key"}]"#,
    );
    let memory = memory();
    let request = |key| ask(&control, World::new(&memory).with("x-key", key));
    assert!(request("a").admitted());
    for _ in 0..9 {
        let seen = request("a");
        assert_eq!(seen.reason(), Some("rate_limited"));
        assert_eq!(seen.header("x-ratelimit-remaining-minute"), Some("4"));
        assert_eq!(seen.header("x-ratelimit-remaining-hour"), Some("0"));
        assert_eq!(seen.header("retry-after"), seen.header("ratelimit-reset"));
    }
    assert_eq!(request("b").header("x-ratelimit-remaining-minute"), Some("3"));
}

#[test]
fn a_race_that_is_lost_after_reading_is_refused_and_gives_back_what_others_counted() {
    let config =
        r#"[{"minute":5,"limit_by":"ip"},{"hour":1,"limit_by":"header","header_name":"x-key"}]"#;
    let (control, memory) = (control(config), memory());
    // Another worker takes the last of the hour while this one writes the minute.
    let world = World::new(&memory).with("x-key", "a");
    let other = (super::world::control(config), Arc::clone(&memory));
    *world.before_write.borrow_mut() = Some(Box::new(move || {
        let world = World::new(&other.1).from("10.0.0.2:1").with("x-key", "a");
        assert!(ask(&other.0, world).admitted());
    }));
    assert_eq!(ask(&control, world).reason(), Some("rate_limited"));
    let seen = ask(&control, World::new(&memory).with("x-key", "b"));
    assert_eq!(seen.header("x-ratelimit-remaining-minute"), Some("4"));
}

#[test]
fn a_limiter_that_hides_shows_nothing_and_others_still_do() {
    let control = control(
        r#"[{"minute":1,"limit_by":"ip","hide_client_headers":true},{"hour":9,"limit_by":"service"}]"#,
    );
    let memory = memory();
    let request = || {
        let mut world = World::new(&memory);
        world.properties.push(("cluster_name", "api"));
        ask(&control, world)
    };
    let seen = request();
    assert_eq!(seen.header("x-ratelimit-limit-minute"), None);
    assert_eq!(seen.header("ratelimit-limit"), Some("9"));
    let seen = request();
    assert_eq!((seen.reason(), seen.header("retry-after")), (Some("rate_limited"), None));
    assert_eq!(seen.header("x-ratelimit-remaining-hour"), Some("8"));
}

#[test]
fn the_host_header_is_what_envoy_calls_authority() {
    let control = control(r#"{"minute":1,"limit_by":"header","header_name":"Host"}"#);
    let memory = memory();
    let request = |host| ask(&control, World::new(&memory).with(":authority", host)).admitted();
    assert_eq!((request("a"), request("b"), request("a")), (true, true, false));
}

#[test]
fn clients_without_an_address_count_together() {
    let control = control(r#"{"minute":1,"limit_by":"ip"}"#);
    let memory = memory();
    let mut first = ask(&control, World::new(&memory).from("1.1.1.1:0"));
    assert!(first.admitted());
    assert_eq!(first.counts(), [UNKNOWN_ADDRESS]);
    for client in ["2.2.2.2:0", "/run/socket", ""] {
        assert!(!ask(&control, World::new(&memory).from(client)).admitted(), "{client}");
    }
}

#[test]
fn an_edited_configuration_keeps_the_counts_and_another_scope_has_its_own() {
    let memory = memory();
    let asked = |json: &str| ask(&control(json), World::new(&memory)).admitted();
    assert!(asked(r#"{"minute":1,"limit_by":"ip"}"#));
    assert!(!asked(r#"{"minute":1,"hour":10,"limit_by":"ip","error_code":420}"#));
    assert!(!asked(r#"[{"hour":9,"limit_by":"service"},{"minute":1,"limit_by":"ip"}]"#));
    assert!(asked(r#"{"minute":1,"limit_by":"ip","name":"a"}"#));
    assert!(!asked(r#"{"minute":1,"limit_by":"ip","name":"a","when":"before_auth"}"#));
    assert!(asked(r#"{"minute":1,"limit_by":"ip","name":"base"}"#), "a name is no scope");
    assert!(asked(r#"{"minute":1,"limit_by":"ip","when":"before_auth"}"#));
    assert!(asked(r#"{"minute":1,"limit_by":"ip","ipv6_prefix":48}"#));
    assert!(asked(r#"{"minute":1,"limit_by":"route"}"#), "fallen back, for this limiter alone");
}

#[test]
fn a_list_has_limiters_and_each_its_own_counters() {
    let none = compile("[]").err().unwrap();
    assert_eq!(none, ["configuration: expected 1 to 16 limiters, but found 0"]);
    let many = format!("[{}]", vec![r#"{"minute":1}"#; 17].join(","));
    let many = compile(&many).err().unwrap();
    assert_eq!(many, ["configuration: expected 1 to 16 limiters, but found 17"]);
    let same = |other: &str| {
        compile(&format!(r#"[{{"minute":1,"limit_by":"ip","name":"a"}},{other}]"#)).err()
    };
    assert_eq!(
        same(r#"{"hour":2,"limit_by":"ip","name":"a","when":"before_auth"}"#).unwrap(),
        [
            "[1]: expected counters of its own, but an earlier limiter counts by the same: put the periods into one, \
          or give one of them a `name`"
        ]
    );
    assert_eq!(same(r#"{"hour":2,"limit_by":"ip"}"#), None);
    assert_eq!(same(r#"{"hour":2,"limit_by":"ip","name":"a","ipv6_prefix":48}"#), None);
}

#[test]
fn a_clock_that_is_set_back_does_not_lock_anybody_out() {
    let control = control(r#"{"second":1,"limit_by":"ip"}"#);
    let memory = memory();
    let at = |now| ask(&control, World::new(&memory).at(now)).admitted();
    assert!(at(START + 86_400));
    assert!(!at(START), "what was counted stays counted");
    assert!(!at(START));
    // Denied requests write nothing, so the slot still says tomorrow; its window is the present second.
    assert!(at(START + 86_401));
}
