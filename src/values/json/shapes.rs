//! The shapes of a tape's objects: which keys, in which order.
//!
//! Invariant: no two shapes are equal. There are `SHAPES_MAX` at most, because JavaScript makes a
//! template of each that it has not met before.

use std::collections::HashMap;

use super::keys::Key;

/// The most shapes of one tape.
const SHAPES_MAX: usize = 64;

#[derive(Default)]
pub(super) struct Shapes {
    all: Vec<Shape>,
    /// By the text of the keys. Its hash is keyed at random.
    found: HashMap<Box<[u8]>, u8>,
    /// How many keys all of them have.
    keys: usize,
}

struct Shape {
    /// The keys, each in quotes and with a colon after it.
    text: Box<[u8]>,
    /// Where each of them ends.
    ends: Box<[usize]>,
}

impl Shapes {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn keys(&self) -> usize {
        self.keys
    }

    /// The keys of all shapes, each in quotes, with commas between those of one; and how long the
    /// text of each shape is.
    pub(super) fn written(&self) -> (Vec<u8>, Vec<u32>) {
        let mut text = Vec::new();
        let lengths = self.all.iter().map(|shape| {
            let start = text.len();
            text.extend_from_slice(&shape.text);
            for end in &shape.ends {
                text[start + end - 1] = b',';
            }
            if !shape.ends.is_empty() {
                text.pop();
            }
            u32::try_from(text.len() - start).expect("a value is shorter")
        });
        let lengths = lengths.collect();
        (text, lengths)
    }

    /// The shape's key of this number in quotes, with its colon, if it has as many.
    #[inline]
    pub(super) fn key(&self, shape: u8, index: usize) -> Option<&[u8]> {
        let Shape { text, ends } = &self.all[usize::from(shape)];
        let end = *ends.get(index)?;
        let start = if index == 0 { 0 } else { ends[index - 1] };
        Some(&text[start..end])
    }

    /// The shape of the object that has these keys, whose names begin at `start`. `None`: it would
    /// be one shape too many.
    pub(super) fn find(&mut self, keys: &[Key], names: &[u8], start: usize) -> Option<u8> {
        let text = &names[start..];
        if let Some(shape) = self.found.get(text) {
            return Some(*shape);
        }
        if self.all.len() == SHAPES_MAX {
            return None;
        }
        let number = u8::try_from(self.all.len()).expect("SHAPES_MAX bounds it");
        // Behind each key are its second quote and its colon.
        let ends = keys.iter().map(|key| key.end + 2 - start);
        self.all.push(Shape {
            text: text.into(),
            ends: ends.collect(),
        });
        self.found.insert(text.into(), number);
        self.keys += keys.len();
        Some(number)
    }
}
