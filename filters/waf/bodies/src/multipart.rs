//! Forms in parts (RFC 7578): fields, files, and whatever about them not all readers would read alike.
//!
//! A line that begins with `--` and the boundary parts them, as ModSecurity has it; what it stops at is told here and read
//! on behind, so that rules see all of it.

use memchr::{memchr, memmem};

use crate::budget::Budget;
use crate::{Argument, Fault, Limits};

mod boundary;
mod disposition;
mod flags;
mod lines;
mod part;

#[cfg(test)]
mod tests;

use boundary::Boundary;
pub use flags::MultipartFlags;
use lines::{Ending, Line, classify};
use part::Part;

/// A form in parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Multipart {
    /// The fields, those of one name all of them, in their order.
    pub arguments: Vec<Argument>,
    /// The files.
    pub files: Vec<File>,
    /// The bytes of all files together.
    pub files_size: usize,
    /// The headers of all parts.
    pub part_headers: Vec<PartHeader>,
    /// What the variables `MULTIPART_…` say.
    pub flags: MultipartFlags,
    /// The first thing that was wrong.
    pub fault: Option<Fault>,
}

impl Multipart {
    /// `MULTIPART_STRICT_ERROR`: something that no ordinary client sends.
    #[must_use]
    pub const fn strict_error(&self) -> bool {
        self.fault.is_some() || self.flags.are_strict_errors()
    }
}

/// A file; its content is counted, not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    /// The name of its field.
    pub field: Vec<u8>,
    /// Its own name, with all that it is made of. One that has two (`filename*`) is here twice, with a size once.
    pub filename: Vec<u8>,
    /// Its bytes.
    pub size: usize,
}

/// A header of a part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartHeader {
    /// The part's name, empty if it has none.
    pub part: Vec<u8>,
    /// The line as it stands, without its end; folded ones are one line.
    pub line: Vec<u8>,
}

/// The parts of a body; an empty one has none and is well.
#[must_use]
pub fn multipart(content_type: &[u8], body: &[u8], limits: &Limits) -> Multipart {
    read(content_type, body, limits, true)
}

/// The same of the beginning of a body: where it is cut off nothing is wrong, whatever a line or a part's head looks like.
#[must_use]
pub fn beginning_of_multipart(content_type: &[u8], body: &[u8], limits: &Limits) -> Multipart {
    read(content_type, body, limits, false)
}

fn read(content_type: &[u8], body: &[u8], limits: &Limits, is_whole: bool) -> Multipart {
    if body.is_empty() {
        return Multipart::default();
    }
    let boundary = Boundary::read(content_type);
    let mut reader = Reader {
        read: Multipart::default(),
        budget: Budget::new(limits),
        parts_left: limits.parts,
        headers_left: limits.part_headers,
        is_whole,
        is_begun: false,
        is_complete: false,
        has_crlf: false,
    };
    reader.read.flags.boundary_quoted = boundary.is_quoted;
    reader.read.flags.boundary_whitespace = boundary.has_whitespace;
    reader.read.flags.missing_semicolon = boundary.is_without_semicolon;
    if let Some(fault) = boundary.fault {
        reader.fault(fault);
    }
    if !boundary.value.is_empty()
        && let Err(fault) = reader.lines(body, &boundary)
    {
        reader.read.fault = Some(fault);
    }
    reader.end()
}

/// Werkzeug parts lines at a single CR, too, and Django splits wherever a delimiter stands.
const WITHIN_A_LINE: &str = "Invalid boundary (within a line)";

struct Reader {
    read: Multipart,
    budget: Budget,
    parts_left: usize,
    headers_left: usize,
    /// That the body goes no further.
    is_whole: bool,
    /// That a boundary was there.
    is_begun: bool,
    /// That the last boundary was there.
    is_complete: bool,
    has_crlf: bool,
}

impl Reader {
    fn fault(&mut self, what: &'static str) {
        self.read.fault.get_or_insert(Fault::Multipart(what));
    }

