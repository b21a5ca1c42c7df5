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

/// FilterDataStatus and FilterTrailersStatus: Continue, StopIterationAndBuffer (StopIteration).
fn body_status(flow: BodyFlow) -> u32 {
    match flow {
        BodyFlow::Continue => 0,
        BodyFlow::Hold => 1,
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

    /// A part of the request's body is there.
    fn proxy_on_request_body(id, body_size, end) -> u32 {
        body_status(with(BodyFlow::Hold, |vm| vm.request_body(id, size(body_size), end != 0)))
    }

    /// The request's trailers are there.
    fn proxy_on_request_trailers(id, _count) -> u32 {
        body_status(with(BodyFlow::Hold, |vm| vm.request_trailers(id)))
    }

    /// The response's headers are there.
    fn proxy_on_response_headers(id, _count, end) -> u32 {
        headers_status(with(HeadersFlow::Continue, |vm| vm.response_headers(id, end != 0)))
    }

    /// A part of the response's body is there.
    fn proxy_on_response_body(id, body_size, end) -> u32 {
        body_status(with(BodyFlow::Continue, |vm| vm.response_body(id, size(body_size), end != 0)))
    }

    /// The response's trailers are there.
    fn proxy_on_response_trailers(id, _count) -> u32 {
        body_status(with(BodyFlow::Continue, |vm| vm.response_trailers(id)))
    }

    /// A context is to end; nothing is waited for.
    fn proxy_on_done(_id) -> u32 { 1 }

    /// An exchange is over.
    fn proxy_on_log(id) {
        with((), |vm| vm.log(id));
    }

    /// A context is gone.
    fn proxy_on_delete(id) {
        with((), |vm| vm.delete_context(id));
    }

    /// The answer to an HTTP call is there; no headers mean that it failed.
    fn proxy_on_http_call_response(_root, token, header_count, body_size, _trailers) {
        let answer = if header_count == 0 {
            CallAnswer::Failed { grpc_status: 0 }
        } else {
            let body = calls::buffer(Buffer::CallBody, size(body_size)).unwrap_or_default();
            CallAnswer::Http { headers: calls::call_headers(), body }
        };
        with((), |vm| vm.call_done(token, &answer));
    }

    /// The message of a gRPC call is there.
    fn proxy_on_grpc_receive(_root, token, message_size) {
        let answer = match calls::buffer(Buffer::GrpcMessage, size(message_size)) {
            Ok(message) => CallAnswer::Grpc(message),
            Err(_) => CallAnswer::Failed { grpc_status: 2 },
        };
        with((), |vm| vm.call_done(token, &answer));
    }

    /// A gRPC call ended without a message.
    fn proxy_on_grpc_close(_root, token, status) {
        with((), |vm| vm.call_done(token, &CallAnswer::Failed { grpc_status: status }));
    }
}
