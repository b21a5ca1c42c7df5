//! Variables and collections, and how a rule points at them (ModSecurity reference manual, "Variables").

use serde::{Deserialize, Serialize};

macro_rules! variables {
    ($($(#[$meta:meta])* $name:ident = $text:literal $kind:ident),* $(,)?) => {
        /// A variable or collection by its SecLang name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[repr(u8)]
        pub enum Variable { $($(#[$meta])* #[doc = concat!("`", $text, "`")] $name),* }

        impl Variable {
            /// All of them, in the order of their discriminants.
            pub const ALL: &'static [Variable] = &[$(Variable::$name),*];

            /// The name as SecLang writes it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Variable::$name => $text),* }
            }

            /// True for those that hold named values: only they take a selector.
            #[must_use]
            pub const fn is_collection(self) -> bool {
                match self { $(Variable::$name => variables!(@ $kind)),* }
            }
        }
    };
    (@ scalar) => { false };
    (@ collection) => { true };
}

variables! {
    Args = "ARGS" collection,
    ArgsCombinedSize = "ARGS_COMBINED_SIZE" scalar,
    ArgsGet = "ARGS_GET" collection,
    ArgsGetNames = "ARGS_GET_NAMES" collection,
    ArgsNames = "ARGS_NAMES" collection,
    ArgsPost = "ARGS_POST" collection,
    ArgsPostNames = "ARGS_POST_NAMES" collection,
    AuthType = "AUTH_TYPE" scalar,
    Files = "FILES" collection,
    FilesCombinedSize = "FILES_COMBINED_SIZE" scalar,
    FilesNames = "FILES_NAMES" collection,
    FilesSizes = "FILES_SIZES" collection,
    FullRequestLength = "FULL_REQUEST_LENGTH" scalar,
    HighestSeverity = "HIGHEST_SEVERITY" scalar,
    InboundDataError = "INBOUND_DATA_ERROR" scalar,
    MatchedVar = "MATCHED_VAR" scalar,
    MatchedVarName = "MATCHED_VAR_NAME" scalar,
    MatchedVars = "MATCHED_VARS" collection,
    MatchedVarsNames = "MATCHED_VARS_NAMES" collection,
    MultipartBoundaryQuoted = "MULTIPART_BOUNDARY_QUOTED" scalar,
    MultipartBoundaryWhitespace = "MULTIPART_BOUNDARY_WHITESPACE" scalar,
    MultipartCrlfLfLines = "MULTIPART_CRLF_LF_LINES" scalar,
    MultipartDataAfter = "MULTIPART_DATA_AFTER" scalar,
    MultipartDataBefore = "MULTIPART_DATA_BEFORE" scalar,
    MultipartFileLimitExceeded = "MULTIPART_FILE_LIMIT_EXCEEDED" scalar,
    MultipartFilename = "MULTIPART_FILENAME" collection,
    MultipartHeaderFolding = "MULTIPART_HEADER_FOLDING" scalar,
    MultipartInvalidHeaderFolding = "MULTIPART_INVALID_HEADER_FOLDING" scalar,
    MultipartInvalidPart = "MULTIPART_INVALID_PART" scalar,
    MultipartInvalidQuoting = "MULTIPART_INVALID_QUOTING" scalar,
    MultipartLfLine = "MULTIPART_LF_LINE" scalar,
    MultipartMissingSemicolon = "MULTIPART_MISSING_SEMICOLON" scalar,
    MultipartName = "MULTIPART_NAME" collection,
    MultipartPartHeaders = "MULTIPART_PART_HEADERS" collection,
    MultipartStrictError = "MULTIPART_STRICT_ERROR" scalar,
    MultipartUnmatchedBoundary = "MULTIPART_UNMATCHED_BOUNDARY" scalar,
    OutboundDataError = "OUTBOUND_DATA_ERROR" scalar,
    PathInfo = "PATH_INFO" scalar,
    QueryString = "QUERY_STRING" scalar,
    RemoteAddr = "REMOTE_ADDR" scalar,
    RemotePort = "REMOTE_PORT" scalar,
    ReqbodyError = "REQBODY_ERROR" scalar,
    ReqbodyErrorMsg = "REQBODY_ERROR_MSG" scalar,
    ReqbodyProcessor = "REQBODY_PROCESSOR" scalar,
    ReqbodyProcessorError = "REQBODY_PROCESSOR_ERROR" scalar,
    ReqbodyProcessorErrorMsg = "REQBODY_PROCESSOR_ERROR_MSG" scalar,
    RequestBasename = "REQUEST_BASENAME" scalar,
    RequestBody = "REQUEST_BODY" scalar,
    RequestBodyLength = "REQUEST_BODY_LENGTH" scalar,
    RequestCookies = "REQUEST_COOKIES" collection,
    RequestCookiesNames = "REQUEST_COOKIES_NAMES" collection,
    RequestFilename = "REQUEST_FILENAME" scalar,
    RequestHeaders = "REQUEST_HEADERS" collection,
    RequestHeadersNames = "REQUEST_HEADERS_NAMES" collection,
    RequestLine = "REQUEST_LINE" scalar,
    RequestMethod = "REQUEST_METHOD" scalar,
    RequestProtocol = "REQUEST_PROTOCOL" scalar,
    RequestUri = "REQUEST_URI" scalar,
    RequestUriRaw = "REQUEST_URI_RAW" scalar,
    ResponseBody = "RESPONSE_BODY" scalar,
    ResponseContentLength = "RESPONSE_CONTENT_LENGTH" scalar,
    ResponseContentType = "RESPONSE_CONTENT_TYPE" scalar,
    ResponseHeaders = "RESPONSE_HEADERS" collection,
    ResponseHeadersNames = "RESPONSE_HEADERS_NAMES" collection,
    ResponseProtocol = "RESPONSE_PROTOCOL" scalar,
    ResponseStatus = "RESPONSE_STATUS" scalar,
    Rule = "RULE" collection,
    ServerAddr = "SERVER_ADDR" scalar,
    ServerName = "SERVER_NAME" scalar,
    ServerPort = "SERVER_PORT" scalar,
    StatusLine = "STATUS_LINE" scalar,
    Tx = "TX" collection,
    UniqueId = "UNIQUE_ID" scalar,
    UrlencodedError = "URLENCODED_ERROR" scalar,
    Xml = "XML" collection,
}

/// Which members of a collection are meant. Names are compared without regard to ASCII case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Selector {
    /// All of it, or the variable itself.
    All,
    /// Members of this name, in lower case.
    Name(Vec<u8>),
    /// Members whose name this pattern matches; as written, without the slashes.
    Pattern(String),
    /// `XML:/*`: the text nodes.
    XmlText,
    /// `XML://@*`: the values of attributes.
    XmlAttributes,
}

/// A variable with its selector, as exclusions and macros write it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct VariableRef {
    /// The variable.
    pub variable: Variable,
    /// Which members of it.
    pub selector: Selector,
}

/// One item of a rule's list of variables.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Target {
    /// The values.
    Values(VariableRef),
    /// `&…`: how many there are.
    Count(VariableRef),
    /// `!…`: not these.
    Exclude(VariableRef),
}

impl Variable {
    /// By its name, in any case; names that ModSecurity had before are taken as well.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        const BEFORE: [(&str, Variable); 1] =
            [("MULTIPART_SEMICOLON_MISSING", Variable::MultipartMissingSemicolon)];
        let now = Variable::ALL.iter().map(|variable| (variable.name(), *variable));
        let mut all = now.chain(BEFORE);
        all.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, variable)| variable)
    }
}
