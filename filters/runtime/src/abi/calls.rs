//! Each call into the host, with its status as a `Result`: none of them can panic.

use portcullis_control::control::Call;
use portcullis_control::headers::{Edit, FieldName, HeaderMap};
use portcullis_control::store::{SharedData, StoreError, Version};
use portcullis_control::surroundings::{SignatureCheck, Surroundings, Unavailable};

use super::imports;
use super::memory::Answer;
use crate::host::{Direction, Host, HostError, Level, LocalReply};
use crate::wire::{pairs, protobuf};

const NOT_FOUND: u32 = 1;
const CAS_MISMATCH: u32 = 8;

/// A version that no value has: 'only if the key is not there yet' (the host inserts an absent key whatever it is).
const ABSENT: u32 = u32::MAX;

/// Maps of the ABI.
#[derive(Clone, Copy)]
enum Map {
    RequestHeaders = 0,
    RequestTrailers = 1,
    ResponseHeaders = 2,
    ResponseTrailers = 3,
    CallHeaders = 6,
}

/// Buffers of the ABI.
#[derive(Clone, Copy)]
pub(super) enum Buffer {
    RequestBody = 0,
    ResponseBody = 1,
    CallBody = 4,
    GrpcMessage = 5,
    PluginConfiguration = 7,
}

/// Kinds of metrics of the ABI.
#[derive(Clone, Copy)]
enum Metric {
    Counter = 0,
    Gauge = 1,
}

fn check(status: u32) -> Result<(), HostError> {
    if status == 0 { Ok(()) } else { Err(HostError(status)) }
}

/// The host that this module runs in.
pub(super) struct Envoy;

pub(super) fn buffer(buffer: Buffer, max: usize) -> Result<Vec<u8>, HostError> {
    part(buffer, 0, max)
}

fn part(buffer: Buffer, start: usize, max: usize) -> Result<Vec<u8>, HostError> {
    let mut answer = Answer::new();
    // SAFETY: the two pointers are to fields of `answer`, which outlives the call.
    check(unsafe {
        imports::proxy_get_buffer_bytes(buffer as u32, start, max, answer.data(), answer.size())
    })?;
    Ok(answer.take())
}

pub(super) fn call_headers() -> HeaderMap {
    map(Map::CallHeaders)
}

fn map(map: Map) -> HeaderMap {
    let mut answer = Answer::new();
    // SAFETY: as in `buffer`.
    let status =
        unsafe { imports::proxy_get_header_map_pairs(map as u32, answer.data(), answer.size()) };
    if status == 0 { pairs::read(answer.take()) } else { HeaderMap::default() }
}

fn value(map: Map, name: &str) -> Option<Vec<u8>> {
    let mut answer = Answer::new();
    // SAFETY: the name is a live `str` that the host only reads; the other pointers are to fields of `answer`.
    let status = unsafe {
        imports::proxy_get_header_map_value(
            map as u32,
            name.as_ptr(),
            name.len(),
            answer.data(),
            answer.size(),
        )
    };
    (status == 0).then(|| answer.take())
}

fn remove(map: Map, name: &str) -> Result<(), HostError> {
    // SAFETY: pointer and length are of one live `str`, which the host only reads.
    check(unsafe { imports::proxy_remove_header_map_value(map as u32, name.as_ptr(), name.len()) })
}

fn edit(map: Map, change: &Edit) -> Result<(), HostError> {
    let write =
        |name: &FieldName,
         value: &[u8],
         function: unsafe extern "C" fn(u32, *const u8, usize, *const u8, usize) -> u32| {
            let name = name.as_str();
            // SAFETY: pointers and lengths are of live slices, which the host only reads.
            check(unsafe {
                function(map as u32, name.as_ptr(), name.len(), value.as_ptr(), value.len())
            })
        };
    match change {
        Edit::Set(name, value) => {
            write(name, value.as_bytes(), imports::proxy_replace_header_map_value)
        }
        Edit::Add(name, value) | Edit::Insert(name, value) => {
            write(name, value.as_bytes(), imports::proxy_add_header_map_value)
        }
        Edit::Remove(name) => remove(map, name.as_str()),
        Edit::Keep(..) => Ok(()),
    }
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0_u8; N];
    // SAFETY: the host writes at most `len` bytes to the array, which outlives the call.
    let _ = unsafe { imports::random_get(bytes.as_mut_ptr(), bytes.len()) };
    bytes
}

fn set_shared(key: &str, value: &[u8], cas: u32) -> Result<(), StoreError> {
    // SAFETY: pointers and lengths are of live slices, which the host only reads.
    match unsafe {
        imports::proxy_set_shared_data(key.as_ptr(), key.len(), value.as_ptr(), value.len(), cas)
    } {
        0 => Ok(()),
        CAS_MISMATCH => Err(StoreError::Changed),
        _ => Err(StoreError::Down),
    }
}

