//! Documents that are fetched in the background, such as key sets and feeds: what all controls that fetch have in common.
//!
//! One worker fetches, under a lease, and all get what it published. Requests never start a fetch; they wait for one,
//! each on a [`Seat`], of which there are few.

mod answer;
mod endpoint;
mod schedule;
mod seat;
mod settings;
mod source;

pub use answer::Useless;
pub use endpoint::Endpoint;
pub use schedule::Schedule;
pub use seat::{MAX_WAIT_MS, MAX_WAITING_FOR_ANOTHER, MAX_WAITING_FOR_FIRST, Seat};
pub use settings::{Defaults, read_cluster, read_schedule};
pub use source::{Answered, Asked, Background, Counters, Document, Source, Sources};
