//! Arguments from a body: a JSON array, a JSON object, raw bytes, or none at all.
//!
//! `connection` is the caller, once the whole body is there.
//!
//! Invariant: the body is read to its end, whatever its arguments are: that it is no JSON is told
//! before anything about them.

use super::columns::{Arguments, BY_NAME, Columns};
use super::faults::{Broken, Fault, Faults, NAME_CHARACTERS_MAX, pointer_to};
use super::headers::Headers;
use super::json::{Json, Scan};
use super::read::{DEPTH, Reader};
use super::signature::{Signature, Type};
use super::{quote, undeclared};

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
    let is_form = reader.read().map_err(Broken::in_body)?;
    if !is_form {
        let name = &signature.name;
        return Err(Fault::of_form(format!(
            "The body must be a JSON array or object of {name}'s arguments."
        )));
    }
    reader.finish(headers)
}

/// Takes the whole body for the one argument of a function that takes it raw.
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
    reader.finish(headers)
}

/// Calls the function with its header arguments alone, if it can be: there is neither a body nor
/// anything in the path. An empty body is one, too, where it is taken raw.
pub fn from_nothing(signature: &Signature, headers: &Headers) -> Result<Arguments, Fault> {
    if !signature.is_declared {
        return undeclared::from_nothing(signature);
    }
    if signature.takes_raw_body() {
        return from_bytes(signature, Vec::new(), headers);
    }
    let mut reader = Reader::new(signature, b"", headers);
    reader.is_by_name = true;
    reader.miss(&signature.positions, 0);
    reader.is_by_name = false;
    reader.finish(headers)
}

impl<'a> Reader<'a> {
    fn new(signature: &'a Signature, body: &'a [u8], headers: &Headers) -> Self {
        let mut faults = Faults::default();
        headers.check(signature, &mut faults);
        Self {
            signature,
            json: Json::new(body),
            columns: Columns::new(),
            faults,
            is_by_name: false,
            added_digits: 0,
        }
    }

    fn finish(mut self, headers: &Headers) -> Result<Arguments, Fault> {
        self.faults.verdict(self.signature)?;
        headers.write(&mut self.json.text, &mut self.columns);
        let mut arguments = self.columns.finish(self.signature, self.json.text);
        if self.is_by_name {
            arguments.count |= BY_NAME;
        }
        Ok(arguments)
    }

    /// Reads the body. False: it is neither an array nor an object.
    fn read(&mut self) -> Scan<bool> {
        let is_form = match self.json.peek_token() {
            Some(b'[') => {
                self.json.skip();
                self.by_position()?;
                true
            }
            Some(b'{') => {
                self.json.skip();
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
        let positions = &self.signature.positions;
        let mut count = 0;
        while self.json.advance(b']', count == 0)? {
            if let Some(index) = positions.get(count) {
                self.argument(*index)?;
            } else {
                if count == positions.len() {
                    self.faults.add(format!("#/{count}"), "is one too many");
                }
                self.json.value(DEPTH)?;
            }
            count += 1;
        }
        self.miss(positions.get(count..).unwrap_or_default(), 0);
        Ok(())
    }

    fn by_name(&mut self) -> Scan<()> {
        let mut seen: u32 = 0;
        let mut likely = 0;
        let mut is_first = true;
        while self.json.advance(b'}', is_first)? {
            is_first = false;
            match self.name(likely, &mut seen)? {
                Some(index) => {
                    self.argument(index)?;
                    likely = index + 1;
                }
                None => self.json.value(DEPTH)?,
            }
        }
        self.json.end_keys(0)?;
        self.miss(&self.signature.positions, seen);
        Ok(())
    }

    /// Reads a key and its colon: which argument it names, if any.
    #[inline]
    fn name(&mut self, likely: usize, seen: &mut u32) -> Scan<Option<usize>> {
        let (at, start) = (self.json.at(), self.json.text.len());
        self.json.key()?;
        let plain = self.json.plain_string();
        if plain.is_none() {
            self.json.string_content()?;
        }
        let key = plain.unwrap_or(&self.json.text[start..]);
        let index = self.signature.index_of(key, likely);
        if let Some(index) = index {
            if *seen & (1 << index) != 0 {
                return self.json.key_twice(at);
            }
            *seen |= 1 << index;
            self.json.text.truncate(start);
        } else {
            self.json.check_key(key, at)?;
            self.json.text.extend_from_slice(plain.unwrap_or_default());
            self.json.keys.push(start, self.json.text.len(), at);
        }
        self.json.colon()?;
        match index {
            Some(index) if self.signature.arguments[index].kind != Type::Header => Ok(Some(index)),
            Some(index) => {
                let pointer = self.pointer(index);
                self.faults
                    .add(pointer, "is a header field, not a part of the body");
                Ok(None)
            }
            None => {
                self.unknown(start);
                Ok(None)
            }
        }
    }

    /// Adds an entry for the name that was written last.
    fn unknown(&mut self, start: usize) {
        if self.faults.is_full() {
            return;
        }
        let name = quote::first_characters(&self.json.text[start..], NAME_CHARACTERS_MAX);
        self.faults.add(pointer_to(&name), "is no argument");
    }

    /// Adds an entry for each of the arguments that is required and was not seen.
    fn miss(&mut self, indices: &[usize], seen: u32) {
        for &index in indices {
            let known = &self.signature.arguments[index];
            if !known.is_optional && seen & (1 << index) == 0 {
                self.faults.add(self.pointer(index), "is missing");
            }
        }
    }
}
