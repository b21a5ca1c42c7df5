//! What an earlier module of ours left in filter state of who is calling, read once for the same text.

use std::cell::RefCell;
use std::hash::Hasher;
use std::rc::Rc;

use rustc_hash::FxHasher;

use crate::headers::FieldName;
use crate::identity::Identity;

/// Texts that are kept: those who call now, call again. Where two share a place the later one has it.
const PLACES: usize = 64;
/// Bytes of a text that is kept, at most. Of an identity's claims that takes several times as much: a megabyte in all.
const MAX_KEPT_BYTES: usize = 4 * 1_024;

/// An identity, with the headers that say so.
#[derive(Debug, Default)]
pub(super) struct Earlier {
    pub(super) identity: Option<Rc<Identity>>,
    /// Headers that earlier modules took from the client and may have set themselves.
    pub(super) headers: Vec<FieldName>,
}

impl Earlier {
    /// Reads what stands under [`super::IDENTITY_STATE`].
    fn read(state: &[u8]) -> Self {
        let mut parts = state.splitn(2, |byte| *byte == b'\n');
        let wire = parts.next().unwrap_or_default();
        let names = parts.next().unwrap_or_default().split(|byte| *byte == b',');
        let names = names.filter_map(|name| std::str::from_utf8(name).ok());
        Earlier {
            identity: Identity::from_wire(wire).map(Rc::new),
            headers: names.filter_map(FieldName::parse).collect(),
        }
    }
}

/// What was read last. It follows from the text alone, so it never goes stale.
#[derive(Debug, Default)]
pub struct Recent(RefCell<Vec<Option<Kept>>>);

#[derive(Debug)]
struct Kept {
    text: Vec<u8>,
    earlier: Rc<Earlier>,
}

impl Recent {
    /// What a text says.
    pub(super) fn read(&self, state: Vec<u8>) -> Rc<Earlier> {
        let mut places = self.0.try_borrow_mut().ok().filter(|_| state.len() <= MAX_KEPT_BYTES);
        let place = places.as_mut().and_then(|places| {
            if places.is_empty() {
                places.resize_with(PLACES, || None);
            }
            places.get_mut(place_of(&state))
        });
        if let Some(Some(kept)) = &place
            && kept.text == state
        {
            return Rc::clone(&kept.earlier);
        }
        let earlier = Rc::new(Earlier::read(&state));
        if let Some(place) = place {
            *place = Some(Kept { text: state, earlier: Rc::clone(&earlier) });
        }
        earlier
    }
}

fn place_of(text: &[u8]) -> usize {
    let mut hasher = FxHasher::default();
    hasher.write(text);
    usize::try_from(hasher.finish() % PLACES as u64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(subject: &str, length: usize) -> Vec<u8> {
        let identity = Identity {
            control: "jwt-auth".to_owned(),
            subject: Some(subject.to_owned()),
            ..Identity::default()
        };
        let state = [identity.to_wire(), b"\nx-user-id,x-user-"].concat();
        let more = length.saturating_sub(state.len());
        [state, vec![b'y'; more]].concat()
    }

    #[test]
    fn every_text_says_what_it_says_whatever_was_read_before() {
        let recent = Recent::default();
        // Far more than there are places, each twice in a row and again later.
        for round in 0..3 {
            for number in 0..10 * PLACES {
                let subject = format!("user {number}");
                for _ in 0..2 {
                    let earlier = recent.read(text(&subject, 0));
                    assert_eq!(earlier.identity.as_ref().unwrap().subject, Some(subject.clone()));
                    assert_eq!(earlier.headers.len(), 2, "{round}");
                }
            }
        }
        assert!(recent.read(b"no identity".to_vec()).identity.is_none());
        assert!(recent.read(Vec::new()).identity.is_none());
    }

    #[test]
    fn the_same_text_is_read_once_unless_it_is_too_long_to_be_kept() {
        let recent = Recent::default();
        for (length, kept) in [(0, true), (MAX_KEPT_BYTES, true), (MAX_KEPT_BYTES + 1, false)] {
            let (first, second) =
                (recent.read(text("user", length)), recent.read(text("user", length)));
            assert_eq!(Rc::ptr_eq(&first, &second), kept, "{length}");
            assert_eq!(second.identity, first.identity);
            assert!(second.identity.is_some());
        }
        let kept = recent.0.borrow().iter().flatten().count();
        assert!(kept <= 2, "a place for each text");
    }
}
