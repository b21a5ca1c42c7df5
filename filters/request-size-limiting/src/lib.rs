//! Bounds the size of requests and responses, and of their parts.
//!
//! [`RequestSizeLimiting`] is the control. `head` judges what the headers tell, `watch` what passes behind them: `parts`
//! counts those of a multipart body, [`inflate`] what a compressed one becomes.

mod config;
mod control;
mod head;
pub mod inflate;
mod length;
pub mod parts;
mod reason;
mod watch;

pub use control::RequestSizeLimiting;
