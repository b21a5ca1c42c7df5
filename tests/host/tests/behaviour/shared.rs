//! Shared data and queues: compare-and-swap, `vm_id`s, workers on threads of their own.

use portcullis_host::{Fault, Host, Process, Request, Status};

use crate::guest::{Guest, OUT};
use crate::lines;

/// Sets a key with a number and logs the status.
fn set(g: &mut Guest, key: &str, value: &str, cas: &str) -> String {
    let (key, value) = (g.text(key), g.text(value));
    g.status(&format!("$set_shared {key} {value} {cas}"))
}

#[test]
fn an_absent_key_is_inserted_whatever_the_number_and_then_the_number_counts() {
    let mut g = Guest::new();
    let key = g.text("k");
    let get =
        format!("{} (call $show)", g.status(&format!("$get_shared {key} {OUT} (i32.const 24)")));
    let calls = [
        g.status(&format!("$get_shared {key} {OUT} (i32.const 24)")),
        set(&mut g, "k", "1", "(i32.const -1)"),
        set(&mut g, "k", "2", "(i32.const -1)"),
        get.clone(),
        set(&mut g, "k", "3", "(i32.load (i32.const 24))"),
        set(&mut g, "k", "4", "(i32.load (i32.const 24))"),
        set(&mut g, "k", "5", "(i32.const 0)"),
        get,
    ];
    let body = format!("{} (i32.const 0)", calls.join("\n"));
    let wasm = g.on("proxy_on_request_headers", body).build();
    let mut host = Host::of(&wasm).start().unwrap();
    host.send(Request::get("/"));
    assert_eq!(lines(&host), ["1", "0", "8", "0", "1", "0", "8", "0", "0", "5"]);
    assert_eq!(host.process().shared_data("portcullis", "k").unwrap().0, b"5");
}

/// Adds one to a 4-byte counter under `k`, by compare-and-swap until it works.
fn counting() -> Vec<u8> {
    let mut g = Guest::new();
    let key = g.text("k");
    let body = format!(
        "(loop $again
           (i32.store (i32.const 24) (i32.const -1)) (i32.store (i32.const 32) (i32.const 0))
           (if (i32.eqz (call $get_shared {key} {OUT} (i32.const 24)))
             (then (i32.store (i32.const 32) (i32.load (i32.load (i32.const 16))))))
           (i32.store (i32.const 32) (i32.add (i32.load (i32.const 32)) (i32.const 1)))
           (br_if $again (i32.eq (i32.const 8)
             (call $set_shared {key} (i32.const 32) (i32.const 4) (i32.load (i32.const 24))))))
         (i32.const 0)"
    );
    g.on("proxy_on_request_headers", body).build()
}

#[test]
fn four_workers_on_their_threads_lose_no_count() {
    let mut host = Host::of(&counting()).workers(4).start().unwrap();
    std::thread::scope(|scope| {
        for worker in host.workers() {
            scope.spawn(move || {
                for _ in 0..500 {
                    assert_eq!(worker.send(Request::get("/")).status(), 200);
                }
            });
        }
    });
    let (count, _) = host.process().shared_data("portcullis", "k").unwrap();
    assert_eq!(count, 2000_u32.to_le_bytes());
    assert_eq!(host.process().shared_keys("portcullis").len(), 1);
}

#[test]
fn a_lost_race_can_be_injected() {
    let mut host = Host::of(&counting()).start().unwrap();
    host.inject(Fault::new("proxy_set_shared_data", Status::CAS_MISMATCH).times(3));
    host.send(Request::get("/"));
    assert_eq!(host.process().faults_hit(), 3);
    assert_eq!(host.process().host_calls("proxy_set_shared_data"), 4);
    let (count, _) = host.process().shared_data("portcullis", "k").unwrap();
    assert_eq!(count, 1_u32.to_le_bytes());
}

#[test]
fn hosts_of_one_process_share_by_vm_id_alone() {
    let process = Process::new();
    let wasm = counting();
    for vm_id in ["a", "a", "b"] {
        let mut host = Host::of(&wasm).process(&process).vm_id(vm_id).start().unwrap();
        host.send(Request::get("/"));
    }
    assert_eq!(process.shared_data("a", "k").unwrap().0, 2_u32.to_le_bytes());
    assert_eq!(process.shared_data("b", "k").unwrap().0, 1_u32.to_le_bytes());
    assert_eq!(process.shared_data("c", "k"), None);
    assert_eq!(process.shared_bytes("a"), 5);
}

#[test]
fn a_queue_tells_the_last_that_registered() {
    let mut g = Guest::new();
    let (name, vm, entry, none) =
        (g.text("q"), g.text("portcullis"), g.text("job"), g.text("nope"));
    let register = format!("(drop (call $register_queue {name} (i32.const 24))) (i32.const 1)");
    let send = format!(
        "{} (drop (call $resolve_queue {vm} {name} (i32.const 24)))
         (drop (call $enqueue (i32.load (i32.const 24)) {entry})) (i32.const 0)",
        g.status(&format!("$resolve_queue {vm} {none} (i32.const 28)")),
    );
    let ready = format!(
        "(drop (call $dequeue (local.get $1) {OUT})) (call $show) {} {}",
        g.status(&format!("$dequeue (local.get $1) {OUT}")),
        g.status(&format!("$dequeue (i32.const 77) {OUT}")),
    );
    let wasm = g
        .on("proxy_on_configure", register)
        .on("proxy_on_request_headers", send)
        .on("proxy_on_queue_ready", ready)
        .build();
    let mut host = Host::of(&wasm).workers(2).start().unwrap();
    host.send(Request::get("/"));
    assert_eq!(lines(&host), ["1"], "worker 0 is not the consumer");
    host.tick();
    assert_eq!(lines(&host), ["1", "job", "7", "1"]);
}
