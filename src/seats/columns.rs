//! A batch's arguments as JavaScript gets them: columns, one call's after another's.
//!
//! Invariant: what of a call's arguments is no slot stays with the call until its batch ends, so
//! that a call which has not begun can go back to the queue whole.

use super::memory::Memory;
use super::{STATE_BUFFERS, STATE_TEXT};
use crate::bridge::Call;
use crate::limits::{BATCH_BUFFER_BYTES_MAX, BATCH_TEXT_BYTES_MAX};

pub(super) enum Columns {
    /// The one integer of each call of a plain function.
    Numbers {
        /// As the bits of a 64-bit integer, not as a double.
        bigint: bool,
    },
    Functions(Table),
}

/// The columns of functions by name, besides those that are typed arrays.
#[derive(Default)]
pub(super) struct Table {
    slots: usize,
    /// A JSON array of what is neither a slot nor a buffer; empty where there is nothing.
    text: Vec<u8>,
    buffers: usize,
    buffer_bytes: usize,
}

impl Columns {
    pub(super) fn of_numbers(bigint: bool) -> Self {
        Self::Numbers { bigint }
    }

    pub(super) fn of_functions() -> Self {
        Self::Functions(Table::default())
    }

    /// A batch begins, or has ended.
    pub(super) fn clear(&mut self) {
        if let Self::Functions(table) = self {
            table.slots = 0;
            table.text.clear();
            // One long text is no reason to hold so much for ever.
            table.text.shrink_to(BATCH_TEXT_BYTES_MAX);
            table.buffers = 0;
            table.buffer_bytes = 0;
        }
    }

    /// Adds the arguments of the batch's call number `index`. False: there is no room for them, and
    /// they wait for the next batch, the first of which has room for whatever it is.
    pub(super) fn add(&mut self, index: usize, call: &Call, memory: &mut Memory) -> bool {
        match self {
            Self::Numbers { bigint } => {
                let slot = if *bigint {
                    f64::from_bits(call.slots[0])
                } else {
                    as_double(call.number())
                };
                memory.slots.set(index, slot);
                true
            }
            Self::Functions(table) => table.add(index, call, memory),
        }
    }

    /// The batch is complete.
    pub(super) fn end(&mut self, memory: &mut Memory) {
        if let Self::Functions(table) = self {
            if let Some(last) = table.text.last_mut() {
                *last = b']';
            }
            memory.state.set(STATE_TEXT, as_length(table.text.len()));
            memory.state.set(STATE_BUFFERS, as_length(table.buffers));
        }
    }

    /// True: calls may have something that they have to let go of when their batch ends.
    pub(super) fn has_rest(&self) -> bool {
        matches!(self, Self::Functions(table) if !table.text.is_empty() || table.buffers > 0)
    }

    /// The JSON array, which is ASCII.
    pub(super) fn text(&self) -> &[u8] {
        match self {
            Self::Functions(table) => &table.text,
            Self::Numbers { .. } => &[],
        }
    }
}

impl Table {
    fn add(&mut self, index: usize, call: &Call, memory: &mut Memory) -> bool {
        if index > 0 && !self.has_room(call, memory.slots.len()) {
            return false;
        }
        memory.functions.set(index, call.function);
        memory.counts.set(index, call.count);
        // The first two, whether or not it has so many: `lib/` knows.
        for slot in call.slots.iter().chain(more_slots(call)) {
            memory.slots.set(self.slots, f64::from_bits(*slot));
            self.slots += 1;
        }
        if let Some(rest) = &call.rest {
            if self.text.is_empty() && !rest.text.is_empty() {
                self.text.push(b'[');
            }
            self.text.extend_from_slice(&rest.text);
            self.buffers += rest.buffers.len();
            self.buffer_bytes += rest.buffers.iter().map(Vec::len).sum::<usize>();
        }
        true
    }

    fn has_room(&self, call: &Call, slots_max: usize) -> bool {
        if self.slots + call.slots.len() + more_slots(call).len() > slots_max {
            return false;
        }
        call.rest.as_ref().is_none_or(|rest| {
            let buffer_bytes: usize = rest.buffers.iter().map(Vec::len).sum();
            self.text.len() + rest.text.len() <= BATCH_TEXT_BYTES_MAX
                && self.buffer_bytes + buffer_bytes <= BATCH_BUFFER_BYTES_MAX
        })
    }
}

fn more_slots(call: &Call) -> &[u64] {
    call.rest.as_ref().map_or(&[], |rest| &rest.slots)
}

/// Without `bigint`, requests beyond ±(2^53 − 1) are refused.
#[expect(clippy::cast_precision_loss, reason = "it is a safe integer")]
fn as_double(number: i64) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "it is a length")]
fn as_length(length: usize) -> f64 {
    length as f64
}
