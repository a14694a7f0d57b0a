//! JavaScript functions callable over HTTP.
//!
//! A ring thread owns an `io_uring` and speaks HTTP/1.1. It looks up the function that a request
//! names, reads and checks its arguments, hands them to the JavaScript thread in batches and sends
//! the function's value back. A plain function has no name: it takes the integer `N` of `POST /N`.
//! Ring threads share a port, their server's limits and the queue of calls, nothing else. Or there
//! are none (`ringThreads: 0`), and the JavaScript thread has the ring: its own event loop then
//! drives the same [`event_loop`], which is embedded in it, and so does each pull of a batch.
//!
//! ```text
//! JavaScript threads (main, or its workers)    ring thread (one per ringThreads)
//! serverListen ─▶ Server::start ── spawn ──▶ EventLoop::run
//!                                             completions ─▶ Connection (no I/O)
//!                                                             head ─▶ http ─▶ routes ─▶ a plan
//!                                                             a document's text ─▶ send
//!                                                             path, body ─▶ values ─▶ arguments
//!               one queue, in `seats`     ◀── a turn's calls (who, when, which, arguments)
//! functions ◀─ pull a batch ◀┘ └▶ wake, by a ThreadsafeFunction, who rests and is needed
//! values  ─▶ a batch of replies + wake-up ──▶ Connection ─▶ send
//!    └─▶ send, on a line that was lent       (few values, and the ring thread sleeps)
//! reload() ─▶ other functions and documents for new heads, and a queue and workers of their own
//! close() ─▶ wake-up ───────────────────────▶ drain to zero ─▶ thread ends ─▶ join
//! ```
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
//! - [`server`]: starts, commands and joins the ring threads, or has the loop of a ring embedded;
//!   [`listener`] makes their sockets.
//! - [`event_loop`]: one turn after another; a `match` on what completed.
//! - [`connection`]: one peer's conversation, without a socket.
//! - [`routes`]: functions by name, and the documents that describe them: from a head to what is to
//!   be done about it.
//! - [`values`]: arguments read by a function's signature, from path and body; strict JSON.
//! - [`http`]: RFC 9110 and 9112 as functions on bytes.
//! - [`uring`]: the kernel's ring behind a safe door; the one place with `unsafe` for the kernel.
//! - [`seats`]: the queue of calls, and the JavaScript threads that pull from it; the watchdog that
//!   gives to others what a held worker has not begun.
//! - [`bridge`]: what crosses between the threads: calls, replies, lent lines; [`quota`]: the
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
