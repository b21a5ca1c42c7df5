//! Runs controls inside Envoy: the only crate that knows proxy-wasm.
//!
//! [`vm::Vm`] is a VM without the wasm: every callback of the host is a method, every effect goes through
//! [`host::Host`], so that all of it runs natively in tests. `abi` joins it to a real proxy-wasm host.

#[cfg(any(target_arch = "wasm32", test))]
pub mod abi;
mod by_id;
pub mod host;
mod jobs;
mod journal;
mod metrics;
pub mod module;
mod reply;
pub mod stream;
pub mod vm;
mod wire;

#[doc(hidden)]
pub use wire::pairs::fuzz_pairs;
#[doc(hidden)]
pub use wire::protobuf::fuzz_protobuf;
#[doc(hidden)]
pub use wire::structure::fuzz_structure;

#[doc(hidden)]
pub use portcullis_control::control::Phase;
#[doc(hidden)]
pub use portcullis_control::policy::Kind;

/// Makes a wasm module of a definition and its controls' kinds, with the callbacks of these phases:
/// `module!(NAME, load, KINDS, log)`. Does not compile if a control takes part in another one.
#[macro_export]
macro_rules! module {
    ($name:expr, $load:expr, $kinds:expr $(, $phase:ident)*) => {
        $crate::__module!($name, $load);
        $crate::__phases!($($phase)*);
        const _: () = assert!(
            $crate::Kind::phases_suffice($kinds, &[$($crate::__phase!($phase)),*]),
            "a control takes part in a phase that its module does not name"
        );
    };
}

/// Makes the own wasm module of a control: `control_module!(TYPE, log)`.
#[macro_export]
macro_rules! control_module {
    ($control:ty $(, $phase:ident)*) => {
        $crate::module!(
            $crate::module::name_of::<$control>(),
            $crate::module::load_of::<$control>,
            &[$crate::Kind::of::<$control>()]
            $(, $phase)*
        );
    };
}

/// `_initialize`, which the host calls before anything else.
#[doc(hidden)]
#[macro_export]
macro_rules! __module {
    ($name:expr, $load:expr) => {
        #[cfg(target_arch = "wasm32")]
        #[unsafe(no_mangle)]
        extern "C" fn _initialize() {
            $crate::abi::start($crate::module::Definition { name: $name, load: $load });
        }
    };
}

/// The callbacks of phases, by the names that the host calls them.
#[doc(hidden)]
#[macro_export]
macro_rules! __phases {
    ($($phase:ident)*) => { $($crate::__phases!(@ $phase);)* };
    (@ request_body) => {
        $crate::__callbacks! {
            fn proxy_on_request_body(id, bytes, end) -> u32 = request_body(id, bytes, end);
        }
    };
    (@ request_trailers) => {
        $crate::__callbacks! {
            fn proxy_on_request_trailers(id, _count) -> u32 = request_trailers(id);
        }
    };
    (@ response_headers) => {
        $crate::__callbacks! {
            fn proxy_on_response_headers(id, _count, end) -> u32 = response_headers(id, end);
        }
    };
    (@ response_body) => {
        $crate::__callbacks! {
            fn proxy_on_response_body(id, bytes, end) -> u32 = response_body(id, bytes, end);
            fn proxy_on_response_trailers(id, _count) -> u32 = response_trailers(id);
        }
    };
    (@ calls) => {
        $crate::__callbacks! {
            fn proxy_on_http_call_response(_root, token, headers, body, _trailers) -> ()
                = http_call_response(token, headers, body);
            fn proxy_on_grpc_receive(_root, token, bytes) -> () = grpc_receive(token, bytes);
            fn proxy_on_grpc_close(_root, token, status) -> () = grpc_close(token, status);
        }
    };
    (@ log) => {
        $crate::__callbacks! {
            fn proxy_on_log(id) -> () = log(id);
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __callbacks {
    ($(fn $name:ident($($argument:ident),*) -> $result:ty = $phase:ident($($given:ident),*);)+) => {
        $(
            #[cfg(target_arch = "wasm32")]
            #[unsafe(no_mangle)]
            extern "C" fn $name($($argument: u32),*) -> $result {
                $crate::abi::phases::$phase($($given),*)
            }
        )+
    };
}

/// A phase by the word that modules use.
#[doc(hidden)]
#[macro_export]
macro_rules! __phase {
    (request_body) => {
        $crate::Phase::RequestBody
    };
    (request_trailers) => {
        $crate::Phase::RequestTrailers
    };
    (response_headers) => {
        $crate::Phase::ResponseHeaders
    };
    (response_body) => {
        $crate::Phase::ResponseBody
    };
    (calls) => {
        $crate::Phase::Calls
    };
    (log) => {
        $crate::Phase::Log
    };
}
