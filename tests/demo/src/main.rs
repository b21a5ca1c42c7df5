//! Makes the demonstration's key and tokens, so that no secret is ever in the repository.
//!
//! `demo FOLDER` leaves there:
//! - `key.jwk`: the private key, made once, readable by its owner alone;
//! - `env`: `PORTCULLIS_DEMO_JWKS=…`, the public half, one unquoted line as Docker's `env_file` wants;
//! - `ada.token` and `bob.token`: fresh at every call, good for [`token::LIFETIME_SECONDS`].

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unreachable,
    reason = "a test that cannot go on should say so and stop"
)]

mod files;
mod key;
mod token;

use std::path::Path;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use key::Key;

/// The variable that `envoy/envoy.yaml` reads through `{env: NAME}`.
const JWKS_VARIABLE: &str = "PORTCULLIS_DEMO_JWKS";

/// Who may call the demonstration: name and roles.
const USERS: [(&str, &[&str]); 2] = [("ada", &["admin", "reader"]), ("bob", &["reader"])];

fn make(folder: &Path, now: u64) -> Result<(), String> {
    files::make_folder(folder)?;
    let stored = files::keep_first(&folder.join("key.jwk"), &Key::generate().to_private_jwk())?;
    let key = Key::from_private_jwk(&stored).map_err(|error| {
        format!("{}/key.jwk: {error}: delete it and try again", folder.display())
    })?;
    files::replace(&folder.join("env"), &format!("{JWKS_VARIABLE}={}\n", key.to_jwks()))?;
    for (name, roles) in USERS {
        let token = token::mint(&key, name, roles, now);
        files::replace(&folder.join(format!("{name}.token")), &format!("{token}\n"))?;
    }
    Ok(())
}

fn main() -> ExitCode {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".demo".to_owned());
    match make(Path::new(&folder), now) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_call_keeps_the_key_and_mints_fresh_tokens() {
        let folder = std::env::temp_dir().join(format!("portcullis-demo-{}", std::process::id()));
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        make(&folder, 1_000).unwrap();
        let (key, env, token) = (read("key.jwk"), read("env"), read("ada.token"));
        make(&folder, 2_000).unwrap();
        assert_eq!((key, env), (read("key.jwk"), read("env")));
        assert_ne!(token, read("ada.token"));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
