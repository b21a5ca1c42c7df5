//! Whether a module looks at sixteen bytes at once: what is built without `simd128` does everything right, ten times slower.

use wasmparser::{Operator, Parser, Payload};

/// How many instructions of a module compare bytes sixteen at a time.
///
/// # Panics
/// Where it is no module.
#[must_use]
pub fn comparisons_of_16_bytes(wasm: &[u8]) -> usize {
    let mut count = 0;
    for payload in Parser::new(0).parse_all(wasm) {
        let Payload::CodeSectionEntry(body) = payload.expect("a module") else { continue };
        let mut operators = body.get_operators_reader().expect("a function");
        while !operators.eof() {
            let operator = operators.read().expect("an instruction");
            count += usize::from(matches!(operator, Operator::I8x16Eq));
        }
    }
    count
}
