//! The benchmarks' command line.

use portcullis_bench::Options;

fn main() {
    match Options::read(std::env::args().skip(1)) {
        Ok(options) => portcullis_bench::run(&options),
        Err(usage) => {
            eprintln!("{usage}");
            std::process::exit(2);
        }
    }
}
