//! Who may wait for a fetch: so many requests of a worker, and no more.

use std::cell::Cell;
use std::rc::Rc;

/// Requests of a worker that wait for a first document, at most: each holds memory of Envoy, and all are judged at once.
pub const MAX_WAITING_FOR_FIRST: usize = 256;
/// Requests of a worker that wait for a newer document than the one that is there, at most: anybody can name something
/// that it does not have.
pub const MAX_WAITING_FOR_ANOTHER: usize = 16;
/// How long a request waits at the longest, milliseconds: longer than the lease, so that another worker can take over
/// from one that died.
pub const MAX_WAIT_MS: u64 = 5_000;

/// A place among those who wait; free again when it is dropped.
#[derive(Debug)]
pub struct Seat(Rc<Cell<usize>>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

/// Places for those who wait.
#[derive(Debug)]
pub(super) struct Seats {
    taken: Rc<Cell<usize>>,
    most: usize,
}

impl Seats {
    /// So many places, all free.
    pub(super) fn new(most: usize) -> Self {
        Seats { taken: Rc::default(), most }
    }

    /// One of them, if one is free.
    pub(super) fn take(&self) -> Option<Seat> {
        let taken = self.taken.get();
        (taken < self.most).then(|| {
            self.taken.set(taken.saturating_add(1));
            Seat(Rc::clone(&self.taken))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_sit_and_no_more_until_one_goes() {
        let seats = Seats::new(MAX_WAITING_FOR_ANOTHER);
        let mut taken: Vec<Seat> =
            (0..MAX_WAITING_FOR_ANOTHER).map(|_| seats.take().unwrap()).collect();
        assert!(seats.take().is_none());
        taken.pop();
        taken.push(seats.take().unwrap());
        assert!(seats.take().is_none());
    }
}
