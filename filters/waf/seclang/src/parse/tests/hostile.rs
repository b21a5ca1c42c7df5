//! Rules with mistakes that nobody thought of: good text, changed at random but always the same.

use super::super::fuzz_seclang;

const SEED: &str = r#"# comment \
SecRuleEngine DetectionOnly
SecDefaultAction "phase:2,log,auditlog,deny,status:403,t:lowercase"
SecRule REQUEST_HEADERS:Content-Type|!ARGS:/^a|b$/|&XML:/*|ARGS:'it\'s' "!@rx ^(?:a|\"b\")\x5c" \
    "id:'200000',phase:1,t:none,t:lowercase,pass,nolog,msg:'it\'s, %{tx.a}',\
    setvar:'tx.a_%{MATCHED_VAR_NAME}=+%{tx.b}',ctl:ruleRemoveTargetById=1-2;ARGS:a,chain"
    SecRule ARGS "@pm a |41 0a| b" "t:none,capture,multiMatch"
SecAction "id:2,phase:request,block,severity:CRITICAL,tag:'x/y',skipAfter:END,redirect:'http://%{request_headers.host}/'"
SecMarker "END"
SecRuleRemoveById 1 2-3 "4,5"
SecRuleUpdateTargetById 930120 !ARGS_NAMES:json.profile
SecRuleUpdateActionById 12:1 "t:none,setvar:!tx.a"
SecResponseBodyMimeType text/plain text/html
SecAuditLog /var/log/a.log
SecRule REMOTE_ADDR "@ipMatch 10.0.0.0/8,::1" "id:3,deny"
SecRule ARGS "@validateByteRange 9,10,32-126" 'id:4,initcol:ip=%{REMOTE_ADDR}'
"#;

/// What parsers stumble over.
const PIECES: &[&[u8]] = &[
    b"\"",
    b"'",
    b"\\",
    b"\\\n",
    b"\r\n",
    b"\n",
    b",",
    b":",
    b"|",
    b"%{",
    b"}",
    b"=",
    b"!",
    b"&",
    b"/",
    b";",
    b"@",
    b"#",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"chain,",
    b"t:none",
    b"%{tx.a}",
    b"-",
    b"\xf0\x9f\x92\xa9",
    b"99999999999999999999",
    b"*",
    b" ",
    b"\t",
    b"SecRule ",
    b"Include ",
    b"\\Q",
];

#[test]
fn the_seed_is_good() {
    super::read(SEED);
}

#[test]
fn changed_rules_are_read_or_refused() {
    let mut random = fastrand::Rng::with_seed(0x5ec1a46);
    let lines: Vec<&[u8]> = SEED.as_bytes().split_inclusive(|byte| *byte == b'\n').collect();
    for _ in 0..4000 {
        // A few lines alone, so that a mistake in one does not hide what the others could do.
        let mut text: Vec<u8> = (0..random.usize(1..6))
            .flat_map(|_| lines[random.usize(0..lines.len())].to_vec())
            .collect();
        for _ in 0..random.usize(0..5) {
            let at = random.usize(0..=text.len());
            let until = (at + random.usize(0..6)).min(text.len());
            match random.u8(0..5) {
                0 => drop(text.drain(at..until)),
                1 => text.truncate(at),
                2 => text.resize(text.len() + random.usize(0..3), random.u8(..)),
                _ => {
                    let piece = PIECES[random.usize(0..PIECES.len())];
                    text.splice(at..until, piece.iter().copied());
                }
            }
        }
        fuzz_seclang(&text);
    }
}

#[test]
fn every_beginning_of_good_rules_is_read_or_refused() {
    for end in 0..SEED.len() {
        fuzz_seclang(&SEED.as_bytes()[..end]);
    }
}

#[test]
fn texts_of_one_kind_take_linear_time() {
    // With time in the square of the length these would take hours.
    for piece in ["%{", "%{a", "'", "\\\n", "a,", "t:", "|", "ARGS:/", "&", "\"\" ", "setvar:tx.%{"]
    {
        let many = piece.repeat((64 << 10) / piece.len());
        for text in [
            format!("SecRule ARGS \"@rx {many}\" \"id:1\""),
            format!("SecRule {many} a id:1"),
            format!("SecAction \"id:1,{many}\""),
            format!("SecAction \"id:1,msg:'{many}'\""),
            format!("SecMarker {many}"),
        ] {
            let _ = super::parse(&[super::source("rules", text)]);
        }
    }
}
