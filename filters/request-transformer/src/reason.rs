//! The closed list of refusals.

use portcullis_control::reasons;

reasons! {
    /// Why a request was refused.
    pub enum Refused {
        /// `http_method` would make a request of it that has no body, and it has one.
        BodyForMethod = (400, "body_for_method", "Bad request"),
        /// Its body is larger than is held to be changed.
        BodyTooLarge = (413, "body_too_large", "Payload too large"),
        /// Its body is compressed, so that nothing in it can be changed.
        EncodedBody = (415, "encoded_body", "Unsupported media type"),
        /// Its body is not what its content type says, or cannot be read without doubt.
        MalformedBody = (400, "malformed_body", "Bad request"),
        /// Its body is of another type than those that can be changed (`on_other_content_type: refuse`).
        OtherContentType = (415, "other_content_type", "Unsupported media type"),
        /// A value for the path is missing, or would make another path of it.
        PathValue = (400, "path_value", "Bad request"),
        /// It is no request with an end, but says that it has a body of a type that is changed.
        Stream = (400, "stream", "Bad request"),
        /// Its query or body has more names than are looked through.
        TooManyFields = (400, "too_many_fields", "Bad request"),
    }
}
