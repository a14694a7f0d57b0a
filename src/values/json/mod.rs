//! Strict JSON (RFC 8259, I-JSON of RFC 7493), read once from its start to its end and written
//! again, compact and, except for keys, in ASCII.
//!
//! `read`, `body`, `path` and `undeclared` are the callers: they read what a signature declares,
//! and leave the rest to `tape` or `value`. Text that is written unchanged is copied by spans, not
//! by tokens.
//!
//! Invariant: what has been read is valid: UTF-8, no lone surrogate, finite numbers, at most
//! `DEPTH_MAX` levels, no repeated key, and no key `__proto__`.

mod keys;
mod shapes;
mod short_strings;
mod strings;
mod tape;
mod tokens;

use keys::Keys;

use super::faults::Broken;

/// Arrays and objects within each other, the outermost one included.
pub(super) const DEPTH_MAX: usize = 128;

/// The value read, or why the text is no JSON. That is rare, and should take no room.
pub(super) type Scan<T> = Result<T, Box<Broken>>;

/// A reader of one JSON text.
pub(super) struct Json<'a> {
    source: &'a [u8],
    /// How much has been read.
    at: usize,
    /// While a value is written: the bytes from here to `at` are to be copied unchanged.
    span: usize,
    /// What has been written.
    pub(super) text: Vec<u8>,
    pub(super) keys: Keys,
}

impl<'a> Json<'a> {
    pub(super) fn new(source: &'a [u8]) -> Self {
        Self {
            source,
            at: 0,
            span: 0,
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

    pub(super) fn source(&self) -> &'a [u8] {
        self.source
    }

    /// What is between the quotes of the string that was written last, from there on.
    pub(super) fn last_string(&self, start: usize) -> &[u8] {
        &self.text[start + 1..self.text.len() - 1]
    }

    fn rest(&self) -> &'a [u8] {
        &self.source[self.at..]
    }

