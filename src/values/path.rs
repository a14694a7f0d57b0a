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
use super::faults::{Fault, Faults, MISSING, TOO_MANY};
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
    let Ok(path) = str::from_utf8(path) else {
        return Err(Fault::of_form(
            "The path must be percent-encoded.".to_owned(),
        ));
    };
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
pub(super) fn segments(path: &str) -> impl Iterator<Item = &str> {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.split('/')
}

/// The segment's characters.
#[inline]
pub(super) fn decode<'a>(
    segment: &'a str,
    decoded: &'a mut Vec<u8>,
) -> Result<&'a str, &'static str> {
    if segment.is_empty() {
        return Err("is empty: an empty string goes in the body");
    }
    if !segment.contains('%') {
        return Ok(segment);
    }
    decode_bytes(segment.as_bytes(), decoded)?;
    str::from_utf8(decoded).map_err(|_| "must be UTF-8")
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
    segment: &str,
    columns: &mut Columns,
    text: &mut Vec<u8>,
) -> Result<(), &'static str> {
    if let Type::Int | Type::Number = kind
        && let Some(small) = numbers::small_in_path(segment)
    {
        columns.put_double(index, numbers::exact(small));
        return Ok(());
    }
    let mut decoded = Vec::new();
    let segment = decode(segment, &mut decoded)?;
    let fit = match kind {
        Type::Int => numbers::integer_in_path(segment)
            .and_then(numbers::safe_integer)
            .map(|integer| columns.put_double(index, numbers::exact(integer))),
        Type::Int64 => numbers::integer_in_path(segment)
            .and_then(numbers::int64)
            .map(|integer| columns.put_slot(index, integer.cast_unsigned())),
        Type::Number => numbers::number_in_path(segment)
            .map(|number| columns.put_double(index, number))
            .ok_or(Unfit::Kind),
        Type::Bigint => {
            text.push(b'"');
            let digits = numbers::integer_in_path(segment);
            let pushed = digits.and_then(|digits| numbers::push_bigint(text, digits));
            text.extend_from_slice(b"\",");
            pushed.map(|()| columns.put_text(index))
        }
        Type::Boolean => segment
            .parse()
            .map(|word| columns.put_boolean(index, word))
            .map_err(|_| Unfit::Kind),
        Type::String => {
            text.push(b'"');
            quote::push_ascii(text, segment);
            text.extend_from_slice(b"\",");
            columns.put_text(index);
            Ok(())
        }
        _ => return Err(NOT_IN_A_PATH),
    };
    fit.map_err(|unfit| kind.demand(unfit))
}

fn missing(kind: Type) -> &'static str {
    match kind {
        Type::Int | Type::Number | Type::Int64 | Type::Bigint | Type::Boolean | Type::String => {
            MISSING
        }
        _ => NOT_IN_A_PATH,
    }
}
