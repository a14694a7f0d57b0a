//! Checked arguments, in the form in which they cross to the JavaScript thread.
//!
//! `body` and `path` fill `Columns`, which become `Arguments`. `bridge` and `binding` copy those
//! into a batch.
//!
//! A *cell* is 8 bytes: the bits of a double or of a 64-bit integer.
//!
//! Invariant: cells, text and buffers are in the order of the signature, whatever the order in
//! which the arguments were sent.

use std::mem;

use crate::quota::Reservation;

/// The most declared arguments that a function may have.
pub const ARGUMENTS_MAX: usize = 32;

/// Set in `Arguments::count` when the arguments were sent as an object.
pub const BY_NAME: u8 = 0x80;

/// Set in `Arguments::count` when an argument before the last given one is absent: the first cell
/// is then a mask of those given, as a double.
pub const HOLES: u8 = 0x40;

/// `Arguments::count` of an undeclared function whose arguments are one JSON array.
pub const UNPACKED: u8 = 0x3f;

/// The arguments of one call. Two numbers allocate nothing.
#[derive(Debug, Default)]
#[cfg_attr(test, derive(Clone, PartialEq))]
pub struct Arguments {
    /// How many arguments are given, up to the last given one; or `UNPACKED`. With flags.
    pub count: u8,
    /// The first two cells: the bits of a double, or an integer of 64 bits.
    pub cells: [u64; 2],
    /// All other arguments.
    pub rest: Option<Box<Rest>>,
}

/// The parts that a few numbers do not need.
#[derive(Debug, Default)]
pub struct Rest {
    /// The cells from the third one on.
    pub cells: Vec<u64>,
    /// JSON values, each followed by a comma. Only keys may have characters beyond ASCII.
    pub text: Vec<u8>,
    /// Bytes, and arrays of numbers in little-endian order.
    pub buffers: Vec<Vec<u8>>,
    /// The memory reserved for it, if it is large.
    pub reserved: Option<Reservation>,
}

impl Rest {
    /// Frees memory that only its growth needed.
    pub fn shrink(&mut self) {
        self.text.shrink_to_fit();
        for buffer in &mut self.buffers {
            buffer.shrink_to_fit();
        }
    }

    /// Bytes of the heap that its contents take. A body that is one argument takes its own length,
    /// so that a limit of so many bodies has room for them.
    #[must_use]
    pub fn memory(&self) -> usize {
        let buffers: usize = self.buffers.iter().map(Vec::capacity).sum();
        self.cells.capacity() * size_of::<u64>() + self.text.capacity() + buffers
    }
}

#[cfg(test)]
impl PartialEq for Rest {
    fn eq(&self, other: &Self) -> bool {
        self.cells == other.cells && self.text == other.text && self.buffers == other.buffers
    }
}

#[cfg(test)]
impl Clone for Rest {
    fn clone(&self) -> Self {
        Self {
            cells: self.cells.clone(),
            text: self.text.clone(),
            buffers: self.buffers.clone(),
            reserved: None,
        }
    }
}

/// Arguments that are being read, except their text.
#[derive(Default)]
pub(super) struct Columns {
    /// Bit i is set exactly when argument i is given.
    given: u32,
    cells: Cells,
    buffers: Vec<Vec<u8>>,
}

impl Columns {
    #[inline]
    pub(super) fn put_cell(&mut self, index: usize, bits: u64) {
        self.give(index);
        self.cells.push(bits);
    }

    #[inline]
    pub(super) fn put_double(&mut self, index: usize, value: f64) {
        self.put_cell(index, value.to_bits());
    }

    pub(super) fn put_boolean(&mut self, index: usize, value: bool) {
        self.give(index);
        self.cells.push_boolean(value);
    }

    /// The argument was appended to the text.
    pub(super) fn put_text(&mut self, index: usize) {
        self.give(index);
    }

    /// The argument is a JSON value that was appended to the text, or of which that has only the
    /// long strings, and the tape has the rest. Its cell tells which.
    pub(super) fn put_json(&mut self, index: usize, tape: Option<Vec<u8>>) {
        self.put_boolean(index, tape.is_some());
        self.buffers.extend(tape);
    }

    pub(super) fn put_buffer(&mut self, index: usize, mut buffer: Vec<u8>) {
        self.give(index);
        trim(&mut buffer);
        self.buffers.push(buffer);
    }

    pub(super) fn is_given(&self, index: usize) -> bool {
        self.given & (1 << index) != 0
    }

    fn give(&mut self, index: usize) {
        self.given |= 1 << index;
    }

    /// The arguments that were put so far.
    #[inline]
    pub(super) fn finish(&mut self, text: &mut Vec<u8>) -> Arguments {
        let count = u32::BITS - self.given.leading_zeros();
        let mut count = u8::try_from(count).expect("32 at most");
        if self.given & self.given.wrapping_add(1) != 0 {
            count |= HOLES;
            self.cells.push_first(f64::from(self.given).to_bits());
        }
        self.cells.finish(count, text, &mut self.buffers)
    }
}

/// Cells in order: two within the call, others on the heap.
#[derive(Default)]
pub(super) struct Cells {
    count: usize,
    first: [u64; 2],
    others: Vec<u64>,
}

impl Cells {
    pub(super) fn len(&self) -> usize {
        self.count
    }

    #[inline]
    pub(super) fn push(&mut self, bits: u64) {
        match self.first.get_mut(self.count) {
            Some(cell) => *cell = bits,
            None => self.others.push(bits),
        }
        self.count += 1;
    }

    pub(super) fn push_boolean(&mut self, value: bool) {
        self.push(f64::from(u8::from(value)).to_bits());
    }

    fn push_first(&mut self, bits: u64) {
        if self.count >= self.first.len() {
            self.others.insert(0, self.first[1]);
        }
        self.first = [bits, self.first[0]];
        self.count += 1;
    }

    #[inline]
    pub(super) fn finish(
        &mut self,
        count: u8,
        text: &mut Vec<u8>,
        buffers: &mut Vec<Vec<u8>>,
    ) -> Arguments {
        let is_needed = self.count > self.first.len() || !text.is_empty() || !buffers.is_empty();
        Arguments {
            count,
            cells: self.first,
            rest: is_needed.then(|| {
                trim(text);
                Box::new(Rest {
                    cells: mem::take(&mut self.others),
                    text: mem::take(text),
                    buffers: mem::take(buffers),
                    reserved: None,
                })
            }),
        }
    }
}

/// Frees spare capacity if it is larger than the contents.
fn trim(bytes: &mut Vec<u8>) {
    if bytes.capacity() > 2 * bytes.len() + 64 {
        bytes.shrink_to_fit();
    }
}
