//! The results that a played thread writes, as `lib/calls/results.js` does.

use std::sync::Arc;

use super::arrays::Arrays;
use crate::bridge::Outcome;
use crate::seats::{Seats, results};

const NUMBER: u8 = 0;
const BIGINT: u8 = 1;
const JSON_TEXT: u8 = 2;
const STRING: u8 = 3;
const RESPONSE: u8 = 4;
const ERROR: u8 = 5;

/// A value that a function may return or throw.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Number(i32),
    Bigint(i64),
    Json(String),
    Text(String),
    Response(u16, String),
    Error(u16, String),
    /// An integer beyond 64 bits, which is not among the results.
    Digits(String),
}

impl Value {
    /// True: it is not among the results, whose texts have up to `bytes_max` bytes.
    pub(super) fn is_aside(&self, bytes_max: usize) -> bool {
        match self {
            Self::Number(_) | Self::Bigint(_) => false,
            Self::Json(text) | Self::Text(text) => room_for(text) > bytes_max,
            Self::Response(_, body) => FIELDS.len() + room_for(body) > bytes_max,
            Self::Error(_, message) => room_for(message) > bytes_max,
            Self::Digits(_) => true,
        }
    }

    /// The expected outcome.
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self::Number(value) => Outcome::Value(i64::from(*value)),
            Self::Bigint(value) => Outcome::Value(*value),
            Self::Json(text) => Outcome::Json(text.clone().into_bytes()),
            Self::Text(text) => results::text(STRING, text.clone(), 0),
            Self::Digits(digits) => Outcome::Digits(digits.as_str().into()),
            Self::Response(status, body) => {
                results::response(*status, FIELDS.into(), body.clone().into_bytes())
            }
            Self::Error(status, message) => Outcome::Error(*status, message.as_str().into()),
        }
    }
}

/// The fields of each response.
const FIELDS: &str = "\r\nA: b";

pub(super) struct Written {
    arrays: Arc<Arrays>,
    size: usize,
    count: usize,
    /// Bytes of the texts, and the most that fit.
    bytes: usize,
    bytes_max: usize,
    /// Results that others may see already.
    shown: usize,
    pub(super) is_post_due: bool,
}

impl Written {
    pub(super) fn new(arrays: &Arc<Arrays>, size: usize, bytes_max: usize) -> Self {
        Self {
            arrays: Arc::clone(arrays),
            size,
            count: 0,
            bytes: 0,
            bytes_max,
            shown: 0,
            is_post_due: false,
        }
    }

    pub(super) fn add(&mut self, seats: &Seats, seat: usize, id: f64, value: &Value) {
        if value.is_aside(self.bytes_max) {
            return seats.reply(seat, id, value.outcome());
        }
        match value {
            Value::Number(value) => {
                let index = self.next(seats, seat, id, NUMBER);
                self.arrays.result_values.set(index, f64::from(*value));
            }
            Value::Bigint(value) => {
                let index = self.next(seats, seat, id, BIGINT);
                let bits = f64::from_bits(value.cast_unsigned());
                self.arrays.result_values.set(index, bits);
            }
            Value::Json(text) => self.add_text(seats, seat, id, JSON_TEXT, text),
            Value::Text(text) => self.add_text(seats, seat, id, STRING, text),
            Value::Response(status, body) => {
                let room = FIELDS.len() + room_for(body);
                let index = self.next_with_room(seats, seat, id, RESPONSE, room);
                let number = usize::from(*status) << 18 | self.write(FIELDS);
                let number = number << 18 | self.write(body);
                self.arrays.result_values.set(index, as_double(number));
            }
            Value::Error(status, message) => {
                let index = self.next_with_room(seats, seat, id, ERROR, room_for(message));
                let number = usize::from(*status) << 18 | self.write(message);
                self.arrays.result_values.set(index, as_double(number));
            }
            Value::Digits(_) => unreachable!("it is aside"),
        }
    }

    fn add_text(&mut self, seats: &Seats, seat: usize, id: f64, kind: u8, text: &str) {
        let index = self.next_with_room(seats, seat, id, kind, room_for(text));
        let number = self.write(text);
        self.arrays.result_values.set(index, as_double(number));
    }

    fn write(&mut self, text: &str) -> usize {
        for byte in text.bytes() {
            self.arrays.result_texts.set(self.bytes, byte);
            self.bytes += 1;
        }
        text.len()
    }

    fn next_with_room(
        &mut self,
        seats: &Seats,
        seat: usize,
        id: f64,
        kind: u8,
        room: usize,
    ) -> usize {
        if self.bytes + room > self.bytes_max {
            self.post(seats, seat);
        }
        self.next(seats, seat, id, kind)
    }

    fn next(&mut self, seats: &Seats, seat: usize, id: f64, kind: u8) -> usize {
        if self.count == self.size {
            self.post(seats, seat);
        }
        self.arrays.result_ids.set(self.count, id);
        self.arrays.result_kinds.set(self.count, kind);
        self.count += 1;
        self.count - 1
    }

    /// Passes the results to the seat, and returns how many there are.
    pub(super) fn take(&mut self) -> u32 {
        let count = self.count;
        self.count = 0;
        self.shown = 0;
        self.bytes = 0;
        u32::try_from(count).expect("a batch is short")
    }

    /// Returns how many have been completed since the last time.
    pub(super) fn complete(&mut self) -> u32 {
        let count = self.count - self.shown;
        self.shown = self.count;
        u32::try_from(count).expect("a batch is short")
    }

    pub(super) fn post(&mut self, seats: &Seats, seat: usize) {
        self.is_post_due = false;
        let count = self.take();
        seats.post(seat, count);
    }
}

/// The bytes that a text may take, as JavaScript reckons: three for each UTF-16 code unit.
fn room_for(text: &str) -> usize {
    3 * text.encode_utf16().count()
}

#[expect(clippy::cast_precision_loss, reason = "it is a length")]
fn as_double(length: usize) -> f64 {
    length as f64
}
