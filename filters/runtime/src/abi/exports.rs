//! The callbacks of the host, each handed to the VM.

use std::cell::RefCell;
use std::rc::Rc;

use portcullis_control::control::CallAnswer;

use super::calls::{self, Buffer, Envoy};
use super::imports;
use crate::module::Definition;
use crate::stream::{BodyFlow, HeadersFlow};
use crate::vm::Vm;

thread_local! {
    static VM: RefCell<Option<Vm>> = const { RefCell::new(None) };
}

/// Begins a VM of this module. Called once, from `_initialize`.
pub fn start(definition: Definition) {
    // SAFETY: defined by the linker for every module, takes nothing, and nothing has run before `_initialize`.
    unsafe { imports::__wasm_call_ctors() };
    VM.with_borrow_mut(|vm| *vm = Some(Vm::new(Rc::new(Envoy), definition)));
}

/// Runs a callback. The host never calls back into a callback, but if one did, it would get `otherwise` and no panic.
fn with<T>(otherwise: T, callback: impl FnOnce(&mut Vm) -> T) -> T {
    VM.with(|vm| match vm.try_borrow_mut() {
        Ok(mut vm) => match vm.as_mut() {
            Some(vm) => callback(vm),
            None => otherwise,
        },
        Err(_) => otherwise,
    })
}

/// FilterHeadersStatus: Continue, StopIteration, StopAllIterationAndWatermark.
fn headers_status(flow: HeadersFlow) -> u32 {
    match flow {
        HeadersFlow::Continue => 0,
        HeadersFlow::Hold => 1,
        HeadersFlow::Stop => 4,
    }
}

/// FilterDataStatus: Continue, StopIterationAndBuffer, StopIterationNoBuffer. FilterTrailersStatus has the first two.
fn body_status(flow: BodyFlow) -> u32 {
    match flow {
        BodyFlow::Continue => 0,
        BodyFlow::Hold => 1,
        BodyFlow::Drop => 3,
    }
}

fn size(size: u32) -> usize {
    usize::try_from(size).unwrap_or(usize::MAX)
}

macro_rules! callbacks {
    ($($(#[$doc:meta])* fn $name:ident($($argument:ident),*) $(-> $result:ty)? $body:block)+) => {
        $($(#[$doc])* #[unsafe(no_mangle)] extern "C" fn $name($($argument: u32),*) $(-> $result)? $body)+
    };
}

// What every module has. `proxy_on_done` is left out: nothing of ours is waited for, as the host then assumes.
callbacks! {
    /// Marks the version of the ABI.
    fn proxy_abi_version_0_2_1() {}

    /// A context came into being.
    fn proxy_on_context_create(id, parent) {
        with((), |vm| vm.create_context(id, parent));
    }

    /// The VM starts; there is no configuration of the VM.
    fn proxy_on_vm_start(_root, _size) -> u32 { 1 }

    /// A root's configuration is there.
    fn proxy_on_configure(root, configuration_size) -> u32 {
        let Ok(configuration) = calls::buffer(Buffer::PluginConfiguration, size(configuration_size)) else {
            return 0;
        };
        let environment = |name: &str| std::env::var(name).ok();
        u32::from(with(false, |vm| vm.configure(root, &configuration, &environment)))
    }

    /// Time passed.
    fn proxy_on_tick(root) {
        with((), |vm| vm.tick(root));
    }

    /// The request's headers are there.
    fn proxy_on_request_headers(id, _count, end) -> u32 {
        headers_status(with(HeadersFlow::Stop, |vm| vm.request_headers(id, end != 0)))
    }

    /// A context is gone.
    fn proxy_on_delete(id) {
        with((), |vm| vm.delete_context(id));
    }
}

/// The callbacks that a module has for the phases of its controls; `module!` gives them their names.
pub mod phases {
    use super::{
        BodyFlow, Buffer, CallAnswer, HeadersFlow, body_status, calls, headers_status, size, with,
    };

    /// Bytes of an answer to a call that are read, at most: above what any control takes, and memory of a VM never
    /// shrinks. Of a longer body a control gets so much, and finds it too long; half a message of gRPC is none.
    const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;
    /// The status of gRPC for what is too large.
    const RESOURCE_EXHAUSTED: u32 = 8;

    /// A part of the request's body is there.
    #[must_use]
    pub fn request_body(id: u32, bytes: u32, end: u32) -> u32 {
        body_status(with(BodyFlow::Hold, |vm| vm.request_body(id, size(bytes), end != 0)))
    }

    /// The request's trailers are there.
    #[must_use]
    pub fn request_trailers(id: u32) -> u32 {
        body_status(with(BodyFlow::Hold, |vm| vm.request_trailers(id)))
    }

    /// The response's headers are there.
    #[must_use]
    pub fn response_headers(id: u32, end: u32) -> u32 {
        headers_status(with(HeadersFlow::Continue, |vm| vm.response_headers(id, end != 0)))
    }

    /// A part of the response's body is there.
    #[must_use]
    pub fn response_body(id: u32, bytes: u32, end: u32) -> u32 {
        body_status(with(BodyFlow::Continue, |vm| vm.response_body(id, size(bytes), end != 0)))
    }

    /// The response's trailers are there.
    #[must_use]
    pub fn response_trailers(id: u32) -> u32 {
        body_status(with(BodyFlow::Continue, |vm| vm.response_trailers(id)))
    }

    /// An exchange is over.
    pub fn log(id: u32) {
        with((), |vm| vm.log(id));
    }

    /// The answer to an HTTP call is there; no headers mean that it failed.
    pub fn http_call_response(token: u32, headers: u32, body: u32) {
        let answer = if headers == 0 {
            CallAnswer::Failed { grpc_status: 0 }
        } else {
            let most = size(body).min(MAX_ANSWER_BYTES);
            let body = calls::buffer(Buffer::CallBody, most).unwrap_or_default();
            CallAnswer::Http { headers: calls::call_headers(), body }
        };
        with((), |vm| vm.call_done(token, &answer));
    }

    /// The message of a gRPC call is there.
    pub fn grpc_receive(token: u32, bytes: u32) {
        let answer = if size(bytes) > MAX_ANSWER_BYTES {
            CallAnswer::Failed { grpc_status: RESOURCE_EXHAUSTED }
        } else {
            match calls::buffer(Buffer::GrpcMessage, size(bytes)) {
                Ok(message) => CallAnswer::Grpc(message),
                Err(_) => CallAnswer::Failed { grpc_status: 2 },
            }
        };
        with((), |vm| vm.call_done(token, &answer));
    }

    /// A gRPC call ended without a message.
    pub fn grpc_close(token: u32, status: u32) {
        with((), |vm| vm.call_done(token, &CallAnswer::Failed { grpc_status: status }));
    }
}
