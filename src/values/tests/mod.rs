//! The arguments that reach the function, and those refused, form by form.

mod by_name;
mod faults;
mod integers;
mod limits;
mod path;
mod strict;
mod tapes;
mod types;
mod undeclared;

use super::columns::UNPACKED;
use super::*;

/// A function whose arguments are written as in a signature: `a: int, b?: string`. A header
/// argument's field follows its type: `xTag: header x-tag`.
pub(super) fn declared(arguments: &str) -> Signature {
    let parse = |argument: &str| {
        let (name, kind) = argument.split_once(": ").expect("a name and a type");
        let (kind, field) = match kind.split_once(' ') {
            Some((kind, field)) => (kind, Some(field.into())),
            None => (kind, None),
        };
        Argument {
            name: name.trim_end_matches('?').into(),
            kind: Type::named(kind).expect("a type"),
            is_optional: name.ends_with('?'),
            field,
        }
    };
    let arguments = arguments
        .split(", ")
        .filter(|argument| !argument.is_empty());
    Signature::declared("f", arguments.map(parse).collect())
}

/// Empty `Headers`.
pub(super) fn no_headers() -> Headers {
    Headers::default()
}

pub(super) fn body(arguments: &str, body: impl AsRef<[u8]>) -> Result<Arguments, Fault> {
    from_body(&declared(arguments), body.as_ref(), &no_headers())
}

pub(super) fn path(arguments: &str, path: &str) -> Result<Arguments, Fault> {
    from_path(&declared(arguments), path.as_bytes(), &no_headers())
}

/// All cells of the arguments, in order.
pub(super) fn cells(arguments: &Arguments) -> Vec<u64> {
    let rest = arguments.rest.iter().flat_map(|rest| &rest.cells);
    arguments.cells.iter().chain(rest).copied().collect()
}

pub(super) fn doubles(arguments: &Arguments) -> Vec<f64> {
    cells(arguments).into_iter().map(f64::from_bits).collect()
}

pub(super) fn text(arguments: &Arguments) -> String {
    let rest = arguments.rest.as_ref();
    let text = rest.map(|rest| rest.text.clone()).unwrap_or_default();
    String::from_utf8(text).expect("the text is UTF-8")
}

/// The one cell of an argument that was taken.
#[track_caller]
pub(super) fn cell(read: Result<Arguments, Fault>) -> u64 {
    let arguments = read.expect("it fits");
    assert_eq!(arguments.count & 0x3f, 1);
    assert!(arguments.rest.is_none(), "a cell allocates nothing");
    arguments.cells[0]
}

/// The one argument that crossed as text.
#[track_caller]
pub(super) fn written(read: Result<Arguments, Fault>) -> String {
    let arguments = read.expect("it fits");
    assert_eq!(arguments.count & 0x3f, 1);
    assert_eq!(arguments.cells, [0, 0]);
    let text = text(&arguments);
    text.strip_suffix(',').expect("a comma ends it").to_owned()
}

/// The one argument that crossed as a buffer.
#[track_caller]
pub(super) fn buffer(read: Result<Arguments, Fault>) -> Vec<u8> {
    let rest = *read.expect("it fits").rest.expect("it has a buffer");
    assert!(rest.text.is_empty() && rest.cells.is_empty());
    let [buffer] = <[Vec<u8>; 1]>::try_from(rest.buffers).expect("one buffer");
    buffer
}

/// The pointers and details of a refusal of arguments.
#[track_caller]
pub(super) fn entries(read: Result<Arguments, Fault>) -> Vec<(String, String)> {
    let fault = read.expect_err("it does not fit");
    assert_eq!(fault.code, Code::Arguments, "{fault:?}");
    assert!(fault.entries.len() <= ENTRIES_MAX);
    let entries = fault.entries.into_iter();
    entries
        .map(|entry| (entry.pointer, entry.detail.into_owned()))
        .collect()
}

#[track_caller]
pub(super) fn pointers(read: Result<Arguments, Fault>) -> Vec<String> {
    entries(read)
        .into_iter()
        .map(|(pointer, _)| pointer)
        .collect()
}

/// The sentence about a body that is not JSON.
#[track_caller]
pub(super) fn not_json(read: Result<Arguments, Fault>) -> String {
    let fault = read.expect_err("it is not JSON");
    assert_eq!(fault.code, Code::NotJson, "{fault:?}");
    assert!(fault.detail.ends_with(")."), "{}", fault.detail);
    fault.detail.into_owned()
}
