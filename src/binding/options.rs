//! The options of a server, as JavaScript passes them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use napi_derive::napi;

use super::functions::{self, NativeTable};
use crate::limits::{Limits, RingSize, Timeouts};
use crate::listener::{ListenOptions, Place};
use crate::server::Options;

/// The options of `serverListen`, checked and with defaults filled in.
#[napi(object, object_to_js = false)]
pub struct NativeOptions {
    /// A name or an address; absent: all addresses.
    pub host: Option<String>,
    /// TCP port; 0 picks one.
    pub port: u16,
    /// Unix socket, instead of host and port.
    pub path: Option<String>,
    /// Connections that may wait to be accepted.
    pub backlog: i32,
    /// `SO_REUSEPORT`.
    pub reuse_port: bool,
    /// `IPV6_V6ONLY`.
    pub ipv6_only: bool,
    /// Ring threads; 0 if the loop is embedded.
    pub ring_threads: u32,
    /// Submissions that fit a ring.
    pub ring_entries: u32,
    /// A ring's receive buffers; a power of two.
    pub receive_buffers: u16,
    /// Bytes of one of them.
    pub receive_buffer_size: u32,
    /// True: the plain function takes `bigint`.
    pub bigint: bool,
    /// The functions that requests name; absent if there is a plain one.
    pub functions: Option<NativeTable>,
    /// Workers; absent if this thread takes the calls.
    pub workers: Option<u32>,
    /// The origins whose pages may call, besides the server's own, as browsers write them; or `*`.
    pub origins: Option<Vec<String>>,
    /// The path at which clients ask for the server's health; absent: there is none.
    pub health: Option<String>,
    /// Connections served at a time.
    pub max_connections: u32,
    /// Requests handed to the handler and not answered.
    pub max_in_flight: u32,
    /// Bytes.
    pub max_header_size: u32,
    /// Bytes; an integer below 2^53.
    pub max_body_size: i64,
    /// Bytes of all waiting bodies and arguments together; an integer below 2^53.
    pub max_buffered_bytes: i64,
    /// Milliseconds, as in all that follow; 0 disables a timeout.
    pub headers_timeout: u32,
    /// From a request's first byte to its end.
    pub request_timeout: u32,
    /// Between requests.
    pub keep_alive_timeout: u32,
    /// For the handler's value.
    pub handler_timeout: u32,
    /// For a send of which no byte leaves.
    pub send_timeout: u32,
}

impl From<NativeOptions> for Options {
    /// Starts the clock: times count from now.
    fn from(options: NativeOptions) -> Self {
        let place = match options.path {
            Some(path) => Place::Path(PathBuf::from(path)),
            None => Place::Port {
                host: options.host,
                port: options.port,
            },
        };
        Self {
            listen: ListenOptions {
                place,
                backlog: options.backlog,
                reuse_port: options.reuse_port,
                ipv6_only: options.ipv6_only,
            },
            ring_threads: options.ring_threads as usize,
            ring_size: RingSize {
                entries: options.ring_entries,
                buffers: options.receive_buffers,
                buffer_bytes: options.receive_buffer_size,
            },
            bigint: options.bigint,
            routes: options
                .functions
                .map(|table| Arc::new(functions::routes(table))),
            origins: options.origins.unwrap_or_default(),
            health: options.health,
            started: Instant::now(),
            limits: Limits {
                connections_max: options.max_connections,
                in_flight_max: options.max_in_flight,
                head_bytes_max: options.max_header_size,
                body_bytes_max: options.max_body_size.unsigned_abs(),
                buffered_bytes_max: options.max_buffered_bytes.unsigned_abs(),
                timeouts: Timeouts {
                    headers: options.headers_timeout,
                    request: options.request_timeout,
                    keep_alive: options.keep_alive_timeout,
                    handler: options.handler_timeout,
                    send: options.send_timeout,
                },
                ..Limits::default()
            },
        }
    }
}
