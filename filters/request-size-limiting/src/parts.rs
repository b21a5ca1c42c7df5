//! How many parts a multipart body has (RFC 2046 §5.1), as it passes.

/// Counts the delimiters of a body, in whatever parts it comes.
pub struct Parts {
    most: u64,
    count: u64,
    /// A line feed, two dashes and the boundary: what a generous reader takes for the beginning of a part.
    delimiter: Vec<u8>,
    /// Where to go on after so many bytes of it and then another one (Knuth, Morris, Pratt).
    fallback: Vec<usize>,
    /// Bytes of it that the body ends with now.
    matched: usize,
    /// Dashes that stood directly behind a delimiter; two of them end the body.
    dashes: Option<u8>,
}

impl Parts {
    /// A body of which nothing has come yet, with at most so many parts.
    #[must_use]
    pub fn new(boundary: &[u8], most: u64) -> Self {
        let delimiter = [b"\n--", boundary].concat();
        let mut fallback = vec![0; delimiter.len()];
        let mut length = 0;
        for place in 1..delimiter.len() {
            length = step(&delimiter, &fallback, length, delimiter.get(place).copied());
            if let Some(slot) = fallback.get_mut(place) {
                *slot = length;
            }
        }
        // A body begins like a line.
        Parts { most, count: 0, delimiter, fallback, matched: 1, dashes: None }
    }

    /// The next bytes of the body; false if there are too many parts.
    pub fn take(&mut self, bytes: &[u8]) -> bool {
        bytes.iter().all(|byte| self.next(*byte))
    }

    fn next(&mut self, byte: u8) -> bool {
        match (self.dashes.take(), byte) {
            (Some(0), b'-') => self.dashes = Some(1),
            // That was the end, and no part.
            (Some(1), b'-') => self.count = self.count.saturating_sub(1),
            _ => {}
        }
        let fits = self.count <= self.most || self.dashes.is_some();
        self.matched = step(&self.delimiter, &self.fallback, self.matched, Some(byte));
        if self.matched == self.delimiter.len() {
            self.count = self.count.saturating_add(1);
            self.dashes = Some(0);
        }
        fits
    }
}

/// Bytes of the delimiter that match once this byte has come behind `matched` of them.
fn step(delimiter: &[u8], fallback: &[usize], mut matched: usize, byte: Option<u8>) -> usize {
    loop {
        if byte.is_some() && delimiter.get(matched).copied() == byte {
            return matched.saturating_add(1);
        }
        match matched.checked_sub(1).and_then(|place| fallback.get(place)) {
            Some(shorter) => matched = *shorter,
            None => return 0,
        }
    }
}

/// No reader finds more parts than were counted, in whatever pieces the body comes: up to the first line feed is the
/// boundary, behind it the body. The answer is how many there are.
#[must_use]
pub fn fuzz_parts(data: &[u8]) -> u64 {
    let mut halves = data.splitn(2, |byte| *byte == b'\n');
    let boundary = halves.next().unwrap_or_default();
    let body = [b"\n", halves.next().unwrap_or_default()].concat();
    let delimiter = [b"\n--", boundary].concat();
    let behind = |place: usize| body.get(place.saturating_add(delimiter.len())..);
    let found = (0..body.len())
        .filter(|place| body.get(*place..).is_some_and(|rest| rest.starts_with(&delimiter)))
        .filter(|place| behind(*place).is_some_and(|rest| !rest.is_empty() && rest != b"-"))
        .filter(|place| !behind(*place).is_some_and(|rest| rest.starts_with(b"--")));
    let expected = u64::try_from(found.count()).unwrap_or(u64::MAX);
    for size in [1, 2, 7, body.len()] {
        let fits = |most: u64| {
            let mut parts = Parts::new(boundary, most);
            body.get(1..).unwrap_or_default().chunks(size).all(|piece| parts.take(piece))
        };
        assert!(fits(expected), "{expected} are too many");
        assert!(expected == 0 || !fits(expected.saturating_sub(1)), "{expected} are few enough");
    }
    expected.min(9)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The most parts that are too few, found in parts of the body of this size.
    fn count(body: &str, boundary: &str, size: usize) -> u64 {
        let fits = |most: &u64| {
            let mut parts = Parts::new(boundary.as_bytes(), *most);
            body.as_bytes().chunks(size).all(|bytes| parts.take(bytes))
        };
        (0..100).find(fits).unwrap()
    }

    #[test]
    fn parts_are_counted_in_whatever_pieces_the_body_comes() {
        let part = "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n";
        for (body, boundary, expected) in [
            (String::new(), "b", 0),
            ("--b--".to_owned(), "b", 0),
            (format!("{part}--b--"), "b", 1),
            (format!("{}--b--\r\n", part.repeat(5)), "b", 5),
            (format!("preamble\r\n{}--b--\r\nend", part.repeat(2)), "b", 2),
            // Without its end, and with line feeds alone.
            (part.repeat(3), "b", 3),
            (part.repeat(3).replace("\r\n", "\n"), "b", 3),
            // Behind the end, as a careless reader would take it.
            (format!("{part}--b--\r\n{part}--b--"), "b", 2),
            // Not at the beginning of a line, and another boundary.
            ("x--b\r\n --b\r\n--c\r\n".to_owned(), "b", 0),
            ("\n--a\n--aa\n--aab\r\n".to_owned(), "aab", 1),
            ("\n--\n--\n--x\r\n".to_owned(), "\n--x", 1),
            ("--b-\r\n--b-x".to_owned(), "b", 2),
        ] {
            for size in [1, 2, 3, 5, 1_000] {
                assert_eq!(count(&body, boundary, size), expected, "{body:?} in pieces of {size}");
            }
        }
    }
}
