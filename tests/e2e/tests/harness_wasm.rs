//! The harness with the smallest possible wasm modules, written here by hand: what it reports of
//! plugins is what Envoy does with them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

use std::path::{Path, PathBuf};

use portcullis_e2e::{Envoy, EnvoyConfig, Request, Traffic, Upstream, Wasm};
use serde_json::json;
use tempfile::TempDir;

/// A module that accepts every configuration but an empty one, answers nothing, and traps on a
/// request of more than 100 header fields.
const MODULE: &str = r#"(module
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (i32.const 1024))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (i32.gt_u (local.get 1) (i32.const 2)))
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (if (i32.gt_u (local.get 1) (i32.const 100)) (then (unreachable)))
    (i32.const 0)))"#;

struct Module {
    _folder: TempDir,
    path: PathBuf,
}

impl Module {
    fn build() -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("module.wasm");
        std::fs::write(&path, wat::parse_str(MODULE).unwrap()).unwrap();
        Self { _folder: folder, path }
    }
    fn path(&self) -> &Path {
        &self.path
    }
}

#[test]
fn a_module_runs_once_per_worker_and_lets_requests_pass() {
    let (upstream, module) = (Upstream::echo(), Module::build());
    let filter = Wasm::file("tried", module.path())
        .config(json!({"any": "thing"}))
        .env("A_NAME", "a value")
        .host_env("ANOTHER");
    let config = EnvoyConfig::new(&upstream).concurrency(3).env("ANOTHER", "1").wasm(&filter);
    let envoy = Envoy::start(config);
    assert_eq!(envoy.get("/").status, 200);
    // One each for the workers, one as their model, and one on the main thread.
    envoy.wait_for_stat("wasm.envoy.wasm.runtime.v8.active", |count| count == 5);
}

#[test]
fn a_configuration_that_the_module_refuses_is_a_failed_start_and_a_refused_reload() {
    let (upstream, module) = (Upstream::echo(), Module::build());
    let config = EnvoyConfig::new(&upstream);
    let good = Wasm::file("tried", module.path()).config_text("anything");
    let bad = good.clone().config_text("");
    let failure = Envoy::try_start(config.clone().wasm(&bad)).unwrap_err();
    assert!(failure.says("tried"), "{failure}");
    let config = config.reloadable();
    let envoy = Envoy::start(config.clone().wasm(&good));
    let rejected = envoy.reload(config.wasm(&bad)).unwrap_err();
    assert!(rejected.details.contains("tried"), "{rejected}");
    assert_eq!(envoy.get("/").status, 200);
}

#[test]
fn a_reload_of_a_module_under_traffic_loses_no_request() {
    let (upstream, module) = (Upstream::echo(), Module::build());
    let config = EnvoyConfig::new(&upstream).concurrency(2).reloadable();
    let filter = |text: &str| Wasm::file("tried", module.path()).config_text(text);
    let envoy = Envoy::start(config.clone().wasm(&filter("first")));
    let traffic = Traffic::start(envoy.address(), 4, |_, _| Request::get("/"));
    for text in ["second", "third"] {
        traffic.wait_for(50);
        envoy.reload(config.clone().wasm(&filter(text))).unwrap();
    }
    traffic.wait_for(50);
    let tally = traffic.stop();
    assert_eq!(tally.errors, Vec::<String>::new());
    assert_eq!(tally.of(200), tally.answers(), "{tally:?}");
}

#[test]
fn a_trapped_worker_answers_again_after_its_module_is_reloaded() {
    let (upstream, module) = (Upstream::echo(), Module::build());
    let filter = Wasm::file("tried", module.path()).config_text("any").reload_backoff("0.01s");
    let envoy = Envoy::start(EnvoyConfig::new(&upstream).raised_limits().wasm(&filter));
    assert_eq!(envoy.get("/").status, 200);
    let trap = (0..200).fold(Request::get("/"), |r, n| r.header(format!("x-{n}"), "v"));
    assert_eq!(envoy.send(&trap).status, 503);
    portcullis_e2e::eventually("the worker to answer again", || {
        (envoy.get("/").status == 200).then_some(())
    });
    assert_eq!(envoy.stat("wasm.tried.vm_reload_success"), Some(1));
    assert_eq!(envoy.ended(), None);
}
