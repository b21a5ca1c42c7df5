//! Where memory comes from, and memory that the host fills: it asks for it by a callback, and hands it over as an answer.

use std::alloc::System;

use super::pool::Pool;

#[global_allocator]
static MEMORY: Pool<System> = Pool::new(System);

/// The host asks for `size` bytes to put an answer into.
///
/// Called back in the middle of our own calls, so it touches no state. Allocation failure ends the VM, as any does.
#[unsafe(no_mangle)]
extern "C" fn proxy_on_memory_allocate(size: usize) -> *mut u8 {
    let mut memory = std::mem::ManuallyDrop::new(Vec::<u8>::with_capacity(size));
    memory.as_mut_ptr()
}

/// An answer of the host: a place and a size, both untouched where there is none.
pub(super) struct Answer {
    data: *mut u8,
    size: usize,
}

impl Answer {
    pub(super) fn new() -> Self {
        Answer { data: std::ptr::null_mut(), size: 0 }
    }

    pub(super) fn data(&mut self) -> *mut *mut u8 {
        &raw mut self.data
    }

    pub(super) fn size(&mut self) -> *mut usize {
        &raw mut self.size
    }

    /// The bytes that the host put there.
    pub(super) fn take(self) -> Vec<u8> {
        if self.data.is_null() || self.size == 0 {
            return Vec::new();
        }
        // SAFETY: the host calls `proxy_on_memory_allocate(size)` for each answer and returns that pointer and size.
        // It was allocated there by `Vec::<u8>::with_capacity(size)`, whose capacity is exactly `size` for bytes, was
        // handed out once, and the host has filled all of it.
        unsafe { Vec::from_raw_parts(self.data, self.size, self.size) }
    }
}
