//! The typed arrays that JavaScript and a seat share.

use std::ptr::NonNull;

use napi::bindgen_prelude::{Float64Array, Uint8Array, Uint16Array, Uint32Array};
use napi_derive::napi;

use crate::seats::memory::{Claims, Column, Memory};

/// The typed arrays that JavaScript and a seat share, as in [`Memory`]. No two of them share
/// memory.
#[napi(object, object_to_js = false)]
pub struct Arrays {
    pub ids: Float64Array,
    pub functions: Uint16Array,
    pub counts: Uint8Array,
    pub cells: Float64Array,
    pub result_ids: Float64Array,
    pub result_kinds: Uint8Array,
    pub result_values: Float64Array,
    pub result_texts: Uint8Array,
    pub state: Float64Array,
    /// Only for a worker: one element, which is accessed only atomically.
    pub claims: Option<Uint32Array>,
}

impl Arrays {
    /// Their memory, which may be used only as long as they are held.
    pub(super) fn memory(&self) -> Memory {
        Memory {
            ids: column(&self.ids),
            functions: column(&self.functions),
            counts: column(&self.counts),
            cells: column(&self.cells),
            result_ids: column(&self.result_ids),
            result_kinds: column(&self.result_kinds),
            result_values: column(&self.result_values),
            result_texts: column(&self.result_texts),
            state: column(&self.state),
            claims: self.claims.as_ref().map(|word| {
                let word = NonNull::from(&word[0]);
                // SAFETY: `new` asks for a word that stays, and is accessed atomically: the array
                // is held as long as the seat, and `lib/` uses `Atomics`.
                unsafe { Claims::new(word) }
            }),
        }
    }
}

fn column<T: Copy>(array: &[T]) -> Column<T> {
    let start = NonNull::from(array).cast();
    // SAFETY: `new` asks for elements that stay, and to which no other code writes meanwhile: the
    // array is held as long as the seat, `lib/` never detaches it, and its thread runs no
    // JavaScript in `next_batch`.
    unsafe { Column::new(start, array.len()) }
}
