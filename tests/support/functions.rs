//! Three functions by name, in Rust, with their arguments and answers; and two documents.
//!
//! Each answer contains the number of its call, so that a wrong one is seen.

use std::sync::Arc;

use ringcall::bridge::{Call, Outcome};
use ringcall::http::{Document, Response, Status};
use ringcall::routes::{Placed, Routes};
use ringcall::values::{Argument, HOLES, Signature, Type};

pub const COUNT: u16 = 0;
pub const SAY: u16 = 1;
pub const KEEP: u16 = 2;

/// The most bytes that `say` says.
pub const SAID_BYTES_MAX: usize = 96 * 1024;

/// The documents' paths: one is sent with its head, the other on its own.
pub const SHORT: &str = "/";
pub const LONG: &str = "/openapi.json";

/// Bytes of each.
pub const SHORT_BYTES: usize = 300;
pub const LONG_BYTES: usize = 20_000;

/// The text of a document, which begins with its table's number.
pub fn text(table: usize, length: usize) -> String {
    format!("{table:<length$}")
}

/// The documents of the table with this number, which is also their tag.
pub fn documents(table: usize) -> Vec<Placed> {
    let placed = |(path, length): (&str, usize)| {
        let body = text(table, length).into_bytes();
        let document = Document::new("text/plain", &format!("\"{table}\""), &[], body.into());
        Placed {
            path: path.into(),
            document: Arc::new(document),
        }
    };
    [(SHORT, SHORT_BYTES), (LONG, LONG_BYTES)]
        .map(placed)
        .into()
}

/// `count(n: int)`, `say(n: int, value?: json, times?: int)` and `keep(data: bytes, xTag?: header)`,
/// whose data begins with its number.
pub fn routes() -> Routes {
    routes_of(0)
}

/// The same with the documents of the table with this number.
pub fn routes_of(table: usize) -> Routes {
    let functions = [
        ("count", vec![("n", Type::Int, false)]),
        (
            "say",
            vec![
                ("n", Type::Int, false),
                ("value", Type::Json, true),
                ("times", Type::Int, true),
            ],
        ),
        (
            "keep",
            vec![("data", Type::Bytes, false), ("xTag", Type::Header, true)],
        ),
    ];
    let function = |(name, arguments): (&str, Vec<_>)| {
        let arguments = arguments.into_iter().map(argument).collect();
        Signature::declared(name, arguments)
    };
    let functions = functions.into_iter().map(function).collect();
    Routes::new(functions, false).with_documents(documents(table))
}

fn argument((name, kind, is_optional): (&str, Type, bool)) -> Argument {
    Argument {
        name: name.into(),
        kind,
        is_optional,
        field: (kind == Type::Header).then(|| "x-tag".into()),
    }
}

/// The number in a call's arguments.
pub fn number(call: &Call) -> i64 {
    if call.function == KEEP {
        let data = data(call);
        let digits = data.iter().take_while(|byte| byte.is_ascii_digit());
        return digits.fold(0_i64, |n, digit| {
            n.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'))
        });
    }
    integer(call, 0)
}

/// The outcome of a call.
pub fn outcome(call: &Call) -> Outcome {
    outcome_within(call, SAID_BYTES_MAX)
}

/// The same, where `say` says at most this many bytes.
pub fn outcome_within(call: &Call, said_bytes_max: usize) -> Outcome {
    match call.function {
        COUNT => Outcome::Value(number(call)),
        SAY => Outcome::Json(said(call, said_bytes_max)),
        _ => Outcome::Response(Box::new(Response {
            status: Status::CREATED,
            fields: b"\r\nContent-Type: application/octet-stream".to_vec(),
            body: data(call).to_vec(),
        })),
    }
}

/// All arguments of a call.
pub fn described(call: &Call) -> String {
    let rest = call.rest.as_ref();
    let text = rest.map(|rest| String::from_utf8_lossy(&rest.text).into_owned());
    let buffers = rest.map(|rest| rest.buffers.clone());
    let Call {
        function,
        count,
        cells,
        ..
    } = call;
    format!("{function} {count:x} {cells:x?} {text:?} {buffers:x?}")
}

/// An array of the number, and of the value as often as it is to be said.
fn said(call: &Call, bytes_max: usize) -> Vec<u8> {
    let text = call.rest.as_ref().map_or(&[][..], |rest| &rest.text);
    let has_times = call.count & 0x3f == 3;
    // The value has a cell, too, and is short enough to be in the text.
    let place = if text.is_empty() { 1 } else { 2 };
    let times = if has_times { integer(call, place) } else { 1 };
    let mut said = format!("[{}", integer(call, 0)).into_bytes();
    if let Some((b',', value)) = text.split_last() {
        let most = bytes_max / (value.len() + 1);
        for _ in 0..usize::try_from(times).map_or(0, |times| times.min(most)) {
            said.push(b',');
            said.extend_from_slice(value);
        }
    }
    said.push(b']');
    said
}

/// The integer at this place among the cells.
#[expect(clippy::cast_possible_truncation, reason = "it is a safe integer")]
fn integer(call: &Call, place: usize) -> i64 {
    let place = place + usize::from(call.count & HOLES != 0);
    let more = call.rest.iter().flat_map(|rest| &rest.cells);
    let bits = call.cells.iter().chain(more).nth(place);
    f64::from_bits(*bits.expect("there is one")) as i64
}

fn data(call: &Call) -> &[u8] {
    let buffers = call.rest.as_ref().map(|rest| &rest.buffers);
    buffers
        .and_then(|buffers| buffers.first())
        .map_or(&[], |data| data)
}
