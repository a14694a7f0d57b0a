//! JavaScript functions callable over HTTP.
//!
//! A ring thread owns an `io_uring` and speaks HTTP/1.1. It looks up the function that a request
//! names, reads and checks its arguments, hands them to the JavaScript thread in batches and sends
//! the function's value back. A plain function has no name: it takes the integer `N` of `POST /N`.
//! Ring threads share a port, their server's limits and the queue of calls, nothing else. With
//! `ringThreads: 0` there are none: the JavaScript thread owns the ring. The same [`event_loop`] is
//! then embedded in that thread's own event loop, which drives it, as does each fetch of a batch.
//!
//! ```text
//! JavaScript threads (main, or its workers)    ring thread (one per ringThreads)
//! serverListen ─▶ Server::start ── spawn ──▶ EventLoop::run
//!                                             completions ─▶ Connection (no I/O)
//!                                                             head ─▶ http ─▶ routes ─▶ a plan
//!                                                             a document's text ─▶ send
//!                                                             path, body ─▶ values ─▶ arguments
//!               one queue, in `seats`     ◀── CallSink ◀── a turn's calls
//! functions ◀─ next batch ◀┘ └▶ wakes a thread that rests, if one is needed
//! values  ─▶ a batch of replies ─▶ ReplyQueue + wake-up ──▶ Connection ─▶ send
//!    └─▶ send, on a leased socket             (few values, and the ring thread sleeps)
//! reload() ─▶ another table for new heads, with a queue and workers of its own
//! close() ─▶ wake-up ───────────────────────▶ drain to zero ─▶ thread ends ─▶ join
//! ```
//!
//! # Words
//!
//! - *ring*: an `io_uring`, its event loop and their connections; *turn*: one round of that loop.
//! - *peer*: a connection as the loop sees it, a socket with ops in flight. *connection*: the
//!   conversation on it, without I/O. *context*: what a ring's connections share.
//! - *table*: the functions that requests may name, and the sink of their calls. A reload brings
//!   another one.
//! - *call*: one request's arguments for one function. *credit*: the right to be in flight, which a
//!   call has until its reply is posted.
//! - *sink*: where a ring's calls go. *seat*: a JavaScript thread's place at the queue of calls.
//!   *consumer*: the thread in a seat, with the calls that it has. *batch*: the calls of one fetch.
//! - *reply*: what the ring is told about a call: the handler's outcome, or that it was sent or is
//!   late. *lease*: a socket on which the answering thread may send one answer itself.
//! - *answer*: what a client gets to a request; an `http::Response` is one with a status, fields
//!   and a body of its own.
//!
//! # Layout
//!
//! An arrow is "may use"; nothing else may (`tests/tidy.rs` checks):
//!
//! ```text
//! binding ─▶ server ─▶ event_loop ─▶ connection ─▶ routes ─▶ http, values
//!    │          │ └▶ listener └───────────────────▶ uring
//!    └▶ seats ─▶ bridge ◀──────┘     (bridge ─▶ http, values, uring)
//!
//! bytes, limits, quota, stats ◀─ anyone     http, values, uring, those ─▶ nothing else of ours
//! ```
//!
//! - [`binding`]: the only place that names `napi`. It converts and does not decide. Its
//!   `embedding` drives an embedded loop, by the handles of `libuv`.
//! - [`server`]: starts, commands and joins the ring threads, or embeds the loop of a ring;
//!   [`listener`] makes their sockets.
//! - [`event_loop`]: one turn after another; a `match` on what completed.
//! - [`connection`]: one peer's conversation, without a socket.
//! - [`routes`]: functions by name, and the documents that describe them: makes a plan of a head.
//! - [`values`]: arguments read by a function's signature, from path and body; strict JSON.
//! - [`http`]: RFC 9110 and 9112 as functions on bytes.
//! - [`uring`]: the kernel's ring behind a safe door; the one place with `unsafe` for the kernel.
//! - [`seats`]: the queue of calls, and the JavaScript threads that fetch from it; the watchdog,
//!   which gives to others what a held worker has not begun.
//! - [`bridge`]: what crosses between the threads: calls, replies, leased sockets; [`quota`]: the
//!   limits that ring threads share; [`bytes`]: what is sent, an answer's own or shared.

pub mod binding;
pub mod bridge;
pub mod bytes;
pub mod connection;
pub mod event_loop;
pub mod http;
pub mod limits;
pub mod listener;
pub mod quota;
pub mod routes;
pub mod seats;
pub mod server;
pub mod stats;
pub mod uring;
pub mod values;
