//! What comes behind a held body that was told to go on outside of its callbacks.
//!
//! Hosts before 1.39 go on buffering it ([`HostVersion::holds_on`]), and lose what a callback then lets pass at once. What
//! a callback held before is safe: so the first part is held once more, and goes with the second, with trailers, or on
//! the next tick.
//!
//! [`HostVersion::holds_on`]: portcullis_control::surroundings::HostVersion::holds_on

use super::{BodyFlow, Progress, Stream};
use crate::host::Direction;

/// Whether the host still buffers what should pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Aftermath {
    /// It does not.
    #[default]
    Over,
    /// The next part would be lost.
    Buffering,
    /// So many bytes are held for the host's sake alone, and shown again with the next part.
    Parked(usize),
}

impl Progress {
    /// Counts what a callback of the body is shown, `size` bytes; gives how many of them were seen before.
    pub(super) fn see(&mut self, size: usize) -> usize {
        let number = |size: usize| u64::try_from(size).unwrap_or(u64::MAX);
        if self.holding {
            let held = usize::try_from(self.total).unwrap_or(usize::MAX);
            self.total = number(size);
            return held;
        }
        let parked = self.parked();
        self.total = self.total.saturating_add(number(size.saturating_sub(parked)));
        parked
    }

    /// Bytes of what the host shows now that were seen before.
    pub(super) fn parked(&self) -> usize {
        match self.aftermath {
            Aftermath::Parked(size) => size,
            Aftermath::Over | Aftermath::Buffering => 0,
        }
    }

    /// What a callback of the body says, which was shown `size` bytes, where the host may still buffer them.
    pub(super) fn after(&mut self, flow: BodyFlow, size: usize) -> BodyFlow {
        if flow == BodyFlow::Continue && self.aftermath == Aftermath::Buffering && size > 0 {
            self.aftermath = Aftermath::Parked(size);
            return BodyFlow::Hold;
        }
        self.aftermath = Aftermath::Over;
        flow
    }
}

impl Stream {
    /// Lets a direction go on, outside of its callbacks.
    pub(super) fn resume(&mut self, direction: Direction) {
        let _ = self.host.resume(direction);
        let holds_on = self.module.host.holds_on();
        let progress = self.progress(direction);
        let had_body = std::mem::take(&mut progress.holding) || progress.parked() > 0;
        progress.aftermath = match had_body && !progress.ended && holds_on {
            true => Aftermath::Buffering,
            false => Aftermath::Over,
        };
    }

    /// True if something is held that only waits for the next tick.
    #[must_use]
    pub(super) fn has_parked(&self) -> bool {
        self.request.parked() > 0 || self.response.parked() > 0
    }

    /// Time passed: what is held for the host's sake alone goes on.
    pub(super) fn release_parked(&mut self) {
        for direction in [Direction::Request, Direction::Response] {
            if self.progress(direction).parked() > 0 {
                self.resume(direction);
            }
        }
    }

    fn progress(&mut self, direction: Direction) -> &mut Progress {
        match direction {
            Direction::Request => &mut self.request,
            Direction::Response => &mut self.response,
        }
    }
}
