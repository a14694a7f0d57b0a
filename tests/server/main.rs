//! The server over real sockets, with a handler in Rust.
//!
//! One module per topic; `support` starts a server on a free port and has a raw client.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod closing;
mod crowds;
mod direct;
mod documents;
mod embedded;
#[expect(unreachable_pub, reason = "shared with the tests of conversations")]
#[expect(dead_code, reason = "its clients need a part of it")]
#[path = "../support/functions.rs"]
mod functions;
mod health;
mod last_request;
mod limits;
mod named;
mod pipelining;
mod requests;
mod rings;
mod support;
