//! The typed arrays that a worker has in JavaScript, for a worker that a test plays.
#![expect(unsafe_code, reason = "two sides share memory by its address")]

use std::cell::UnsafeCell;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::seats::memory::{Claims, Column, Memory};

/// A batch's cells besides two for each call, so that any one call fits.
const MORE_CELLS: usize = 33;

pub(super) struct Array<T>(Box<[UnsafeCell<T>]>);

// SAFETY: the tests are about which thread reads and writes it, and when.
unsafe impl<T: Send> Sync for Array<T> {}

impl<T: Copy + Default> Array<T> {
    fn new(length: usize) -> Self {
        Self((0..length).map(|_| UnsafeCell::default()).collect())
    }

    fn column(&self) -> Column<T> {
        let start = NonNull::from(&*self.0).cast();
        // SAFETY: the elements stay where they are for as long as the arrays, which a player keeps
        // for as long as its seat, and the two sides take turns as in production.
        unsafe { Column::new(start, self.0.len()) }
    }

    pub(super) fn get(&self, index: usize) -> T {
        // SAFETY: the element is there, and no thread writes to it meanwhile.
        unsafe { self.0[index].get().read() }
    }

    pub(super) fn set(&self, index: usize, value: T) {
        // SAFETY: the element is there, and no thread reads it before it is announced.
        unsafe { self.0[index].get().write(value) }
    }
}

pub(super) struct Arrays {
    pub(super) ids: Array<f64>,
    pub(super) functions: Array<u16>,
    pub(super) counts: Array<u8>,
    pub(super) cells: Array<f64>,
    pub(super) result_ids: Array<f64>,
    pub(super) result_kinds: Array<u8>,
    pub(super) result_values: Array<f64>,
    pub(super) result_texts: Array<u8>,
    pub(super) state: Array<f64>,
    pub(super) claims: Option<Box<AtomicU32>>,
}

impl Arrays {
    /// For batches of `size` calls, and results with `text_bytes` bytes of texts.
    pub(super) fn new(size: usize, text_bytes: usize, has_claims: bool) -> Self {
        Self {
            ids: Array::new(size),
            functions: Array::new(size),
            counts: Array::new(size),
            cells: Array::new(2 * size + MORE_CELLS),
            result_ids: Array::new(size),
            result_kinds: Array::new(size),
            result_values: Array::new(size),
            result_texts: Array::new(text_bytes),
            state: Array::new(3),
            claims: has_claims.then(Box::default),
        }
    }

    pub(super) fn memory(&self) -> Memory {
        Memory {
            ids: self.ids.column(),
            functions: self.functions.column(),
            counts: self.counts.column(),
            cells: self.cells.column(),
            result_ids: self.result_ids.column(),
            result_kinds: self.result_kinds.column(),
            result_values: self.result_values.column(),
            result_texts: self.result_texts.column(),
            state: self.state.column(),
            claims: self.claims.as_ref().map(|word| {
                let word = NonNull::new(word.as_ptr()).expect("the address of a word");
                // SAFETY: the word stays as long as the arrays, and both sides use it atomically.
                unsafe { Claims::new(word) }
            }),
        }
    }

    /// Adds to the claims, and returns the word before that; 0 if no other thread may take calls.
    pub(super) fn claim(&self, added: u32) -> u32 {
        let word = self.claims.as_ref();
        word.map_or(0, |word| word.fetch_add(added, Ordering::SeqCst))
    }
}
