//! What is handed out is as large as asked for and nobody else's, and goes back by the layout that it came by.

use std::alloc::System;
use std::cell::RefCell;
use std::collections::BTreeMap;

use super::*;

/// Knows of each block by which layout it was asked for.
#[derive(Default)]
struct Ledger(RefCell<BTreeMap<usize, Layout>>);

impl Ledger {
    fn bytes(&self) -> usize {
        self.0.borrow().values().map(Layout::size).sum()
    }

    fn enter(&self, block: *mut u8, layout: Layout) -> *mut u8 {
        assert!(self.0.borrow_mut().insert(block.addr(), layout).is_none());
        block
    }

    fn strike(&self, block: *mut u8, layout: Layout) {
        assert_eq!(self.0.borrow_mut().remove(&block.addr()), Some(layout));
    }
}

// SAFETY: hands on to the system's.
unsafe impl GlobalAlloc for Ledger {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller says.
        self.enter(unsafe { System.alloc(layout) }, layout)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        self.strike(block, layout);
        // SAFETY: as the caller says.
        unsafe { System.dealloc(block, layout) };
    }
}

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size, 1).unwrap()
}

#[test]
fn every_size_has_a_place_that_it_fits_into_and_sizes_in_order_have_places_in_order() {
    let mut last = Place { shelf: 0, size: STEP };
    for size in 1..=LARGEST {
        let place = Place::of(layout(size)).unwrap();
        assert!(place.size >= size && place.size - size < (size / SIZES_OF_A_POWER).max(STEP));
        assert_eq!(Place::of(layout(place.size)), Some(place), "{size}");
        let next = Place { shelf: last.shelf + 1, size: place.size };
        assert!(place == last || (place == next && size == last.size + 1), "{size}: {place:?}");
        last = place;
    }
    assert_eq!(last, Place { shelf: SIZES - 1, size: LARGEST });
    assert_eq!(Place::of(layout(LARGEST + 1)), None);
    assert_eq!(Place::of(layout(0)), None);
    let aligned = |align| Place::of(Layout::from_size_align(64, align).unwrap());
    assert!(aligned(ALIGN).is_some() && aligned(2 * ALIGN).is_none());
}

#[test]
fn blocks_are_nobody_elses_and_keep_what_is_in_them() {
    let pool = Pool::new(Ledger::default());
    let mut random = fastrand::Rng::with_seed(1);
    let mut next = |below: usize| random.usize(..below);
    // SAFETY: blocks are used within their sizes, and given back once, by their layouts.
    unsafe {
        let mut blocks: Vec<(*mut u8, Layout, u8)> = Vec::new();
        for step in 0..6_000_usize {
            let mark = u8::try_from(step % 251).unwrap();
            let size = 1 + if next(8) == 0 { next(2 * LARGEST) } else { next(2 * SMALL) };
            let layout = Layout::from_size_align(size, 1 << next(6)).unwrap();
            match next(4) {
                0 | 1 => {
                    let block = pool.alloc(layout);
                    block.write_bytes(mark, size);
                    blocks.push((block, layout, mark));
                }
                2 => {
                    let block = pool.alloc_zeroed(layout);
                    assert!((0..size).all(|place| block.add(place).read() == 0));
                    block.write_bytes(mark, size);
                    blocks.push((block, layout, mark));
                }
                _ if blocks.is_empty() => {}
                _ => {
                    let at = next(blocks.len());
                    let (block, old, mark) = blocks[at];
                    let new = Layout::from_size_align(size, old.align()).unwrap();
                    let block = pool.realloc(block, old, size);
                    assert_eq!(block.addr() % old.align(), 0);
                    let kept = old.size().min(size);
                    assert!((0..kept).all(|place| block.add(place).read() == mark));
                    block.write_bytes(mark, size);
                    blocks[at] = (block, new, mark);
                }
            }
            while blocks.len() > 200 {
                let (block, layout, mark) = blocks.swap_remove(next(blocks.len()));
                assert!((0..layout.size()).all(|place| block.add(place).read() == mark));
                pool.dealloc(block, layout);
            }
        }
        for (block, layout, _) in blocks {
            pool.dealloc(block, layout);
        }
    }
    let kept: usize = pool.shelves.iter().map(|shelf| shelf.bytes.get()).sum();
    assert_eq!(pool.behind.bytes(), kept, "all else went back");
}

#[test]
fn so_much_is_kept_of_a_size_and_no_more() {
    for size in [1, STEP, STEP + 1, SMALL, SMALL + 1, LARGEST] {
        let pool = Pool::new(Ledger::default());
        let place = Place::of(layout(size)).unwrap();
        let most = MOST_KEPT / place.size;
        // SAFETY: blocks are given back once, by their layouts.
        unsafe {
            let blocks: Vec<_> = (0..=most).map(|_| pool.alloc(layout(size))).collect();
            for block in &blocks {
                pool.dealloc(*block, layout(size));
            }
            assert_eq!(pool.behind.bytes(), most * place.size, "{size}");
            // The last that was kept comes first.
            let kept = blocks.get(most - 1).copied().unwrap();
            assert_eq!(pool.alloc(layout(size)), kept);
            assert!(!pool.alloc_zeroed(layout(size)).is_null());
            assert!(pool.behind.bytes() >= most * place.size);
        }
    }
    // What has no place goes through.
    let pool = Pool::new(Ledger::default());
    // SAFETY: the block is given back once, by its layout.
    unsafe {
        let block = pool.alloc(layout(LARGEST + 1));
        assert_eq!(pool.behind.bytes(), LARGEST + 1);
        pool.dealloc(block, layout(LARGEST + 1));
    }
    assert_eq!(pool.behind.bytes(), 0);
}
