//! An earlier module of ours, as far as the one under test can tell: a guest that leaves filter state behind.

use std::path::{Path, PathBuf};

use portcullis_e2e::Wasm;
use portcullis_guests::guest::{Guest, OUT};

/// The VM that all of them run in, apart from those of the modules under test.
const VM: &str = "earlier";

/// Writes the guest into a folder. It sets the property that its plugin is called to what its root is called.
pub(crate) fn write(folder: &Path) -> PathBuf {
    let mut guest = Guest::new();
    let (name, value) = (guest.text("plugin_name"), guest.text("plugin_root_id"));
    let set = format!(
        "(local $at i32) (local $length i32)
         (drop (call $get_property {name} {OUT}))
         (local.set $at (i32.load (i32.const 16)))
         (local.set $length (i32.load (i32.const 20)))
         (drop (call $get_property {value} {OUT}))
         (drop (call $set_property (local.get $at) (local.get $length)
           (i32.load (i32.const 16)) (i32.load (i32.const 20))))
         (i32.const 0)"
    );
    let path = folder.join("earlier.wasm");
    let wasm = guest.on("proxy_on_request_headers", set).build();
    std::fs::write(&path, wasm).expect("the guest's file");
    path
}

/// The guest that leaves this value under this name.
pub(crate) fn module(guest: &Path, name: &str, value: &str) -> Wasm {
    Wasm::file(name, guest).root_id(value).vm_id(VM)
}
