//! The body processors: a request's body becomes arguments, files and text, leniently, and says what was wrong with it.
