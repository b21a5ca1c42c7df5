//! What the directives say about the engine itself.

use portcullis_waf_seclang::syntax::{EngineMode, LimitAction, Setting};
use serde::{Deserialize, Serialize};

/// 1 MiB: what Envoy holds of a body by default.
const REQUEST_BODY_LIMIT: u64 = 1 << 20;
/// As ModSecurity's recommended configuration; what a hostile body may cost grows with it.
const REQUEST_BODY_NO_FILES_LIMIT: u64 = 128 << 10;
/// As ModSecurity's default.
const RESPONSE_BODY_LIMIT: u64 = 512 << 10;
/// As ModSecurity's recommended configuration writes it, and enough for what people write by hand.
const JSON_DEPTH: u64 = 64;
/// As ModSecurity's default.
const ARGUMENTS: u64 = 1000;

/// The settings of the engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// `SecRuleEngine`
    pub rule_engine: EngineMode,
    /// `SecRequestBodyAccess`
    pub request_body_access: bool,
    /// `SecRequestBodyLimit`: bytes.
    pub request_body_limit: u64,
    /// `SecRequestBodyNoFilesLimit`: bytes.
    pub request_body_no_files_limit: u64,
    /// `SecRequestBodyLimitAction`
    pub request_body_limit_action: LimitAction,
    /// `SecRequestBodyJsonDepthLimit`
    pub json_depth: u64,
    /// `SecArgumentsLimit`
    pub arguments: u64,
    /// `SecResponseBodyAccess`
    pub response_body_access: bool,
    /// `SecResponseBodyLimit`: bytes.
    pub response_body_limit: u64,
    /// `SecResponseBodyLimitAction`
    pub response_body_limit_action: LimitAction,
    /// `SecResponseBodyMimeType`, in lower case.
    pub response_mime_types: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            rule_engine: EngineMode::On,
            request_body_access: true,
            request_body_limit: REQUEST_BODY_LIMIT,
            request_body_no_files_limit: REQUEST_BODY_NO_FILES_LIMIT,
            request_body_limit_action: LimitAction::Reject,
            json_depth: JSON_DEPTH,
            arguments: ARGUMENTS,
            response_body_access: false,
            response_body_limit: RESPONSE_BODY_LIMIT,
            response_body_limit_action: LimitAction::ProcessPartial,
            response_mime_types: ["text/plain", "text/html", "text/xml"]
                .map(str::to_owned)
                .to_vec(),
        }
    }
}

impl Settings {
    /// What a list of settings comes to.
    #[must_use]
    pub fn of(settings: &[Setting]) -> Self {
        let mut all = Settings::default();
        settings.iter().cloned().for_each(|setting| all.apply(setting));
        all
    }

    fn apply(&mut self, setting: Setting) {
        match setting {
            Setting::RuleEngine(mode) => self.rule_engine = mode,
            Setting::RequestBodyAccess(on) => self.request_body_access = on,
            Setting::RequestBodyLimit(bytes) => self.request_body_limit = bytes,
            Setting::RequestBodyNoFilesLimit(bytes) => self.request_body_no_files_limit = bytes,
            Setting::RequestBodyLimitAction(action) => self.request_body_limit_action = action,
            Setting::RequestBodyJsonDepthLimit(depth) => self.json_depth = depth,
            Setting::ArgumentsLimit(count) => self.arguments = count,
            Setting::ResponseBodyAccess(on) => self.response_body_access = on,
            Setting::ResponseBodyLimit(bytes) => self.response_body_limit = bytes,
            Setting::ResponseBodyLimitAction(action) => self.response_body_limit_action = action,
            Setting::ResponseBodyMimeTypes(types) => self.response_mime_types.extend(types),
            Setting::ResponseBodyMimeTypesClear => self.response_mime_types.clear(),
        }
    }
}
