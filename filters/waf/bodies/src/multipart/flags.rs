//! What ModSecurity's variables `MULTIPART_…` say of a form.

/// One for each variable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MultipartFlags {
    /// `MULTIPART_BOUNDARY_QUOTED`
    pub boundary_quoted: bool,
    /// `MULTIPART_BOUNDARY_WHITESPACE`
    pub boundary_whitespace: bool,
    /// `MULTIPART_CRLF_LF_LINES`: lines of both kinds.
    pub crlf_lf_lines: bool,
    /// `MULTIPART_DATA_AFTER`
    pub data_after: bool,
    /// `MULTIPART_DATA_BEFORE`
    pub data_before: bool,
    /// `MULTIPART_FILE_LIMIT_EXCEEDED`: more parts than the limit.
    pub file_limit_exceeded: bool,
    /// `MULTIPART_HEADER_FOLDING`
    pub header_folding: bool,
    /// `MULTIPART_INVALID_HEADER_FOLDING`: by something else than a space or a tab.
    pub invalid_header_folding: bool,
    /// `MULTIPART_INVALID_PART`: without a name, or without an end of its head.
    pub invalid_part: bool,
    /// `MULTIPART_INVALID_QUOTING`
    pub invalid_quoting: bool,
    /// `MULTIPART_LF_LINE`: a line of a head or a boundary that ends without CR.
    pub lf_line: bool,
    /// `MULTIPART_MISSING_SEMICOLON`: in the content type.
    pub missing_semicolon: bool,
    /// `MULTIPART_UNMATCHED_BOUNDARY`: 0, or 2 if a line looked like a boundary between a first and a last one, or 1 if the
    /// first or the last is not there either.
    pub unmatched_boundary: u8,
}

impl MultipartFlags {
    /// True if one is set of those that `MULTIPART_STRICT_ERROR` sums up; the unmatched boundary and mixed lines have
    /// variables of their own.
    #[must_use]
    pub const fn are_strict_errors(self) -> bool {
        self.boundary_quoted
            || self.boundary_whitespace
            || self.data_after
            || self.data_before
            || self.file_limit_exceeded
            || self.header_folding
            || self.invalid_header_folding
            || self.invalid_part
            || self.invalid_quoting
            || self.lf_line
            || self.missing_semicolon
    }
}
