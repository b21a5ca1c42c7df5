//! The closed lists of the language: what is honoured, what is accepted although nothing comes of it, what is refused.
//!
//! What is in none of them is unknown, and refused as such. The documentation is checked against these lists.

/// A name, and why it stands where it does.
pub type Reason = (&'static str, &'static str);

const NO_FILES: &str = "a filter has no file system";
const AUDIT: &str = "a filter has no file system; the field `audit` writes transactions to the log";
const CONNECTIONS: &str = "connections are Envoy's own";
const LINEAR: &str = "patterns take linear time";
const MAPPING: &str = "full-width forms are mapped, other characters go by their low byte";
const OUTLIVES: &str =
    "collections that outlive a request are not kept; use rate-limiting to count callers";
const NOT_CHANGED: &str = "bodies are judged, not changed; use response-transformer";
const NO_PROCESSES: &str = "a filter starts no processes and asks no other server";
const NO_PLACES: &str = "there is no database of places in a filter";
const NO_CLOCK: &str = "rules have no clock";
const SECRETS: &str = "`log_data` says what logs show, and secrets are masked";
const PUSHED: &str = "rules come with the configuration, so that a push is atomic";
const NO_HASHES: &str = "links are not signed by the engine";
const CALLER: &str = "who is calling is found out by the auth controls; use acl";

/// Directives that do what they say.
pub const HONOURED: &[&str] = &[
    "Include",
    "IncludeOptional",
    "SecAction",
    "SecArgumentsLimit",
    "SecComponentSignature",
    "SecDefaultAction",
    "SecMarker",
    "SecRequestBodyAccess",
    "SecRequestBodyJsonDepthLimit",
    "SecRequestBodyLimit",
    "SecRequestBodyLimitAction",
    "SecRequestBodyNoFilesLimit",
    "SecResponseBodyAccess",
    "SecResponseBodyLimit",
    "SecResponseBodyLimitAction",
    "SecResponseBodyMimeType",
    "SecResponseBodyMimeTypesClear",
    "SecRule",
    "SecRuleEngine",
    "SecRuleRemoveById",
    "SecRuleRemoveByMsg",
    "SecRuleRemoveByTag",
    "SecRuleUpdateActionById",
    "SecRuleUpdateTargetById",
    "SecRuleUpdateTargetByMsg",
    "SecRuleUpdateTargetByTag",
];

/// A directive that may say one thing alone: what the engine does anyway.
#[derive(Clone, Copy, Debug)]
pub struct Fixed {
    /// The directive.
    pub name: &'static str,
    /// What it may say, in any case.
    pub value: &'static str,
    /// Why nothing else is there.
    pub why: &'static str,
}

const fn fixed(name: &'static str, value: &'static str, why: &'static str) -> Fixed {
    Fixed { name, value, why }
}

/// Directives that are accepted, without a word, with the value that says what is so anyway, and refused with another.
pub const FIXED: &[Fixed] = &[
    fixed("SecArgumentSeparator", "&", "no other separator is known"),
    fixed("SecContentInjection", "Off", NOT_CHANGED),
    fixed("SecCookieFormat", "0", "cookies of version 1 are not told apart"),
    fixed("SecCookieV0Separator", ";", "no other separator is known"),
    fixed("SecHashEngine", "Off", NO_HASHES),
    fixed("SecInterceptOnError", "On", "use `on_error: allow`"),
    fixed("SecParseXmlIntoArgs", "Off", "XML is looked at by `XML:/*` and `XML://@*`"),
    fixed("SecStreamInBodyInspection", "Off", "the whole body is held before it is judged"),
    fixed("SecStreamOutBodyInspection", "Off", "the whole body is held before it is judged"),
    fixed("SecTmpSaveUploadedFiles", "Off", NO_FILES),
    fixed("SecXmlExternalEntity", "Off", "external entities are never fetched"),
];

