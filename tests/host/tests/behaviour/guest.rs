//! Small guests written in WAT: callbacks from a test, everything around them from here.

use std::fmt::Write;

/// Imports by short name; a test's callbacks call them as `$name`.
const IMPORTS: &[(&str, &str, &str)] = &[
    ("log", "proxy_log", "i32 i32 i32"),
    ("log_level", "proxy_get_log_level", "i32"),
    ("get_status", "proxy_get_status", "i32 i32 i32"),
    ("set_property", "proxy_set_property", "i32 i32 i32 i32"),
    ("get_property", "proxy_get_property", "i32 i32 i32 i32"),
    ("continue", "proxy_continue_stream", "i32"),
    ("close", "proxy_close_stream", "i32"),
    ("reply", "proxy_send_local_response", "i32 i32 i32 i32 i32 i32 i32 i32"),
    ("get_shared", "proxy_get_shared_data", "i32 i32 i32 i32 i32"),
    ("set_shared", "proxy_set_shared_data", "i32 i32 i32 i32 i32"),
    ("register_queue", "proxy_register_shared_queue", "i32 i32 i32"),
    ("resolve_queue", "proxy_resolve_shared_queue", "i32 i32 i32 i32 i32"),
    ("dequeue", "proxy_dequeue_shared_queue", "i32 i32 i32"),
    ("enqueue", "proxy_enqueue_shared_queue", "i32 i32 i32"),
    ("get_header", "proxy_get_header_map_value", "i32 i32 i32 i32 i32"),
    ("add_header", "proxy_add_header_map_value", "i32 i32 i32 i32 i32"),
    ("set_header", "proxy_replace_header_map_value", "i32 i32 i32 i32 i32"),
    ("remove_header", "proxy_remove_header_map_value", "i32 i32 i32"),
    ("get_pairs", "proxy_get_header_map_pairs", "i32 i32 i32"),
    ("set_pairs", "proxy_set_header_map_pairs", "i32 i32 i32"),
    ("map_size", "proxy_get_header_map_size", "i32 i32"),
    ("buffer_status", "proxy_get_buffer_status", "i32 i32 i32"),
    ("get_buffer", "proxy_get_buffer_bytes", "i32 i32 i32 i32 i32"),
    ("set_buffer", "proxy_set_buffer_bytes", "i32 i32 i32 i32 i32"),
    ("http_call", "proxy_http_call", "i32 i32 i32 i32 i32 i32 i32 i32 i32 i32"),
    ("grpc_call", "proxy_grpc_call", "i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32"),
    ("tick_period", "proxy_set_tick_period_milliseconds", "i32"),
    ("now", "proxy_get_current_time_nanoseconds", "i32"),
    ("define_metric", "proxy_define_metric", "i32 i32 i32 i32"),
    ("increment", "proxy_increment_metric", "i32 i64"),
    ("record", "proxy_record_metric", "i32 i64"),
    ("get_metric", "proxy_get_metric", "i32 i32"),
    ("effective", "proxy_set_effective_context", "i32"),
    ("done", "proxy_done", ""),
    ("foreign", "proxy_call_foreign_function", "i32 i32 i32 i32 i32 i32"),
];

/// Callbacks with the number of their parameters and whether they return something.
const CALLBACKS: &[(&str, usize, bool)] = &[
    ("_initialize", 0, false),
    ("proxy_on_context_create", 2, false),
    ("proxy_on_vm_start", 2, true),
    ("proxy_on_configure", 2, true),
    ("proxy_on_tick", 1, false),
    ("proxy_on_queue_ready", 2, false),
    ("proxy_on_request_headers", 3, true),
    ("proxy_on_request_body", 3, true),
    ("proxy_on_request_trailers", 2, true),
    ("proxy_on_response_headers", 3, true),
    ("proxy_on_response_body", 3, true),
    ("proxy_on_response_trailers", 2, true),
    ("proxy_on_http_call_response", 5, false),
    ("proxy_on_grpc_receive", 3, false),
    ("proxy_on_grpc_close", 3, false),
    ("proxy_on_done", 1, true),
    ("proxy_on_log", 1, false),
    ("proxy_on_delete", 1, false),
];

