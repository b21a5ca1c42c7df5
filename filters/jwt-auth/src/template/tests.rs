//! Templates as tables: what is compiled, what is rendered, what is dropped.

use serde_json::json;

use super::*;

#[test]
fn compiles_texts_with_places_and_names_the_fault_of_others() {
    for text in
        ["$(jwt.sub)", "a", "user-$(jwt.sub)@$(jwt.realm.name)", "$5", "$", "a)b", "é$(jwt.é)"]
    {
        assert!(Template::parse(text).is_ok(), "{text}");
    }
    let deep = format!("$(jwt.{})", vec!["a"; 13].join("."));
    for (text, fault) in [
        ("", TemplateFault::Empty),
        ("$(", TemplateFault::Unclosed),
        ("$(jwt.sub", TemplateFault::Unclosed),
        ("$(jwt.a)$(jwt.b", TemplateFault::Unclosed),
        ("$()", TemplateFault::UnknownSource(String::new())),
        ("$(jwt)", TemplateFault::UnknownSource("jwt".to_owned())),
        ("$(JWT.sub)", TemplateFault::UnknownSource("JWT.sub".to_owned())),
        ("$(request.id)", TemplateFault::UnknownSource("request.id".to_owned())),
        ("$(env.SECRET)", TemplateFault::UnknownSource("env.SECRET".to_owned())),
        ("$( jwt.sub)", TemplateFault::UnknownSource(" jwt.sub".to_owned())),
        ("$(jwt.)", TemplateFault::Path),
        (&deep, TemplateFault::Path),
        ("a\n$(jwt.sub)", TemplateFault::Text),
        ("$(jwt.sub)\u{7f}", TemplateFault::Text),
        ("\t", TemplateFault::Text),
    ] {
        assert_eq!(Template::parse(text), Err(fault), "{text:?}");
    }
    assert_eq!(
        TemplateFault::UnknownSource("x".to_owned()).to_string(),
        "`$(x)` is not known; use `$(jwt.` and the path of a claim"
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
        "https://app/roles": ["x"], "realm": {"roles": ["r1", "r2"]},
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
        ("$(jwt.lines_in_list)", Some("a,d"), 1),
        ("$(jwt.utf8)", Some("Zoë ✓"), 0),
        ("$(jwt.comma)", Some("Byron, Ada"), 0),
        ("$(jwt.object)", Some(r#"{"a":[1,"x"],"b":"y\n"}"#), 0),
        ("$(jwt.del_inside)", None, 1),
        ("$(jwt.https://app/roles)", Some("x"), 0),
        ("$(jwt.realm.roles)", Some("r1,r2"), 0),
        ("$(jwt.realm.roles.x)", None, 0),
    ] {
        let rendered = Template::parse(text).unwrap().render(claims);
        let found =
            rendered.value.as_ref().map(|value| std::str::from_utf8(value.as_bytes()).unwrap());
        assert_eq!((found, rendered.dropped), (value, dropped), "{text}");
    }
}

#[test]
fn a_header_is_as_long_as_the_bound_and_no_longer() {
    let rendered = |length: usize| {
        let claims = json!({"a": "x".repeat(length), "list": vec!["x"; length / 2]});
        let render = |text| Template::parse(text).unwrap().render(claims.as_object().unwrap());
        (render("$(jwt.a)"), render("$(jwt.list)y"))
    };
    let (text, list) = rendered(MAX_HEADER_BYTES);
    assert_eq!(text.value.unwrap().as_bytes().len(), MAX_HEADER_BYTES);
    assert_eq!(list.value.unwrap().as_bytes().len(), MAX_HEADER_BYTES);
    let (text, list) = rendered(MAX_HEADER_BYTES + 2);
    assert_eq!((text.value, text.dropped), (None, 1));
    assert_eq!((list.value, list.dropped), (None, 1));
}

#[test]
fn any_bytes_are_a_template_or_a_fault() {
    for seed in
        ["", "$(jwt.a)", "$(jwt.a;b,c;\u{1})x", "$(jwt.$(jwt.a))", "$($($(", "$(jwt.a)\u{7f}"]
    {
        for end in 0..=seed.len() {
            fuzz_template(&seed.as_bytes()[..end]);
        }
    }
    fuzz_template(&[0xff, b'$', b'(', b'j', b'w', b't', b'.', 0xff, b')']);
}
