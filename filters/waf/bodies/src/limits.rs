//! How much of a body is kept: what is past a limit is a fault, never silence.

/// Against exhaustion. A value at a limit is well, one past it is a [`Fault`](crate::Fault).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Arguments of a body or a query; as many members of JSON, beside them, that have others in them.
    pub arguments: usize,
    /// Objects and lists of JSON, or elements of XML, inside each other.
    pub depth: usize,
    /// Values of JSON; elements, attributes and texts of XML.
    pub nodes: usize,
    /// Parts of a form.
    pub parts: usize,
    /// Headers of all parts together.
    pub part_headers: usize,
    /// Bytes of all names that a body repeats: the path of a JSON value holds the names of all that it is in, and each
    /// header of a part has the part's name, so that a long one could be kept a thousand times.
    pub names: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            arguments: 1_000,
            depth: 64,
            nodes: 5_000,
            parts: 256,
            // Four for each part; browsers send two.
            part_headers: 1_024,
            // Five hundred bytes for each of the arguments.
            names: 512 * 1_024,
        }
    }
}
