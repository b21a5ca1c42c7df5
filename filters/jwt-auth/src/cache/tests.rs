//! The cache of verified tokens: what it says, what it forgets, how much it holds.

use portcullis_control::headers::{FieldName, FieldValue};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;
use crate::key::secret;
use crate::token::MAX_MAX_TOKEN_BYTES;

fn key() -> KeyId {
    *secret::parse(&"k".repeat(64), false).unwrap().id()
}

/// A token whose claims are about so many bytes of JSON, with a signature made of its number.
fn token(number: u32, claims: &str) -> Token {
    let mut signature = [0; 32];
    signature[28..].copy_from_slice(&number.to_be_bytes());
    let parts = [br#"{"alg":"HS256"}"#, claims.as_bytes(), &signature];
    let text = parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
    Token::parse(text.as_bytes(), MAX_MAX_TOKEN_BYTES).unwrap()
}

fn verified(number: u32, claims: &str) -> Verified {
    Verified { token: token(number, claims), key: key(), views: std::cell::RefCell::default() }
}

/// The token at its second use.
fn keep(cache: &mut Cache, number: u32, claims: &str) -> Rc<Verified> {
    cache.insert(verified(number, claims));
    cache.insert(verified(number, claims))
}

#[test]
fn a_token_is_kept_from_its_second_use_on() {
    let mut cache = Cache::new();
    let first = cache.insert(verified(1, "{}"));
    assert!(cache.is_empty() && cache.get(first.token.compact()).is_none());
    cache.insert(verified(1, "{}"));
    assert_eq!(cache.len(), 1);
    assert!(cache.get(first.token.compact()).is_some());
}

#[test]
fn knows_exactly_the_bytes_that_were_verified() {
    let mut cache = Cache::new();
    let known = keep(&mut cache, 1, r#"{"sub":"ada"}"#);
    let compact = known.token.compact();
    let hit = cache.get(compact).unwrap();
    assert!(Rc::ptr_eq(&hit, &known));
    assert_eq!(hit.key, key());
    // The same signature under other claims: the tail is equal, the bytes are not.
    let forged = token(1, r#"{"sub":"bob"}"#);
    assert_eq!(forged.compact()[forged.compact().len() - 16..], compact[compact.len() - 16..]);
    assert!(cache.get(forged.compact()).is_none());
    assert!(cache.get(&compact[1..]).is_none());
    assert!(cache.get(&compact[..compact.len() - 1]).is_none());
    assert!(cache.get(&[compact, b"="].concat()).is_none());
    assert!(cache.get(b"").is_none());
    assert!(cache.get(compact).is_some());
}

#[test]
fn forgets_everything_when_the_keys_change() {
    let mut cache = Cache::new();
    let known = keep(&mut cache, 1, "{}");
    cache.clear();
    assert!(cache.is_empty());
    assert_eq!(cache.bytes(), 0);
    assert!(cache.get(known.token.compact()).is_none());
}

#[test]
fn holds_a_bounded_number_and_keeps_what_is_asked_for() {
    let mut cache = Cache::new();
    let favourite = keep(&mut cache, 0, "{}");
    for number in 1..=6_000 {
        keep(&mut cache, number, "{}");
        assert!(cache.len() <= MAX_ENTRIES, "{}", cache.len());
        assert!(cache.bytes() <= MAX_BYTES, "{}", cache.bytes());
        if number % 100 == 0 {
            assert!(cache.get(favourite.token.compact()).is_some(), "{number}");
        }
    }
    assert!(cache.get(token(6_000, "{}").compact()).is_some());
    assert!(cache.get(token(1, "{}").compact()).is_none());
    assert!(cache.len() >= MAX_ENTRIES / 4, "{}", cache.len());
}

#[test]
fn holds_bounded_bytes_whatever_the_claims_are_made_of() {
    for claims in [
        format!(r#"{{"a":"{}"}}"#, "x".repeat(5_000)),
        format!(r#"{{"a":[{}1]}}"#, r#"{"b":1},"#.repeat(150)),
        format!(r#"{{"a":[{}1]}}"#, "1,".repeat(2_000)),
    ] {
        let mut cache = Cache::new();
        for number in 0..400 {
            keep(&mut cache, number, &claims);
            assert!(cache.bytes() <= MAX_BYTES, "{}", cache.bytes());
        }
        assert!(cache.get(token(399, &claims).compact()).is_some());
        let counted = cache.bytes();
        cache.clear();
        assert!(counted > 0);
    }
    let mut cache = Cache::new();
    let huge = format!(r#"{{"a":[{}1]}}"#, r#"{"b":1},"#.repeat(5_000));
    keep(&mut cache, 1, &huge);
    assert!(cache.is_empty(), "more than a quarter of the cache");
}

#[test]
fn counts_each_token_once_however_often_it_comes() {
    let mut cache = Cache::new();
    keep(&mut cache, 1, "{}");
    let bytes = cache.bytes();
    for _ in 0..5_000 {
        keep(&mut cache, 1, "{}");
    }
    assert_eq!((cache.len(), cache.bytes()), (1, bytes));
}

fn view(header: usize) -> Rc<View> {
    let value = FieldValue::new(vec![b'x'; header]).unwrap();
    let edits = vec![Edit::Set(FieldName::from_static("x-user-id"), value)];
    Rc::new(View { identity: Rc::default(), edits, dropped: 0 })
}

/// A token of a size at which two small views have room.
fn short() -> Verified {
    let known = verified(1, "{}");
    assert!(2 * view(10).weight(&known.token) <= View::room(&known.token));
    known
}

#[test]
fn keeps_what_two_policies_made_of_a_token_and_forgets_the_oldest() {
    let known = short();
    for policy in 1..=3 {
        known.keep(policy, &view(10));
        assert!(known.view(policy).is_some());
    }
    assert_eq!([1, 2, 3].map(|policy| known.view(policy).is_some()), [false, true, true]);
    // A newer one of a policy takes the place of its own.
    let newer = view(9);
    known.keep(3, &newer);
    assert!(known.view(2).is_some() && known.view(3).is_some_and(|kept| Rc::ptr_eq(&kept, &newer)));
}

#[test]
fn keeps_no_more_of_a_token_than_the_room_counted_for_it() {
    let known = short();
    let room = View::room(&known.token) - view(0).weight(&known.token);
    known.keep(1, &view(room + 1));
    assert!(known.view(1).is_none());
    known.keep(2, &view(10));
    known.keep(3, &view(room));
    assert_eq!([2, 3].map(|policy| known.view(policy).is_some()), [false, true]);
}