    /// The next byte, which is not consumed.
    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.source.get(self.at).copied()
    }

    /// The next byte that is no white space, which is not consumed.
    #[inline]
    pub(super) fn peek_token(&mut self) -> Option<u8> {
        match self.peek() {
            Some(b'\0'..=b' ') => self.after_white_space(),
            next => next,
        }
    }

    /// The same while a value is written, which leaves white space out.
    #[inline]
    fn peek_written(&mut self) -> Option<u8> {
        match self.peek() {
            Some(b'\0'..=b' ') => {
                self.copy();
                let next = self.after_white_space();
                self.span = self.at;
                next
            }
            next => next,
        }
    }

    #[inline(never)]
    fn after_white_space(&mut self) -> Option<u8> {
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

    /// Consumes these bytes, if they are next.
    #[inline]
    pub(super) fn skip_if(&mut self, bytes: &[u8]) -> bool {
        let is_next = self.rest().starts_with(bytes);
        if is_next {
            self.at += bytes.len();
        }
        is_next
    }

    pub(super) fn broken<T>(&self, why: &'static str) -> Scan<T> {
        broken_at(self.at, why)
    }

    /// Goes to the next element of an array or member of an object. False: there was none, and the
    /// end was consumed.
    #[inline]
    pub(super) fn advance(&mut self, end: u8, is_first: bool) -> Scan<bool> {
        let next = self.peek_token();
        let is_more = self.step(next, end, is_first)?;
        self.peek_token();
        Ok(is_more)
    }

    /// The same while a value is written.
    #[inline]
    fn advance_written(&mut self, end: u8, is_first: bool) -> Scan<bool> {
        let next = self.peek_written();
        let is_more = self.step(next, end, is_first)?;
        if is_more {
            self.peek_written();
        }
        Ok(is_more)
    }

    #[inline]
    fn step(&mut self, next: Option<u8>, end: u8, is_first: bool) -> Scan<bool> {
        match next {
            Some(byte) if byte == end => {
                self.skip();
                Ok(false)
            }
            _ if is_first => Ok(true),
            Some(b',') => {
                self.skip();
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

    /// Reads and writes a value that is the whole text.
    pub(super) fn whole_value(&mut self) -> Scan<()> {
        self.peek_token();
        self.value(0)?;
        self.end()
    }

    /// Reads and writes a value within so many arrays and objects.
    pub(super) fn value(&mut self, depth: usize) -> Scan<()> {
        self.begin();
        self.any(depth)?;
        self.copy();
        Ok(())
    }

    /// Reads and writes an array, whose bracket was seen. Returns how many elements it has.
    pub(super) fn array(&mut self) -> Scan<usize> {
        self.begin();
        self.skip();
        let mut count = 0;
        while self.advance_written(b']', count == 0)? {
            self.any(1)?;
            count += 1;
        }
        self.copy();
        Ok(count)
    }

    /// Begins to write. A text is seldom longer in written form, so there is usually one
    /// allocation; spare capacity is freed at the end.
    fn begin(&mut self) {
        self.span = self.at;
        if self.text.capacity() == 0 {
            self.text.reserve(self.rest().len() + 1);
        }
    }

    /// Writes the bytes that are to be copied unchanged.
    fn copy(&mut self) {
        let span = &self.source[self.span..self.at];
        self.text.extend_from_slice(span);
        self.span = self.at;
    }

    /// The length of the written text once that has been done.
    fn written(&self) -> usize {
        self.text.len() + self.at - self.span
    }

    fn any(&mut self, depth: usize) -> Scan<()> {
        match self.peek() {
            Some(b'"') => self.any_string(),
            Some(b'{') => self.any_object(depth),
            Some(b'[') => self.any_array(depth),
            Some(b'-' | b'0'..=b'9') => self.any_number(),
            Some(b't') => self.skip_word(b"true"),
            Some(b'f') => self.skip_word(b"false"),
            Some(b'n') => self.skip_word(b"null"),
            _ => self.no_value(),
        }
    }

    fn open(&mut self, depth: usize) -> Scan<()> {
        if depth == DEPTH_MAX {
            return self.broken("it has more than 128 levels");
        }
        self.skip();
        Ok(())
    }

    fn any_array(&mut self, depth: usize) -> Scan<()> {
        self.open(depth)?;
        let mut is_first = true;
        while self.advance_written(b']', is_first)? {
            self.any(depth + 1)?;
            is_first = false;
        }
        Ok(())
    }

    fn any_object(&mut self, depth: usize) -> Scan<()> {
        self.open(depth)?;
        let first = self.keys.len();
        let mut is_first = true;
        while self.advance_written(b'}', is_first)? {
            self.any_key()?;
            if self.peek_written() != Some(b':') {
                return self.no_colon();
            }
            self.skip();
            self.peek_written();
            self.any(depth + 1)?;
            is_first = false;
        }
        if self.keys.len() > first + 1 {
            self.copy();
        }
        self.end_keys(first)
    }

    fn any_key(&mut self) -> Scan<()> {
        let (at, start) = (self.at, self.written() + 1);
        self.key()?;
        if let Some(key) = self.plain_string() {
            check_key(key, at)?;
        } else {
            self.any_key_string()?;
            self.copy();
            check_key(&self.text[start..self.text.len() - 1], at)?;
        }
        self.keys.push(start, self.written() - 1, at);
        Ok(())
    }

    /// A key must be next.
    #[inline]
    pub(super) fn key(&self) -> Scan<()> {
        match self.peek() {
            Some(b'"') => Ok(()),
            _ => self.broken("a key in double quotes is missing"),
        }
    }

    pub(super) fn colon(&mut self) -> Scan<()> {
        if self.peek_token() != Some(b':') {
            return self.no_colon();
        }
        self.skip();
        self.peek_token();
        Ok(())
    }

    fn no_colon<T>(&self) -> Scan<T> {
        self.broken("a colon is missing")
    }

    /// Refuses the object whose first key has this number if a key is repeated.
    pub(super) fn end_keys(&mut self, first: usize) -> Scan<()> {
        match self.keys.end(first, &self.text) {
            Some(at) => key_twice(at),
            None => Ok(()),
        }
    }

    #[cold]
    fn no_value<T>(&self) -> Scan<T> {
        if self.rest().starts_with("\u{feff}".as_bytes()) {
            return self.broken("a byte order mark is not allowed");
        }
        self.broken("a value is missing")
    }
}

#[cold]
fn broken_at<T>(at: usize, why: &'static str) -> Scan<T> {
    Err(Box::new(Broken { at, why }))
}

/// This key has a special meaning in JavaScript.
pub(super) fn check_key(key: &[u8], at: usize) -> Scan<()> {
    if key == b"__proto__" {
        return broken_at(at, "__proto__ is not allowed as a key");
    }
    Ok(())
}

pub(super) fn key_twice<T>(at: usize) -> Scan<T> {
    broken_at(at, "a key is repeated")
}
