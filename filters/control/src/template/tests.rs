//! Templates as tables: what is compiled, what is rendered for each target, what is dropped.

use std::rc::Rc;

use serde_json::json;

use super::*;
use crate::exchange::Exchange;
use crate::headers::HeaderMap;
use crate::identity::{Consumer, Identity};
use crate::program::Settings;
use crate::surroundings::stub::Stub;

fn claims_alone(text: &str) -> Result<Template, TemplateFault> {
    Template::parse(text, Scope::CLAIMS)
}

fn scope(target: Target, captures: &[String]) -> Scope<'_> {
    Scope { target, captures, claims_alone: false }
}

#[test]
fn compiles_texts_with_places_and_names_the_fault_of_others() {
    for text in
        ["$(jwt.sub)", "a", "user-$(jwt.sub)@$(jwt.realm.name)", "$5", "$", "a)b", "é$(jwt.é)"]
    {
        assert!(claims_alone(text).is_ok(), "{text}");
    }
    let unknown = |name: &str| TemplateFault::UnknownSource(name.to_owned(), CLAIMS);
    let deep = format!("$(jwt.{})", vec!["a"; 13].join("."));
    for (text, fault) in [
        ("", TemplateFault::Empty),
        ("$(", TemplateFault::Unclosed),
        ("$(jwt.sub", TemplateFault::Unclosed),
        ("$(jwt.a)$(jwt.b", TemplateFault::Unclosed),
        ("$()", unknown("")),
        ("$(jwt)", unknown("jwt")),
        ("$(JWT.sub)", unknown("JWT.sub")),
        ("$(request.id)", unknown("request.id")),
        ("$(env.SECRET)", unknown("env.SECRET")),
        ("$( jwt.sub)", unknown(" jwt.sub")),
        ("$(jwt.)", TemplateFault::Path),
        (&deep, TemplateFault::Path),
        ("a\n$(jwt.sub)", TemplateFault::Text),
        ("$(jwt.sub)\u{7f}", TemplateFault::Text),
        ("\t", TemplateFault::Text),
        ("$(jwt.sub|)", TemplateFault::Filter),
        ("$(jwt.sub | upper)", TemplateFault::Filter),
        ("$(jwt.sub | default(x))", TemplateFault::Filter),
        ("$(jwt.sub | default(\"x)", TemplateFault::Unclosed),
        ("$(jwt.sub | default(\"\\x\"))", TemplateFault::Filter),
        ("$(jwt.sub | default(\"x\")", TemplateFault::Unclosed),
        ("$(jwt.sub | default(\"x\ny\"))", TemplateFault::Text),
    ] {
        assert_eq!(claims_alone(text), Err(fault), "{text:?}");
    }
    assert_eq!(
        unknown("x").to_string(),
        "`$(x)` is not known; use `$(jwt.` and the path of a claim"
    );
}

#[test]
fn what_is_not_known_is_refused_with_what_is() {
    let names = ["id".to_owned(), "order".to_owned()];
    for text in [
        "$(jwt.a.b)",
        "$(consumer.username)$(consumer.id)$(consumer.custom_id)$(consumer.groups)",
        "$(headers.x-a)$(headers.x_a)$(query_params.a)$(query.a b)",
        "$(uri_captures.id)$(path.order)$(request.id)$(client.ip)",
        "$(certificate.san)$(certificate.subject)$(certificate.fingerprint)",
    ] {
        assert!(Template::parse(text, scope(Target::Header, &names)).is_ok(), "{text}");
    }
    for text in [
        "consumer",
        "consumer.key",
        "headers",
        "headers.",
        "headers.a b",
        "query.",
        "path.",
        "request.path",
        "client.port",
        "certificate",
        "shared.x",
        "type(1)",
        "os.execute(\"x\")",
    ] {
        let fault =
            Template::parse(&format!("$({text})"), scope(Target::Header, &names)).unwrap_err();
        let TemplateFault::UnknownSource(_, known) = fault else { panic!("{text}: {fault}") };
        assert_eq!(known, SOURCES);
    }
    let fault = |names: &[String]| {
        Template::parse("$(path.user)", scope(Target::Segment, names)).unwrap_err().to_string()
    };
    assert_eq!(fault(&names), "`user` is no name of this route's path; use one of id, order");
    assert_eq!(
        fault(&[]),
        "`user` is no name of this route's path; put this into the `config` of a route with \
         `match: {path: {template: \"/…/{user}\"}}`"
    );
}

