//! What matches meets its condition; and conditions are worth their while.

use crate::bytes::ByteSet;
use crate::pattern::{Case, Pattern, parse};
use crate::phrases::Phrases;

use super::*;

fn of(pattern: &str) -> Condition {
    let pattern = Pattern::new(pattern.as_bytes(), Case::Sensitive).unwrap();
    Condition::of_pattern(&parse(pattern.as_translated()).unwrap())
}

fn show(condition: &Condition) -> Vec<String> {
    let clause = |clause: &Clause| {
        let bytes: Vec<u8> = clause.bytes.iter().collect();
        let atoms: Vec<String> =
            clause.atoms.iter().map(|atom| atom.escape_ascii().to_string()).collect();
        let bytes =
            if bytes.is_empty() { String::new() } else { format!("[{}]", bytes.escape_ascii()) };
        format!("{bytes}{}", atoms.join("|"))
    };
    condition.clauses().iter().map(clause).collect()
}

#[test]
fn a_condition_is_what_must_occur() {
    for (pattern, expected) in [
        ("abc", &["abc"][..]),
        ("(?i)aBc", &["abc"]),
        ("ABC", &["abc"]),
        ("union.{1,10}select", &["select", "union"]),
        ("(?:union|select)", &["select|union"]),
        ("x?yz", &["yz"]),
        ("<", &["[<]"]),
        ("(?i)x", &["[Xx]"]),
        ("a|b.*", &["[ABab]"]),
        ("a*", &[]),
        ("^$", &[]),
        (".*", &[]),
        ("", &[]),
        ("[0-9]{3}", &["000"]),
        ("(?:ab){2}", &["abab"]),
        ("(?:ab)+", &["ab"]),
        ("(?:ab){2,}", &["abab"]),
        (r"[<>]\s*script", &["[<>]", "script"]),
        (r"=\(.*'", &["=(", r"[\']"]),
        ("averylongliteral", &["erylongl"]),
    ] {
        let found = show(&of(pattern));
        if pattern.starts_with("[0-9]") {
            assert_eq!(found.len(), 1, "{pattern}: {found:?}");
            continue;
        }
        if pattern == "averylongliteral" {
            assert!(
                found.len() == 1 && pattern.contains(&found[0]) && found[0].len() == 8,
                "{found:?}"
            );
            continue;
        }
        let mut sorted = found.clone();
        sorted.sort();
        assert_eq!(sorted, expected, "{pattern}");
    }
}

#[test]
fn texts_and_phrases_have_conditions_too() {
    assert_eq!(show(&Condition::of_text(b"Ab")), ["ab"]);
    assert_eq!(show(&Condition::of_text(b"#")), ["[#]"]);
    assert_eq!(show(&Condition::of_text(b"")), [""; 0]);
    assert_eq!(show(&Condition::of_phrases(&["<?", "?>", "<?php", ""])), ["<?|?>"]);
    assert_eq!(show(&Condition::of_phrases(&["(", ")x"])), ["[(])x"]);
    assert_eq!(Condition::always().clauses(), []);
}

fn scan(conditions: &[Condition], value: &[u8]) -> Vec<usize> {
    let tables = Tables::new(build(conditions).unwrap()).unwrap();
    let mut scan = Scan::default();
    let mut survivors = |bytes| -> Vec<usize> {
        tables.scan(value, bytes, None, &mut scan);
        (0..conditions.len()).filter(|index| scan.survives(*index)).collect()
    };
    assert_eq!(tables.len(), conditions.len());
    let found = survivors(None);
    assert_eq!(survivors(Some(ByteSet::of(value))), found, "its bytes are known");
    found
}

#[test]
fn a_value_meets_conditions() {
    let conditions =
        ["select", "<[a-z]", "^$", "union.*select", "a=b|c=d", "[<>]", "zz[0-9]"].map(of);
    for (value, expected) in [
        (&b""[..], &[2][..]),
        (b"SELECT", &[0, 2]),
        (b"select union", &[0, 2, 3]),
        (b"<a", &[1, 2, 5]),
        (b">", &[2, 5]),
        (b"c=D", &[2, 4]),
        (b"zz", &[2]),
        (b"zz9", &[2, 6]),
    ] {
        assert_eq!(scan(&conditions, value), expected, "{}", value.escape_ascii());
    }
    assert_eq!(scan(&[], b"abc"), []);
    assert_eq!(scan(&[Condition::always()], b"abc"), [0]);
    // No phrase at all: nothing matches.
    assert_eq!(scan(&[Condition::of_phrases(&[""])], b"abc"), []);
}

#[test]
fn a_value_like_another_one_meets_what_it_meets_alone() {
    let conditions = ["select", "<script", "union.*select", "a=b|c=d", "[<>]", "zz[0-9]"].map(of);
    let tables = Tables::new(build(&conditions).unwrap()).unwrap();
    let filled = |pieces: &[&[u8]]| {
        let fill = |piece: &&[u8]| [*piece, &b" of ordinary words "[..]].concat();
        pieces.iter().flat_map(fill).collect::<Vec<u8>>()
    };
    let survivors = |value: &[u8], like: Option<&[u8]>| {
        let (mut scan, mut of_like) = (Scan::default(), Scan::default());
        let like = like.map(|text| {
            tables.scan(text, None, None, &mut of_like);
            Like { text, atoms: of_like.atoms() }
        });
        tables.scan(value, None, like, &mut scan);
        (0..conditions.len()).filter(|index| scan.survives(*index)).collect::<Vec<_>>()
    };
    let old = filled(&[b"union", b"zz7", b"sel/**/ect", b"<scrip%74"]);
    assert_eq!(survivors(&old, None), [4, 5]);
    for (value, alone, more) in [
        (filled(&[b"union", b"zz7", b"select", b"<scrip%74"]), &[0, 2, 4, 5][..], &[][..]),
        (filled(&[b"UNION", b"ZZ7", b"SEL/**/ECT", b"<SCRIPT"]), &[1, 4, 5], &[]),
        (filled(&[b"union", b"zz7", b"sel/**/ect", b"<scrip%74", b"c=d"]), &[3, 4, 5], &[]),
        // An atom that was taken out has been seen; of bytes only the value's own count.
        (filled(&[b"union", b"sel/**/ect", b"<scrip%74"]), &[4], &[5]),
        (filled(&[b"union", b"sel/**/ect"]), &[], &[5]),
        (b"select".to_vec(), &[0], &[2, 5]),
        (b"".to_vec(), &[], &[5]),
    ] {
        let found = survivors(&value, Some(&old));
        assert_eq!(survivors(&value, None), alone, "{}", value.escape_ascii());
        let mut expected = [alone, more].concat();
        expected.sort_unstable();
        assert_eq!(found, expected, "like another: {}", value.escape_ascii());
    }
}

