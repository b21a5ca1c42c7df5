//! The three closed lists: directives and actions that are honoured, that are accepted with a warning, that are refused.

/// Directives that do what they say.
pub const HONOURED: [&str; 29] = [
    "Include",
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
    // Honoured as what they ask for anyway; anything else is refused.
    "SecArgumentSeparator",
    "SecCookieFormat",
    "SecCookieV0Separator",
    "SecUploadKeepFiles",
];

/// Directives that are accepted with one warning, and why nothing comes of them.
pub const ACCEPTED: [(&str, &str); 32] = [
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
    ("SecCollectionTimeout", "collections that outlive a request are not kept"),
    ("SecConnEngine", "connections are Envoy's own"),
    ("SecConnReadStateLimit", "connections are Envoy's own"),
    ("SecConnWriteStateLimit", "connections are Envoy's own"),
    ("SecDataDir", NO_FILES),
    ("SecDebugLog", NO_FILES),
    ("SecDebugLogLevel", NO_FILES),
    (
        "SecDisableBackendCompression",
        "a response that is looked at is asked for without compression",
    ),
    ("SecInterceptOnError", "what can't be judged is refused; `on_error` says otherwise"),
    ("SecPcreMatchLimit", "patterns take linear time"),
    ("SecPcreMatchLimitRecursion", "patterns take linear time"),
    ("SecRequestBodyInMemoryLimit", "bodies are held in memory alone"),
    ("SecServerSignature", "the signature is Envoy's own"),
    ("SecStatusEngine", "nothing is sent to anybody"),
    ("SecTmpDir", NO_FILES),
    ("SecTmpSaveUploadedFiles", NO_FILES),
    ("SecUnicodeMap", "full-width forms are mapped, other characters by their low byte"),
    ("SecUnicodeMapFile", "full-width forms are mapped, other characters by their low byte"),
    ("SecUploadDir", NO_FILES),
    ("SecUploadFileLimit", NO_FILES),
    ("SecUploadFileMode", NO_FILES),
];

const NO_FILES: &str = "a filter has no file system";
const AUDIT: &str = "a filter has no file system; the decision record and the log say what matched";

/// Directives that are known and refused, and why; any other is refused as unknown.
pub const REFUSED: [(&str, &str); 27] = [
    ("SecCacheTransformations", "it has no meaning: transformations are always cached"),
    ("SecChrootDir", NO_FILES),
    ("SecContentInjection", "bodies are judged, not changed: use response-transformer"),
    ("SecEncryptionEngine", OTHER_TOOL),
    ("SecGeoLookupDb", "there is no database of places in a filter"),
    ("SecGsbLookupDb", "there is no database of addresses in a filter"),
    ("SecGuardianLog", "a filter starts no processes"),
    ("SecHashEngine", OTHER_TOOL),
    ("SecHashKey", OTHER_TOOL),
    ("SecHashMethodPm", OTHER_TOOL),
    ("SecHashMethodRx", OTHER_TOOL),
    ("SecHashParam", OTHER_TOOL),
    ("SecHttpBlKey", "a filter asks no list of addresses"),
    ("SecReadStateLimit", "connections are Envoy's own"),
    ("SecRemoteRules", "rules come with the configuration, so that a push is atomic"),
    ("SecRemoteRulesFailAction", "rules come with the configuration, so that a push is atomic"),
    ("SecRequestEncoding", OTHER_TOOL),
    ("SecRuleInheritance", "routes say with `config` what they have"),
    ("SecRulePerfTime", OTHER_TOOL),
    ("SecRuleScript", "a filter runs no Lua"),
    ("SecRsub", OTHER_TOOL),
    ("SecSensorId", OTHER_TOOL),
    ("SecStreamInBodyInspection", "the whole body is held before it is judged"),
    ("SecStreamOutBodyInspection", "the whole body is held before it is judged"),
    ("SecWebAppId", OTHER_TOOL),
    ("SecWriteStateLimit", "connections are Envoy's own"),
    ("SecXmlExternalEntity", "external entities are never fetched"),
];

const OTHER_TOOL: &str = "the engine has nothing of the kind";

/// Actions that are known and refused, and why; any other is refused as unknown.
pub const REFUSED_ACTIONS: [(&str, &str); 15] = [
    ("append", "bodies are judged, not changed: use response-transformer"),
    ("deprecatevar", OUTLIVES),
    ("exec", "a filter starts no processes"),
    ("expirevar", OUTLIVES),
    ("pause", "a filter can't wait without holding its worker"),
    ("prepend", "bodies are judged, not changed: use response-transformer"),
    ("proxy", "routes are Envoy's own"),
    ("sanitiseArg", "name what is secret by `log_data`"),
    ("sanitiseMatched", "name what is secret by `log_data`"),
    ("sanitiseMatchedBytes", "name what is secret by `log_data`"),
    ("sanitiseRequestHeader", "name what is secret by `log_data`"),
    ("setenv", "a filter has no environment of its own"),
    ("setrsc", OUTLIVES),
    ("setsid", OUTLIVES),
    ("setuid", OUTLIVES),
];

const OUTLIVES: &str = "collections that outlive a request are not kept: use rate-limiting";