impl SharedData for Envoy {
    fn get(&self, key: &str) -> Result<Option<(Vec<u8>, Version)>, StoreError> {
        let mut answer = Answer::new();
        let mut cas = 0_u32;
        // SAFETY: the key is a live `str` that the host only reads; the other pointers are to locals that outlive the
        // call.
        let status = unsafe {
            imports::proxy_get_shared_data(
                key.as_ptr(),
                key.len(),
                answer.data(),
                answer.size(),
                &raw mut cas,
            )
        };
        match status {
            0 => Ok(Some((answer.take(), Version(cas)))),
            NOT_FOUND => Ok(None),
            _ => Err(StoreError::Down),
        }
    }

    fn set(&self, key: &str, value: &[u8], expected: Option<Version>) -> Result<(), StoreError> {
        set_shared(key, value, expected.map_or(ABSENT, |Version(cas)| cas))
    }

    fn set_always(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        set_shared(key, value, 0)
    }
}

impl Surroundings for Envoy {
    fn now(&self) -> u64 {
        let mut time = 0_u64;
        // SAFETY: the pointer is to a local that outlives the call.
        let status = unsafe { imports::proxy_get_current_time_nanoseconds(&raw mut time) };
        if status == 0 { time } else { 0 }
    }

    fn random(&self) -> u64 {
        u64::from_le_bytes(random())
    }

    fn random_bytes(&self) -> [u8; 16] {
        random()
    }

    fn shared(&self) -> &dyn SharedData {
        self
    }

    fn verify_signature(&self, signature: &SignatureCheck<'_>) -> Result<bool, Unavailable> {
        const NAME: &str = "verify_signature";
        let argument = protobuf::verify_signature_arguments(signature);
        let mut answer = Answer::new();
        // SAFETY: name and argument are live slices that the host only reads; the other pointers are to fields of
        // `answer`, which outlives the call.
        let status = unsafe {
            imports::proxy_call_foreign_function(
                NAME.as_ptr(),
                NAME.len(),
                argument.as_ptr(),
                argument.len(),
                answer.data(),
                answer.size(),
            )
        };
        check(status).map_err(|_| Unavailable)?;
        protobuf::verify_signature_result(&answer.take()).ok_or(Unavailable)
    }

    fn property(&self, path: &[&str]) -> Option<Vec<u8>> {
        let path = path.join("\0");
        let mut answer = Answer::new();
        // SAFETY: the path is a live `str` that the host only reads; the other pointers are to fields of `answer`.
        let status = unsafe {
            imports::proxy_get_property(path.as_ptr(), path.len(), answer.data(), answer.size())
        };
        (status == 0).then(|| answer.take())
    }

    fn request_headers(&self) -> HeaderMap {
        map(Map::RequestHeaders)
    }

    fn request_header(&self, name: &str) -> Option<Vec<u8>> {
        value(Map::RequestHeaders, name)
    }

    fn request_body(&self, start: usize, size: usize) -> Option<Vec<u8>> {
        part(Buffer::RequestBody, start, size).ok()
    }

    fn request_trailers(&self) -> HeaderMap {
        map(Map::RequestTrailers)
    }

    fn response_headers(&self) -> HeaderMap {
        map(Map::ResponseHeaders)
    }

    fn response_header(&self, name: &str) -> Option<Vec<u8>> {
        value(Map::ResponseHeaders, name)
    }

    fn response_trailers(&self) -> HeaderMap {
        map(Map::ResponseTrailers)
    }
}

impl Host for Envoy {
    fn edit_headers(&self, direction: Direction, change: &Edit) -> Result<(), HostError> {
        let map = match direction {
            Direction::Request => Map::RequestHeaders,
            Direction::Response => Map::ResponseHeaders,
        };
        edit(map, change)
    }

    fn remove_trailer(&self, direction: Direction, name: &str) -> Result<(), HostError> {
        let map = match direction {
            Direction::Request => Map::RequestTrailers,
            Direction::Response => Map::ResponseTrailers,
        };
        remove(map, name)
    }

