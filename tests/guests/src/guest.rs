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
    ("grpc_close", "proxy_grpc_close", "i32"),
    ("grpc_cancel", "proxy_grpc_cancel", "i32"),
    ("grpc_send", "proxy_grpc_send", "i32 i32 i32 i32"),
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
pub const OUT: &str = "(i32.const 16) (i32.const 20)";
/// Where a single out-parameter goes.
pub const WORD: &str = "(i32.const 16)";
/// No bytes: a null pointer and a zero length.
pub const NONE: &str = "(i32.const 0) (i32.const 0)";

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
  ;; A line being written, from 2 MiB on.
  (global $line (mut i32) (i32.const 2097152))
  (func $put (param $at i32) (param $n i32)
    (memory.copy (global.get $line) (local.get $at) (local.get $n))
    (global.set $line (i32.add (global.get $line) (local.get $n))))
  (func $byte (param $byte i32)
    (i32.store8 (global.get $line) (local.get $byte))
    (global.set $line (i32.add (global.get $line) (i32.const 1))))
  ;; A blank and a number in decimal.
  (func $dec (param $n i32)
    (local $at i32)
    (local.set $at (i32.const 64))
    (loop $more
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (i32.store8 (local.get $at) (i32.add (i32.const 48) (i32.rem_u (local.get $n) (i32.const 10))))
      (local.set $n (i32.div_u (local.get $n) (i32.const 10)))
      (br_if $more (local.get $n)))
    (call $byte (i32.const 32))
    (call $put (local.get $at) (i32.sub (i32.const 64) (local.get $at))))
  ;; Out-parameters that nobody has written are all ones.
  (func $clear (i64.store (i32.const 16) (i64.const -1)))
  (func $quote
    (if (i32.ne (i32.load (i32.const 20)) (i32.const -1))
      (then
        (call $byte (i32.const 32)) (call $byte (i32.const 39))
        (call $put (i32.load (i32.const 16)) (i32.load (i32.const 20)))
        (call $byte (i32.const 39)))))
  (func $written
    (if (i32.ne (i32.load (i32.const 16)) (i32.const -1)) (then (call $dec (i32.load (i32.const 16))))))
  (func $number
    (if (i32.gt_s (i32.load (i32.const 20)) (i32.const 0))
      (then
        (call $dec (i32.load (i32.const 20)))
        (call $dec (i32.load (i32.load (i32.const 16)))))))
  ;; The pairs of a serialised map.
  (func $list
    (local $at i32) (local $left i32) (local $text i32) (local $n i32)
    (if (i32.eqz (i32.load (i32.const 20))) (then (return)))
    (if (i32.eq (i32.load (i32.const 20)) (i32.const -1)) (then (return)))
    (local.set $at (i32.load (i32.const 16)))
    (local.set $left (i32.load (local.get $at)))
    (local.set $at (i32.add (local.get $at) (i32.const 4)))
    (local.set $text (i32.add (local.get $at) (i32.mul (local.get $left) (i32.const 8))))
    (block $done
      (loop $more
        (br_if $done (i32.eqz (local.get $left)))
        (call $byte (i32.const 32))
        (local.set $n (i32.load (local.get $at)))
        (call $put (local.get $text) (local.get $n))
        (local.set $text (i32.add (local.get $text) (i32.add (local.get $n) (i32.const 1))))
        (call $byte (i32.const 61))
        (local.set $n (i32.load offset=4 (local.get $at)))
        (call $put (local.get $text) (local.get $n))
        (local.set $text (i32.add (local.get $text) (i32.add (local.get $n) (i32.const 1))))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br $more))))
  (func $end
    (drop (call $log (i32.const 2) (i32.const 2097152) (i32.sub (global.get $line) (i32.const 2097152))))
    (global.set $line (i32.const 2097152)))
"#;

/// A guest being written.
#[derive(Clone, Debug, Default)]
pub struct Guest {
    data: Vec<u8>,
    callbacks: String,
}

/// Where a guest's texts begin.
const TEXTS: usize = 4096;

