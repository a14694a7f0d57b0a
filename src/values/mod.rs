//! Arguments: read from a request's path and body by a function's signature, and checked.
//!
//! `routes` and `connection` are the callers. Nothing in here does I/O or knows HTTP; two numbers
//! are read without an allocation.
//!
//! ```text
//! from_path ──▶ path ─┐                        ┌─▶ Arguments: columns for the JavaScript thread
//! from_body ──▶ body ─┼─▶ json, numbers ─▶ columns
//! from_bytes, from_nothing ─┘        base64    └─▶ Fault: what was expected, and where
//! ```
//!
//! Invariants: the arguments match the signature, and their text is JSON that `JSON.parse` accepts;
//! a large JSON value may cross on a tape instead (`json::tape`). Of what was sent, a `Fault`
//! repeats only the name of an unknown argument. Time and memory are linear in the bytes that were
//! sent.

mod base64;
mod body;
mod columns;
mod faults;
mod headers;
mod json;
mod numbers;
mod path;
mod quote;
mod read;
mod runs;
mod signature;
#[cfg(test)]
mod tests;
mod undeclared;

pub use body::{from_body, from_bytes, from_nothing};
pub use columns::{ARGUMENTS_MAX, Arguments, BY_NAME, HOLES, Rest, UNPACKED};
pub use faults::{Code, ENTRIES_MAX, Entry, Fault};
pub use headers::Headers;
pub use path::from_path;
pub use quote::quote;
pub use signature::{Argument, Signature, Type, UNDECLARED_ARGUMENTS_MAX};