/// Directives that are accepted with one warning, and why nothing comes of them.
pub const ACCEPTED: &[Reason] = &[
    ("SecAuditEngine", AUDIT),
    ("SecAuditLog", AUDIT),
    ("SecAuditLog2", AUDIT),
    ("SecAuditLogDirMode", AUDIT),
    ("SecAuditLogFileMode", AUDIT),
    ("SecAuditLogFormat", AUDIT),
    ("SecAuditLogParts", AUDIT),
    ("SecAuditLogPrefix", AUDIT),
    ("SecAuditLogRelevantStatus", AUDIT),
    ("SecAuditLogStorageDir", AUDIT),
    ("SecAuditLogType", AUDIT),
    ("SecCollectionTimeout", OUTLIVES),
    ("SecConnEngine", CONNECTIONS),
    ("SecConnReadStateLimit", CONNECTIONS),
    ("SecConnWriteStateLimit", CONNECTIONS),
    ("SecDataDir", NO_FILES),
    ("SecDebugLog", NO_FILES),
    ("SecDebugLogLevel", NO_FILES),
    ("SecPcreMatchLimit", LINEAR),
    ("SecPcreMatchLimitRecursion", LINEAR),
    ("SecReadStateLimit", CONNECTIONS),
    ("SecRequestBodyInMemoryLimit", "bodies are held in memory alone"),
    ("SecRulePerfTime", NO_CLOCK),
    ("SecSensorId", AUDIT),
    ("SecStatusEngine", NO_PROCESSES),
    ("SecTmpDir", NO_FILES),
    ("SecUnicodeCodePage", MAPPING),
    ("SecUnicodeMap", MAPPING),
    ("SecUnicodeMapFile", MAPPING),
    ("SecUploadDir", NO_FILES),
    ("SecUploadFileMode", NO_FILES),
    ("SecUploadKeepFiles", NO_FILES),
    ("SecWriteStateLimit", CONNECTIONS),
];

/// Directives that are known and refused, and why.
pub const REFUSED: &[Reason] = &[
    ("SecAuditLogFlushPeriod", AUDIT),
    ("SecCacheTransformations", "results are shared within a request as it is"),
    ("SecChrootDir", NO_FILES),
    (
        "SecDisableBackendCompression",
        "an upstream is asked for `identity` where `response_body` is on",
    ),
    ("SecEncryptionEngine", NO_HASHES),
    ("SecEncryptionKey", NO_HASHES),
    ("SecEncryptionMethodPm", NO_HASHES),
    ("SecEncryptionMethodRx", NO_HASHES),
    ("SecEncryptionParam", NO_HASHES),
    ("SecGeoLookupDb", NO_PLACES),
    ("SecGsbLookupDb", NO_PROCESSES),
    ("SecGuardianLog", NO_PROCESSES),
    ("SecHashKey", NO_HASHES),
    ("SecHashMethodPm", NO_HASHES),
    ("SecHashMethodRx", NO_HASHES),
    ("SecHashParam", NO_HASHES),
    ("SecHttpBlKey", NO_PROCESSES),
    ("SecPersistenceEngine", OUTLIVES),
    ("SecRemoteRules", PUSHED),
    ("SecRemoteRulesFailAction", PUSHED),
    ("SecRequestEncoding", "values are looked at as the bytes that they are"),
    ("SecRsub", NOT_CHANGED),
    ("SecRuleInheritance", "routes say with `config` what they have"),
    ("SecRuleScript", "a filter runs no Lua"),
    ("SecServerSignature", NOT_CHANGED),
    ("SecUploadFileLimit", "parts of a body are bounded by the engine"),
    ("SecWebAppId", OUTLIVES),
];

/// Actions that do what they say.
pub const HONOURED_ACTIONS: &[&str] = &[
    "accuracy",
    "allow",
    "auditlog",
    "block",
    "capture",
    "chain",
    "ctl",
    "deny",
    "drop",
    "id",
    "log",
    "logdata",
    "maturity",
    "msg",
    "multiMatch",
    "noauditlog",
    "nolog",
    "pass",
    "phase",
    "redirect",
    "rev",
    "setvar",
    "severity",
    "skip",
    "skipAfter",
    "status",
    "t",
    "tag",
    "ver",
];

