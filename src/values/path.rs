//! Arguments from the segments of a path.
//!
//! `connection` is the caller, when a head has been read. Segments are split first and decoded
//! then: `%2F` is a slash within an argument.
//!
//! Invariant: a segment stands for one argument, never for none: an empty one is refused, since
//! proxies merge slashes.

use std::str;

use super::body::from_nothing;
use super::columns::{Arguments, Columns};
use super::faults::{Fault, Faults};
use super::headers::Headers;
use super::numbers::{self, Unfit};
use super::signature::{Signature, Type};
use super::{quote, undeclared};

const NOT_IN_A_PATH: &str = "cannot be in a path: send the arguments in the body";

/// Reads the arguments from what follows the function's name in a path: nothing, or `/3/4`, still
/// percent-encoded.
pub fn from_path(
    signature: &Signature,
    path: &[u8],
    headers: &Headers,
) -> Result<Arguments, Fault> {
    if path.is_empty() {
        return from_nothing(signature, headers);
    }
    if !signature.is_declared {
        return undeclared::from_path(signature, path);
    }
    let mut columns = Columns::new();
    let mut faults = Faults::default();
    let mut text = Vec::new();
    headers.check(signature, &mut faults);
    let mut count = 0;
    for segment in segments(path) {
        let read = match signature.positions.get(count) {
            Some(&index) => read(
                signature.arguments[index].kind,
                index,
                segment,
                &mut columns,
                &mut text,
            ),
            None if count == signature.positions.len() => Err("is one too many"),
            None => break,
        };
        if let Err(detail) = read {
            faults.add(format!("#/{count}"), detail);
        }
        count += 1;
    }
    for (position, &index) in signature.positions.iter().enumerate().skip(count) {
        let known = &signature.arguments[index];
        if !known.is_optional {
            faults.add(format!("#/{position}"), missing(known.kind));
        }
    }
    faults.verdict(signature)?;
    headers.write(&mut text, &mut columns);
    Ok(columns.finish(signature, text))
}

/// The segments of a path that is not empty, still percent-encoded.
pub(super) fn segments(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let path = path.strip_prefix(b"/").unwrap_or(path);
    path.split(|byte| *byte == b'/')
}

/// The segment's bytes, which are UTF-8 where it is percent-encoded.
pub(super) fn decode<'a>(
    segment: &'a [u8],
    decoded: &'a mut Vec<u8>,
) -> Result<&'a [u8], &'static str> {
    if segment.is_empty() {
        return Err("is empty: an empty string goes in the body");
    }
    let Some(first) = segment.iter().position(|byte| *byte == b'%') else {
        return Ok(segment);
    };
    let (plain, mut rest) = segment.split_at(first);
    decoded.reserve(segment.len());
    decoded.extend_from_slice(plain);
    while let [byte, tail @ ..] = rest {
        rest = tail;
        if *byte != b'%' {
            decoded.push(*byte);
            continue;
        }
        let digit = |at: usize| char::from(*tail.get(at)?).to_digit(16);
        let (Some(high), Some(low)) = (digit(0), digit(1)) else {
            return Err("must be percent-encoded: % and two hexadecimal digits for each byte");
        };
        decoded.push(u8::try_from(high * 16 + low).expect("two digits are a byte"));
        rest = &tail[2..];
    }
    match str::from_utf8(decoded) {
        Ok(characters) => Ok(characters.as_bytes()),
        Err(_) => Err("must be UTF-8"),
    }
}

/// Reads one argument, or says what it must be.
#[inline]
fn read(
    kind: Type,
    index: usize,
    segment: &[u8],
    columns: &mut Columns,
    text: &mut Vec<u8>,
) -> Result<(), &'static str> {
    let mut decoded = Vec::new();
    let segment = decode(segment, &mut decoded)?;
    let demand = |unfit: Unfit| kind.demand(unfit);
    match kind {
        Type::Int => {
            let integer = numbers::integer_in_path(segment, numbers::safe_integer);
            columns.put_double(index, numbers::exact(integer.map_err(demand)?));
        }
        Type::Int64 => {
            let integer = numbers::integer_in_path(segment, numbers::int64).map_err(demand)?;
            columns.put_slot(index, integer.cast_unsigned());
        }
        Type::Number => {
            let number = numbers::number_in_path(segment).ok_or(Unfit::Kind);
            columns.put_double(index, number.map_err(demand)?);
        }
        Type::Bigint => {
            let digits = numbers::integer_in_path(segment, numbers::bigint).map_err(demand)?;
            text.push(b'"');
            text.extend_from_slice(&digits);
            text.extend_from_slice(b"\",");
            columns.put_text(index, text.len());
        }
        Type::Boolean => {
            let is_true = segment == b"true";
            if !is_true && segment != b"false" {
                return Err(demand(Unfit::Kind));
            }
            columns.put_double(index, f64::from(u8::from(is_true)));
        }
        Type::String => {
            let characters = str::from_utf8(segment).map_err(|_| "must be UTF-8")?;
            text.push(b'"');
            quote::push_ascii(text, characters);
            text.extend_from_slice(b"\",");
            columns.put_text(index, text.len());
        }
        _ => return Err(NOT_IN_A_PATH),
    }
    Ok(())
}

fn missing(kind: Type) -> &'static str {
    match kind {
        Type::Int | Type::Number | Type::Int64 | Type::Bigint | Type::Boolean | Type::String => {
            "is missing"
        }
        _ => NOT_IN_A_PATH,
    }
}
