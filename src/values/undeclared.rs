//! Arguments of functions that declare none: JSON values by position.
//!
//! `body` and `path` pass the values. If all are numbers they cross as cells, otherwise all of them
//! cross as one array.
//!
//! Invariant: there are at least as many as the function needs, and at most
//! `UNDECLARED_ARGUMENTS_MAX`.

use super::columns::{ARGUMENTS_MAX, Arguments, Cells, UNPACKED};
use super::faults::{ENTRIES_MAX, Fault, Faults, MISSING};
use super::json::{Json, Scan};
use super::path;
use super::signature::{Signature, UNDECLARED_ARGUMENTS_MAX};

/// Neither path nor body.
pub(super) fn from_nothing(signature: &Signature) -> Result<Arguments, Fault> {
    check(signature, 0, Faults::default())?;
    Ok(Arguments::default())
}

/// An array.
pub(super) fn from_body(signature: &Signature, body: &[u8]) -> Result<Arguments, Fault> {
    let mut json = Json::new(body);
    if json.peek_token() != Some(b'[') {
        return from_other_body(signature, json);
    }
    let start = json.at();
    if let Some(cells) = numbers_in(&mut json).map_err(|broken| broken.in_body())? {
        check(signature, cells.len(), Faults::default())?;
        return Ok(of_numbers(cells));
    }
    json.back_to(start);
    let (count, tape) = values_in(&mut json).map_err(|broken| broken.in_body())?;
    check(signature, count, Faults::default())?;
    Ok(of_array(json.text, tape))
}

/// An empty object counts as no arguments.
fn from_other_body(signature: &Signature, mut json: Json) -> Result<Arguments, Fault> {
    json.whole_value().map_err(|broken| broken.in_body())?;
    if json.text == b"{}" {
        return from_nothing(signature);
    }
    let name = &signature.name;
    Err(Fault::of_form(format!(
        "{name}'s arguments have no declared names: send them as a JSON array."
    )))
}

/// Reads an array to its end, or to the first element that cannot cross as a cell: then `None`.
fn numbers_in(json: &mut Json) -> Scan<Option<Cells>> {
    json.skip();
    let mut cells = Cells::default();
    while json.advance(b']', cells.len() == 0)? {
        if cells.len() == ARGUMENTS_MAX {
            return Ok(None);
        }
        match json.double_if_number()? {
            Some(number) => cells.push(number.to_bits()),
            None => return Ok(None),
        }
    }
    json.end()?;
    Ok(Some(cells))
}

/// Reads an array to its end. Returns how many elements it has, and its tape or, if it was written
/// as text, none.
fn values_in(json: &mut Json) -> Scan<(usize, Option<Vec<u8>>)> {
    let (count, tape) = if let Some((count, tape)) = json.tape_of_array()? {
        (count, Some(tape))
    } else {
        let count = json.array()?;
        json.text.push(b',');
        (count, None)
    };
    json.end()?;
    Ok((count, tape))
}

/// Segments of JSON.
pub(super) fn from_path(signature: &Signature, path: &[u8]) -> Result<Arguments, Fault> {
    if let Some(cells) = numbers_of(path) {
        check(signature, cells.len(), Faults::default())?;
        return Ok(of_numbers(cells));
    }
    let mut faults = Faults::default();
    let mut text = Vec::new();
    let passed = path::segments(path).take(UNDECLARED_ARGUMENTS_MAX);
    for (position, segment) in passed.enumerate() {
        match path::decode(segment, &mut Vec::new()) {
            Ok(decoded) => {
                let mut json = Json::new(decoded);
                let read = json.whole_value();
                read.map_err(|broken| broken.in_segment(position, signature))?;
                text.push(b',');
                text.append(&mut json.text);
            }
            Err(detail) => faults.add(format!("#/{position}"), detail),
        }
    }
    let count = path::segments(path).count();
    check(signature, count, faults)?;
    text[0] = b'[';
    text.extend_from_slice(b"],");
    Ok(of_array(text, None))
}

/// The segments as numbers, if all of them are numbers that cross as cells.
fn numbers_of(path: &[u8]) -> Option<Cells> {
    let mut cells = Cells::default();
    for segment in path::segments(path) {
        if cells.len() == ARGUMENTS_MAX {
            return None;
        }
        let mut decoded = Vec::new();
        let mut json = Json::new(path::decode(segment, &mut decoded).ok()?);
        json.peek_token();
        let number = json.double_if_number().ok()??;
        json.end().ok()?;
        cells.push(number.to_bits());
    }
    Some(cells)
}

fn of_numbers(mut cells: Cells) -> Arguments {
    let count = u8::try_from(cells.len()).expect("ARGUMENTS_MAX at most");
    cells.finish(count, &mut Vec::new(), &mut Vec::new())
}

/// One array, on the tape or, without one, in the text.
fn of_array(mut text: Vec<u8>, tape: Option<Vec<u8>>) -> Arguments {
    let mut cells = Cells::default();
    cells.push_boolean(tape.is_some());
    cells.finish(UNPACKED, &mut text, &mut tape.into_iter().collect())
}

/// Adds an entry if the number of arguments is wrong.
fn check(signature: &Signature, count: usize, mut faults: Faults) -> Result<(), Fault> {
    for missing in (count..signature.fewest).take(ENTRIES_MAX) {
        faults.add(format!("#/{missing}"), MISSING);
    }
    if count > UNDECLARED_ARGUMENTS_MAX {
        let detail = "is one too many: 64 arguments are passed at most";
        faults.add(format!("#/{UNDECLARED_ARGUMENTS_MAX}"), detail);
    }
    faults.verdict(signature)
}
