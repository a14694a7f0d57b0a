//! The settings of the seats of one table of functions.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Notices;
use crate::bridge::ReplyQueue;

/// What the functions take.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// One plain function, which takes an integer.
    Plain {
        /// As the bits of a 64-bit integer, not as a double.
        bigint: bool,
    },
    /// So many functions by name.
    Named(usize),
}

/// The settings of the seats of one table.
pub struct Options {
    /// Which table of the server this is, from 0 on.
    pub generation: u32,
    /// What its functions take.
    pub kind: Kind,
    /// How many threads take calls.
    pub seats: usize,
    /// True: they are workers, which may be held or end.
    pub are_workers: bool,
    /// Calls that the server may have in flight.
    pub in_flight_max: u32,
    /// How long a call may take from its request's end to its value.
    pub handler_timeout: Duration,
    /// From when times are counted.
    pub started: Instant,
    /// The reply queue of each ring.
    pub reply_queues: Vec<Arc<ReplyQueue>>,
    /// The notices for the thread that has started the server.
    pub notices: Arc<Notices>,
}
