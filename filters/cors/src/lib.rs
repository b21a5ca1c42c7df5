//! Answers CORS preflights, and says on every other answer which origin may read it (Fetch standard §3.2).
//!
//! [`Cors`] is the control. `origin` reads what a browser sends, `allowed` says which origins are, `answer` makes the
//! headers, `config` reads all of it.

mod allowed;
mod answer;
mod config;
mod control;
pub mod origin;

pub use control::Cors;
