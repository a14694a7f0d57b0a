//! Numbers and words of a JSON text.
//!
//! Invariant: a number has been read to the last byte of its token. Those that are handed out as
//! finite are, as doubles.

use super::super::numbers::{self, FINITE_DIGITS_MAX};
use super::{Json, Scan, broken_at};

impl<'a> Json<'a> {
    /// Reads `true`, `false` or `null`, whose first letter was seen.
    pub(in crate::values) fn skip_word(&mut self, word: &[u8]) -> Scan<()> {
        if self.skip_if(word) {
            Ok(())
        } else {
            self.no_value()
        }
    }

    /// Reads an integer of few digits, if the next value is one. It is the same as a double; `-0`
    /// is left to others.
    #[inline]
    pub(in crate::values) fn small_integer(&mut self) -> Option<i64> {
        let (value, length) = numbers::small_integer(self.rest())?;
        self.at += length;
        Some(value)
    }

    /// Reads a number, if the next value is one.
    #[inline]
    pub(in crate::values) fn double_if_number(&mut self) -> Scan<Option<f64>> {
        if let Some(small) = self.small_integer() {
            return Ok(Some(numbers::exact(small)));
        }
        let at = self.at;
        let Some(token) = self.number_if_next()? else {
            return Ok(None);
        };
        let double = numbers::double(token);
        if double.is_finite() {
            Ok(Some(double))
        } else {
            not_finite(at)
        }
    }

    /// Reads the token of a number that is finite, if the next value is a number.
    pub(in crate::values) fn finite_if_number(&mut self) -> Scan<Option<&'a [u8]>> {
        let at = self.at;
        match self.number_if_next()? {
            Some(token) if is_finite(token) => Ok(Some(token)),
            Some(_) => not_finite(at),
            None => Ok(None),
        }
    }

    /// Reads the token of a number, if the next value is one.
    pub(in crate::values) fn number_if_next(&mut self) -> Scan<Option<&'a [u8]>> {
        match self.peek() {
            Some(b'-' | b'0'..=b'9') => self.number().map(Some),
            _ => Ok(None),
        }
    }

    /// Reads a finite number, whose first byte was seen.
    pub(super) fn any_number(&mut self) -> Scan<()> {
        let at = self.at;
        let token = self.number()?;
        if is_finite(token) {
            Ok(())
        } else {
            not_finite(at)
        }
    }

    /// Reads a number's token, whose first byte was seen.
    fn number(&mut self) -> Scan<&'a [u8]> {
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
        Ok(&self.source[start..self.at])
    }

    /// One at least.
    #[inline]
    fn digits(&mut self) -> Scan<()> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.skip();
        }
        if self.at == start {
            return self.broken("a digit is missing");
        }
        Ok(())
    }
}

fn is_finite(token: &[u8]) -> bool {
    let is_certain =
        token.len() <= FINITE_DIGITS_MAX && !token.iter().any(|byte| byte | 0x20 == b'e');
    is_certain || numbers::double(token).is_finite()
}

fn not_finite<T>(at: usize) -> Scan<T> {
    broken_at(at, "a number is beyond what a double holds")
}