#[test]
fn renders_claims_and_leaves_out_what_could_be_read_as_something_else() {
    let claims = json!({
        "sub": "ada", "n": 42, "f": 1.5, "yes": true, "nothing": null, "empty": "",
        "roles": ["admin", "dev"], "none": [], "nulls": [null], "one": ["admin"],
        "two_in_one": ["dev", "admin,root", "ops"], "only_bad": ["a,b"],
        "mixed": ["a", 1, true, null, {"x": 1}, {"x": 1, "y": 2}, ["b"], ["c", "d"]],
        "lines": "a\r\nX-Admin: 1", "nul": "a\u{0}b", "tab": "a\tb", "del": "a\u{7f}b",
        "lines_in_list": ["a", "b\nc", "d"], "utf8": "Zoë ✓", "comma": "Byron, Ada",
        "object": {"a": [1, "x"], "b": "y\n"}, "del_inside": {"a": "\u{7f}"},
        "https://app/roles": ["x"], "realm": {"roles": ["r1", "r2"]}, "space": " ada", "behind": "ada ",
    });
    let claims = claims.as_object().unwrap();
    for (text, value, dropped) in [
        ("$(jwt.sub)", Some("ada"), 0),
        ("u-$(jwt.sub)-$(jwt.n)", Some("u-ada-42"), 0),
        ("static", Some("static"), 0),
        ("$(jwt.f) $(jwt.yes)", Some("1.5 true"), 0),
        ("$(jwt.missing)", None, 0),
        ("$(jwt.sub) $(jwt.missing)", None, 0),
        ("$(jwt.nothing)", None, 0),
        ("$(jwt.empty)", None, 0),
        ("x$(jwt.empty)", Some("x"), 0),
        ("$(jwt.roles)", Some("admin,dev"), 0),
        ("$(jwt.one)", Some("admin"), 0),
        ("$(jwt.none)", None, 0),
        ("$(jwt.nulls)", None, 0),
        ("$(jwt.two_in_one)", Some("dev,ops"), 1),
        ("$(jwt.only_bad)", None, 1),
        ("$(jwt.mixed)", Some(r#"a,1,true,{"x":1},["b"]"#), 2),
        ("$(jwt.lines)", None, 1),
        ("$(jwt.nul)", None, 1),
        ("$(jwt.tab)", None, 1),
        ("$(jwt.del)", None, 1),
        ("$(jwt.space)", None, 1),
        ("$(jwt.behind)", None, 1),
        ("$(jwt.lines_in_list)", Some("a,d"), 1),
        ("$(jwt.utf8)", Some("Zoë ✓"), 0),
        ("$(jwt.comma)", Some("Byron, Ada"), 0),
        ("$(jwt.object)", Some(r#"{"a":[1,"x"],"b":"y\n"}"#), 0),
        ("$(jwt.del_inside)", None, 1),
        ("$(jwt.https://app/roles)", Some("x"), 0),
        ("$(jwt.realm.roles)", Some("r1,r2"), 0),
        ("$(jwt.realm.roles.x)", None, 0),
        // A default stands for what is not there, not for what is hostile.
        (r#"$(jwt.sub | default("x"))"#, Some("ada"), 0),
        (r#"$(jwt.missing | default("x"))"#, Some("x"), 0),
        (r#"$(jwt.missing|default( "a) \"b\" \\" ))!"#, Some(r#"a) "b" \!"#), 0),
        (r#"$(jwt.empty | default("x"))"#, Some("x"), 0),
        (r#"$(jwt.none | default("x"))"#, Some("x"), 0),
        (r#"$(jwt.missing | default(""))"#, None, 0),
        (r#"a$(jwt.missing | default(""))b"#, Some("ab"), 0),
        (r#"$(jwt.lines | default("x"))"#, None, 1),
        (r#"$(jwt.only_bad | default("x"))"#, None, 1),
    ] {
        let template = claims_alone(text).unwrap();
        let field = template.render_field(&Values::of_claims(claims));
        assert_eq!(field, (value.and_then(FieldValue::new), dropped), "{text} in a field");
        let rendered = template.render(&Values::of_claims(claims));
        let found = rendered.value.map(|value| String::from_utf8(value).unwrap());
        assert_eq!((found.as_deref(), rendered.dropped), (value, dropped), "{text}");
    }
}

#[test]
fn each_target_has_its_own_way_to_write_a_value() {
    use Target::{Bytes, Form, Header, Json, Segment};
    for (target, value, written) in [
        (Header, "../admin", Some("../admin")),
        (Header, "a\rb", None),
        (Segment, "../admin", Some("..%2Fadmin")),
        (Segment, "a?b#c%2e\\d;e", Some("a%3Fb%23c%252e%5Cd%3Be")),
        (Segment, "a b\r\nc\u{0}", Some("a%20b%0D%0Ac%00")),
        (Segment, "é:@!$&'()*+,=-._~", Some("%C3%A9:@!$&'()*+,=-._~")),
        (Form, "a&b=c d+e%", Some("a%26b%3Dc+d%2Be%25")),
        (Form, "a\r\nb", Some("a%0D%0Ab")),
        (Form, " ", Some("+")),
        (Json, "a\"b\\c\nd\u{0}/", Some("a\\\"b\\\\c\\nd\\u0000/")),
        (Bytes, "a\r\n\"b", Some("a\r\n\"b")),
    ] {
        let claims = json!({"v": value});
        let template = Template::parse("$(jwt.v)", scope(target, &[])).unwrap();
        let rendered = template.render(&Values::of_claims(claims.as_object().unwrap()));
        let found = rendered.value.map(|value| String::from_utf8(value).unwrap());
        assert_eq!(found.as_deref(), written, "{target:?} {value:?}");
    }
    // Nothing is no segment.
    for text in ["/a/$(jwt.x)", "/a/$(jwt.x | default(\"\"))", "/a/$(jwt.none)/b"] {
        let template = Template::parse(text, scope(Segment, &[])).unwrap();
        let claims = json!({"x": "", "none": []});
        assert_eq!(
            template.render(&Values::of_claims(claims.as_object().unwrap())).value,
            None,
            "{text}"
        );
    }
    // What the operator wrote is a path already; a default is a value.
    let text = r#"/a/$(jwt.x | default("b/c"))"#;
    let template = Template::parse(text, scope(Segment, &[])).unwrap();
    let rendered = template.render(&Values::of_claims(&serde_json::Map::new()));
    assert_eq!(rendered.value.as_deref(), Some(&b"/a/b%2Fc"[..]));
}

#[test]
fn a_text_is_as_long_as_the_bound_and_no_longer() {
    let rendered = |length: usize| {
        let claims = json!({"a": "x".repeat(length), "list": vec!["x"; length / 2]});
        let values = claims.as_object().unwrap();
        let render = |text| {
            let template = claims_alone(text).unwrap();
            let rendered = template.render(&Values::of_claims(values));
            let field = rendered.value.as_ref().and_then(FieldValue::new);
            let found = template.render_field(&Values::of_claims(values));
            assert_eq!(found, (field, rendered.dropped), "in a field");
            rendered
        };
        (render("$(jwt.a)"), render("$(jwt.list)y"))
    };
    let (text, list) = rendered(MAX_RENDERED_BYTES);
    assert_eq!(text.value.unwrap().len(), MAX_RENDERED_BYTES);
    assert_eq!(list.value.unwrap().len(), MAX_RENDERED_BYTES);
    for more in [2, 10_000_000] {
        let (text, list) = rendered(MAX_RENDERED_BYTES + more);
        assert_eq!((text.value, text.dropped), (None, 1));
        assert_eq!((list.value, list.dropped), (None, 1));
    }
}

#[test]
fn places_are_filled_from_the_request_as_it_came() {
    let mut headers = HeaderMap::default();
    for (name, value) in [
        (&b":path"[..], &b"/x?a=1&b=%41+%0d&a=2&c&n=%ff"[..]),
        (b"x-one", b"1"),
        (b"x-two", b"a"),
        (b"x-two", b"b,c"),
        (b"x-raw", b"\xff"),
        (b"x-request-id", b"r-1"),
    ] {
        headers.push(name, value);
    }
    let stub = Stub { headers, ..Stub::default() };
    let mut exchange = Exchange::new(Rc::new(stub), Rc::new(Settings::default()));
    exchange.set_captures(vec![("id".into(), b"a%20b%2F".to_vec())]);
    let identity = Identity {
        consumer: Some(Rc::new(Consumer {
            username: "ada".into(),
            custom_id: Some("42".into()),
            groups: vec!["admin".into(), "a,b".into()],
        })),
        ..Identity::default()
    };
    exchange.set_identity(Rc::new(identity), &[]);
    let names = ["id".to_owned()];
    for (text, value, dropped) in [
        ("$(consumer.username)/$(consumer.id)/$(consumer.custom_id)", Some(&b"ada/ada/42"[..]), 0),
        ("$(consumer.groups)", Some(b"admin"), 1),
        ("$(headers.X-One)", Some(b"1"), 0),
        ("$(headers.x_one)", Some(b"1"), 0),
        ("$(headers.x-two)", Some(b"a, b,c"), 0),
        ("$(headers.x-raw)", Some(b"\xff"), 0),
        ("$(headers.x-none)", None, 0),
        ("$(query.a)$(query_params.a)", Some(b"11"), 0),
        ("$(query.b)", None, 1),
        ("x$(query.c)", Some(b"x"), 0),
        ("$(query.n)", Some(b"\xff"), 0),
        ("$(path.id)$(uri_captures.id)", Some(b"a b/a b/"), 0),
        ("$(request.id)", Some(b"r-1"), 0),
        ("$(client.ip)", None, 0),
        ("$(certificate.san)$(certificate.subject)$(certificate.fingerprint)", None, 0),
        ("$(jwt.sub)", None, 0),
    ] {
        let template = Template::parse(text, scope(Target::Header, &names)).unwrap();
        let rendered = template.render(&Values::of(&exchange));
        assert_eq!((rendered.value.as_deref(), rendered.dropped), (value, dropped), "{text}");
    }
    let json = Template::parse("$(headers.x-raw)", scope(Target::Json, &[])).unwrap();
    assert_eq!(json.render(&Values::of(&exchange)), Rendered { value: None, dropped: 1 });
}

#[test]
fn what_a_template_reads_says_what_it_is_worth() {
    for (text, who, choice) in [
        ("x", false, false),
        ("$(jwt.sub)", true, false),
        ("$(consumer.groups)", true, false),
        ("$(certificate.san)", true, false),
        ("$(client.ip)", true, false),
        ("$(headers.x-consumer-username)", true, false),
        ("$(headers.X_Client_Cert_DN)", true, false),
        // Nobody takes a client's away where no control is about them.
        ("$(headers.x-authenticated-groups)", false, true),
        ("$(headers.x-forwarded-client-cert)", false, true),
        ("$(headers.x)", false, true),
        ("$(query.x)", false, true),
        ("$(path.id)", false, true),
        ("$(request.id)", false, true),
        ("$(client.ip) $(headers.x)", true, true),
    ] {
        let template = Template::parse(text, scope(Target::Header, &["id".to_owned()])).unwrap();
        let found = (template.says_who_is_calling(), template.is_the_clients_choice());
        assert_eq!(found, (who, choice), "{text}");
        assert_eq!(template.is_constant(), text == "x");
    }
}

#[test]
fn any_bytes_are_a_template_or_a_fault() {
    for seed in [
        "",
        "$(jwt.a)",
        "$(jwt.a;b,c;\u{1})x",
        "$(jwt.$(jwt.a))",
        "$($($(",
        "$(jwt.a)\u{7f}",
        "$(jwt.a|default(\"\\\"\"))",
    ] {
        for end in 0..=seed.len() {
            fuzz_template(&seed.as_bytes()[..end]);
        }
    }
    fuzz_template(&[0xff, b'$', b'(', b'j', b'w', b't', b'.', 0xff, b')']);
}
