//! Texts that a pattern matches, drawn at random from the pattern itself.

use fastrand::Rng;
use portcullis_waf_operators::pattern::parse;
use regex_syntax::hir::{Class, Hir, HirKind};

/// Repetitions beyond those that have to be, at most.
const MORE: u32 = 3;

/// Bytes of a text, about: what is drawn once there are so many is as short as may be.
const LONG: usize = 2000;

/// A text that a pattern matches; what it asks of its surroundings, such as the edge of a word, is not looked at, so that one
/// in some is none. `None` where nothing matches.
///
/// # Panics
/// If it is no pattern that was translated before.
#[must_use]
pub fn text(translated: &str, random: &mut Rng) -> Option<Vec<u8>> {
    let hir = parse(translated).expect("a pattern that was checked");
    let mut text = Vec::new();
    draw(&hir, random, &mut text).map(|()| text)
}

fn draw(hir: &Hir, random: &mut Rng, text: &mut Vec<u8>) -> Option<()> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.extend_from_slice(&literal.0),
        HirKind::Class(Class::Bytes(class)) => {
            let range = random.choice(class.ranges())?;
            text.push(random.u8(range.start()..=range.end()));
        }
        HirKind::Class(Class::Unicode(class)) => {
            let range = random.choice(class.ranges())?;
            let drawn = random.char(range.start()..=range.end());
            text.extend_from_slice(drawn.encode_utf8(&mut [0; 4]).as_bytes());
        }
        HirKind::Repetition(repetition) => {
            let most = repetition.max.unwrap_or(u32::MAX).min(repetition.min + MORE);
            let most = if text.len() < LONG { most } else { repetition.min };
            for _ in 0..random.u32(repetition.min..=most) {
                draw(&repetition.sub, random, text)?;
            }
        }
        HirKind::Capture(group) => draw(&group.sub, random, text)?,
        HirKind::Concat(parts) => parts.iter().try_for_each(|part| draw(part, random, text))?,
        HirKind::Alternation(parts) => draw(random.choice(parts)?, random, text)?,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use portcullis_waf_operators::pattern::Pattern;

    use super::*;

    #[test]
    fn what_is_drawn_of_a_pattern_is_matched_by_it() {
        let mut random = Rng::with_seed(1);
        for pattern in ["abc", "(?i)union(?:[ \\t]+all)?[ \\t]+select", "[^a-z]{2,5}x*|y+", "^a.$"]
        {
            let matched = Pattern::translated(pattern);
            let texts: Vec<_> = (0..50).filter_map(|_| text(pattern, &mut random)).collect();
            assert!(texts.iter().all(|text| matched.is_match(text).unwrap()), "{pattern}");
            assert!(texts.windows(2).any(|two| two[0] != two[1]) || pattern == "abc", "{pattern}");
        }
        assert_eq!(text("[a&&b]", &mut random), None);
    }
}
