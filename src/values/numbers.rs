//! Numbers from their digits: integers of any size and form, and doubles.
//!
//! `body` and `path` pass tokens of JSON's grammar, or digits with a sign.
//!
//! Invariant: an integer is read from its digits, never by way of a double; a double is the one
//! nearest to the token.

use std::iter;

use lexical_core::{ParseFloatOptions, format};

use super::columns::ARGUMENTS_MAX;
use super::json::Json;

/// The most digits of a `bigint`: JavaScript takes too long to make a longer one.
pub(super) const BIGINT_DIGITS_MAX: usize = 4096;

/// The most digits that all exponents of one body may stand for: enough for one `bigint` in each
/// argument, but not for the thousands that fit into an array.
pub(super) const ADDED_DIGITS_MAX: usize = ARGUMENTS_MAX * BIGINT_DIGITS_MAX;

/// The largest magnitude of an integer that a JavaScript `number` holds exactly.
const SAFE_INTEGER_MAX: u64 = (1 << 53) - 1;

/// The most digits of an integer of 64 bits.
const INT64_DIGITS_MAX: usize = 19;

/// As many digits before a fraction or an exponent always fit a double.
pub(super) const FINITE_DIGITS_MAX: usize = 308;

/// The most digits of an integer that is read at once: each such integer is exact as a double.
const SMALL_DIGITS_MAX: usize = 15;

/// Why a value does not fit its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfit {
    /// It is a value of another type.
    Kind,
    /// It is too large.
    Range,
    /// Its exponent stands for more digits than are left of `ADDED_DIGITS_MAX`.
    Expansion,
}

/// The digits of the integer in a path's segment, which is `-?[0-9]+` or a token of JSON's grammar.
pub(super) fn integer_in_path(segment: &[u8]) -> Result<&[u8], Unfit> {
    let is_token = || {
        let mut json = Json::new(segment);
        matches!(json.number_if_next(), Ok(Some(_))) && json.peek().is_none()
    };
    if is_digits(segment) || is_token() {
        Ok(segment)
    } else {
        Err(Unfit::Kind)
    }
}

/// The number in a path's segment, which is a token of JSON's grammar.
pub(super) fn number_in_path(segment: &[u8]) -> Option<f64> {
    let mut json = Json::new(segment);
    let number = json.double_if_number().ok()??;
    json.peek().is_none().then_some(number)
}

/// The integer at the start of the text and its length, if it has few digits and is a token of
/// JSON's grammar. It is the same as a double; `-0` is not.
#[expect(
    clippy::inline_always,
    reason = "the pair is in registers then, on the hottest path"
)]
#[inline(always)]
pub(super) fn small_integer(text: &[u8]) -> Option<(i64, usize)> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let mut value: i64 = 0;
    let mut rest = digits;
    while let [byte @ b'0'..=b'9', tail @ ..] = rest {
        value = value.wrapping_mul(10).wrapping_add(i64::from(byte - b'0'));
        rest = tail;
    }
    let count = digits.len() - rest.len();
    let is_negative = digits.len() < text.len();
    let has_other_form = match digits {
        [b'0', ..] => count > 1 || is_negative,
        _ => count == 0 || count > SMALL_DIGITS_MAX,
    };
    if has_other_form || matches!(rest, [b'.' | b'e' | b'E', ..]) {
        return None;
    }
    let value = if is_negative { -value } else { value };
    Some((value, text.len() - rest.len()))
}

/// A safe integer as a double.
#[expect(clippy::cast_precision_loss, reason = "a safe integer is exact")]
pub(super) fn exact(safe_integer: i64) -> f64 {
    safe_integer as f64
}