/// Actions that are accepted with one warning, and why nothing comes of them.
pub const ACCEPTED_ACTIONS: &[Reason] = &[("initcol", OUTLIVES)];

/// Actions that are known and refused, and why.
pub const REFUSED_ACTIONS: &[Reason] = &[
    ("append", NOT_CHANGED),
    ("deprecatevar", OUTLIVES),
    ("exec", NO_PROCESSES),
    ("expirevar", OUTLIVES),
    ("pause", "a filter can't wait without holding its worker"),
    ("prepend", NOT_CHANGED),
    ("proxy", "where requests go is said by Envoy's routes"),
    ("sanitiseArg", SECRETS),
    ("sanitiseMatched", SECRETS),
    ("sanitiseMatchedBytes", SECRETS),
    ("sanitiseRequestHeader", SECRETS),
    ("sanitiseResponseHeader", SECRETS),
    ("sanitizeArg", SECRETS),
    ("sanitizeMatched", SECRETS),
    ("sanitizeMatchedBytes", SECRETS),
    ("sanitizeRequestHeader", SECRETS),
    ("sanitizeResponseHeader", SECRETS),
    ("setenv", "a filter has no environment"),
    ("setrsc", OUTLIVES),
    ("setsid", OUTLIVES),
    ("setuid", OUTLIVES),
    ("xmlns", "`XML:/*` and `XML://@*` look at all namespaces"),
];

/// What `ctl` can do.
pub const HONOURED_CONTROLS: &[&str] = &[
    "forceRequestBodyVariable",
    "requestBodyAccess",
    "requestBodyProcessor",
    "responseBodyAccess",
    "ruleEngine",
    "ruleRemoveById",
    "ruleRemoveByMsg",
    "ruleRemoveByTag",
    "ruleRemoveTargetById",
    "ruleRemoveTargetByMsg",
    "ruleRemoveTargetByTag",
];

/// What `ctl` accepts with one warning, and why nothing comes of it.
pub const ACCEPTED_CONTROLS: &[Reason] =
    &[("auditEngine", AUDIT), ("auditLogParts", AUDIT), ("debugLogLevel", NO_FILES)];

/// What `ctl` is known for and refuses, and why.
pub const REFUSED_CONTROLS: &[Reason] = &[
    ("hashEnforcement", NO_HASHES),
    ("hashEngine", NO_HASHES),
    ("parseXmlIntoArgs", "XML is looked at by `XML:/*` and `XML://@*`"),
    ("requestBodyLimit", "a body's limit is the same for all requests of a route"),
    ("responseBodyLimit", "a body's limit is the same for all requests of a route"),
];

/// Operators that do what they say, by their names and other names.
pub const HONOURED_OPERATORS: &[&str] = &[
    "beginsWith",
    "contains",
    "containsWord",
    "detectSQLi",
    "detectXSS",
    "endsWith",
    "eq",
    "ge",
    "gt",
    "ipMatch",
    "ipMatchF",
    "ipMatchFromFile",
    "le",
    "lt",
    "noMatch",
    "pm",
    "pmf",
    "pmFromFile",
    "rx",
    "streq",
    "strmatch",
    "unconditionalMatch",
    "validateByteRange",
    "validateUrlEncoding",
    "validateUtf8Encoding",
    "within",
];

/// Operators that are known and refused, and why.
pub const REFUSED_OPERATORS: &[Reason] = &[
    ("fuzzyHash", NO_FILES),
    ("geoLookup", NO_PLACES),
    ("gsbLookup", NO_PROCESSES),
    ("inspectFile", NO_PROCESSES),
    ("rbl", NO_PROCESSES),
    ("rsub", NOT_CHANGED),
    ("rxGlobal", "`@rx` is there, which captures the first match"),
    ("validateDTD", "schemas are checked by request-validation"),
    ("validateHash", NO_HASHES),
    ("validateSchema", "schemas are checked by request-validation"),
    ("verifyCC", "no checksums are computed; use `@rx`"),
    ("verifyCPF", "no checksums are computed; use `@rx`"),
    ("verifySSN", "no checksums are computed; use `@rx`"),
    ("verifySVNR", "no checksums are computed; use `@rx`"),
];

