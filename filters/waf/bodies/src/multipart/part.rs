//! One part of a form while it is read: the lines of its head, and where its content begins.

use std::borrow::Cow;

use memchr::memchr;

use super::disposition::{Disposition, is_token};

/// A part.
#[derive(Default)]
pub(super) struct Part<'b> {
    lines: Vec<Cow<'b, [u8]>>,
    /// That the head has a line for each of these already.
    has_disposition: bool,
    has_type: bool,
    /// Where its content begins, once the head has ended.
    pub(super) content: Option<usize>,
}

const DISPOSITION: &[u8] = b"content-disposition";

impl<'b> Part<'b> {
    /// One more line of the head; what is wrong with it.
    pub(super) fn add(&mut self, line: &'b [u8]) -> Option<&'static str> {
        self.lines.push(Cow::Borrowed(line));
        if memchr(0, line).is_some() {
            return Some("Nul byte in part headers");
        }
        let Some((name, _)) = split(line) else {
            return Some("Invalid part header (colon missing)");
        };
        if name.is_empty() {
            return Some("Invalid part header (header name missing)");
        }
        if !name.iter().all(|byte| is_token(*byte)) {
            return Some("Invalid part header (contains invalid character)");
        }
        let mut is_second = false;
        if name.eq_ignore_ascii_case(DISPOSITION) {
            is_second = std::mem::replace(&mut self.has_disposition, true);
        } else if name.eq_ignore_ascii_case(b"content-type") {
            is_second = std::mem::replace(&mut self.has_type, true);
        }
        is_second.then_some("Duplicate part header")
    }

    /// A line that goes on with the one before; false if there is none.
    pub(super) fn fold(&mut self, line: &'b [u8]) -> bool {
        let Some(last) = self.lines.last_mut() else {
            self.lines.push(Cow::Borrowed(line));
            return false;
        };
        let last = last.to_mut();
        last.push(b' ');
        let is_space = |byte: &&u8| byte.is_ascii_whitespace() || **byte == 0x0b;
        let count = line.iter().take_while(is_space).count();
        last.extend_from_slice(line.get(count..).unwrap_or_default());
        true
    }

    /// What the lines say that name the part. Spaces before the colon count for nothing here: some read over them.
    pub(super) fn disposition(&self) -> Disposition {
        let mut disposition = Disposition::default();
        let mut is_there = false;
        for line in &self.lines {
            if let Some((name, value)) = split(line)
                && name.trim_ascii().eq_ignore_ascii_case(DISPOSITION)
            {
                is_there = true;
                disposition.read(value.trim_ascii());
            }
        }
        if !is_there {
            disposition.fault = Some("Part missing Content-Disposition header");
        } else if disposition.first_name.is_none() {
            disposition.fault.get_or_insert("Content-Disposition header missing name field");
        }
        disposition
    }

    pub(super) fn into_lines(self) -> impl Iterator<Item = Vec<u8>> {
        self.lines.into_iter().map(Cow::into_owned)
    }
}

fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (name, value) = line.split_at_checked(memchr(b':', line)?)?;
    Some((name, value.get(1..)?))
}
