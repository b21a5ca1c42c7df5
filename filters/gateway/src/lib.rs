//! All controls from one configuration, in a fixed order, in one VM.