/// Variables that are known and refused, and why.
pub const REFUSED_VARIABLES: &[Reason] = &[
    ("DURATION", NO_CLOCK),
    ("ENV", "a filter has no environment"),
    (
        "FILES_TMP_CONTENT",
        "what is in a file is no value; `REQUEST_BODY` has it where it is forced",
    ),
    ("FILES_TMPNAMES", NO_FILES),
    ("FULL_REQUEST", "use `REQUEST_LINE`, `REQUEST_HEADERS` and `REQUEST_BODY`"),
    ("GEO", NO_PLACES),
    ("GLOBAL", OUTLIVES),
    ("IP", OUTLIVES),
    ("MODSEC_BUILD", "this is no ModSecurity"),
    ("PATH_TRANSLATED", NO_FILES),
    ("PERF_ALL", NO_CLOCK),
    ("PERF_COMBINED", NO_CLOCK),
    ("PERF_GC", NO_CLOCK),
    ("PERF_LOGGING", NO_CLOCK),
    ("PERF_PHASE1", NO_CLOCK),
    ("PERF_PHASE2", NO_CLOCK),
    ("PERF_PHASE3", NO_CLOCK),
    ("PERF_PHASE4", NO_CLOCK),
    ("PERF_PHASE5", NO_CLOCK),
    ("PERF_RULES", NO_CLOCK),
    ("PERF_SREAD", NO_CLOCK),
    ("PERF_SWRITE", NO_CLOCK),
    ("REMOTE_HOST", "names of addresses are not looked up; use `REMOTE_ADDR`"),
    ("REMOTE_USER", CALLER),
    ("RESOURCE", OUTLIVES),
    ("SCRIPT_BASENAME", NO_FILES),
    ("SCRIPT_FILENAME", NO_FILES),
    ("SCRIPT_GID", NO_FILES),
    ("SCRIPT_GROUPNAME", NO_FILES),
    ("SCRIPT_MODE", NO_FILES),
    ("SCRIPT_UID", NO_FILES),
    ("SCRIPT_USERNAME", NO_FILES),
    ("SDBM_DELETE_ERROR", OUTLIVES),
    ("SESSION", OUTLIVES),
    ("SESSIONID", OUTLIVES),
    ("STREAM_INPUT_BODY", "use `REQUEST_BODY`"),
    ("STREAM_OUTPUT_BODY", "use `RESPONSE_BODY`"),
    ("TIME", NO_CLOCK),
    ("TIME_DAY", NO_CLOCK),
    ("TIME_EPOCH", NO_CLOCK),
    ("TIME_HOUR", NO_CLOCK),
    ("TIME_MIN", NO_CLOCK),
    ("TIME_MON", NO_CLOCK),
    ("TIME_SEC", NO_CLOCK),
    ("TIME_WDAY", NO_CLOCK),
    ("TIME_YEAR", NO_CLOCK),
    ("USER", OUTLIVES),
    ("USERAGENT_IP", "use `REMOTE_ADDR`"),
    ("USERID", CALLER),
    ("WEBAPPID", OUTLIVES),
    ("WEBSERVER_ERROR_LOG", NO_FILES),
];

/// The reason of a name in a list, without regard to case.
pub(crate) fn reason(list: &[Reason], name: &str) -> Option<Reason> {
    list.iter().copied().find(|(known, _)| known.eq_ignore_ascii_case(name))
}

/// Why a name is refused: with its reason, or because nobody knows it.
pub(crate) fn refusal(kind: &str, list: &[Reason], name: &str) -> String {
    match reason(list, name) {
        Some((known, why)) => format!("the {kind} `{known}` is not supported: {why}"),
        None => format!("unknown {kind} `{name}`; look for a slip of the pen"),
    }
}
