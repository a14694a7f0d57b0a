//! Strings of a JSON text, with escapes, written in one form: in ASCII, or as a key.
//!
//! Invariant: the written characters are those that were read; they are valid UTF-8, without lone
//! surrogates.

use std::str;

use super::super::quote;
use super::super::runs::plain_ascii;
use super::{Json, Scan, broken_at};

/// The one form of a character.
type Form = fn(&mut Vec<u8>, char);

/// The form for keys. V8's `JSON.parse` may take an escaped key for another one that it has met
/// (nodejs/node#63785), so no more is escaped than has to be.
fn push_in_key(out: &mut Vec<u8>, character: char) {
    if character.is_ascii() {
        quote::push_ascii_character(out, character);
    } else {
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

impl<'a> Json<'a> {
    /// Reads a string that can be written unchanged, if the next value is one. Returns its content.
    #[inline]
    pub(in crate::values) fn plain_string(&mut self) -> Option<&'a [u8]> {
        let content = self.rest().strip_prefix(b"\"")?;
        let (plain, rest) = content.split_at(plain_ascii(content));
        if rest.first() != Some(&b'"') {
            return None;
        }
        self.at += plain.len() + 2;
        Some(plain)
    }

    /// Reads and writes a string, whose first quote was seen.
    pub(in crate::values) fn string(&mut self) -> Scan<()> {
        self.begin();
        self.any_string()?;
        self.copy();
        Ok(())
    }

    pub(super) fn any_string(&mut self) -> Scan<()> {
        self.string_in(quote::push_ascii_character)
    }

    /// The same for a key.
    pub(super) fn any_key_string(&mut self) -> Scan<()> {
        self.string_in(push_in_key)
    }

    fn string_in(&mut self, push: Form) -> Scan<()> {
        self.skip();
        loop {
            self.at += plain_ascii(self.rest());
            match self.peek() {
                Some(b'"') => {
                    self.skip();
                    return Ok(());
                }
                Some(b'\\') => {
                    self.copy();
                    let character = self.escape()?;
                    push(&mut self.text, character);
                }
                Some(0x80..) => {
                    self.copy();
                    self.beyond_ascii(push)?;
                }
                Some(_) => return self.broken("a control character is not escaped"),
                None => return self.broken("a string does not end"),
            }
            self.span = self.at;
        }
    }

    /// Reads and writes the characters up to the next one in ASCII.
    fn beyond_ascii(&mut self, push: Form) -> Scan<()> {
        let rest = self.rest();
        let length = rest.iter().position(u8::is_ascii).unwrap_or(rest.len());
        match str::from_utf8(&rest[..length]) {
            Ok(characters) => {
                for character in characters.chars() {
                    push(&mut self.text, character);
                }
                self.at += length;
                Ok(())
            }
            Err(error) => broken_at(self.at + error.valid_up_to(), "it is not UTF-8"),
        }
    }

    fn escape(&mut self) -> Scan<char> {
        let start = self.at;
        self.skip();
        let escaped = self.peek();
        self.skip();
        Ok(match escaped {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(start),
            _ => return no_escape(start),
        })
    }

    /// Reads the digits of `\uXXXX`, and the second half of a pair of surrogates.
    fn unicode_escape(&mut self, start: usize) -> Scan<char> {
        const LONE: &str = "a surrogate is unpaired";
        let first = self.four_digits(start)?;
        if let Some(character) = char::from_u32(first) {
            return Ok(character);
        }
        if first >= 0xdc00 || !self.rest().starts_with(b"\\u") {
            return broken_at(start, LONE);
        }
        let second_start = self.at;
        self.at += 2;
        let second = self.four_digits(second_start)?;
        if !(0xdc00..0xe000).contains(&second) {
            return broken_at(start, LONE);
        }
        let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        Ok(char::from_u32(code).expect("a pair of surrogates is a character"))
    }

    fn four_digits(&mut self, start: usize) -> Scan<u32> {
        let digits = self.rest().first_chunk::<4>();
        let digits = digits.map(|four| four.map(|digit| char::from(digit).to_digit(16)));
        let Some([Some(a), Some(b), Some(c), Some(d)]) = digits else {
            return no_escape(start);
        };
        self.at += 4;
        Ok(a << 12 | b << 8 | c << 4 | d)
    }
}

fn no_escape<T>(start: usize) -> Scan<T> {
    broken_at(start, "an escape is invalid")
}
