//! Checked arguments as they cross to the JavaScript thread.
//!
//! `body` and `path` fill `Columns` in the order in which arguments come; `bridge` and `binding`
//! copy what is made of them, `Arguments`, into a batch.
//!
//! Invariant: slots, text and buffers are in the order of the signature, whatever order the
//! arguments came in.

use std::mem;

use super::signature::Signature;
use crate::quota::Reservation;

/// Declared arguments that a function has at most.
pub const ARGUMENTS_MAX: usize = 32;

/// Set in `Arguments::count` when the arguments were sent as an object.
pub const BY_NAME: u8 = 0x80;

/// Set in `Arguments::count` when an argument before the last given one is absent: the first slot
/// is then a mask of those given, as a double.
pub const HOLES: u8 = 0x40;

/// `Arguments::count` of an undeclared function whose arguments are one JSON array in the text.
pub const UNPACKED: u8 = 0x3f;

/// The arguments of one call. Two numbers allocate nothing.
#[derive(Debug, Default)]
#[cfg_attr(test, derive(Clone, PartialEq))]
pub struct Arguments {
    /// How many arguments are given, up to the last given one; or `UNPACKED`. With flags.
    pub count: u8,
    /// The first two slots: the bits of a double, or an integer of 64 bits.
    pub slots: [u64; 2],
    /// What else there is.
    pub rest: Option<Box<Rest>>,
}

/// What few numbers do not need.
#[derive(Debug, Default)]
pub struct Rest {
    /// The slots from the third one on.
    pub slots: Vec<u64>,
    /// JSON values in ASCII, each followed by a comma.
    pub text: Vec<u8>,
    /// Bytes, and arrays of numbers in little-endian order.
    pub buffers: Vec<Vec<u8>>,
    /// The room that is reserved for it, where that is much.
    pub reserved: Option<Reservation>,
}

impl Rest {
    /// Bytes of the heap that it holds.
    #[must_use]
    pub fn memory(&self) -> usize {
        let buffers: usize = self.buffers.iter().map(Vec::capacity).sum();
        size_of::<Self>()
            + self.slots.capacity() * size_of::<u64>()
            + self.text.capacity()
            + self.buffers.capacity() * size_of::<Vec<u8>>()
            + buffers
    }
}

#[cfg(test)]
impl PartialEq for Rest {
    fn eq(&self, other: &Self) -> bool {
        self.slots == other.slots && self.text == other.text && self.buffers == other.buffers
    }
}

#[cfg(test)]
impl Clone for Rest {
    fn clone(&self) -> Self {
        Self {
            slots: self.slots.clone(),
            text: self.text.clone(),
            buffers: self.buffers.clone(),
            reserved: None,
        }
    }
}

/// Where a value crosses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    /// Eight bytes.
    Slot,
    /// An element of the JSON text.
    Text,
    /// A buffer of its own.
    Buffer,
}

/// Arguments on their way in, each at its index.
pub(super) struct Columns {
    /// Bit i is set exactly when argument i is given.
    given: u32,
    /// Of a slot its bits, of a text where it ends, of a buffer its place in `buffers`.
    values: [u64; ARGUMENTS_MAX],
    buffers: Vec<Vec<u8>>,
}

impl Columns {
    pub(super) fn new() -> Self {
        Self {
            given: 0,
            values: [0; ARGUMENTS_MAX],
            buffers: Vec::new(),
        }
    }

    pub(super) fn is_given(&self, index: usize) -> bool {
        self.given & (1 << index) != 0
    }

    pub(super) fn put_slot(&mut self, index: usize, bits: u64) {
        self.given |= 1 << index;
        self.values[index] = bits;
    }

    pub(super) fn put_double(&mut self, index: usize, value: f64) {
        self.put_slot(index, value.to_bits());
    }

    /// The argument is what was appended to the text since the one before it, up to `end`.
    pub(super) fn put_text(&mut self, index: usize, end: usize) {
        self.put_slot(index, end as u64);
    }

