//! What a long value costs: twice as much where it is twice as long, whatever it consists of.

use portcullis_host::Host;
use portcullis_payloads::{Random, values};

use crate::{encoded, form, modules, quiet};

/// Bytes of the values, each twice as long as the one before.
const LENGTHS: [usize; 3] = [8_192, 16_384, 32_768];
/// Different values of each length: what a value meets by chance is not its length's.
const VALUES: usize = 5;
/// What a value costs that is twice as long, in tenths, at most: a fifth is left for what its bytes happen to be. What
/// every request costs makes it less than twice as much.
const MOST_TENTHS: u64 = 24;

type Kind = (&'static str, fn(&mut Random, usize) -> String);
const KINDS: [Kind; 4] = [
    ("prose", values::prose),
    ("base64", values::base64),
    ("digits", values::digits),
    ("attacks", values::attacks),
];

/// Instructions of several values of this length together.
fn cost(host: &mut Host, (name, value): Kind, length: usize) -> u64 {
    let mut random = Random::new(length);
    let mut send = |_| {
        let exchange =
            host.send(form("/", format!("text={}", encoded(&value(&mut random, length)))));
        assert_eq!(exchange.trap, None, "{name}");
        assert!(matches!(exchange.status(), 200 | 403), "{name}: {}", exchange.status());
        exchange.fuel
    };
    (0..VALUES).map(&mut send).sum()
}

#[test]
fn a_value_that_is_twice_as_long_costs_twice_as_much() {
    for module in modules() {
        let mut host = quiet(module).start().unwrap();
        for kind in KINDS {
            // Patterns are compiled for the first of them.
            LENGTHS.iter().for_each(|length| {
                let _ = cost(&mut host, kind, *length);
            });
            let costs = LENGTHS.map(|length| cost(&mut host, kind, length));
            println!("{module}, {}: {costs:?} instructions", kind.0);
            for pair in costs.windows(2) {
                assert!(pair[1] * 10 <= pair[0] * MOST_TENTHS, "{module}, {}: {costs:?}", kind.0);
            }
        }
    }
}
