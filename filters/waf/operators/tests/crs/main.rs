//! The operators on a release of the Core Rule Set, where `CRS_DIR` says that one lies.

mod patterns;
mod phrases;
mod prefilter;
mod rules;
