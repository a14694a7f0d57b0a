//! A JavaScript function callable over HTTP.
//!
//! A ring thread owns an `io_uring` and speaks HTTP/1.1. For each `POST /N` it hands the integer
//! `N` to the JavaScript function and sends the function's value back. Ring threads share a port,
//! their server's limits and the JavaScript thread, nothing else.
//!
//! ```text
//! JavaScript thread                           ring thread (one per ringThreads)
//! serverListen ─▶ Server::start ── spawn ──▶ EventLoop::run
//!                                             completions ─▶ Connection (no I/O) ─▶ http (no I/O)
//! handler ◀─ one ThreadsafeFunction call ◀─── a batch of calls (who, when, n)
//! values  ─▶ a batch of replies + wake-up ──▶ Connection ─▶ send
//!    └─▶ send, on a line that was lent       (few values, and the ring thread sleeps)
//! close() ─▶ wake-up ───────────────────────▶ drain to zero ─▶ thread ends ─▶ join
//! ```
//!
//! # Layout
//!
//! An arrow is "may use"; nothing else may (`tests/tidy.rs` checks):
//!
//! ```text
//! binding ─▶ server ─▶ event_loop ─▶ connection ─▶ http
//!    │          │ └▶ listener └───────────────────▶ uring
//!    └─▶ bridge ◀───────┘     (bridge ─▶ http, uring)
//!
//! limits, quota, stats ◀─ anyone     http, values, uring, these three ─▶ nothing of ours but limits
//! ```
//!
//! - [`binding`]: the only place that names `napi`. It converts and does not decide.
//! - [`server`]: starts, commands and joins the ring threads; [`listener`] makes their sockets.
//! - [`event_loop`]: one turn after another; a `match` on what completed.
//! - [`connection`]: one peer's conversation, without a socket.
//! - [`http`]: RFC 9110 and 9112 as functions on bytes.
//! - [`values`]: arguments read by a function's signature, from path and body; strict JSON.
//! - [`uring`]: the kernel's ring behind a safe door; the one place with `unsafe` for the kernel.
//! - [`bridge`]: what crosses between the threads: calls in the order in which they are to be run,
//!   replies, lent lines; [`quota`]: the limits that ring
//!   threads share.

pub mod binding;
pub mod bridge;
pub mod connection;
pub mod event_loop;
pub mod http;
pub mod limits;
pub mod listener;
pub mod quota;
pub mod routes;
pub mod server;
pub mod stats;
pub mod uring;
pub mod values;
