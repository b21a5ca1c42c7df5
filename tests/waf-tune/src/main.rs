//! `waf-tune LOG [--inbound N] [--outbound N]`: prints the smallest exclusions that let pass what a log says was refused.

use std::process::ExitCode;

use portcullis_waf_tune::{Thresholds, suggest};

fn run(arguments: &[String]) -> Result<String, String> {
    let mut thresholds = Thresholds::default();
    let mut file = None;
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut number = || {
            let number =
                rest.next().and_then(|text| text.parse().ok()).filter(|number| *number > 0);
            number.ok_or_else(|| format!("{argument} needs a threshold, such as 5"))
        };
        match argument.as_str() {
            "--inbound" => thresholds.inbound = number()?,
            "--outbound" => thresholds.outbound = number()?,
            path => file = Some(path),
        }
    }
    let file = file.ok_or("give the log of Envoy, as in `waf-tune envoy.log`")?;
    let bytes = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
    Ok(suggest(&String::from_utf8_lossy(&bytes), thresholds).to_string())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("waf-tune: {error}");
            ExitCode::FAILURE
        }
    }
}
