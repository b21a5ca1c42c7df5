//! A release of the rule set as a bundle: gzip in Base64, and its data files beside it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// The module's configuration.
pub(crate) fn configuration(crs: &Path) -> Result<Value, String> {
    let read = |path: &Path| {
        fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let mut text = read(&crs.join("crs-setup.conf.example"))?;
    let mut data = BTreeMap::new();
    let entries = fs::read_dir(crs.join("rules")).map_err(|error| error.to_string())?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        match path.extension().and_then(|kind| kind.to_str()) {
            Some("conf") => text += &format!("\n{}", read(&path)?),
            Some("data") => {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                data.insert(name, read(&path)?);
            }
            _ => {}
        }
    }
    Ok(json!({"bundle": STANDARD.encode(gzip(text.as_bytes())), "data_files": data}))
}

/// RFC 1952, with nothing optional.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    out.extend(miniz_oxide::deflate::compress_to_vec(bytes, 9));
    out.extend(crc32(bytes).to_le_bytes());
    out.extend((bytes.len() as u32).to_le_bytes());
    out
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1)))
    };
    !bytes.iter().fold(!0, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}
