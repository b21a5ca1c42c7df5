//! The clusters of a case: they answer what the VM calls them for.

use portcullis_control::control::{Call, CallAnswer};
use portcullis_control::headers::HeaderMap;

use super::Native;
use crate::documents::Documents;
use crate::engine::{LONGEST_WAIT, Observed, WAIT_STEP};
use crate::prepared::Answer;

/// What the clusters of a case have, and which calls they have answered.
pub struct Clusters<'c> {
    documents: &'c Documents,
    answered: usize,
    /// Nanoseconds for which requests waited so far.
    pub(super) waited: u64,
}

impl<'c> Clusters<'c> {
    /// Clusters with these documents, which have answered nothing yet.
    #[must_use]
    pub fn new(documents: &'c Documents) -> Self {
        Clusters { documents, answered: 0, waited: 0 }
    }

    /// Answers every call that was made, and those that the answers lead to.
    pub fn answer(&mut self, native: &mut Native) {
        while let Some(call) = native.world().calls().get(self.answered) {
            self.answered += 1;
            let token = u32::try_from(self.answered).expect("few calls");
            native.hear(token, &self.answer_to(call, native.world().now()));
        }
    }

    fn answer_to(&self, call: &Call, now: u64) -> CallAnswer {
        let failed = CallAnswer::Failed { grpc_status: 0 };
        let Call::Http { cluster, headers, .. } = call else { return failed };
        let path = headers.iter().find(|(name, _)| name == ":path");
        let path = path.map(|(_, value)| value.as_slice()).unwrap_or_default();
        let Some(Answer { status, headers, body, .. }) = self.documents.answer(cluster, path, now)
        else {
            return failed;
        };
        let mut map = HeaderMap::default();
        map.push(b":status", status.to_string().as_bytes());
        headers.iter().for_each(|(name, value)| map.push(name.as_bytes(), value));
        CallAnswer::Http { headers: map, body }
    }

    /// Lets time pass while a request waits, and tells what came of it.
    pub fn wait(&mut self, native: &mut Native, mut observed: Observed) -> Observed {
        let mut left = LONGEST_WAIT;
        while native.waits() && left > 0 {
            left -= WAIT_STEP;
            self.waited += WAIT_STEP;
            let world = native.world().clone();
            world.set_now(world.now() + WAIT_STEP);
            native.tick();
            self.answer(native);
            observed = native.go_on();
        }
        observed
    }
}
