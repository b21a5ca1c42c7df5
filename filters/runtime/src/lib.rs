//! Runs controls inside Envoy: the only crate that knows proxy-wasm.
//!
//! [`vm::Vm`] is a VM without the wasm: every callback of the host is a method, every effect goes through
//! [`host::Host`], so that all of it runs natively in tests. `abi` joins it to a real proxy-wasm host.

#[cfg(target_arch = "wasm32")]
pub mod abi;
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

/// Makes a wasm module of a definition: `module!(NAME, load)`.
///
/// Expands to `_initialize`, which the host calls before anything else.
#[macro_export]
macro_rules! module {
    ($name:expr, $load:expr) => {
        #[cfg(target_arch = "wasm32")]
        #[unsafe(no_mangle)]
        extern "C" fn _initialize() {
            $crate::abi::start($crate::module::Definition { name: $name, load: $load });
        }
    };
}

/// Makes the own wasm module of a control: `control_module!(TYPE)`.
#[macro_export]
macro_rules! control_module {
    ($control:ty) => {
        $crate::module!($crate::module::name_of::<$control>(), $crate::module::load_of::<$control>);
    };
}
