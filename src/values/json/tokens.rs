//! Numbers and words of a JSON text.
//!
//! Invariant: a number has been read to the last byte of its token. A number that is returned as
//! finite is a finite double.

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
        self.double()
    }

    /// The same, for numbers that are seldom integers of few digits.
    #[inline]
    pub(in crate::values) fn double(&mut self) -> Scan<Option<f64>> {
        let at = self.at;
        let Some((double, length)) = numbers::double(self.rest()) else {
            // Where a number begins, this says which digit is missing. A zero before other digits
            // is a token, and what follows it is refused.
            return Ok(self.number_if_next()?.map(|_| 0.0));
        };
        self.at += length;
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
        let rest = self.rest();
        match after_number(rest) {
            Ok(after) => {
                let token = &rest[..rest.len() - after.len()];
                self.at += token.len();
                Ok(token)
            }
            Err(after) => broken_at(self.source.len() - after.len(), "a digit is missing"),
        }
    }
}

/// The text behind the number at its start or, as an error, the text where a digit is missing.
fn after_number(text: &[u8]) -> Result<&[u8], &[u8]> {
    let mut rest = text.strip_prefix(b"-").unwrap_or(text);
    rest = match rest {
        [b'0', rest @ ..] => rest,
        _ => after_digits(rest)?,
    };
    if let [b'.', fraction @ ..] = rest {
        rest = after_digits(fraction)?;
    }
    if let [b'e' | b'E', b'+' | b'-', exponent @ ..] | [b'e' | b'E', exponent @ ..] = rest {
        rest = after_digits(exponent)?;
    }
    Ok(rest)
}

/// The text behind the digits at its start, if there are any.
fn after_digits(text: &[u8]) -> Result<&[u8], &[u8]> {
    let mut rest = text;
    while let [b'0'..=b'9', tail @ ..] = rest {
        rest = tail;
    }
    if rest.len() == text.len() {
        Err(text)
    } else {
        Ok(rest)
    }
}

fn is_finite(token: &[u8]) -> bool {
    let is_certain =
        token.len() <= FINITE_DIGITS_MAX && !token.iter().any(|byte| byte | 0x20 == b'e');
    is_certain || numbers::double(token).is_some_and(|(double, _)| double.is_finite())
}

fn not_finite<T>(at: usize) -> Scan<T> {
    broken_at(at, "a number is beyond what a double holds")
}
