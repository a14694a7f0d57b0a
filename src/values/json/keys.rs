//! The keys of the objects that are open: no object may have one twice.
//!
//! Each key is pushed when it has been written. Keys are compared in written form, in which each
//! character has one form.
//!
//! Invariant: the cost is linear in the keys' bytes, even if an attacker has chosen them: a few are
//! compared with each other, and many go into a set whose hash is keyed at random.

use std::collections::HashSet;

/// Up to so many keys, comparing is quicker than hashing.
const PAIRWISE_MAX: usize = 16;

/// The keys of all open objects, those of the innermost one last.
#[derive(Default)]
pub(in crate::values) struct Keys(Vec<Key>);

pub(super) struct Key {
    /// Its bytes in the text, without the quotes.
    pub(super) start: usize,
    pub(super) end: usize,
    /// Where it was in the body.
    at: usize,
}

impl Keys {
    pub(in crate::values) fn len(&self) -> usize {
        self.0.len()
    }

    pub(in crate::values) fn push(&mut self, start: usize, end: usize, at: usize) {
        self.0.push(Key { start, end, at });
    }

    /// The keys from this number on.
    pub(super) fn since(&self, first: usize) -> &[Key] {
        &self.0[first..]
    }

    /// Ends the object whose first key has this number. Returns where in the body a key was
    /// repeated, if one was.
    pub(in crate::values) fn end(&mut self, first: usize, text: &[u8]) -> Option<usize> {
        let keys = &self.0[first..];
        let twice = if keys.len() <= PAIRWISE_MAX {
            twice_of_few(keys, text)
        } else {
            twice_of_many(keys, text)
        };
        self.0.truncate(first);
        twice
    }
}

fn twice_of_few(keys: &[Key], text: &[u8]) -> Option<usize> {
    let bytes = |key: &Key| &text[key.start..key.end];
    let is_twice = |(count, key): &(usize, &Key)| {
        let before = keys[..*count].iter();
        before.map(bytes).any(|earlier| earlier == bytes(key))
    };
    let twice = keys.iter().enumerate().find(is_twice);
    twice.map(|(_, key)| key.at)
}

fn twice_of_many(keys: &[Key], text: &[u8]) -> Option<usize> {
    let mut seen = HashSet::with_capacity(keys.len());
    let twice = keys
        .iter()
        .find(|key| !seen.insert(&text[key.start..key.end]));
    twice.map(|key| key.at)
}
