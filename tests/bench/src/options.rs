//! What the command line says.

/// How much is measured.
#[derive(Clone, Debug)]
pub struct Options {
    /// How often all Envoys are started anew: where a process happens to lie in memory is worth microseconds, and stays
    /// as it is for as long as the process lives.
    pub(crate) generations: usize,
    /// Rounds with the same processes, each of which measures every row.
    pub(crate) rounds: usize,
    /// Requests of a row in a round.
    pub(crate) requests: usize,
    /// How often each Envoy of the memory table is started.
    pub(crate) starts: usize,
    /// Parts of names; empty: all rows.
    rows: Vec<String>,
}

const USAGE: &str = "usage: portcullis-bench [--quick] [--rows TEXT]...
  --quick      fewer and shorter rounds: good enough to iterate on a change, not to quote
  --rows TEXT  only rows whose name contains TEXT (and `no filter`, which costs are compared with)";

impl Options {
    /// Reads the arguments behind the program's name.
    ///
    /// # Errors
    /// How it is used.
    pub fn read(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        // Many short rounds: what else runs on the machine then hits few of them, and the median none.
        let mut options =
            Options { generations: 7, rounds: 30, requests: 600, starts: 3, rows: Vec::new() };
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => {
                    (options.generations, options.rounds) = (4, 24);
                    (options.requests, options.starts) = (500, 1);
                }
                "--rows" => options.rows.push(arguments.next().ok_or(USAGE)?),
                _ => return Err(USAGE.to_owned()),
            }
        }
        Ok(options)
    }

    /// Whether a row is asked for.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.rows.is_empty() || self.rows.iter().any(|part| name.contains(part.as_str()))
    }
}
