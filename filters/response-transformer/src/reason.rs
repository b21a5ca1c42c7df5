//! Why an answer of the upstream is refused.

use portcullis_control::reasons;

reasons! {
    /// What a client gets in the place of an answer that could not be changed as it is configured.
    pub enum Refused {
        /// It says that it is JSON, and is none, or is written to break whoever reads it.
        NotJson = (502, "response_not_json", "Bad gateway"),
    }
}