#[test]
fn what_matches_is_among_the_survivors() {
    let texts = [
        r"(?i)\b(?:select|insert|update)\b\s+\w+",
        r"<\s*script[^>]*>",
        r"(?i)on[a-z]{3,12}\s*=",
        r"\.\./",
        r"(?:a|b|cd)?e+f{2,3}",
        r"[\x00-\x08]",
        r"(?i)(?:ls|cat|id)(?:\s|;|$)",
        r"^[a-z]+$",
        r"(?:[0-9]{1,3}\.){3}[0-9]",
        r"(?s).*x.y",
        r"a{3}b?c",
        r"(?i)u[^a-z]*n[^a-z]*i",
        r"['\x22`](?:or|and)['\x22`]",
        r"\$\{.+\}",
        r"(?:|x)y|z",
        r"(?i)[aeiou]{4}",
        r"é",
        r"\W{4}",
    ];
    let patterns: Vec<Pattern> =
        texts.iter().map(|text| Pattern::new(text.as_bytes(), Case::Sensitive).unwrap()).collect();
    let mut conditions: Vec<Condition> = texts.iter().map(|text| of(text)).collect();
    let phrases = Phrases::new(&["select", "/etc/passwd", "<!--", "%"]).unwrap();
    conditions.push(Condition::of_phrases(&["select", "/etc/passwd", "<!--", "%"]));
    let tables = Tables::new(build(&conditions).unwrap()).unwrap();
    let mut scan = Scan::default();
    let mut random = fastrand::Rng::with_seed(5);
    let pieces = [
        "SELECT",
        "insert",
        " ",
        "\t",
        "<",
        "script",
        ">",
        "on",
        "load",
        "=",
        "../",
        "e",
        "f",
        "\0",
        "ls",
        ";",
        "cat",
        "1",
        ".",
        "x",
        "y",
        "aaa",
        "c",
        "u",
        "n",
        "-",
        "i",
        "'",
        "or",
        "${",
        "}",
        "z",
        "/etc/passwd",
        "<!--",
        "%",
        "é",
        "a",
        "b",
        "cd",
        "\"",
    ];
    for _ in 0..30_000 {
        let value: String =
            (0..random.usize(0..9)).map(|_| pieces[random.usize(0..pieces.len())]).collect();
        tables.scan(value.as_bytes(), None, None, &mut scan);
        for (index, pattern) in patterns.iter().enumerate() {
            let matches = pattern.is_match(value.as_bytes()).unwrap();
            assert!(!matches || scan.survives(index), "{} on {value:?}", texts[index]);
        }
        assert!(
            !phrases.is_match(value.as_bytes()) || scan.survives(texts.len()),
            "phrases on {value:?}"
        );
    }
}

/// Who looks at a value for what differs from it by the case of its letters alone relies on it.
#[test]
fn a_value_meets_the_same_conditions_whatever_the_case_of_its_letters() {
    let mut conditions: Vec<Condition> =
        ["[a-z0-9]{3}", "[A-Z_]{4}", "[g-z]+=", "select [a-m]", "x", "[^A-Z]{2}", "a[0-9a-f]b"]
            .map(of)
            .to_vec();
    conditions.push(Condition::of_bytes((b'a'..=b'z').collect()));
    conditions.push(Condition::of_bytes((b'A'..=b'Z').chain([b'<']).collect()));
    conditions.push(Condition::of_text(b"UniON"));
    for value in ["ABC", "abc", "Zz=", "SELECT B", "union", "A1B", "X", "_abCD", "QQQQ", "12"] {
        let met = scan(&conditions, value.as_bytes());
        assert_eq!(scan(&conditions, value.to_ascii_lowercase().as_bytes()), met, "{value}");
        assert_eq!(scan(&conditions, value.to_ascii_uppercase().as_bytes()), met, "{value}");
    }
}

#[test]
fn bytes_that_are_no_tables_are_refused() {
    let table = build(&[of("abc"), of("<")]).unwrap();
    assert!(Tables::new(table.clone()).is_some());
    assert!(Tables::new(&[][..]).is_none());
    assert!(Tables::new([&table[..], b"x"].concat()).is_none());
    assert!(Tables::new(table[..table.len() - 1].to_vec()).is_none());
    let mut huge = table;
    huge[4..32].fill(0xff);
    assert!(Tables::new(huge).is_none());
}

#[test]
fn there_may_be_so_many_conditions() {
    assert!(build(&vec![Condition::always(); 16 * 1024]).is_ok());
    assert_eq!(build(&vec![Condition::always(); 16 * 1024 + 1]), Err(TooManyConditions));
}
