//! One value of a body of JSON, read by its type.
//!
//! `body` is the caller; it finds the argument that a value is for.
//!
//! Invariant: afterwards the value has been read to its end, whether it fits or not. If it does not
//! fit, there is an entry.

use std::borrow::Cow;

use super::base64;
use super::columns::Columns;
use super::faults::{Faults, pointer_to};
use super::headers::Headers;
use super::json::{Json, Scan};
use super::numbers::{self, Unfit};
use super::signature::{Signature, Type};

/// The number of arrays and objects around an argument.
pub(super) const DEPTH: usize = 1;

/// Reads the values of one body.
pub(super) struct Reader<'a> {
    pub(super) signature: &'a Signature,
    pub(super) headers: &'a Headers,
    pub(super) json: Json<'a>,
    pub(super) columns: Columns,
    pub(super) faults: Faults,
    /// Bit i is set exactly when argument i was named in the object.
    pub(super) seen: u32,
    /// True exactly when the body is an object.
    pub(super) is_by_name: bool,
    /// Digits that exponents have stood for.
    pub(super) added_digits: usize,
}

/// A value that has been read, if it fits.
type Fit<T> = Scan<Result<T, Unfit>>;

impl<'a> Reader<'a> {
    /// Where the argument is, in the form that was sent.
    pub(super) fn pointer(&self, index: usize) -> String {
        match self.signature.position_of(index) {
            Some(position) if !self.is_by_name => format!("#/{position}"),
            _ => pointer_to(&self.signature.arguments[index].name),
        }
    }

    /// Reads the argument, which follows those that were read before.
    #[inline]
    pub(super) fn argument(&mut self, index: usize) -> Scan<()> {
        self.headers.write_before(
            index,
            self.signature,
            &mut self.json.text,
            &mut self.columns,
        );
        let kind = self.signature.arguments[index].kind;
        let fit = match kind {
            Type::Int => self
                .int(DEPTH)?
                .map(|value| self.columns.put_double(index, numbers::exact(value))),
            Type::Number => self
                .number(DEPTH)?
                .map(|value| self.columns.put_double(index, value)),
            _ => self.other(index, kind)?,
        };
        if let Err(unfit) = fit {
            let demand = self.demand(kind, unfit);
            self.faults.add(self.pointer(index), demand);
        }
        Ok(())
    }

