//! The results that JavaScript leaves in the typed arrays, as outcomes.

use super::STATE_TEXTS;
use super::memory::Memory;
use crate::bridge::Outcome;
use crate::http::{Response, Status};
use crate::values;

/// The result is the bits of a 64-bit integer. Kind 0 is a double that is a safe integer.
const KIND_BIGINT: u8 = 1;
/// The result is a text that is JSON.
const KIND_JSON: u8 = 2;
/// The result is a text that becomes a JSON string.
const KIND_STRING: u8 = 3;

/// The results that JavaScript has left, one after the other.
pub(super) struct Results<'a> {
    memory: &'a Memory,
    /// The texts that are left.
    texts: &'a [u8],
}

impl<'a> Results<'a> {
    pub(super) fn new(memory: &'a Memory) -> Self {
        let length = as_length(memory.state.get(STATE_TEXTS));
        Self {
            memory,
            texts: memory.result_texts.first(length),
        }
    }

    /// Result number `index`. Each may be taken once, in order.
    pub(super) fn take(&mut self, index: usize) -> Outcome {
        let value = self.memory.result_values.get(index);
        match self.memory.result_kinds.get(index) {
            KIND_BIGINT => Outcome::Value(value.to_bits().cast_signed()),
            KIND_JSON => Outcome::Json(self.take_text(as_length(value)).to_vec()),
            KIND_STRING => Outcome::Json(quoted(self.take_text(as_length(value)))),
            _ => Outcome::Value(as_integer(value)),
        }
    }

    /// Skips result number `index`, which was taken already.
    pub(super) fn skip(&mut self, index: usize) {
        if matches!(self.memory.result_kinds.get(index), KIND_JSON | KIND_STRING) {
            self.take_text(as_length(self.memory.result_values.get(index)));
        }
    }

    /// The next text, which has so many UTF-16 code units.
    fn take_text(&mut self, units: usize) -> &'a [u8] {
        let length = length_of(self.texts, units);
        let (text, rest) = self.texts.split_at(length);
        self.texts = rest;
        text
    }
}

/// A text of either kind, as an outcome.
#[must_use]
pub fn text(kind: u8, text: String) -> Outcome {
    Outcome::Json(match kind {
        KIND_STRING => quoted(text.as_bytes()),
        _ => text.into_bytes(),
    })
}

/// A status, whole header lines and a body.
#[must_use]
pub fn response(status: u16, fields: String, body: Vec<u8>) -> Outcome {
    Outcome::Response(Box::new(Response {
        status: Status::new(status).unwrap_or(Status::INTERNAL_SERVER_ERROR),
        fields: fields.into_bytes(),
        body,
    }))
}

fn quoted(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    // `lib/` lets only well-formed strings through, which V8 writes in UTF-8.
    values::quote(&mut out, &String::from_utf8_lossy(text));
    out
}

/// How many bytes so many UTF-16 code units take: a character of four bytes has two units, any
/// other has one. The bytes behind them are not read, since they may just be written.
fn length_of(text: &[u8], units: usize) -> usize {
    let start = text.len().min(units);
    // Most often the text is ASCII.
    if text[..start].is_ascii() {
        return start;
    }
    let (mut at, mut left) = (0, units);
    while left > 0 && at < text.len() {
        let (bytes, of_character) = match text[at] {
            ..0x80 => (1, 1),
            0x80..0xe0 => (2, 1),
            0xe0..0xf0 => (3, 1),
            0xf0.. => (4, 2),
        };
        at += bytes;
        left = left.saturating_sub(of_character);
    }
    at.min(text.len())
}

/// `lib/` lets only safe integers through; -0 becomes 0.
#[expect(clippy::cast_possible_truncation, reason = "it is a safe integer")]
fn as_integer(value: f64) -> i64 {
    value as i64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is a length"
)]
fn as_length(value: f64) -> usize {
    value as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_told_apart_by_their_utf_16_lengths() {
        let texts = ["ab", "", "é€", "😀x", "c"];
        let all = texts.concat();
        let mut rest = all.as_bytes();
        for text in texts {
            let length = length_of(rest, text.encode_utf16().count());
            assert_eq!(&rest[..length], text.as_bytes());
            rest = &rest[length..];
        }
        assert!(rest.is_empty());
    }

    #[test]
    fn a_text_ends_with_its_last_character_whatever_follows() {
        for text in ["é", "é€", "a😀", "ab"] {
            let units = text.encode_utf16().count();
            // The rest of an earlier text.
            let behind = [text.as_bytes(), &[0xa9, 0xbf, 0x80]].concat();
            assert_eq!(length_of(&behind, units), text.len());
        }
    }

    #[test]
    fn a_length_beyond_the_text_is_cut_to_it() {
        assert_eq!(length_of(b"ab", 9), 2);
        assert_eq!(length_of("é".as_bytes(), 9), 2);
    }
}
