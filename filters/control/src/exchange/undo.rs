//! Taking back what a control did that refused, where another one may still let the request pass.

use super::Exchange;
use super::caller::Said;

/// A state of the request to which it can be brought back.
#[derive(Clone, Default)]
pub struct Checkpoint {
    edits: usize,
    notes: usize,
    counts: usize,
    said: Said,
}

impl Exchange {
    /// The state of the request as it is now.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            edits: self.request.edits().len(),
            notes: self.notes.len(),
            counts: self.counts.len(),
            said: self.caller.said.clone(),
        }
    }

    /// Takes back all that was done about the request since: changes of its headers and body, who is calling, notes
    /// and counts. Headers of which the host was told stay as they are.
    pub fn undo_to(&mut self, checkpoint: &Checkpoint) {
        self.request.undo_to(checkpoint.edits);
        self.notes.truncate(checkpoint.notes);
        self.counts.truncate(checkpoint.counts);
        self.request_body = None;
        self.caller.said.clone_from(&checkpoint.said);
    }

    /// Later controls in shadow mode go on to see who those before said that the caller would be.
    pub fn keep_shadow_identity(&mut self, checkpoint: &Checkpoint) {
        self.caller.said.shadow.clone_from(&checkpoint.said.shadow);
    }
}
