//! `replaceComments`, `removeComments` and `removeCommentsChar`.

use std::borrow::Cow;

use memchr::{memchr_iter, memchr2_iter};

use crate::rewrite::rewrite;

/// `replaceComments`: each `/* … */` becomes a space; one that does not end reaches to the value's end.
pub(crate) fn replace(value: &[u8]) -> Cow<'_, [u8]> {
    rewrite(value, *b"/", |rest, out| {
        let Some(inside) = rest.strip_prefix(b"/*") else { return 0 };
        out.push(b' ');
        let ends = |place: &usize| inside.get(*place..).is_some_and(|mark| mark.starts_with(b"*/"));
        memchr_iter(b'*', inside).find(ends).map_or(rest.len(), |place| place + 4)
    })
}

/// `removeComments`: takes out `/* … */` and `<!-- … -->`, and all from `--` or `#` on. One that does not end becomes a
/// space, as in ModSecurity; behind one that ends the next is looked for at once, where ModSecurity would copy a byte.
pub(crate) fn remove(value: &[u8]) -> Cow<'_, [u8]> {
    rewrite(value, *b"/<-#", |rest, out| {
        let (inside, before) = match rest {
            [b'/', b'*', inside @ ..] => (inside, 2),
            [b'<', b'!', b'-', b'-', inside @ ..] => (inside, 4),
            [b'-', b'-', ..] | [b'#', ..] => return rest.len(),
            _ => return 0,
        };
        // Either end will do, whatever the beginning.
        let end = memchr2_iter(b'*', b'-', inside).find_map(|place| match inside.get(place..)? {
            [b'*', b'/', ..] => Some(place + 2),
            [b'-', b'-', b'>', ..] => Some(place + 3),
            _ => None,
        });
        match end {
            Some(length) => before + length,
            None => {
                out.push(b' ');
                rest.len()
            }
        }
    })
}

/// `removeCommentsChar`: takes out the marks of comments and leaves what is between them.
pub(crate) fn remove_marks(value: &[u8]) -> Cow<'_, [u8]> {
    rewrite(value, *b"/*<-#", |rest, _| match rest {
        [b'/', b'*', ..] | [b'*', b'/', ..] => 2,
        [b'<', b'!', b'-', b'-', ..] => 4,
        [b'-', b'-', b'>', ..] => 3,
        [b'-', b'-', ..] => 2,
        [b'#', ..] => 1,
        _ => 0,
    })
}
