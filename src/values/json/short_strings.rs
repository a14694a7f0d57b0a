//! The short strings of a tape. One that repeats is there once, as `JSON.parse` makes it once.
//!
//! Invariant: each string that is passed is among the characters, or repeats one that is.

/// JavaScript keeps longer substrings as a view of all characters, which would stay in memory.
pub(super) const LENGTH_MAX: usize = 12;

/// The operand of a new string is its length, that of a repeated one its number and so many more.
const REPEATED: usize = 16;

/// How many strings are remembered. A repetition of another one is a new string.
const REMEMBERED: usize = 128;

pub(super) struct ShortStrings {
    /// The strings one after another, in ASCII.
    pub(super) characters: Vec<u8>,
    count: usize,
    remembered: [Option<Remembered>; REMEMBERED],
}

#[derive(Clone, Copy)]
struct Remembered {
    number: usize,
    start: usize,
    end: usize,
}

impl Default for ShortStrings {
    fn default() -> Self {
        Self {
            characters: Vec::new(),
            count: 0,
            remembered: [None; REMEMBERED],
        }
    }
}

impl ShortStrings {
    /// Adds the string, which is plain ASCII and not too long. Returns its operand.
    pub(super) fn put(&mut self, string: &[u8]) -> usize {
        let place = &mut self.remembered[place_of(string)];
        if let Some(known) = place
            && self.characters[known.start..known.end] == *string
        {
            return known.number + REPEATED;
        }
        let start = self.characters.len();
        self.characters.extend_from_slice(string);
        *place = Some(Remembered {
            number: self.count,
            start,
            end: self.characters.len(),
        });
        self.count += 1;
        string.len()
    }
}

/// Equal strings have the same place.
fn place_of(string: &[u8]) -> usize {
    let (Some(first), Some(last)) = (string.first(), string.last()) else {
        return 0;
    };
    let middle = string[string.len() / 2];
    let mixed = [(first, 7), (&middle, 31), (last, 61)].map(|(byte, by)| usize::from(*byte) * by);
    (mixed.iter().sum::<usize>() + string.len()) % REMEMBERED
}