impl Guest {
    /// A guest without callbacks.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts bytes into memory; the answer is the two arguments that name them.
    pub fn text(&mut self, bytes: impl AsRef<[u8]>) -> String {
        let (at, bytes) = (TEXTS + self.data.len(), bytes.as_ref());
        self.data.extend_from_slice(bytes);
        assert!(TEXTS + self.data.len() < 1 << 20, "texts end where the heap begins");
        format!("(i32.const {at}) (i32.const {})", bytes.len())
    }

    /// Puts a serialised header map into memory; the answer is the two arguments that name it.
    pub fn map(&mut self, pairs: &[(&str, &str)]) -> String {
        let number = |length: usize| u32::try_from(length).expect("short").to_le_bytes();
        let mut bytes = number(pairs.len()).to_vec();
        for (name, value) in pairs {
            bytes.extend([number(name.len()), number(value.len())].concat());
        }
        for (name, value) in pairs {
            bytes.extend(format!("{name}\0{value}\0").bytes());
        }
        self.text(bytes)
    }

    /// Arguments of `$reply`: status, body, headers; no details, no gRPC status.
    pub fn reply(&mut self, status: u32, body: &str, headers: &[(&str, &str)]) -> String {
        let (body, map) = (self.text(body), self.map(headers));
        format!("$reply (i32.const {status}) {NONE} {body} {map} (i32.const -1)")
    }

    /// Logs a fixed line.
    pub fn say(&mut self, line: &str) -> String {
        format!("(drop (call $log (i32.const 2) {}))", self.text(line))
    }

    /// Calls a host function and logs its status.
    #[must_use]
    pub fn status(&self, call: &str) -> String {
        format!("(call $num (call {call}))")
    }

    /// Exports a callback; its parameters are `$0` and so on, its result the last expression.
    ///
    /// # Panics
    /// When the ABI has no such callback.
    #[must_use]
    pub fn on(mut self, name: &str, body: impl AsRef<str>) -> Self {
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

    /// Logs a label, the status of a host call, and whatever the call wrote to [`OUT`] as bytes.
    pub fn bytes(&mut self, label: &str, call: &str) -> String {
        let label = self.text(label);
        format!(
            "(call $put {label}) (call $clear) (call $dec (call {call})) (call $quote) (call $end)\n"
        )
    }

    /// Logs a label, the status of a host call, and the word that it wrote to [`WORD`], if it did.
    pub fn word(&mut self, label: &str, call: &str) -> String {
        let label = self.text(label);
        format!(
            "(call $put {label}) (call $clear) (call $dec (call {call})) (call $written) (call $end)\n"
        )
    }

    /// Logs a label, the status of a host call, and the length and the low half of the integer that it wrote to
    /// [`OUT`] as bytes.
    pub fn integer(&mut self, label: &str, call: &str) -> String {
        let label = self.text(label);
        format!(
            "(call $put {label}) (call $clear) (call $dec (call {call})) (call $number) (call $end)\n"
        )
    }

    /// Logs a label, the status of `get_pairs` of a map, and all its pairs.
    pub fn pairs(&mut self, label: &str, map: u32) -> String {
        let label = self.text(label);
        format!(
            "(call $put {label}) (call $clear) (call $dec (call $get_pairs (i32.const {map}) {OUT})) (call $list)
             (call $end)\n"
        )
    }

    /// Logs a label and numbers.
    pub fn numbers(&mut self, label: &str, numbers: &[&str]) -> String {
        let mut line = format!("(call $put {})", self.text(label));
        for number in numbers {
            write!(line, " (call $dec {number})").unwrap();
        }
        line + " (call $end)\n"
    }

    /// More of the module, such as globals and functions.
    #[must_use]
    pub fn with(mut self, wat: &str) -> Self {
        self.callbacks.push_str(wat);
        self
    }

    /// The module.
    ///
    /// # Panics
    /// When what the test wrote is no WAT.
    #[must_use]
    pub fn build(&self) -> Vec<u8> {
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
///
/// # Panics
/// When it is none.
#[must_use]
pub fn module(wat: &str) -> Vec<u8> {
    match wat::parse_str(wat) {
        Ok(wasm) => wasm,
        Err(error) => panic!("{error}\n{wat}"),
    }
}
