//! The results that JavaScript leaves in the typed arrays, as outcomes.

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
/// The result is a status, fields and a body; their lengths are in its number.
const KIND_RESPONSE: u8 = 4;
/// The result is an error: its status and message, whose length is in its number.
const KIND_ERROR: u8 = 5;
/// The result is an integer of any length; it is never in the typed arrays.
const KIND_DIGITS: u8 = 6;

/// The bits that a length takes in the number of a response or an error.
const LENGTH_BITS: u32 = 18;

/// The results that JavaScript has left, one after the other.
pub(super) struct Results<'a> {
    memory: &'a Memory,
    /// Where the next text begins.
    text_at: usize,
}

impl<'a> Results<'a> {
    pub(super) fn new(memory: &'a Memory) -> Self {
        Self { memory, text_at: 0 }
    }

    /// Result number `index`. Each may be taken once, in order.
    pub(super) fn take(&mut self, index: usize) -> Outcome {
        let value = self.memory.result_values.get(index);
        match self.memory.result_kinds.get(index) {
            KIND_BIGINT => Outcome::Value(value.to_bits().cast_signed()),
            KIND_JSON => Outcome::Json(self.take_text(as_length(value)).to_vec()),
            KIND_STRING => Outcome::Json(quoted(self.take_text(as_length(value)))),
            KIND_RESPONSE => {
                let (rest, body) = split(as_length(value));
                let (status, fields) = split(rest);
                let fields = self.take_text(fields).to_vec();
                response(as_status(status), fields, self.take_text(body).to_vec())
            }
            KIND_ERROR => {
                let (status, message) = split(as_length(value));
                let message = String::from_utf8_lossy(self.take_text(message));
                Outcome::Error(as_status(status), message.into())
            }
            _ => Outcome::Value(as_integer(value)),
        }
    }

    /// Skips result number `index`, which was taken already.
    pub(super) fn skip(&mut self, index: usize) {
        let number = as_length(self.memory.result_values.get(index));
        let bytes = match self.memory.result_kinds.get(index) {
            KIND_JSON | KIND_STRING => number,
            KIND_RESPONSE => {
                let (rest, body) = split(number);
                split(rest).1 + body
            }
            KIND_ERROR => split(number).1,
            _ => 0,
        };
        self.take_text(bytes);
    }

    /// The next text, which has so many bytes. Those behind it are not read, since they may just be
    /// written.
    fn take_text(&mut self, bytes: usize) -> &'a [u8] {
        let start = self.text_at;
        self.text_at = start.saturating_add(bytes);
        let texts = self.memory.result_texts.first(self.text_at);
        texts.get(start..).unwrap_or_default()
    }
}

/// A text of any kind, as an outcome. Only an error has a status.
#[must_use]
pub fn text(kind: u8, text: String, status: u16) -> Outcome {
    match kind {
        KIND_STRING => Outcome::Json(quoted(text.as_bytes())),
        KIND_ERROR => Outcome::Error(status, text.into_boxed_str()),
        KIND_DIGITS => Outcome::Digits(text.into_boxed_str()),
        _ => Outcome::Json(text.into_bytes()),
    }
}

/// A status, whole header lines and a body.
#[must_use]
pub fn response(status: u16, fields: Vec<u8>, body: Vec<u8>) -> Outcome {
    Outcome::Response(Box::new(Response {
        status: Status::new(status).unwrap_or(Status::INTERNAL_SERVER_ERROR),
        fields,
        body,
    }))
}

fn quoted(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    // `lib/` lets only well-formed strings through, which V8 writes in UTF-8.
    values::quote(&mut out, &String::from_utf8_lossy(text));
    out
}

/// `lib/` lets only safe integers through; -0 becomes 0.
#[expect(clippy::cast_possible_truncation, reason = "it is a safe integer")]
fn as_integer(value: f64) -> i64 {
    value as i64
}

/// What is before the last length of a number, and that length.
fn split(number: usize) -> (usize, usize) {
    (number >> LENGTH_BITS, number & ((1 << LENGTH_BITS) - 1))
}

/// `lib/` lets only valid statuses through.
fn as_status(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(0)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is a length"
)]
fn as_length(value: f64) -> usize {
    value as usize
}
