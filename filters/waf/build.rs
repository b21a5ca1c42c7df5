//! Reads the rule sets that a module carries: our own always, OWASP CRS where it is asked for.
#![allow(clippy::panic, clippy::expect_used, reason = "what fails here fails the build")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use portcullis_waf_embedded::{Sources, build};
use portcullis_waf_seclang::Source;

/// They let everything pass that says it is the server itself, which is what an attacker says.
const LEFT_OUT: [u32; 2] = [905_100, 905_110];

fn main() {
    println!("cargo::rerun-if-changed=src/rulesets");
    println!("cargo::rerun-if-env-changed=CRS_DIR");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let own = Path::new("src/rulesets");
    for name in ["recommended", "allowances"] {
        let rules = vec![source(&own.join(name).with_extension("conf"))];
        write(&out.join(name).with_extension("bin"), &Sources { rules, ..Sources::default() });
    }
    let base = files(&own.join("base"), ".conf").iter().map(|path| source(path)).collect();
    write(&out.join("base.bin"), &Sources { rules: base, prefilter: true, ..Sources::default() });
    if env::var_os("CARGO_FEATURE_CRS").is_some() {
        let folder = env::var_os("CRS_DIR").map(PathBuf::from);
        let folder = folder.expect(
            "the feature `crs` needs CRS_DIR, the folder of an OWASP CRS release: use `make crs`",
        );
        println!("cargo::rerun-if-changed={}", folder.display());
        write(&out.join("crs.bin"), &crs(&folder));
    }
}

fn crs(folder: &Path) -> Sources {
    let rules = folder.join("rules");
    let data = files(&rules, ".data");
    let data = data.iter().map(|path| {
        let source = source(path);
        (source.name, source.text)
    });
    Sources {
        setup: vec![source(&folder.join("crs-setup.conf.example"))],
        rules: around(&files(&rules, ".conf")).iter().map(|path| source(path)).collect(),
        data: data.collect::<BTreeMap<_, _>>(),
        left_out: LEFT_OUT.to_vec(),
        prefilter: true,
    }
}

/// The rules with those of the plugins in CRS_PLUGINS_DIR around them, as CRS itself loads them.
fn around(rules: &[PathBuf]) -> Vec<PathBuf> {
    println!("cargo::rerun-if-env-changed=CRS_PLUGINS_DIR");
    let Some(folder) = env::var_os("CRS_PLUGINS_DIR").map(PathBuf::from) else {
        return rules.to_vec();
    };
    println!("cargo::rerun-if-changed={}", folder.display());
    let plugins = |ending| files(&folder, ending);
    [plugins("-config.conf"), plugins("-before.conf"), rules.to_vec(), plugins("-after.conf")]
        .concat()
}

fn write(path: &Path, sources: &Sources) {
    match build(sources) {
        Ok(bytes) => fs::write(path, bytes).expect("cargo's folder can be written to"),
        Err(faults) => panic!("the rules are not in order:\n{faults}"),
    }
}

fn source(path: &Path) -> Source {
    let name = path.file_name().expect("a file").to_string_lossy().into_owned();
    let text = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Source { name, text }
}

/// Files of a folder with this ending, in order.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    paths.sort();
    paths
}
