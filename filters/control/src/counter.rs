//! What a control counts: names of a closed list, and families with a counter for each thing that it knows.

/// Counters `portcullis.<control>.<family>.<member>`, each of which is there once it counted something.
///
/// Members are named by what a configuration or a module carries (the id of a rule), never by a client: the host keeps a
/// counter for ever.
#[derive(Debug, PartialEq, Eq)]
pub struct CounterFamily {
    /// The family (`[a-z0-9_]+`).
    pub name: &'static str,
    /// What a member is, for the documentation (`rule.<id>`).
    pub member: &'static str,
    /// How many members there are at most; what comes behind them counts as [`OTHERS`].
    pub most: usize,
}

/// The member that counts for all that a family has no room for.
pub const OTHERS: &str = "others";

/// One more of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Count {
    /// One of the control's counters.
    Name(&'static str),
    /// One of a family's.
    Member(&'static CounterFamily, String),
}