/// Where out-parameters go: `$show` prints what the pointer and length there name.
pub(crate) const OUT: &str = "(i32.const 16) (i32.const 20)";
/// No bytes: a null pointer and a zero length.
pub(crate) const NONE: &str = "(i32.const 0) (i32.const 0)";

const PRELUDE: &str = r#"
  (memory (export "memory") 40)
  (global $heap (mut i32) (i32.const 1048576))
  (func (export "proxy_abi_version_0_2_1"))
  (func $malloc (export "malloc") (param $n i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $heap))
    (global.set $heap (i32.add (global.get $heap) (i32.and (i32.add (local.get $n) (i32.const 15)) (i32.const -16))))
    (local.get $at))
  ;; Logs a number in decimal.
  (func $num (param $n i32)
    (local $at i32)
    (local.set $at (i32.const 64))
    (loop $more
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (i32.store8 (local.get $at) (i32.add (i32.const 48) (i32.rem_u (local.get $n) (i32.const 10))))
      (local.set $n (i32.div_u (local.get $n) (i32.const 10)))
      (br_if $more (local.get $n)))
    (drop (call $log (i32.const 2) (local.get $at) (i32.sub (i32.const 64) (local.get $at)))))
  ;; Logs the bytes that the out-parameters name, and forgets them.
  (func $show
    (drop (call $log (i32.const 2) (i32.load (i32.const 16)) (i32.load (i32.const 20))))
    (i64.store (i32.const 16) (i64.const 0)))
"#;

/// A guest being written.
#[derive(Default)]
pub(crate) struct Guest {
    data: Vec<u8>,
    callbacks: String,
}

/// Where a guest's texts begin.
const TEXTS: usize = 4096;

impl Guest {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Puts bytes into memory; the answer is the two arguments that name them.
    pub(crate) fn text(&mut self, bytes: impl AsRef<[u8]>) -> String {
        let (at, bytes) = (TEXTS + self.data.len(), bytes.as_ref());
        self.data.extend_from_slice(bytes);
        assert!(TEXTS + self.data.len() < 1 << 20, "texts end where the heap begins");
        format!("(i32.const {at}) (i32.const {})", bytes.len())
    }

    /// Logs a fixed line.
    pub(crate) fn say(&mut self, line: &str) -> String {
        format!("(drop (call $log (i32.const 2) {}))", self.text(line))
    }

    /// Calls a host function and logs its status.
    pub(crate) fn status(&self, call: &str) -> String {
        format!("(call $num (call {call}))")
    }

    /// Exports a callback; its parameters are `$0` and so on, its result the last expression.
    pub(crate) fn on(mut self, name: &str, body: impl AsRef<str>) -> Self {
        let (_, parameters, returns) =
            CALLBACKS.iter().find(|(known, ..)| *known == name).expect("a known callback");
        write!(self.callbacks, "\n  (func (export \"{name}\")").unwrap();
        for index in 0..*parameters {
            write!(self.callbacks, " (param ${index} i32)").unwrap();
        }
        let result = if *returns { " (result i32)" } else { "" };
        writeln!(self.callbacks, "{result}\n    {})", body.as_ref()).unwrap();
        self
    }

    /// More of the module, such as globals and functions.
    pub(crate) fn with(mut self, wat: &str) -> Self {
        self.callbacks.push_str(wat);
        self
    }

    /// The module.
    pub(crate) fn build(&self) -> Vec<u8> {
        let mut wat = String::from("(module\n");
        for (short, name, parameters) in IMPORTS {
            writeln!(
                wat,
                "  (import \"env\" \"{name}\" (func ${short} (param {parameters}) (result i32)))"
            )
            .unwrap();
        }
        wat.push_str(PRELUDE);
        let data: String = self.data.iter().map(|byte| format!("\\{byte:02x}")).collect();
        writeln!(wat, "  (data (i32.const {TEXTS}) \"{data}\")").unwrap();
        wat.push_str(&self.callbacks);
        wat.push(')');
        module(&wat)
    }
}

/// A module from WAT as it stands.
pub(crate) fn module(wat: &str) -> Vec<u8> {
    match wat::parse_str(wat) {
        Ok(wasm) => wasm,
        Err(error) => panic!("{error}\n{wat}"),
    }
}