    pub(super) fn put_buffer(&mut self, index: usize, buffer: Vec<u8>) {
        self.put_slot(index, self.buffers.len() as u64);
        self.buffers.push(buffer);
    }

    /// What crosses, in the order of the signature.
    pub(super) fn finish(self, signature: &Signature, text: Vec<u8>) -> Arguments {
        let count = u32::BITS - self.given.leading_zeros();
        let mut slots = Slots::default();
        let mut flags = 0;
        if self.given & self.given.wrapping_add(1) != 0 {
            flags |= HOLES;
            slots.push(f64::from(self.given).to_bits());
        }
        for index in 0..count as usize {
            if self.is_given(index) && signature.arguments[index].kind.column() == Column::Slot {
                slots.push(self.values[index]);
            }
        }
        let count = u8::try_from(count).expect("32 at most");
        if text.is_empty() && self.buffers.is_empty() {
            return slots.finish(count | flags, Vec::new(), Vec::new());
        }
        let text = self.text_in_order(signature, text);
        let buffers = self.buffers_in_order(signature);
        slots.finish(count | flags, text, buffers)
    }

    /// The indices of the given arguments that cross so.
    fn given_as(&self, column: Column, signature: &Signature) -> impl Iterator<Item = usize> {
        let kinds = signature.arguments.iter().map(|known| known.kind);
        let is_given = |index: usize| self.is_given(index);
        kinds.enumerate().filter_map(move |(index, kind)| {
            (kind.column() == column && is_given(index)).then_some(index)
        })
    }

    fn text_in_order(&self, signature: &Signature, text: Vec<u8>) -> Vec<u8> {
        let end_of = |index: usize| usize::try_from(self.values[index]).expect("it was a length");
        if self
            .given_as(Column::Text, signature)
            .map(end_of)
            .is_sorted()
        {
            return text;
        }
        let mut came: Vec<usize> = self.given_as(Column::Text, signature).collect();
        came.sort_unstable_by_key(|index| end_of(*index));
        let mut starts = [0; ARGUMENTS_MAX];
        for pair in came.windows(2) {
            starts[pair[1]] = end_of(pair[0]);
        }
        let mut sorted = Vec::with_capacity(text.len());
        for index in self.given_as(Column::Text, signature) {
            sorted.extend_from_slice(&text[starts[index]..end_of(index)]);
        }
        sorted
    }

    fn buffers_in_order(mut self, signature: &Signature) -> Vec<Vec<u8>> {
        let places: Vec<u64> = self
            .given_as(Column::Buffer, signature)
            .map(|index| self.values[index])
            .collect();
        if places.is_sorted() {
            return self.buffers;
        }
        let place = |place: u64| usize::try_from(place).expect("it was an index");
        let places = places.into_iter().map(place);
        places.map(|at| mem::take(&mut self.buffers[at])).collect()
    }
}

/// Slots in order: two within the call, others on the heap.
#[derive(Default)]
pub(super) struct Slots {
    count: usize,
    first: [u64; 2],
    others: Vec<u64>,
}

impl Slots {
    pub(super) fn len(&self) -> usize {
        self.count
    }

    pub(super) fn push(&mut self, bits: u64) {
        match self.first.get_mut(self.count) {
            Some(slot) => *slot = bits,
            None => self.others.push(bits),
        }
        self.count += 1;
    }

    pub(super) fn finish(self, count: u8, mut text: Vec<u8>, buffers: Vec<Vec<u8>>) -> Arguments {
        let is_needed = !(self.others.is_empty() && text.is_empty() && buffers.is_empty());
        if text.capacity() > 2 * text.len() + 64 {
            text.shrink_to_fit();
        }
        Arguments {
            count,
            slots: self.first,
            rest: is_needed.then(|| {
                Box::new(Rest {
                    slots: self.others,
                    text,
                    buffers,
                    reserved: None,
                })
            }),
        }
    }
}
