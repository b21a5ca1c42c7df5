//! Blocks of memory that were given back, kept by size for who asks next.
//!
//! A request asks for the same sizes as the one before it, and gives all of them back. Kept here they are the same bytes
//! again, which the caches still have, for a dozen instructions; the allocator behind it takes several times as many, and
//! hands other places out as it joins and splits what is free.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::ptr;

/// Small blocks differ by so many bytes.
const STEP: usize = 16;
/// Up to here, and as many sizes of small blocks; nearly all of a request's are.
const SMALL: usize = 1_024;
const SMALL_SIZES: usize = SMALL / STEP;
/// Larger blocks have so many sizes between one power of two and the next: a fifth of one is unused at most.
const SIZES_OF_A_POWER: usize = 4;
/// The largest that is kept: a chunk of a body, or a value that a rule looks at. Those above are few.
const LARGEST: usize = 64 * 1_024;
const POWERS: usize = (LARGEST / SMALL).ilog2() as usize;
const SIZES: usize = SMALL_SIZES + POWERS * SIZES_OF_A_POWER;
/// Bytes that are kept of one size, at most: one request may ask for thousands of blocks of one size and the next for
/// thousands of another, and memory of a VM never shrinks. Of all sizes together this is 5.5 MiB.
const MOST_KEPT: usize = 64 * 1_024;
/// Of every block that may be kept, at least.
const ALIGN: usize = 8;

/// An allocator that keeps what is given back, before another one.
///
/// For one thread: it is [`Sync`] only where there is no other.
pub(super) struct Pool<A> {
    behind: A,
    shelves: [Shelf; SIZES],
}

/// Free blocks of one size, each of which begins with the place of the next.
struct Shelf {
    first: Cell<*mut Free>,
    bytes: Cell<usize>,
}

impl Shelf {
    const fn new() -> Self {
        Shelf { first: Cell::new(ptr::null_mut()), bytes: Cell::new(0) }
    }
}

struct Free {
    next: *mut Free,
}

/// Where a block belongs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Place {
    shelf: usize,
    /// Its size, that of every block of the shelf.
    size: usize,
}

impl Place {
    /// The place of a block that somebody wants like that; none where it is too large or has to lie on a larger boundary.
    #[inline]
    fn of(layout: Layout) -> Option<Self> {
        // Of a size of 0, which nobody should ask for, it is the largest number.
        let last = layout.size().wrapping_sub(1);
        if layout.align() > ALIGN || last >= LARGEST {
            return None;
        }
        if last < SMALL {
            let shelf = last / STEP;
            return Some(Place { shelf, size: (shelf + 1) * STEP });
        }
        let power = last.ilog2();
        let step = (1 << power) / SIZES_OF_A_POWER;
        // At least 4 and at most 7 of them are in `last`.
        let steps = last / step;
        let powers = power.saturating_sub(SMALL.ilog2()) as usize;
        let shelf = SMALL_SIZES + powers * SIZES_OF_A_POWER + steps - SIZES_OF_A_POWER;
        Some(Place { shelf, size: (steps + 1) * step })
    }

    /// What the allocator behind is asked for.
    fn layout(self) -> Layout {
        // SAFETY: the alignment is a power of two, and the size is at most `LARGEST`.
        unsafe { Layout::from_size_align_unchecked(self.size, ALIGN) }
    }
}

impl<A> Pool<A> {
    /// A pool that has nothing yet.
    pub(super) const fn new(behind: A) -> Self {
        Pool { behind, shelves: [const { Shelf::new() }; SIZES] }
    }

    /// A block that was given back.
    #[inline]
    fn take(&self, place: Place) -> Option<*mut u8> {
        let shelf = self.shelves.get(place.shelf)?;
        let block = shelf.first.get();
        if block.is_null() {
            return None;
        }
        // SAFETY: only `keep` puts blocks onto a shelf: nobody else has them, and each begins with a `Free`.
        shelf.first.set(unsafe { (*block).next });
        shelf.bytes.set(shelf.bytes.get() - place.size);
        Some(block.cast())
    }

    /// Keeps a block; false if there are enough of its size.
    ///
    /// # Safety
    /// It is of `behind`, by the place's layout, and nobody uses it any more.
    #[inline]
    unsafe fn keep(&self, place: Place, block: *mut u8) -> bool {
        let Some(shelf) = self.shelves.get(place.shelf) else { return false };
        let bytes = shelf.bytes.get() + place.size;
        if bytes > MOST_KEPT {
            return false;
        }
        let block = block.cast::<Free>();
        // SAFETY: the block has at least `STEP` bytes on a boundary of `ALIGN`, which are enough for a `Free`, and nobody
        // else uses them.
        unsafe { block.write(Free { next: shelf.first.get() }) };
        shelf.first.set(block);
        shelf.bytes.set(bytes);
        true
    }
}

// SAFETY: a block that is handed out is of the allocator behind, by a layout that is at least as large as what was asked
// for and on as large a boundary; it comes from a shelf only after it was given back, and then from no other place. It is
// given back to the allocator behind by the layout that it was asked for: the place of a layout is always the same one.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Pool<A> {
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(place) = Place::of(layout) else {
            // SAFETY: as the caller says of the layout.
            return unsafe { self.behind.alloc(layout) };
        };
        // SAFETY: the place's size is not 0.
        self.take(place).unwrap_or_else(|| unsafe { self.behind.alloc(place.layout()) })
    }

    #[inline(never)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let Some(place) = Place::of(layout) else {
            // SAFETY: as the caller says; `alloc` asked for it by this layout.
            unsafe { self.behind.dealloc(block, layout) };
            return;
        };
        // SAFETY: the caller gives it back, and `alloc` asked for it by the place's layout.
        unsafe {
            if !self.keep(place, block) {
                self.behind.dealloc(block, place.layout());
            }
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if Place::of(layout).is_none() {
            // SAFETY: as the caller says of the layout.
            return unsafe { self.behind.alloc_zeroed(layout) };
        }
        // SAFETY: as the caller says of the layout; what comes is as large as it, or null.
        unsafe {
            let block = self.alloc(layout);
            if !block.is_null() {
                block.write_bytes(0, layout.size());
            }
            block
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller says that a layout of this size is valid.
        let new = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        match (Place::of(layout), Place::of(new)) {
            // SAFETY: as the caller says; `alloc` asked for it by this layout.
            (None, None) => unsafe { self.behind.realloc(block, layout, size) },
            (Some(old), Some(new)) if old == new => block,
            // SAFETY: both blocks are as large as what is copied, and apart, as one is the caller's and one is new; the
            // old one is given back by its layout, once.
            _ => unsafe {
                let other = self.alloc(new);
                if !other.is_null() {
                    ptr::copy_nonoverlapping(block, other, layout.size().min(size));
                    self.dealloc(block, layout);
                }
                other
            },
        }
    }
}

// SAFETY: without atomics a module of wasm has one thread.
#[cfg(all(target_arch = "wasm32", not(target_feature = "atomics")))]
unsafe impl<A: Sync> Sync for Pool<A> {}

#[cfg(test)]
mod tests;
