//! Arguments from the segments of a path.
//!
//! `connection` calls it when a head has been read. Segments are split first and then decoded, so
//! `%2F` is a slash within an argument.
//!
//! Invariant: each segment is one argument. An empty segment is refused, since proxies merge
//! slashes.

use std::str;

use super::body::from_nothing;
use super::columns::{Arguments, Columns};
use super::faults::{Fault, Faults, MISSING, TOO_MANY};
use super::headers::Headers;
use super::numbers::{self, Unfit};
use super::signature::{Signature, Type};
use super::{quote, undeclared};

const NOT_IN_A_PATH: &str = "cannot be in a path: send the arguments in the body";

const NOT_UTF8: &str = "must be UTF-8";

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
    headers.check(signature)?;
    let mut columns = Columns::default();
    let mut faults = Faults::default();
    let mut text = Vec::new();
    let mut count = 0;
    for segment in segments(path) {
        let read = match signature.positions.get(count) {
            Some(&index) => {
                headers.write_before(index, signature, &mut text, &mut columns);
                let kind = signature.arguments[index].kind;
                read(kind, index, segment, &mut columns, &mut text)
            }
            None if count == signature.positions.len() => Err(TOO_MANY),
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
    headers.write_others(signature, &mut text, &mut columns);
    Ok(columns.finish(&mut text))
}

/// The segments of a path that is not empty, still percent-encoded.
pub(super) fn segments(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let path = path.strip_prefix(b"/").unwrap_or(path);
    path.split(|byte| *byte == b'/')
}

/// The segment's characters.
#[inline]
pub(super) fn decode<'a>(
    segment: &'a [u8],
    decoded: &'a mut Vec<u8>,
) -> Result<&'a [u8], &'static str> {
    if segment.is_empty() {
        return Err("is empty: an empty string goes in the body");
    }
    if !segment.contains(&b'%') {
        return Ok(segment);
    }
    decode_bytes(segment, decoded)?;
    str::from_utf8(decoded).map_err(|_| NOT_UTF8)?;
    Ok(decoded)
}

fn decode_bytes(mut rest: &[u8], decoded: &mut Vec<u8>) -> Result<(), &'static str> {
    decoded.reserve(rest.len());
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
    Ok(())
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
    if let Type::Int | Type::Number | Type::Int32 = kind
        && let Some((small, length)) = numbers::small_integer(segment)
        && length == segment.len()
        && (kind != Type::Int32 || numbers::int32(small).is_ok())
    {
        columns.put_double(index, numbers::exact(small));
        return Ok(());
    }
    other(kind, index, segment, columns, text)
}

fn other(
    kind: Type,
    index: usize,
    segment: &[u8],
    columns: &mut Columns,
    text: &mut Vec<u8>,
) -> Result<(), &'static str> {
    let mut decoded = Vec::new();
    let segment = decode(segment, &mut decoded)?;
    let fit = match kind {
        Type::Int => numbers::integer_in_path(segment)
            .and_then(numbers::safe_integer)
            .map(|integer| columns.put_double(index, numbers::exact(integer))),
        Type::Int64 => numbers::integer_in_path(segment)
            .and_then(numbers::int64)
            .map(|integer| columns.put_cell(index, integer.cast_unsigned())),
        Type::Number => numbers::number_in_path(segment)
            .map(|number| columns.put_double(index, number))
            .ok_or(Unfit::Kind),
        Type::Int32 => numbers::integer_in_path(segment)
            .and_then(numbers::safe_integer)
            .and_then(numbers::int32)
            .map(|integer| columns.put_double(index, integer)),
        Type::Float32 => numbers::number_in_path(segment)
            .ok_or(Unfit::Kind)
            .and_then(numbers::float32)
            .map(|number| columns.put_double(index, number)),
        Type::Bigint => {
            text.push(b'"');
            let digits = numbers::integer_in_path(segment);
            let pushed = digits.and_then(|digits| numbers::push_bigint(text, digits));
            text.extend_from_slice(b"\",");
            pushed.map(|()| columns.put_text(index))
        }
        Type::Boolean => boolean_in(segment).map(|word| columns.put_boolean(index, word)),
        Type::String => {
            let characters = str::from_utf8(segment).map_err(|_| NOT_UTF8)?;
            text.push(b'"');
            quote::push_ascii(text, characters);
            text.extend_from_slice(b"\",");
            columns.put_text(index);
            Ok(())
        }
        _ => return Err(NOT_IN_A_PATH),
    };
    fit.map_err(|unfit| kind.demand(unfit))
}

fn boolean_in(segment: &[u8]) -> Result<bool, Unfit> {
    match segment {
        b"true" => Ok(true),
        b"false" => Ok(false),
        _ => Err(Unfit::Kind),
    }
}

fn missing(kind: Type) -> &'static str {
    match kind {
        Type::Int
        | Type::Number
        | Type::Int32
        | Type::Float32
        | Type::Int64
        | Type::Bigint
        | Type::Boolean
        | Type::String => MISSING,
        _ => NOT_IN_A_PATH,
    }
}
