//! The configuration that ModSecurity recommends is read as it is.
#![allow(clippy::panic, reason = "what is not read fails the test")]

use portcullis_waf_seclang::syntax::{Control, Directive, EngineMode, LimitAction, Setting};
use portcullis_waf_seclang::{Parsed, Source, parse};

fn read(text: &[u8]) -> Parsed {
    let source = Source { name: "modsecurity.conf".to_owned(), text: text.to_vec() };
    parse(&[source]).unwrap_or_else(|faults| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"))
    })
}

/// Every directive of it in ModSecurity 2.9 and 3.0, in its shape; those that it has as comments too.
const SHAPE: &str = r#"
# -- the engine ----------------------------------------------------------
SecRuleEngine DetectionOnly

# -- requests ------------------------------------------------------------
SecRequestBodyAccess On
SecRule REQUEST_HEADERS:Content-Type "^(?:application(?:/soap\+|/)|text/)xml" \
     "id:'200000',phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=XML"
SecRule REQUEST_HEADERS:Content-Type "^application/json" \
     "id:'200001',phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"
SecRule REQUEST_HEADERS:Content-Type "^application/[a-z0-9.-]+[+]json" \
     "id:'200006',phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"
SecRequestBodyLimit 13107200
SecRequestBodyNoFilesLimit 131072
SecRequestBodyInMemoryLimit 131072
SecRequestBodyLimitAction Reject
SecRequestBodyJsonDepthLimit 512
SecArgumentsLimit 1000
SecRule &ARGS "@ge 1000" \
"id:'200007', phase:2,t:none,log,deny,status:400,msg:'Too many arguments',severity:2"
SecRule REQBODY_ERROR "!@eq 0" \
"id:'200002', phase:2,t:none,log,deny,status:400,msg:'Not read.',logdata:'%{reqbody_error_msg}',severity:2"
SecRule MULTIPART_STRICT_ERROR "!@eq 0" \
"id:'200003',phase:2,t:none,log,deny,status:400, \
msg:'Strict: \
PE %{REQBODY_PROCESSOR_ERROR}, \
BQ %{MULTIPART_BOUNDARY_QUOTED}, \
BW %{MULTIPART_BOUNDARY_WHITESPACE}, \
DB %{MULTIPART_DATA_BEFORE}, \
DA %{MULTIPART_DATA_AFTER}, \
HF %{MULTIPART_HEADER_FOLDING}, \
LF %{MULTIPART_LF_LINE}, \
SM %{MULTIPART_MISSING_SEMICOLON}, \
IQ %{MULTIPART_INVALID_QUOTING}, \
IP %{MULTIPART_INVALID_PART}, \
IH %{MULTIPART_INVALID_HEADER_FOLDING}, \
FL %{MULTIPART_FILE_LIMIT_EXCEEDED}'"
SecRule MULTIPART_UNMATCHED_BOUNDARY "@eq 1" \
    "id:'200004',phase:2,t:none,log,deny,msg:'A boundary that matches none.'"
SecPcreMatchLimit 100000
SecPcreMatchLimitRecursion 100000
SecRule TX:/^MSC_/ "!@streq 0" \
        "id:'200005',phase:2,t:none,deny,msg:'An error of the engine: %{MATCHED_VAR_NAME}'"
SecParseXmlIntoArgs Off

# -- responses -----------------------------------------------------------
SecResponseBodyAccess On
SecResponseBodyMimeType text/plain text/html text/xml
SecResponseBodyLimit 524288
SecResponseBodyLimitAction ProcessPartial

# -- files ---------------------------------------------------------------
SecTmpDir /opt/modsecurity/var/tmp/
SecDataDir /opt/modsecurity/var/data/
SecUploadDir /opt/modsecurity/var/upload/
SecUploadKeepFiles RelevantOnly
SecUploadFileMode 0600
SecTmpSaveUploadedFiles off

# -- logs ----------------------------------------------------------------
SecDebugLog /opt/modsecurity/var/log/debug.log
SecDebugLogLevel 3
SecAuditEngine RelevantOnly
SecAuditLogRelevantStatus "^(?:5|4(?!04))"
SecAuditLogParts ABIJDEFHZ
SecAuditLogType Serial
SecAuditLog /var/log/modsec_audit.log
SecAuditLogFormat JSON
SecAuditLogStorageDir /opt/modsecurity/var/audit/

# -- what is left --------------------------------------------------------
SecArgumentSeparator &
SecCookieFormat 0
SecUnicodeMapFile unicode.mapping 20127
SecStatusEngine Off
"#;

#[test]
fn a_configuration_of_its_shape_is_read() {
    let parsed = read(SHAPE.as_bytes());
    let rules = parsed.statements.iter().filter_map(|one| match &one.directive {
        Directive::Rule(rule) => Some(&**rule),
        _ => None,
    });
    let rules: Vec<_> = rules.collect();
    let ids: Vec<u32> = rules.iter().map(|rule| rule.metadata.id % 200_000).collect();
    assert_eq!(ids, [0, 1, 6, 7, 2, 3, 4, 5]);
    assert_eq!(rules[0].links[0].controls, [Control::RequestBodyProcessor("XML".to_owned())]);
    assert_eq!((rules[4].status, rules[4].metadata.severity), (Some(400), Some(2)));
    assert_eq!(rules[5].links[0].msg.as_ref().map(|msg| msg.0.len()), Some(24));
    let settings: Vec<_> = parsed
        .statements
        .iter()
        .filter_map(|one| match &one.directive {
            Directive::Setting(setting) => Some(setting.clone()),
            _ => None,
        })
        .collect();
    let types = ["text/plain", "text/html", "text/xml"].map(str::to_owned).to_vec();
    assert_eq!(
        settings,
        [
            Setting::RuleEngine(EngineMode::DetectionOnly),
            Setting::RequestBodyAccess(true),
            Setting::RequestBodyLimit(13_107_200),
            Setting::RequestBodyNoFilesLimit(131_072),
            Setting::RequestBodyLimitAction(LimitAction::Reject),
            Setting::RequestBodyJsonDepthLimit(512),
            Setting::ArgumentsLimit(1000),
            Setting::ResponseBodyAccess(true),
            Setting::ResponseBodyMimeTypes(types),
            Setting::ResponseBodyLimit(524_288),
            Setting::ResponseBodyLimitAction(LimitAction::ProcessPartial),
        ]
    );
    assert_eq!(parsed.statements.len(), rules.len() + settings.len());
    assert_eq!(parsed.warnings.len(), 19, "{:#?}", parsed.warnings);
}

#[test]
fn the_configuration_of_a_package_is_read_unchanged() {
    let Some(paths) = std::env::var_os("MODSECURITY_CONF") else {
        eprintln!("MODSECURITY_CONF is not set: no modsecurity.conf-recommended is read here");
        return;
    };
    for path in std::env::split_paths(&paths) {
        let text = std::fs::read(&path)
            .unwrap_or_else(|error| panic!("MODSECURITY_CONF: {}: {error}", path.display()));
        let parsed = read(&text);
        let is_rule = |directive: &Directive| matches!(directive, Directive::Rule(_));
        let rules = parsed.statements.iter().filter(|one| is_rule(&one.directive)).count();
        assert!(rules >= 6, "{}: {rules} rules", path.display());
    }
}
