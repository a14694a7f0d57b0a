//! A JSON value as a *tape*, from which JavaScript builds the value in less than half of the time
//! that `JSON.parse` takes.
//!
//! A tape is one buffer, in little-endian order. `lib/calls/tapes.js` reads it:
//!
//! ```text
//! 4 × u32     how many doubles, words and shapes there are; the last is 0
//! doubles
//! words       for each shape the length of its keys; then the value, depth first
//! characters  the keys of each shape, as `"a","b"`; then each short string once; all in ASCII
//! ```
//!
//! The lowest three bits of a word say what it is, the others are its operand. A *shape* is the
//! keys of an object in their order, so that the keys of equal records cross once, and are not
//! compared with each other again. Long strings, and those with other characters than plain ASCII,
//! are elements of the text.
//!
//! Invariant: what has been read is as valid as what `value` has read.

use super::keys::Keys;
use super::shapes::Shapes;
use super::short_strings::{self, ShortStrings};
use super::{DEPTH_MAX, Json, Scan, check_key, key_twice};
use crate::values::faults::Broken;
use crate::values::numbers::exact;

/// A shorter value is written as text: to begin with a tape takes as long.
const BYTES_MIN: usize = 2048;

/// A longer one, too, so that each count fits an operand.
const BYTES_MAX: usize = 1 << 28;

/// The most keys of one object. JavaScript engines keep larger ones as hash tables.
const KEYS_MAX: usize = 64;

/// So many values, and one for each key, pay for a shape, of which JavaScript looks up the template
/// or makes it.
const VALUES_PER_SHAPE: usize = 16;

/// At the start, so many values may be long strings, or be missing for the shapes met so far.
const GRACE: usize = 64;

/// An integer from −2^28 to 2^28 − 1.
const INTEGER: u32 = 0;
/// The next double.
const DOUBLE: u32 = 1;
/// As many of the next characters; from 16 on, the short string of the number that is less by 16.
const SHORT: u32 = 2;
/// The next element of the text.
const LONG: u32 = 3;
/// `null`, `false` or `true`.
const LITERAL: u32 = 4;
/// So many elements follow, all of them numbers.
const NUMBERS: u32 = 5;
/// So many elements follow.
const ARRAY: u32 = 6;
/// As many values follow as the shape of this number has keys.
const OBJECT: u32 = 7;

const OPERAND_SHIFT: u32 = 3;

/// Why there is no tape.
enum Stop {
    Broken(Box<Broken>),
    /// JavaScript would take longer than for the text.
    Unsuited,
}

type Taping<T> = Result<T, Stop>;

#[derive(Default)]
struct Tape {
    doubles: Vec<u8>,
    words: Vec<u32>,
    short: ShortStrings,
    shapes: Shapes,
    /// The keys of the open objects, each in quotes and with a colon after it.
    names: Vec<u8>,
    keys: Keys,
    /// For each depth the shape of the last object there: the next one is likely to be equal.
    likely: Vec<Option<u8>>,
    long_strings: usize,
}

impl Json<'_> {
    /// Reads a value within so many arrays and objects onto a tape, and its long strings into the
    /// text. `None`: the value should be written as text, and is still to be read.
    pub(in crate::values) fn tape(&mut self, depth: usize) -> Scan<Option<Vec<u8>>> {
        let tape = self.tape_of(depth)?;
        Ok(tape.map(Tape::into_bytes))
    }

    /// The same for an array that is the outermost value. Returns how many elements it has, too.
    pub(in crate::values) fn tape_of_array(&mut self) -> Scan<Option<(usize, Vec<u8>)>> {
        let tape = self.tape_of(0)?;
        Ok(tape.map(|tape| (tape.operand(), tape.into_bytes())))
    }

    fn tape_of(&mut self, depth: usize) -> Scan<Option<Tape>> {
        if !(BYTES_MIN..BYTES_MAX).contains(&self.rest().len()) {
            return Ok(None);
        }
        let (at, start) = (self.at, self.text.len());
        match Tape::of(self, depth) {
            Ok(tape) => Ok(Some(tape)),
            Err(Stop::Broken(broken)) => Err(broken),
            Err(Stop::Unsuited) => {
                self.at = at;
                self.text.truncate(start);
                Ok(None)
            }
        }
    }
}

