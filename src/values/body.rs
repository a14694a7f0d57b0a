//! Arguments from a body: a JSON array, a JSON object, raw bytes, or none at all.
//!
//! `connection` calls it once the whole body has arrived.
//!
//! Invariant: the body is read to its end, whatever its arguments are, so that invalid JSON is
//! reported before any error in the arguments.

use super::columns::{ARGUMENTS_MAX, Arguments, BY_NAME, Columns};
use super::faults::{Fault, Faults, MISSING, NAME_CHARACTERS_MAX, TOO_MANY, pointer_to};
use super::headers::Headers;
use super::json::{Json, Scan, check_key, key_twice};
use super::read::{DEPTH, Reader};
use super::signature::Signature;
use super::{quote, undeclared};

const UNKNOWN: &str = "is not an argument";
const HEADER: &str = "is a header field, not a part of the body";

/// Reads the arguments from a body of JSON.
pub fn from_body(
    signature: &Signature,
    body: &[u8],
    headers: &Headers,
) -> Result<Arguments, Fault> {
    if !signature.is_declared {
        return undeclared::from_body(signature, body);
    }
    let mut reader = Reader::new(signature, body, headers);
    let is_form = reader.read().map_err(|broken| broken.in_body())?;
    if !is_form {
        headers.check(signature)?;
        let name = &signature.name;
        return Err(Fault::of_form(format!(
            "The body must be a JSON array or object of {name}'s arguments."
        )));
    }
    reader.finish()
}

/// Takes the whole body as the only argument of a function that takes it raw.
pub fn from_bytes(
    signature: &Signature,
    body: Vec<u8>,
    headers: &Headers,
) -> Result<Arguments, Fault> {
    let mut reader = Reader::new(signature, b"", headers);
    let index = signature.positions[0];
    if !(body.is_empty() && signature.arguments[index].is_optional) {
        reader.columns.put_buffer(index, body);
    }
    reader.finish()
}

/// Reads a request with neither a body nor segments in the path: the arguments are the header
/// arguments alone. A function that takes the body raw gets an empty one.
pub fn from_nothing(signature: &Signature, headers: &Headers) -> Result<Arguments, Fault> {
    if !signature.is_declared {
        return undeclared::from_nothing(signature);
    }
    if signature.takes_raw_body() {
        return from_bytes(signature, Vec::new(), headers);
    }
    let mut reader = Reader::new(signature, b"", headers);
    for &index in &signature.positions {
        let known = &signature.arguments[index];
        if !known.is_optional {
            reader.faults.add(pointer_to(&known.name), MISSING);
        }
    }
    reader.finish()
}

impl<'a> Reader<'a> {
    #[inline]
    fn new(signature: &'a Signature, body: &'a [u8], headers: &'a Headers) -> Self {
        Self {
            signature,
            headers,
            json: Json::new(body),
            columns: Columns::default(),
            faults: Faults::default(),
            seen: 0,
            is_by_name: false,
            added_digits: 0,
        }
    }

    #[inline]
    fn finish(&mut self) -> Result<Arguments, Fault> {
        self.headers.check(self.signature)?;
        self.faults.verdict(self.signature)?;
        let (text, columns) = (&mut self.json.text, &mut self.columns);
        self.headers.write_others(self.signature, text, columns);
        let mut arguments = columns.finish(text);
        if self.is_by_name {
            arguments.count |= BY_NAME;
        }
        Ok(arguments)
    }

    /// Reads the body. False: it is neither an array nor an object.
    #[inline]
    fn read(&mut self) -> Scan<bool> {
        let is_form = match self.json.peek_token() {
            Some(b'[') => {
                self.by_position()?;
                true
            }
            Some(b'{') => {
                self.is_by_name = true;
                self.by_name()?;
                true
            }
            _ => {
                self.json.value(0)?;
                false
            }
        };
        self.json.end()?;
        Ok(is_form)
    }

    fn by_position(&mut self) -> Scan<()> {
        self.json.skip();
        let positions = &self.signature.positions;
        let mut count = 0;
        while self.json.advance(b']', count == 0)? {
            if let Some(index) = positions.get(count) {
                self.argument(*index)?;
            } else {
                if count == positions.len() {
                    self.faults.add(format!("#/{count}"), TOO_MANY);
                }
                self.json.value(DEPTH)?;
            }
            count += 1;
        }
        self.miss(positions.get(count..).unwrap_or_default());
        Ok(())
    }

