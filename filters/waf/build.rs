//! Reads the rule sets that a module carries: our own always, OWASP CRS where it is asked for.
#![allow(clippy::panic, clippy::expect_used, reason = "what fails here fails the build")]

use std::path::{Path, PathBuf};
use std::{env, fs};

use portcullis_waf_embedded::{SPOOFABLE, Sources, build, source};

fn main() {
    println!("cargo::rerun-if-changed=src/rulesets");
    println!("cargo::rerun-if-env-changed=CRS_DIR");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let own = Path::new("src/rulesets");
    for name in ["recommended", "allowances"] {
        let rules = vec![there(source(&own.join(name).with_extension("conf")))];
        write(&out.join(name).with_extension("bin"), &Sources { rules, ..Sources::default() });
    }
    let base = there(Sources::of_folder(&own.join("base")));
    write(&out.join("base.bin"), &Sources { prefilter: true, ..base });
    if env::var_os("CARGO_FEATURE_CRS").is_some() {
        let folder = env::var_os("CRS_DIR").map(PathBuf::from);
        let folder = folder.expect(
            "the feature `crs` needs CRS_DIR, the folder of an OWASP CRS release: use `make crs`",
        );
        write(&out.join("crs.bin"), &crs(&folder));
    }
}

/// The release with the plugins in CRS_PLUGINS_DIR.
fn crs(release: &Path) -> Sources {
    println!("cargo::rerun-if-env-changed=CRS_PLUGINS_DIR");
    let plugins = env::var_os("CRS_PLUGINS_DIR").map(PathBuf::from);
    for folder in plugins.iter().map(PathBuf::as_path).chain([release]) {
        println!("cargo::rerun-if-changed={}", folder.display());
    }
    let sources = there(Sources::of_release(release, plugins.as_deref()));
    Sources { left_out: SPOOFABLE.to_vec(), prefilter: true, ..sources }
}

fn there<T>(read: Result<T, String>) -> T {
    read.unwrap_or_else(|fault| panic!("{fault}"))
}

fn write(path: &Path, sources: &Sources) {
    match build(sources) {
        Ok(bytes) => fs::write(path, bytes).expect("cargo's folder can be written to"),
        Err(faults) => panic!("the rules are not in order:\n{faults}"),
    }
}
