//! What Envoy writes is read, and nothing else is.

use super::*;

const HASH: &str = "99f929944c06cc6614e592b65ff8cf4bbd06d03c8a702b7df549189331bd52f2";

fn read(text: &str) -> Result<Option<Element<'_>>, Malformed> {
    last(std::iter::once(text.as_bytes()))
}

fn of<'h>(subject: &'h str, uris: &[&'h str], dns: &[&'h str]) -> Element<'h> {
    let bytes = |names: &[&'h str]| names.iter().map(|name| name.as_bytes()).collect();
    let fingerprint = Fingerprint::parse(HASH.as_bytes()).unwrap();
    Element { fingerprint, subject: subject.as_bytes(), uris: bytes(uris), dns: bytes(dns) }
}

#[test]
fn elements_of_envoy_are_read() {
    for (text, expected) in [
        // As Envoy 1.40 wrote them.
        (
            format!(
                "Hash={HASH};Cert=\"-----BEGIN%20CERTIFICATE-----%0AMIIB%0A\";Subject=\"CN=cli\\,ent,O=Ex\\,Co\";URI=spiffe://td/a;URI=spiffe://td/b;DNS=a.example;DNS=b.example"
            ),
            of(
                "CN=cli\\,ent,O=Ex\\,Co",
                &["spiffe://td/a", "spiffe://td/b"],
                &["a.example", "b.example"],
            ),
        ),
        (format!("Hash={HASH};Subject=\"\";URI=spiffe://td/x"), of("", &["spiffe://td/x"], &[])),
        (format!("By=spiffe://td/us;By=https://us;Hash={HASH}"), of("", &[], &[])),
        (format!("Hash={HASH};Chain=\"%0A\";Subject=\"O=\\\"x\\\"\""), of("O=\\\"x\\\"", &[], &[])),
        // What its documentation allows.
        (
            format!(" hash=\"{HASH}\";uri=\"spiffe://td/a,b;c=d\" "),
            of("", &["spiffe://td/a,b;c=d"], &[]),
        ),
        (format!("Hash={HASH};Subject=CN=ada;Later=x"), of("CN=ada", &[], &[])),
        (format!("Later=\"x,;\";Hash={HASH}"), of("", &[], &[])),
        (format!("Hash={HASH};URI="), of("", &[""], &[])),
    ] {
        assert_eq!(read(&text), Ok(Some(expected)), "{text}");
    }
}

#[test]
fn the_last_element_counts_whatever_stands_before_it() {
    let own = format!("Hash={HASH};Subject=\"CN=ada\";URI=spiffe://td/ada");
    let expected = of("CN=ada", &["spiffe://td/ada"], &[]);
    let zeros = "0".repeat(64);
    for ahead in [
        format!("Hash={zeros};Subject=\"CN=admin\";URI=spiffe://td/admin"),
        format!("By=x;Hash={zeros};DNS=admin.example"),
        format!("Hash={zeros};Subject=\"a,Hash={zeros};b\""),
    ] {
        for text in
            [format!("{ahead},{own}"), format!("{ahead}, {own}"), format!("{ahead},{ahead},{own}")]
        {
            assert_eq!(read(&text), Ok(Some(expected.clone())), "{text}");
        }
        let lines = [ahead.as_bytes(), own.as_bytes()];
        assert_eq!(last(lines.into_iter()), Ok(Some(expected.clone())));
    }
    for none in ["", "  ", "\t"] {
        assert_eq!(read(none), Ok(None));
    }
    assert_eq!(last(std::iter::empty()), Ok(None));
}

#[test]
fn nothing_of_what_is_malformed_counts() {
    let own = format!("Hash={HASH};Subject=\"CN=ada\";URI=spiffe://td/ada");
    let zeros = "0".repeat(64);
    for text in [
        // No fingerprint, half of one, two.
        "Subject=\"CN=ada\"".to_owned(),
        "Hash=00".to_owned(),
        format!("Hash={HASH};Hash={HASH}"),
        format!("Hash={HASH}0"),
        // Quotes that a client leaves open for what follows, or closes early.
        format!("Subject=\",{own}"),
        format!("Hash={zeros};Subject=\",{own}"),
        format!("Hash={zeros};Subject=\"\\,{own}"),
        format!("Hash={HASH};Subject=\"CN=ada"),
        format!("Hash={HASH};Subject=\"CN=ada\\\""),
        format!("Hash={HASH};Subject=\"CN=ada\"x"),
        format!("Hash={HASH};Subject=\"\"\""),
        format!("Hash={HASH};URI=spiffe://td/\"a\""),
        format!("Hash={HASH};URI=\"a\\\"b\""),
        // Two of what there is one of, and fields out of Envoy's order: a name with a semicolon.
        format!("{own};Subject=\"CN=admin\""),
        format!("{own};Hash={zeros}"),
        format!("{own};Later=x"),
        format!("Hash={HASH};DNS=a.example;URI=spiffe://td/admin"),
        format!("Hash={HASH};Subject=\"CN=a\";Subject=\"CN=b\""),
        format!("Hash={HASH};Subject=\"CN=a\";Cert=\"x\""),
        format!("URI=spiffe://td/a;Hash={HASH}"),
        // Elements that are none.
        format!("{own},"),
        format!(",{own}"),
        format!("{own},,{own}"),
        format!("x,{own}"),
        format!("{own};"),
        format!("{own};,{own}"),
        "Hash".to_owned(),
        "=x".to_owned(),
        format!("Ha sh={HASH}"),
        format!("Hash ={HASH}"),
        "\u{e9}=x".to_owned(),
    ] {
        assert_eq!(read(&text), Err(Malformed), "{text}");
    }
}

#[test]
fn bounds_hold() {
    let names = |count: usize| format!("Hash={HASH}{}", ";DNS=a".repeat(count));
    assert_eq!(read(&names(MAX_NAMES)).map(|found| found.unwrap().dns.len()), Ok(MAX_NAMES));
    assert_eq!(read(&names(MAX_NAMES + 1)), Err(Malformed));
    let long = |length: usize| {
        let start = format!("Hash={HASH};Subject=");
        format!("{start}{}", "a".repeat(length - start.len()))
    };
    assert!(read(&long(MAX_XFCC_BYTES)).is_ok());
    assert_eq!(read(&long(MAX_XFCC_BYTES + 1)), Err(Malformed));
    let half = long(MAX_XFCC_BYTES / 2 + 1);
    assert_eq!(last([half.as_bytes(), half.as_bytes()].into_iter()), Err(Malformed));
    // As many elements as fit.
    let own = format!("Hash={HASH}");
    let many = vec![own.clone(); MAX_XFCC_BYTES / (own.len() + 1)].join(",");
    assert_eq!(read(&many), Ok(Some(of("", &[], &[]))));
    let open = vec!["Hash=\"".to_owned(); MAX_XFCC_BYTES / 6].join("");
    assert_eq!(read(&open), Err(Malformed));
}
