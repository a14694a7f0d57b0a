//! Strict JSON (RFC 8259, I-JSON of RFC 7493), read once from its start to its end and written again
//! as compact ASCII.
//!
//! `body` and `path` are the callers: they read what a signature declares, and leave the rest to
//! `value`.
//!
//! Invariant: what has been read is sound: valid UTF-8, no lone surrogate, finite numbers, at most
//! `DEPTH_MAX` levels, no key twice, none that is `__proto__`.

mod keys;
mod strings;

use keys::Keys;

use super::faults::Broken;
use super::numbers::{self, SMALL_DIGITS_MAX};

/// Arrays and objects within each other, the outermost one included.
pub(super) const DEPTH_MAX: usize = 128;

pub(super) type Scan<T> = Result<T, Broken>;

/// A reader of one JSON text.
pub(super) struct Json<'a> {
    bytes: &'a [u8],
    /// How much has been read.
    at: usize,
    /// What has been written.
    pub(super) text: Vec<u8>,
    pub(super) keys: Keys,
}

impl<'a> Json<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            text: Vec::new(),
            keys: Keys::default(),
        }
    }

    /// How much has been read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Reads again from where `at` was so.
    pub(super) fn back_to(&mut self, at: usize) {
        self.at = at;
    }

    /// The next byte, which is not consumed.
    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The next byte that is no white space, which is not consumed.
    #[inline]
    pub(super) fn peek_token(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
        self.peek()
    }

    /// Consumes the byte that was peeked at.
    #[inline]
    pub(super) fn skip(&mut self) {
        self.at += 1;
    }

    pub(super) fn broken<T>(&self, why: &'static str) -> Scan<T> {
        self.broken_at(self.at, why)
    }

    #[cold]
    #[expect(clippy::unused_self, reason = "it is an end of a reader's method")]
    pub(super) fn broken_at<T>(&self, at: usize, why: &'static str) -> Scan<T> {
        Err(Broken { at, why })
    }

    /// Goes to the next element of an array or member of an object, or behind its end: then false.
    #[inline]
    pub(super) fn advance(&mut self, end: u8, is_first: bool) -> Scan<bool> {
        match self.peek_token() {
            Some(byte) if byte == end => {
                self.skip();
                Ok(false)
            }
            _ if is_first => Ok(true),
            Some(b',') => {
                self.skip();
                self.peek_token();
                Ok(true)
            }
            _ if end == b']' => self.broken("a comma or ] is missing"),
            _ => self.broken("a comma or } is missing"),
        }
    }

    /// Nothing but white space may follow.
    pub(super) fn end(&mut self) -> Scan<()> {
        match self.peek_token() {
            None => Ok(()),
            Some(_) => self.broken("something follows its end"),
        }
    }

    /// Reads and writes a value within so many arrays and objects.
    pub(super) fn value(&mut self, depth: usize) -> Scan<()> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'-' | b'0'..=b'9') => {
                let token = self.finite()?;
                self.text.extend_from_slice(token);
                Ok(())
            }
            Some(b't') => self.word(b"true"),
            Some(b'f') => self.word(b"false"),
            Some(b'n') => self.word(b"null"),
            _ if self.bytes[self.at..].starts_with("\u{feff}".as_bytes()) => {
                self.broken("a byte order mark is not allowed")
            }
            _ => self.broken("a value is missing"),
        }
    }

    /// Reads and writes a value that is all there is.
    pub(super) fn whole_value(&mut self) -> Scan<()> {
        self.peek_token();
        self.value(0)?;
        self.end()
    }

    fn word(&mut self, word: &[u8]) -> Scan<()> {
        self.skip_word(word)?;
        self.text.extend_from_slice(word);
        Ok(())
    }

    /// Reads `true`, `false` or `null`, whose first letter was seen.
    pub(super) fn skip_word(&mut self, word: &[u8]) -> Scan<()> {
        if !self.bytes[self.at..].starts_with(word) {
            return self.broken("a value is missing");
        }
        self.at += word.len();
        Ok(())
    }

    fn open(&mut self, depth: usize, bracket: u8) -> Scan<()> {
        if depth == DEPTH_MAX {
            return self.broken("it has more than 128 levels");
        }
        self.skip();
        self.text.push(bracket);
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Scan<()> {
        self.open(depth, b'[')?;
        let mut is_first = true;
        while self.advance(b']', is_first)? {
            if !is_first {
                self.text.push(b',');
            }
            self.value(depth + 1)?;
            is_first = false;
        }
        self.text.push(b']');
        Ok(())
    }

    fn object(&mut self, depth: usize) -> Scan<()> {
        self.open(depth, b'{')?;
        let first = self.keys.len();
        let mut is_first = true;
        while self.advance(b'}', is_first)? {
            if !is_first {
                self.text.push(b',');
            }
            let (at, start) = (self.at, self.text.len());
            self.key()?;
            self.string()?;
            self.keys.push(start, self.text.len(), at);
            self.check_key(&self.text[start + 1..self.text.len() - 1], at)?;
            self.colon()?;
            self.text.push(b':');
            self.value(depth + 1)?;
            is_first = false;
        }
        self.text.push(b'}');
        self.end_keys(first)
    }

    /// A key must be next.
    pub(super) fn key(&self) -> Scan<()> {
        match self.peek() {
            Some(b'"') => Ok(()),
            _ => self.broken("a key in double quotes is missing"),
        }
    }

    /// JavaScript gives this key a meaning of its own.
    pub(super) fn check_key(&self, key: &[u8], at: usize) -> Scan<()> {
        if key == b"__proto__" {
            return self.broken_at(at, "__proto__ is not allowed as a key");
        }
        Ok(())
    }

    pub(super) fn colon(&mut self) -> Scan<()> {
        if self.peek_token() != Some(b':') {
            return self.broken("a colon is missing");
        }
        self.skip();
        self.peek_token();
        Ok(())
    }

    pub(super) fn end_keys(&mut self, first: usize) -> Scan<()> {
        match self.keys.end(first, &self.text) {
            Some(at) => self.key_twice(at),
            None => Ok(()),
        }
    }

    pub(super) fn key_twice<T>(&self, at: usize) -> Scan<T> {
        self.broken_at(at, "a key is there twice")
    }

    /// Reads an integer of few digits that nobody could read otherwise, if the next value is one.
    /// It is a number of JSON's grammar, and the same as a double; `-0` is left to others.
    #[inline]
    pub(super) fn small_integer(&mut self) -> Option<i64> {
        let rest = &self.bytes[self.at..];
        let (is_negative, digits) = match rest {
            [b'-', digits @ ..] => (true, digits),
            digits => (false, digits),
        };
        let mut value = 0;
        let mut count = 0;
        while let Some(byte @ b'0'..=b'9') = digits.get(count) {
            if count == SMALL_DIGITS_MAX {
                return None;
            }
            value = value * 10 + i64::from(byte - b'0');
            count += 1;
        }
        let is_other = match digits.first() {
            Some(b'0') => count > 1 || is_negative,
            _ => count == 0,
        };
        if is_other || matches!(digits.get(count), Some(b'.' | b'e' | b'E')) {
            return None;
        }
        self.at += count + usize::from(is_negative);
        Some(if is_negative { -value } else { value })
    }

    /// Reads a number, if the next value is one.
    #[inline]
    pub(super) fn double_if_number(&mut self) -> Scan<Option<f64>> {
        if let Some(small) = self.small_integer() {
            return Ok(Some(numbers::exact(small)));
        }
        let token = self.finite_if_number()?;
        Ok(token.map(numbers::double))
    }

    /// Reads a number's token, if the next value is one.
    pub(super) fn finite_if_number(&mut self) -> Scan<Option<&'a [u8]>> {
        match self.peek() {
            Some(b'-' | b'0'..=b'9') => self.finite().map(Some),
            _ => Ok(None),
        }
    }

    /// The same, where its first byte was seen.
    fn finite(&mut self) -> Scan<&'a [u8]> {
        let at = self.at;
        let token = self.number()?;
        if numbers::is_finite(token) {
            Ok(token)
        } else {
            self.broken_at(at, "a number is beyond what a double holds")
        }
    }

    /// Reads a number's token, whose first byte was seen.
    pub(super) fn number(&mut self) -> Scan<&'a [u8]> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.skip();
        }
        if self.peek() == Some(b'0') {
            self.skip();
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.skip();
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.skip();
            if let Some(b'+' | b'-') = self.peek() {
                self.skip();
            }
            self.digits()?;
        }
        Ok(&self.bytes[start..self.at])
    }

    /// One at least.
    fn digits(&mut self) -> Scan<()> {
        let rest = &self.bytes[self.at..];
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            return self.broken("a digit is missing");
        }
        self.at += count;
        Ok(())
    }
}