    fn by_name(&mut self) -> Scan<()> {
        let start = self.json.at();
        if !self.by_name_in_order()? {
            self.by_name_in_any_order(start)?;
        }
        Ok(())
    }

    /// Reads the members in the order of the signature, as most clients send them. False: this one
    /// does not.
    fn by_name_in_order(&mut self) -> Scan<bool> {
        self.json.skip();
        let mut next = 0;
        let mut is_first = true;
        while self.json.advance(b'}', is_first)? {
            match self.name(next)? {
                Some(index) if index < next => return Ok(false),
                Some(index) => {
                    self.argument(index)?;
                    next = index + 1;
                }
                None => self.json.value(DEPTH)?,
            }
            is_first = false;
        }
        self.json.end_keys(0)?;
        self.miss(&self.signature.positions);
        Ok(true)
    }

    /// Reads the whole object, and then each argument in the order of the signature, if all fit.
    #[cold]
    fn by_name_in_any_order(&mut self, start: usize) -> Scan<()> {
        self.again(start);
        self.json.skip();
        let mut places = [0; ARGUMENTS_MAX];
        let mut is_first = true;
        while self.json.advance(b'}', is_first)? {
            if let Some(index) = self.name(0)? {
                places[index] = self.json.at();
                self.argument(index)?;
            } else {
                self.json.value(DEPTH)?;
            }
            is_first = false;
        }
        self.json.end_keys(0)?;
        self.miss(&self.signature.positions);
        if !self.faults.is_empty() {
            return Ok(());
        }
        let (end, seen) = (self.json.at(), self.seen);
        self.again(end);
        for index in (0..ARGUMENTS_MAX).filter(|index| seen & (1 << index) != 0) {
            self.json.back_to(places[index]);
            self.argument(index)?;
        }
        self.json.back_to(end);
        Ok(())
    }

    /// Forgets what was read, and goes on from here.
    fn again(&mut self, at: usize) {
        *self = Self {
            is_by_name: true,
            ..Self::new(self.signature, self.json.source(), self.headers)
        };
        self.json.back_to(at);
    }

    /// Reads a key and its colon. Returns the argument that it names, if any, which is likely to be
    /// this one.
    #[inline]
    fn name(&mut self, likely: usize) -> Scan<Option<usize>> {
        let at = self.json.at();
        let key = self.signature.key_of(likely);
        let index = if key.is_some_and(|key| self.json.skip_if(key)) {
            Some(likely)
        } else {
            self.other_name()?
        };
        if let Some(index) = index {
            if self.seen & (1 << index) != 0 {
                return key_twice(at);
            }
            self.seen |= 1 << index;
        }
        self.json.colon()?;
        Ok(index)
    }

    fn other_name(&mut self) -> Scan<Option<usize>> {
        let (at, start) = (self.json.at(), self.json.text.len());
        self.json.key()?;
        self.json.string()?;
        let key = self.json.last_string(start);
        let index = self.signature.index_of(key);
        if index.is_some() {
            self.json.text.truncate(start);
        } else {
            self.unknown(at, start)?;
        }
        Ok(index)
    }

    /// Adds an entry for the name that was written last.
    #[cold]
    fn unknown(&mut self, at: usize, start: usize) -> Scan<()> {
        let name = self.json.last_string(start);
        check_key(name, at)?;
        if !self.faults.is_full() {
            let is_header = self.signature.is_header(name);
            let name = quote::first_characters(name, NAME_CHARACTERS_MAX);
            self.faults
                .add(pointer_to(&name), if is_header { HEADER } else { UNKNOWN });
        }
        self.json.keys.push(start + 1, self.json.text.len() - 1, at);
        Ok(())
    }

    /// Adds an entry for each required argument that was not seen.
    fn miss(&mut self, indices: &[usize]) {
        for &index in indices {
            let known = &self.signature.arguments[index];
            if !known.is_optional && self.seen & (1 << index) == 0 {
                self.faults.add(self.pointer(index), MISSING);
            }
        }
    }
}
