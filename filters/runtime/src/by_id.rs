//! What a VM keeps by the ids that the host counts up: contexts and calls.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Ids are small numbers that the host counts up: nobody chooses them, so they are only spread.
#[derive(Default)]
pub(crate) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u32(&mut self, id: u32) {
        // Spread over the high bits, which the table takes its tags from.
        self.0 = u64::from(id).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

pub(crate) type ById<T> = HashMap<u32, T, BuildHasherDefault<IdHasher>>;

/// How many streams have a place of their own: more than most workers have at a time, in 2 KiB.
const PLACES: usize = 256;

/// Streams by their ids. Every callback looks for one, so those of most requests have a place that is told by the id alone;
/// one whose place an older stream still has, as one that is open for long, is looked for in a table. Each is in a box: what
/// lies in the places, and is moved with the table, is small.
pub(crate) struct Streams<T> {
    places: Vec<Option<(u32, Box<T>)>>,
    others: ById<Box<T>>,
}

/// The place of an id.
const fn place_of(id: u32) -> usize {
    // As many places as there are remainders.
    id as usize % PLACES
}

impl<T> Streams<T> {
    pub(crate) fn new() -> Self {
        let places = std::iter::repeat_with(|| None).take(PLACES).collect();
        Streams { places, others: ById::default() }
    }

    pub(crate) fn get(&self, id: u32) -> Option<&T> {
        match self.places.get(place_of(id)) {
            Some(Some((own, stream))) if *own == id => Some(stream),
            _ => self.others.get(&id).map(|stream| &**stream),
        }
    }

    pub(crate) fn get_mut(&mut self, id: u32) -> Option<&mut T> {
        match self.places.get_mut(place_of(id)) {
            Some(Some((own, stream))) if *own == id => Some(stream),
            _ => self.others.get_mut(&id).map(|stream| &mut **stream),
        }
    }

    /// Adds a stream, in the place of one of the same id.
    pub(crate) fn insert(&mut self, id: u32, stream: Box<T>) {
        match self.places.get_mut(place_of(id)) {
            Some(place) if place.as_ref().is_none_or(|(own, _)| *own == id) => {
                *place = Some((id, stream));
                if !self.others.is_empty() {
                    self.others.remove(&id);
                }
            }
            _ => {
                self.others.insert(id, stream);
            }
        }
    }

    pub(crate) fn remove(&mut self, id: u32) -> Option<Box<T>> {
        let place = self.places.get_mut(place_of(id));
        match place.and_then(|place| place.take_if(|(own, _)| *own == id)) {
            Some((_, stream)) => Some(stream),
            None => self.others.remove(&id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_found_by_its_id_whoever_has_its_place() {
        let size = u32::try_from(PLACES).unwrap();
        let mut streams = Streams::new();
        // Three of one place, its neighbour, and the last that there is.
        let ids = [7, 7 + size, 7 + 2 * size, 8, u32::MAX];
        for order in [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [1, 0, 4, 2, 3]] {
            for (added, index) in order.into_iter().enumerate() {
                assert!(streams.get(ids[index]).is_none());
                streams.insert(ids[index], Box::new(ids[index]));
                for (place, id) in order.into_iter().map(|index| ids[index]).enumerate() {
                    let expected = (place <= added).then_some(id);
                    assert_eq!(streams.get(id).copied(), expected);
                    assert_eq!(streams.get_mut(id).map(|stream| *stream), expected);
                }
            }
            for (removed, index) in order.into_iter().enumerate() {
                assert_eq!(streams.remove(ids[index]).map(|stream| *stream), Some(ids[index]));
                assert!(streams.remove(ids[index]).is_none());
                for (place, id) in order.into_iter().map(|index| ids[index]).enumerate() {
                    assert_eq!(streams.get(id).copied(), (place > removed).then_some(id));
                }
            }
        }
    }

    #[test]
    fn a_second_stream_of_an_id_takes_the_place_of_the_first() {
        let mut streams = Streams::new();
        streams.insert(1, Box::new("first"));
        streams.insert(1, Box::new("second"));
        assert_eq!(streams.remove(1).as_deref(), Some(&"second"));
        assert!(streams.remove(1).is_none());
        // The first was in the table, as somebody else had its place.
        let other = 1 + u32::try_from(PLACES).unwrap();
        streams.insert(1, Box::new("somebody"));
        streams.insert(other, Box::new("first"));
        streams.remove(1);
        streams.insert(other, Box::new("second"));
        assert_eq!(streams.remove(other).as_deref(), Some(&"second"));
        assert!(streams.get(other).is_none());
    }
}
