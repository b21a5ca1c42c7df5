//! The control against an in-memory host.

mod behaviour;
mod flood;
mod model;
mod world;