    fn reply(&self, reply: &LocalReply<'_>) -> Result<(), HostError> {
        let headers = pairs::write(
            reply.headers.iter().map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes())),
        );
        // SAFETY: pointers and lengths are of live slices, which the host only reads.
        check(unsafe {
            imports::proxy_send_local_response(
                u32::from(reply.status),
                reply.details.as_ptr(),
                reply.details.len(),
                reply.body.as_ptr(),
                reply.body.len(),
                headers.as_ptr(),
                headers.len(),
                i32::try_from(reply.grpc_status).unwrap_or(2),
            )
        })
    }

    fn body(&self, direction: Direction, max: usize) -> Result<Vec<u8>, HostError> {
        match buffer(body_of(direction), max) {
            // A body that is not there is an empty one.
            Err(HostError(NOT_FOUND)) => Ok(Vec::new()),
            answer => answer,
        }
    }

    fn set_body(&self, direction: Direction, body: &[u8]) -> Result<(), HostError> {
        // SAFETY: pointer and length are of a live slice that the host only reads. A size past the end drains all.
        check(unsafe {
            imports::proxy_set_buffer_bytes(
                body_of(direction) as u32,
                0,
                usize::MAX,
                body.as_ptr(),
                body.len(),
            )
        })
    }

    fn close(&self, direction: Direction) -> Result<(), HostError> {
        // SAFETY: takes no pointers.
        check(unsafe { imports::proxy_close_stream(stream_of(direction)) })
    }

    fn resume(&self, direction: Direction) -> Result<(), HostError> {
        // SAFETY: takes no pointers.
        check(unsafe { imports::proxy_continue_stream(stream_of(direction)) })
    }

    fn set_property(&self, name: &str, value: &[u8]) -> Result<(), HostError> {
        // SAFETY: pointers and lengths are of live slices, which the host only reads.
        check(unsafe {
            imports::proxy_set_property(name.as_ptr(), name.len(), value.as_ptr(), value.len())
        })
    }

    fn call(&self, call: &Call) -> Result<u32, HostError> {
        let mut token = 0_u32;
        let status = match call {
            Call::Http { cluster, headers, body, timeout_ms } => {
                let headers = pairs::write(
                    headers.iter().map(|(name, value)| (name.as_bytes(), value.as_slice())),
                );
                let trailers = pairs::write(std::iter::empty());
                // SAFETY: all pointers but the last are of live slices that the host only reads; the last is to a
                // local that outlives the call.
                unsafe {
                    imports::proxy_http_call(
                        cluster.as_ptr(),
                        cluster.len(),
                        headers.as_ptr(),
                        headers.len(),
                        body.as_ptr(),
                        body.len(),
                        trailers.as_ptr(),
                        trailers.len(),
                        (*timeout_ms).max(1),
                        &raw mut token,
                    )
                }
            }
            Call::Grpc { cluster, service, method, message, timeout_ms } => {
                let target = protobuf::grpc_service(cluster);
                let metadata = pairs::write(std::iter::empty());
                // SAFETY: as above.
                unsafe {
                    imports::proxy_grpc_call(
                        target.as_ptr(),
                        target.len(),
                        service.as_ptr(),
                        service.len(),
                        method.as_ptr(),
                        method.len(),
                        metadata.as_ptr(),
                        metadata.len(),
                        message.as_ptr(),
                        message.len(),
                        (*timeout_ms).max(1),
                        &raw mut token,
                    )
                }
            }
        };
        check(status)?;
        Ok(token)
    }

    fn set_effective_context(&self, context: u32) -> Result<(), HostError> {
        // SAFETY: takes no pointers.
        check(unsafe { imports::proxy_set_effective_context(context) })
    }

    fn log(&self, level: Level, line: &str) {
        // SAFETY: pointer and length are of a live `str` that the host only reads.
        let _ = unsafe { imports::proxy_log(level as u32, line.as_ptr(), line.len()) };
    }

    fn log_level(&self) -> Level {
        let mut level = Level::Info as u32;
        // SAFETY: the pointer is to a local that outlives the call.
        let _ = unsafe { imports::proxy_get_log_level(&raw mut level) };
        match level {
            0 => Level::Trace,
            1 => Level::Debug,
            2 => Level::Info,
            3 => Level::Warn,
            4 => Level::Error,
            _ => Level::Critical,
        }
    }

    fn define_counter(&self, name: &str) -> Result<u32, HostError> {
        define_metric(Metric::Counter, name)
    }

    fn increment(&self, counter: u32, by: u64) -> Result<(), HostError> {
        // SAFETY: takes no pointers.
        check(unsafe {
            imports::proxy_increment_metric(counter, i64::try_from(by).unwrap_or(i64::MAX))
        })
    }

    fn define_gauge(&self, name: &str) -> Result<u32, HostError> {
        define_metric(Metric::Gauge, name)
    }

    fn set_gauge(&self, gauge: u32, value: u64) -> Result<(), HostError> {
        // SAFETY: takes no pointers.
        check(unsafe { imports::proxy_record_metric(gauge, value) })
    }

    fn set_tick_period(&self, milliseconds: u32) -> Result<(), HostError> {
        // SAFETY: takes no pointers.
        check(unsafe { imports::proxy_set_tick_period_milliseconds(milliseconds) })
    }
}

fn define_metric(kind: Metric, name: &str) -> Result<u32, HostError> {
    let mut id = 0_u32;
    // SAFETY: the name is a live `str` that the host only reads; `id` is a local that outlives the call.
    check(unsafe {
        imports::proxy_define_metric(kind as u32, name.as_ptr(), name.len(), &raw mut id)
    })?;
    Ok(id)
}

/// The stream's number in the calls that act on one.
const fn stream_of(direction: Direction) -> u32 {
    match direction {
        Direction::Request => 0,
        Direction::Response => 1,
    }
}

fn body_of(direction: Direction) -> Buffer {
    match direction {
        Direction::Request => Buffer::RequestBody,
        Direction::Response => Buffer::ResponseBody,
    }
}