impl Tape {
    fn of(json: &mut Json, depth: usize) -> Taping<Self> {
        let mut tape = Self::default();
        let bytes = json.rest().len();
        tape.words.reserve(bytes / 8);
        tape.short.characters.reserve(bytes / 8);
        tape.value(json, depth)?;
        tape.must_pay(0)?;
        Ok(tape)
    }

    /// Gives up if JavaScript would take longer than for the text: `JSON.parse` is quicker with
    /// long strings, and with objects that are all different.
    fn must_pay(&self, grace: usize) -> Taping<()> {
        let values = self.words.len() + grace;
        let costs = VALUES_PER_SHAPE * self.shapes.len() + self.shapes.keys();
        if values < costs || values < 2 * self.long_strings {
            return Err(Stop::Unsuited);
        }
        Ok(())
    }

    /// The operand of its first word.
    fn operand(&self) -> usize {
        let word = self.words.first().expect("it has a value");
        usize::try_from(word >> OPERAND_SHIFT).expect("it is below 2^29")
    }

    fn value(&mut self, json: &mut Json, depth: usize) -> Taping<()> {
        match json.peek() {
            Some(b'"') => self.string(json)?,
            Some(b'{') => self.object(json, depth)?,
            Some(b'[') => self.array(json, depth)?,
            Some(b'-' | b'0'..=b'9') => self.number(json)?,
            Some(b'n') => self.literal(json, b"null", 0)?,
            Some(b'f') => self.literal(json, b"false", 1)?,
            Some(b't') => self.literal(json, b"true", 2)?,
            _ => json.no_value()?,
        }
        Ok(())
    }

    #[inline]
    fn push(&mut self, kind: u32, operand: usize) {
        self.words.push(word(kind, operand));
    }

    fn literal(&mut self, json: &mut Json, literal: &[u8], operand: usize) -> Scan<()> {
        json.skip_word(literal)?;
        self.push(LITERAL, operand);
        Ok(())
    }

    fn number(&mut self, json: &mut Json) -> Scan<()> {
        let double = match json.small_integer() {
            Some(small) => match operand_of(small) {
                Some(operand) => {
                    self.words.push(operand << OPERAND_SHIFT | INTEGER);
                    return Ok(());
                }
                None => Some(exact(small)),
            },
            None => json.double()?,
        };
        let double = double.expect("a number was seen");
        self.doubles.extend_from_slice(&double.to_le_bytes());
        self.push(DOUBLE, 0);
        Ok(())
    }

    fn string(&mut self, json: &mut Json) -> Taping<()> {
        match json.plain_string() {
            Some(plain) if plain.len() <= short_strings::LENGTH_MAX => {
                let operand = self.short.put(plain);
                self.push(SHORT, operand);
                return Ok(());
            }
            Some(plain) => {
                json.text.push(b'"');
                json.text.extend_from_slice(plain);
                json.text.extend_from_slice(b"\",");
            }
            None => {
                json.string()?;
                json.text.push(b',');
            }
        }
        self.push(LONG, 0);
        self.long_strings += 1;
        self.must_pay(GRACE)
    }

    fn array(&mut self, json: &mut Json, depth: usize) -> Taping<()> {
        json.open(depth)?;
        let place = self.words.len();
        self.push(ARRAY, 0);
        let mut count = 0;
        let mut are_numbers = true;
        while json.advance(b']', count == 0)? {
            are_numbers &= matches!(json.peek(), Some(b'-' | b'0'..=b'9'));
            self.value(json, depth + 1)?;
            count += 1;
        }
        let kind = if are_numbers { NUMBERS } else { ARRAY };
        self.words[place] = word(kind, count);
        Ok(())
    }