    /// A client that sends the elements of the only argument as the body means an array of
    /// arguments.
    #[cold]
    fn demand(&self, kind: Type, unfit: Unfit) -> Cow<'static, str> {
        let demand = kind.demand(unfit);
        if kind.is_array() && !self.is_by_name && self.signature.positions.len() == 1 {
            return format!("{demand}, within the array of arguments: [[...]]").into();
        }
        demand.into()
    }

    fn other(&mut self, index: usize, kind: Type) -> Fit<()> {
        Ok(match kind {
            Type::Int64 => {
                let fit = self.int64(DEPTH)?;
                fit.map(|value| self.columns.put_cell(index, value.cast_unsigned()))
            }
            Type::Int32 => {
                let fit = self.int(DEPTH)?.and_then(numbers::int32);
                fit.map(|value| self.columns.put_double(index, value))
            }
            Type::Float32 => {
                let fit = self.number(DEPTH)?.and_then(numbers::float32);
                fit.map(|value| self.columns.put_double(index, value))
            }
            Type::Boolean => {
                let fit = self.boolean(DEPTH)?;
                fit.map(|value| self.columns.put_boolean(index, value))
            }
            Type::Bytes => {
                let text = self.string(DEPTH)?;
                let bytes = text.and_then(|text| base64::decode(&text).ok_or(Unfit::Kind));
                bytes.map(|bytes| self.columns.put_buffer(index, bytes))
            }
            Type::Numbers => {
                let mut buffer = Vec::new();
                // Until the first that is none: to try it on each double takes a quarter more.
                let mut tries_small = true;
                let fit = self.elements(index, Type::Number, |reader| {
                    let small = if tries_small {
                        reader.json.small_integer()
                    } else {
                        None
                    };
                    tries_small = small.is_some();
                    let fit = match small {
                        Some(small) => Ok(numbers::exact(small)),
                        None => reader.double(DEPTH + 1)?,
                    };
                    Ok(fit.map(|value| buffer.extend_from_slice(&value.to_le_bytes())))
                })?;
                fit.map(|()| self.columns.put_buffer(index, buffer))
            }
            Type::Int64s => {
                let mut buffer = Vec::new();
                let fit = self.elements(index, Type::Int64, |reader| {
                    let fit = reader.int64(DEPTH + 1)?;
                    Ok(fit.map(|value| buffer.extend_from_slice(&value.to_le_bytes())))
                })?;
                fit.map(|()| self.columns.put_buffer(index, buffer))
            }
            Type::Json => {
                let tape = self.json.tape(DEPTH)?;
                if tape.is_none() {
                    self.json.value(DEPTH)?;
                    self.json.text.push(b',');
                }
                self.columns.put_json(index, tape);
                Ok(())
            }
            _ => {
                let fit = self.write(index, kind, DEPTH)?;
                self.json.text.push(b',');
                fit.map(|()| self.columns.put_text(index))
            }
        })
    }

    /// Reads and writes a value that crosses as text.
    fn write(&mut self, index: usize, kind: Type, depth: usize) -> Fit<()> {
        match kind {
            Type::Int => Ok(self.int(depth)?.map(|value| self.write_integer(value))),
            Type::Bigint => self.write_bigint(depth),
            Type::Boolean => Ok(self.boolean(depth)?.map(|value| {
                let word: &[u8] = if value { b"true" } else { b"false" };
                self.json.text.extend_from_slice(word);
            })),
            Type::String if self.json.peek() == Some(b'"') => {
                self.json.string()?;
                Ok(Ok(()))
            }
            Type::Ints => self.write_elements(index, Type::Int),
            Type::Bigints => self.write_elements(index, Type::Bigint),
            Type::Booleans => self.write_elements(index, Type::Boolean),
            Type::Strings => self.write_elements(index, Type::String),
            _ => self.another(depth),
        }
    }

    fn write_integer(&mut self, value: i64) {
        let mut digits = itoa::Buffer::new();
        let digits = digits.format(value).as_bytes();
        self.json.text.extend_from_slice(digits);
    }

    fn write_bigint(&mut self, depth: usize) -> Fit<()> {
        if let Some(small) = self.json.small_integer() {
            self.json.text.push(b'"');
            self.write_integer(small);
            self.json.text.push(b'"');
            return Ok(Ok(()));
        }
        let text = match self.digits(depth)? {
            Ok(text) => text,
            Err(unfit) => return Ok(Err(unfit)),
        };
        let start = self.json.text.len();
        self.json.text.push(b'"');
        let fit = numbers::push_bigint(&mut self.json.text, &text);
        let added = (self.json.text.len() - start - 1).saturating_sub(text.len());
        self.json.text.push(b'"');
        self.added_digits += added;
        if added > 0 && self.added_digits > numbers::ADDED_DIGITS_MAX {
            self.json.text.truncate(start);
            return Ok(Err(Unfit::Expansion));
        }
        Ok(fit)
    }

    fn write_elements(&mut self, index: usize, kind: Type) -> Fit<()> {
        let start = self.json.text.len();
        let fit = self.elements(index, kind, |reader| {
            reader.json.text.push(b',');
            reader.write(index, kind, DEPTH + 1)
        })?;
        // The first comma gives way to the bracket.
        if self.json.text.len() == start {
            self.json.text.push(b'[');
        } else {
            self.json.text[start] = b'[';
        }
        self.json.text.push(b']');
        Ok(fit)
    }

    /// Reads an array. Each element that does not fit has an entry of its own.
    fn elements(
        &mut self,
        index: usize,
        kind: Type,
        mut read: impl FnMut(&mut Self) -> Fit<()>,
    ) -> Fit<()> {
        if self.json.peek() != Some(b'[') {
            return self.another(DEPTH);
        }
        self.json.skip();
        let mut count: usize = 0;
        while self.json.advance(b']', count == 0)? {
            if let Err(unfit) = read(self)?
                && !self.faults.is_full()
            {
                let pointer = format!("{}/{count}", self.pointer(index));
                self.faults.add(pointer, kind.demand(unfit));
            }
            count += 1;
        }
        Ok(Ok(()))
    }

    /// Reads a value of a kind that does not fit.
    #[cold]
    fn another<T>(&mut self, depth: usize) -> Fit<T> {
        self.json.value(depth)?;
        Ok(Err(Unfit::Kind))
    }

    #[inline]
    fn int(&mut self, depth: usize) -> Fit<i64> {
        if let Some(small) = self.json.small_integer() {
            return Ok(Ok(small));
        }
        match self.json.finite_if_number()? {
            Some(token) => Ok(numbers::safe_integer(token)),
            None => self.another(depth),
        }
    }

    #[inline]
    fn number(&mut self, depth: usize) -> Fit<f64> {
        match self.json.double_if_number()? {
            Some(number) => Ok(Ok(number)),
            None => self.another(depth),
        }
    }

    /// The same, for numbers that are seldom integers of few digits.
    #[inline]
    fn double(&mut self, depth: usize) -> Fit<f64> {
        match self.json.double()? {
            Some(number) => Ok(Ok(number)),
            None => self.another(depth),
        }
    }

    fn int64(&mut self, depth: usize) -> Fit<i64> {
        if let Some(small) = self.json.small_integer() {
            return Ok(Ok(small));
        }
        let digits = self.digits(depth)?;
        Ok(digits.and_then(|text| numbers::int64(&text)))
    }

    fn boolean(&mut self, depth: usize) -> Fit<bool> {
        match self.json.peek() {
            Some(b't') => {
                self.json.skip_word(b"true")?;
                Ok(Ok(true))
            }
            Some(b'f') => {
                self.json.skip_word(b"false")?;
                Ok(Ok(false))
            }
            _ => self.another(depth),
        }
    }

    /// Reads a number's token, which need not be a finite double, or a string of digits.
    fn digits(&mut self, depth: usize) -> Fit<Cow<'a, [u8]>> {
        if let Some(token) = self.json.number_if_next()? {
            return Ok(Ok(token.into()));
        }
        let text = self.string(depth)?;
        Ok(text.and_then(|text| {
            if numbers::is_digits(&text) {
                Ok(text)
            } else {
                Err(Unfit::Kind)
            }
        }))
    }

    /// Reads a string without writing it.
    fn string(&mut self, depth: usize) -> Fit<Cow<'a, [u8]>> {
        if self.json.peek() != Some(b'"') {
            return self.another(depth);
        }
        if let Some(content) = self.json.plain_string() {
            return Ok(Ok(content.into()));
        }
        let start = self.json.text.len();
        self.json.string()?;
        let content = self.json.last_string(start).to_vec();
        self.json.text.truncate(start);
        Ok(Ok(content.into()))
    }
}
