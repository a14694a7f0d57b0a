//! A batch's arguments as JavaScript gets them: in columns, one call's after another's.
//!
//! Invariant: the arguments of a call that take no cell stay with the call until its batch ends. So
//! a call that has not begun can go back to the queue whole.

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
    Functions(FunctionColumns),
}

/// The columns of functions by name that are not typed arrays.
#[derive(Default)]
pub(super) struct FunctionColumns {
    cells: usize,
    /// A JSON array of the arguments that are neither cells nor buffers; empty if there are none.
    text: Vec<u8>,
    buffers: usize,
    buffer_bytes: usize,
}

impl Columns {
    pub(super) fn of_numbers(bigint: bool) -> Self {
        Self::Numbers { bigint }
    }

    pub(super) fn of_functions() -> Self {
        Self::Functions(FunctionColumns::default())
    }

    /// A batch begins, or has ended.
    pub(super) fn clear(&mut self) {
        if let Self::Functions(columns) = self {
            columns.cells = 0;
            columns.text.clear();
            // One long text should not hold so much memory forever.
            columns.text.shrink_to(BATCH_TEXT_BYTES_MAX);
            columns.buffers = 0;
            columns.buffer_bytes = 0;
        }
    }

    /// Adds the arguments of the batch's call number `index`. False: there is no room, and the call
    /// waits for the next batch. The first call of a batch always has room.
    pub(super) fn add(&mut self, index: usize, call: &Call, memory: &mut Memory) -> bool {
        match self {
            Self::Numbers { bigint } => {
                let number = if *bigint {
                    f64::from_bits(call.cells[0])
                } else {
                    as_double(call.number())
                };
                memory.cells.set(index, number);
                true
            }
            Self::Functions(columns) => columns.add(index, call, memory),
        }
    }

    /// The batch is complete.
    pub(super) fn end(&mut self, memory: &mut Memory) {
        if let Self::Functions(columns) = self {
            if let Some(last) = columns.text.last_mut() {
                *last = b']';
            }
            memory.state.set(STATE_TEXT, as_length(columns.text.len()));
            memory.state.set(STATE_BUFFERS, as_length(columns.buffers));
        }
    }

    /// True: calls may hold memory that they must free when their batch ends.
    pub(super) fn has_rest(&self) -> bool {
        matches!(self, Self::Functions(columns) if !columns.text.is_empty() || columns.buffers > 0)
    }

    /// The JSON array, which is UTF-8, and mostly ASCII.
    pub(super) fn text(&self) -> &[u8] {
        match self {
            Self::Functions(columns) => &columns.text,
            Self::Numbers { .. } => &[],
        }
    }
}

impl FunctionColumns {
    fn add(&mut self, index: usize, call: &Call, memory: &mut Memory) -> bool {
        if index > 0 && !self.has_room(call, memory.cells.len()) {
            return false;
        }
        memory.functions.set(index, call.function);
        memory.counts.set(index, call.count);
        // Two cells, even if the call has fewer arguments: `lib/` knows that.
        for bits in call.cells.iter().chain(more_cells(call)) {
            memory.cells.set(self.cells, f64::from_bits(*bits));
            self.cells += 1;
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

    fn has_room(&self, call: &Call, cells_max: usize) -> bool {
        if self.cells + call.cells.len() + more_cells(call).len() > cells_max {
            return false;
        }
        call.rest.as_ref().is_none_or(|rest| {
            let buffer_bytes: usize = rest.buffers.iter().map(Vec::len).sum();
            self.text.len() + rest.text.len() <= BATCH_TEXT_BYTES_MAX
                && self.buffer_bytes + buffer_bytes <= BATCH_BUFFER_BYTES_MAX
        })
    }
}

fn more_cells(call: &Call) -> &[u64] {
    call.rest.as_ref().map_or(&[], |rest| &rest.cells)
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
