//! What the runtime does with an exchange, and no control: it says who decides, and carries out what was decided.

use std::ops::Range;

use super::{Exchange, Scene};
use crate::counter::Count;
use crate::headers::{Edit, Headers};
use crate::record::Note;

impl Exchange {
    /// Says who decides from now on.
    pub fn enter(&mut self, scene: Scene) {
        self.scene = scene;
    }

    /// A new callback began: the clock may have moved on.
    pub fn forget_time(&mut self) {
        self.now.set(None);
    }

    /// A header change that every mode makes, such as removing a client's identity headers.
    pub fn edit_request_always(&mut self, edit: Edit) {
        self.request.edit(edit);
    }

    /// A response change that every mode makes, such as mending `content-length`.
    pub fn edit_response_always(&mut self, edit: Edit) {
        self.response.edit(edit);
    }

    /// Where the part of the request's body that came last stands in what the host shows.
    pub fn set_request_chunk(&mut self, place: Range<usize>) {
        self.request_chunk = place;
    }

    /// The request's trailers came.
    pub fn set_request_trailers(&mut self) {
        self.has_request_trailers = true;
    }

    /// The response's trailers came.
    pub fn set_response_trailers(&mut self) {
        self.has_response_trailers = true;
    }

    /// The names that the route's template captured.
    pub fn set_captures(&mut self, captures: Vec<(String, Vec<u8>)>) {
        self.captures = captures;
    }

    /// The response is the module's own.
    pub fn set_own_reply(&mut self) {
        self.own_reply = true;
    }

    /// The request's headers, for the runtime, which tells the host of the changes.
    pub fn request_changes(&mut self) -> &mut Headers {
        &mut self.request
    }

    /// The response's headers, as [`Exchange::request_changes`].
    pub fn response_changes(&mut self) -> &mut Headers {
        &mut self.response
    }

    /// The body that a control put in place of the request's.
    pub fn take_request_body(&mut self) -> Option<Vec<u8>> {
        self.request_body.take()
    }

    /// The body that a control put in place of the response's.
    pub fn take_response_body(&mut self) -> Option<Vec<u8>> {
        self.response_body.take()
    }

    /// Adds a line to the decision record.
    pub fn push_note(&mut self, note: Note) {
        self.notes.push(note);
    }

    /// Takes the lines that are not written yet.
    pub fn take_notes(&mut self) -> Vec<Note> {
        std::mem::take(&mut self.notes)
    }

    /// True if there is neither a note nor a line: so it is nearly always, and nobody needs to take them.
    #[must_use]
    pub fn has_noted_nothing(&self) -> bool {
        self.notes.is_empty() && self.lines.is_empty()
    }

    /// Takes the lines of the log that are not written yet.
    pub fn take_lines(&mut self) -> Vec<(String, u32)> {
        std::mem::take(&mut self.lines)
    }

    /// True if nothing is to be counted.
    #[must_use]
    pub fn has_counted_nothing(&self) -> bool {
        self.counts.is_empty()
    }

    /// Takes what is to be counted.
    pub fn take_counts(&mut self) -> Vec<(&'static str, Count)> {
        std::mem::take(&mut self.counts)
    }
}