/// True for `-?[0-9]+`.
pub(super) fn is_digits(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

/// An integer that a JavaScript `number` holds exactly.
pub(super) fn safe_integer(text: &[u8]) -> Result<i64, Unfit> {
    let value = int64(text)?;
    if value.unsigned_abs() > SAFE_INTEGER_MAX {
        return Err(Unfit::Range);
    }
    Ok(value)
}

/// An integer of 32 bits as a double.
pub(super) fn int32(integer: i64) -> Result<f64, Unfit> {
    let integer = i32::try_from(integer).map_err(|_| Unfit::Range)?;
    Ok(f64::from(integer))
}

/// The double of 32 bits that is nearest, as `Math.fround` makes it.
pub(super) fn float32(number: f64) -> Result<f64, Unfit> {
    if number.abs() > f64::from(f32::MAX) {
        return Err(Unfit::Range);
    }
    #[expect(clippy::cast_possible_truncation, reason = "it rounds to the nearest")]
    let nearest = number as f32;
    Ok(f64::from(nearest))
}

/// An integer of 64 bits.
pub(super) fn int64(text: &[u8]) -> Result<i64, Unfit> {
    let integer = Integer::parse(text).ok_or(Unfit::Kind)?;
    if integer.count() > INT64_DIGITS_MAX {
        return Err(Unfit::Range);
    }
    let add = |sum: i128, digit: u8| sum * 10 + i128::from(digit - b'0');
    let magnitude = integer.digits().fold(0, add);
    let signed = if integer.is_negative {
        -magnitude
    } else {
        magnitude
    };
    signed.try_into().map_err(|_| Unfit::Range)
}

/// Appends an integer's digits, without leading zeros.
pub(super) fn push_bigint(out: &mut Vec<u8>, text: &[u8]) -> Result<(), Unfit> {
    let integer = Integer::parse(text).ok_or(Unfit::Kind)?;
    match integer.count() {
        0 => out.push(b'0'),
        1..=BIGINT_DIGITS_MAX => {
            out.extend(integer.is_negative.then_some(b'-'));
            out.extend_from_slice(integer.whole);
            out.extend_from_slice(integer.fraction);
            out.resize(out.len() + integer.zeros, b'0');
        }
        _ => return Err(Unfit::Range),
    }
    Ok(())
}

/// How numbers are read: nothing but RFC 8259's grammar.
const DOUBLES: ParseFloatOptions = ParseFloatOptions::new();

/// The double that is nearest to the token of JSON's grammar at the start of the text, and the
/// token's length; `None` where there is no token. It may be infinite.
#[inline]
pub(super) fn double(text: &[u8]) -> Option<(f64, usize)> {
    lexical_core::parse_partial_with_options::<f64, { format::JSON }>(text, &DOUBLES).ok()
}

/// An integral value: digits, then zeros. Zero has no digits at all.
struct Integer<'a> {
    is_negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
    zeros: usize,
}

impl<'a> Integer<'a> {
    /// `None` for what is not integral. The text is a token of JSON's grammar, or digits.
    fn parse(text: &'a [u8]) -> Option<Self> {
        let (is_negative, text) = match text {
            [b'-', rest @ ..] => (true, rest),
            _ => (false, text),
        };
        let (mantissa, exponent) = split_at(text, |byte| byte | 0x20 == b'e');
        let (whole, fraction) = split_at(mantissa, |byte| byte == b'.');
        let (whole, fraction) = (without_zeros_before(whole), without_zeros_behind(fraction));
        if whole.is_empty() && fraction.is_empty() {
            return Some(Self {
                is_negative: false,
                whole,
                fraction,
                zeros: 0,
            });
        }
        let exponent = exponent_of(exponent);
        if fraction.is_empty() {
            let digits = without_zeros_behind(whole);
            let zeros = signed(whole.len() - digits.len()).saturating_add(exponent);
            return Some(Self {
                is_negative,
                whole: digits,
                fraction,
                zeros: usize::try_from(zeros).ok()?,
            });
        }
        let zeros = exponent.saturating_sub(signed(fraction.len()));
        Some(Self {
            is_negative,
            whole,
            fraction: if whole.is_empty() {
                without_zeros_before(fraction)
            } else {
                fraction
            },
            zeros: usize::try_from(zeros).ok()?,
        })
    }

    fn count(&self) -> usize {
        let written = self.whole.len() + self.fraction.len();
        written.saturating_add(self.zeros)
    }

    fn digits(&self) -> impl Iterator<Item = u8> {
        let written = self.whole.iter().chain(self.fraction).copied();
        written.chain(iter::repeat_n(b'0', self.zeros))
    }
}

/// The bytes before the first such byte, and those behind it.
fn split_at(text: &[u8], is_border: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    match text.iter().position(|byte| is_border(*byte)) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &[]),
    }
}

fn without_zeros_before(mut digits: &[u8]) -> &[u8] {
    while let [b'0', rest @ ..] = digits {
        digits = rest;
    }
    digits
}

fn without_zeros_behind(mut digits: &[u8]) -> &[u8] {
    while let [rest @ .., b'0'] = digits {
        digits = rest;
    }
    digits
}

/// The exponent; if it is huge, one that is as far beyond anything that fits into memory.
fn exponent_of(text: &[u8]) -> i64 {
    let (sign, digits) = match text {
        [b'-', digits @ ..] => (-1, digits),
        [b'+', digits @ ..] | digits => (1, digits),
    };
    let add = |sum: i64, digit: &u8| {
        let digit = i64::from(digit - b'0');
        sum.saturating_mul(10).saturating_add(digit)
    };
    sign * digits.iter().fold(0, add)
}

fn signed(length: usize) -> i64 {
    i64::try_from(length).expect("no slice is longer than isize::MAX")
}
