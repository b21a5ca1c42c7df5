//! The closed list of refusals, with Kong's messages where Kong has them.

use portcullis_control::reasons;

reasons! {
    /// Why a request, or a response, is not let through.
    pub(crate) enum Refused {
        /// More bytes than a body may have.
        PayloadTooLarge = (413, "payload_too_large", "Request size limit exceeded"),
        /// The same, found when the response had begun: the stream is reset.
        CutLate = (413, "cut_late", "Request size limit exceeded"),
        /// A body without its length, where it has to be told.
        LengthRequired = (411, "length_required", "A valid Content-Length header is required"),
        /// More header fields than there may be.
        TooManyHeaders = (431, "too_many_headers", "Request header fields too large"),
        /// More bytes in header fields than there may be.
        HeadersTooLarge = (431, "headers_too_large", "Request header fields too large"),
        /// A longer URL than there may be.
        UrlTooLong = (414, "url_too_long", "URI too long"),
        /// More query parameters than there may be.
        TooManyParameters = (400, "too_many_parameters", "Too many query parameters"),
        /// More path segments than there may be.
        TooManySegments = (400, "too_many_segments", "Too many path segments"),
        /// More parts of a multipart body than there may be.
        TooManyParts = (413, "too_many_parts", "Too many parts"),
        /// A multipart body whose parts cannot be told apart without doubt.
        BadMultipart = (400, "bad_multipart", "Bad request"),
        /// A body that decompresses to more than it may.
        DecompressedTooLarge = (413, "decompressed_too_large", "Request size limit exceeded"),
        /// A compressed body that is not what its encoding says.
        BadCompression = (400, "bad_compression", "Bad request"),
        /// A compressed body whose size cannot be known.
        UnknownEncoding = (415, "unknown_encoding", "Unsupported content encoding"),
        /// The bytes of the body could not be read.
        Unreadable = (503, "unreadable", "Service unavailable"),
        /// The upstream announces more than a response may have.
        ResponseTooLarge = (502, "response_too_large", "Response size limit exceeded"),
        /// The upstream sends more than a response may have: the stream is reset.
        ResponseCut = (502, "response_cut", "Response size limit exceeded"),
    }
}
