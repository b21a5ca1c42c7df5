//! The closed list of refusals.

use portcullis_control::reasons;

reasons! {
    /// Why a request, or a response, is not let through.
    pub(crate) enum Refused {
        /// A rule, mostly the one that adds up the scores, said so.
        Rule = (403, "rule", "Forbidden"),
        /// A body that could not be read as what it says it is, or has more in it than is allowed.
        BadBody = (400, "bad_body", "Bad request"),
        /// A rule could not be run to its end: nobody knows what it would have said.
        Unjudged = (503, "unjudged", "Service unavailable"),
        /// More bytes than are looked at.
        PayloadTooLarge = (413, "payload_too_large", "Request size limit exceeded"),
        /// The client waits for `100 Continue` before it sends what is to be judged.
        Expectation = (417, "expectation", "Expectation failed"),
        /// A call of gRPC, or a body behind the headers of an upgrade, neither of which is looked at.
        Stream = (403, "stream", "Forbidden"),
        /// A rule said so of a response.
        ResponseRule = (403, "response_rule", "Forbidden"),
        /// As `unjudged`, of a response.
        ResponseUnjudged = (502, "response_unjudged", "Bad gateway"),
    }
}
