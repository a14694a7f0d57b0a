//! What the seats of one table of functions are made with.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Notices;
use crate::bridge::ReplyQueue;

/// What the functions take.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// One plain function takes an integer, as the bits of one with `bigint`.
    Plain {
        /// Not as a double.
        bigint: bool,
    },
    /// So many functions by name.
    Named(usize),
}

/// What the seats of one table are made with.
pub struct Options {
    /// Which table of the server this is, from 0 on.
    pub generation: u32,
    /// What its functions take.
    pub kind: Kind,
    /// How many threads take calls.
    pub seats: usize,
    /// True: they are workers, which may be held up, or die.
    pub are_workers: bool,
    /// Calls that the server may have in hand.
    pub in_flight_max: u32,
    /// What a call may take from its request's end to its value.
    pub handler_timeout: Duration,
    /// From when times are counted.
    pub started: Instant,
    /// Where replies go, one for each ring.
    pub reply_queues: Vec<Arc<ReplyQueue>>,
    /// What the thread that has started the server is told.
    pub notices: Arc<Notices>,
}