    fn lines(&mut self, body: &[u8], boundary: &Boundary<'_>) -> Result<(), Fault> {
        let delimiter = [b"--".as_slice(), boundary.value].concat();
        let delimiter = memmem::Finder::new(&delimiter);
        let mut part: Option<Part<'_>> = None;
        let mut at = 0;
        while let Some(rest) = body.get(at..).filter(|rest| !rest.is_empty()) {
            if self.is_complete {
                self.read.flags.data_after = true;
                return Ok(());
            }
            let length = memchr(b'\n', rest).map_or(rest.len(), |place| place + 1);
            let text = rest.get(..length).unwrap_or_default();
            if !self.is_whole && !text.ends_with(b"\n") {
                // What it begins with may be half a boundary, which is no fault.
                if delimiter.find(text).is_some_and(|place| place > 0) {
                    self.fault(WITHIN_A_LINE);
                }
                break;
            }
            let line = classify(text, boundary);
            if let Line::Boundary { is_last, ending, is_padded } = line {
                if is_padded {
                    self.fault("Invalid boundary (whitespace after it)");
                }
                self.ending(ending);
                if let Some(part) = part.take() {
                    self.part(part, body, at)?;
                }
                self.is_begun = true;
                self.is_complete = is_last;
                if !is_last {
                    self.count_part()?;
                    part = Some(Part::default());
                }
            } else {
                if let Line::Almost(fault) = line {
                    self.read.flags.unmatched_boundary = 1;
                    if let Some(fault) = fault {
                        self.fault(fault);
                    }
                }
                if delimiter.find(text).is_some() {
                    self.fault(WITHIN_A_LINE);
                }
                match &mut part {
                    None => self.read.flags.data_before = true,
                    Some(part) if part.content.is_none() => {
                        self.header(part, text, at + length);
                    }
                    Some(_) => {}
                }
            }
            at += length;
        }
        match part {
            Some(part) if self.is_whole || part.content.is_some() => {
                self.part(part, body, body.len())
            }
            _ => Ok(()),
        }
    }

    fn count_part(&mut self) -> Result<(), Fault> {
        let left = self.parts_left.checked_sub(1);
        self.read.flags.file_limit_exceeded |= left.is_none();
        self.parts_left = left.ok_or(Fault::TooManyParts)?;
        Ok(())
    }

    fn ending(&mut self, ending: Ending) {
        match ending {
            Ending::CrLf => self.has_crlf = true,
            Ending::Lf => self.read.flags.lf_line = true,
            Ending::None => {}
        }
    }

    /// A line of a part's head.
    fn header<'b>(&mut self, part: &mut Part<'b>, text: &'b [u8], behind: usize) {
        let (line, ending) = Ending::of(text);
        self.ending(ending);
        match line {
            [] if ending != Ending::None => part.content = Some(behind),
            [first, ..] if first.is_ascii_whitespace() || *first == 0x0b => {
                self.read.flags.header_folding = true;
                self.read.flags.invalid_header_folding |= !matches!(first, b' ' | b'\t');
                if !part.fold(line) {
                    self.fault("Invalid part header (folding error)");
                }
            }
            _ => {
                if let Some(fault) = part.add(line) {
                    self.fault(fault);
                }
            }
        }
    }

    /// A part ends: at a boundary, or with the body.
    fn part(&mut self, part: Part<'_>, body: &[u8], end: usize) -> Result<(), Fault> {
        let content = match part.content {
            Some(start) => body.get(start..end).unwrap_or_default(),
            None => {
                self.read.flags.invalid_part = true;
                b""
            }
        };
        // The line end before a boundary is the boundary's; with the body ends what belongs to nobody else.
        let content = if end < body.len() {
            let (content, ending) = Ending::of(content);
            self.ending(ending);
            content
        } else {
            content
        };
        let form = part.disposition();
        if let Some(fault) = form.fault {
            self.fault(fault);
        }
        self.read.flags.invalid_quoting |= form.is_badly_quoted;
        self.read.flags.invalid_part |= form.first_name.is_none();
        let name = form.first_name.unwrap_or_default();
        for line in part.into_lines() {
            self.headers_left =
                self.headers_left.checked_sub(1).ok_or(Fault::TooManyPartHeaders)?;
            self.budget.name(&name)?;
            self.read.part_headers.push(PartHeader { part: name.clone(), line });
        }
        if form.is_file {
            self.read.files_size = self.read.files_size.saturating_add(content.len());
        }
        // A file under a name that not all know is a field to the others.
        let mut size = if form.is_file { content.len() } else { 0 };
        for filename in form.filenames {
            self.budget.name(&name)?;
            self.read.files.push(File { field: name.clone(), filename, size });
            size = 0;
        }
        if !form.is_file {
            let arguments = &mut self.read.arguments;
            if let Some(other) = form.last_name {
                self.budget.argument(arguments, other, content.to_vec())?;
            }
            self.budget.argument(arguments, name, content.to_vec())?;
        }
        Ok(())
    }

    fn end(mut self) -> Multipart {
        if self.is_whole && !self.is_complete {
            self.fault("Final boundary missing");
        }
        let flags = &mut self.read.flags;
        flags.crlf_lf_lines = self.has_crlf && flags.lf_line;
        if flags.unmatched_boundary > 0 && self.is_begun && self.is_complete {
            flags.unmatched_boundary = 2;
        }
        self.read
    }
}