    fn object(&mut self, json: &mut Json, depth: usize) -> Taping<()> {
        json.open(depth)?;
        let place = self.words.len();
        self.push(OBJECT, 0);
        let (first_key, names_start) = (self.keys.len(), self.names.len());
        let mut likely = self.likely.get(depth).copied().flatten();
        let mut count = 0;
        while json.advance(b'}', count == 0)? {
            if count == KEYS_MAX {
                return Err(Stop::Unsuited);
            }
            let expected = likely.and_then(|shape| self.shapes.key(shape, count));
            if expected.is_some_and(|key| json.skip_if(key)) {
                json.peek_token();
            } else {
                if let Some(shape) = likely.take() {
                    self.push_keys(shape, count, json.at);
                }
                self.key(json)?;
                json.colon()?;
            }
            self.value(json, depth + 1)?;
            count += 1;
        }
        let shape = match likely {
            Some(shape) if self.shapes.key(shape, count).is_none() => shape,
            other => {
                if let Some(shape) = other {
                    self.push_keys(shape, count, json.at);
                }
                self.end_keys(first_key, names_start)?
            }
        };
        if self.likely.len() <= depth {
            self.likely.resize(DEPTH_MAX, None);
        }
        self.likely[depth] = Some(shape);
        self.words[place] = word(OBJECT, usize::from(shape));
        Ok(())
    }

    /// The open object has the first `count` keys of this shape, and goes on otherwise. None of
    /// them is repeated, so it does not matter where they were.
    fn push_keys(&mut self, shape: u8, count: usize, at: usize) {
        for index in 0..count {
            let key = self.shapes.key(shape, index).expect("it has been read");
            let start = self.names.len() + 1;
            self.names.extend_from_slice(key);
            self.keys.push(start, self.names.len() - 2, at);
        }
    }

    /// Reads a key that was not expected. Not one that may be an index: V8 copies a template with
    /// such a property into an object with room for all properties of a lesser index.
    fn key(&mut self, json: &mut Json) -> Taping<()> {
        let at = json.at;
        json.key()?;
        let start = self.names.len() + 1;
        if let Some(plain) = json.plain_string() {
            self.names.push(b'"');
            self.names.extend_from_slice(plain);
            self.names.push(b'"');
        } else {
            let text_start = json.text.len();
            json.string()?;
            self.names.extend_from_slice(&json.text[text_start..]);
            json.text.truncate(text_start);
        }
        let end = self.names.len() - 1;
        check_key(&self.names[start..end], at)?;
        if self.names[start].is_ascii_digit() {
            return Err(Stop::Unsuited);
        }
        self.keys.push(start, end, at);
        self.names.push(b':');
        Ok(())
    }

    /// The shape of the object whose first key has this number and whose names begin there.
    fn end_keys(&mut self, first_key: usize, names_start: usize) -> Taping<u8> {
        let shape = self
            .shapes
            .find(self.keys.since(first_key), &self.names, names_start);
        if let Some(at) = self.keys.end(first_key, &self.names) {
            key_twice(at)?;
        }
        self.names.truncate(names_start);
        self.must_pay(GRACE)?;
        shape.ok_or(Stop::Unsuited)
    }

    fn into_bytes(self) -> Vec<u8> {
        let (keys, lengths) = self.shapes.written();
        let counts = [
            self.doubles.len() / size_of::<f64>(),
            lengths.len() + self.words.len(),
            lengths.len(),
            0,
        ];
        let counts = counts.map(|count| u32::try_from(count).expect("BYTES_MAX bounds it"));
        let words = counts.len() + lengths.len() + self.words.len();
        let length = words * size_of::<u32>()
            + self.doubles.len()
            + keys.len()
            + self.short.characters.len();
        let mut bytes = Vec::with_capacity(length);
        put_words(&mut bytes, &counts);
        bytes.extend_from_slice(&self.doubles);
        put_words(&mut bytes, &lengths);
        put_words(&mut bytes, &self.words);
        bytes.extend_from_slice(&keys);
        bytes.extend_from_slice(&self.short.characters);
        bytes
    }
}

impl From<Box<Broken>> for Stop {
    fn from(broken: Box<Broken>) -> Self {
        Self::Broken(broken)
    }
}

#[inline]
fn word(kind: u32, operand: usize) -> u32 {
    let operand = u32::try_from(operand).expect("BYTES_MAX bounds it");
    operand << OPERAND_SHIFT | kind
}

/// The integer as an operand with a sign, if it fits.
#[inline]
fn operand_of(integer: i64) -> Option<u32> {
    let integer = i32::try_from(integer).ok()?;
    let shifted = integer << OPERAND_SHIFT;
    (shifted >> OPERAND_SHIFT == integer).then_some(integer.cast_unsigned())
}

fn put_words(bytes: &mut Vec<u8>, words: &[u32]) {
    bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
}
