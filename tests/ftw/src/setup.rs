//! The configurations that the tests are written for, as SecLang.

/// For the tests of OWASP CRS; goes in front of the rule set, after its own setup.
pub const DIRECTIVES: &str = r#"
SecRuleEngine DetectionOnly
SecRequestBodyAccess On
SecResponseBodyAccess On
SecResponseBodyMimeType text/plain text/html text/xml application/json
SecAction \
    "id:900005,\
    phase:1,\
    pass,\
    t:none,\
    nolog,\
    setvar:tx.blocking_paranoia_level=4,\
    setvar:tx.arg_name_length=100,\
    setvar:tx.arg_length=400,\
    setvar:tx.total_arg_length=64000,\
    setvar:tx.max_num_args=255,\
    setvar:tx.max_file_size=64100,\
    setvar:tx.combined_file_sizes=65535"
"#;

/// The same for the tests of our own rules: lists that an operator may write, in the way that the fields write them.
pub const OWN_DIRECTIVES: &str = r#"
SecAction \
    "id:900005,\
    phase:1,\
    pass,\
    t:none,\
    nolog,\
    setvar:'tx.allowed_request_content_type=|application/x-www-form-urlencoded| |multipart/form-data| \
|application/json| |application/soap+xml| |text/xml|',\
    setvar:tx.allowed_request_content_type_charset=|utf-8|,\
    setvar:tx.restricted_headers_basic=/proxy/,\
    setvar:tx.restricted_extensions=.bak/"
"#;
