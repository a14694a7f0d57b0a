//! What the connections of one event loop share: what it was started with, and what they leave for
//! it in each turn.
//!
//! The event loop owns it, for as long as it runs, and passes it to whatever a connection does. It
//! empties `calls`, `strays` and `asked` at the end of each turn.

use std::sync::Arc;
use std::time::Instant;

use super::Table;
use crate::bridge::{Call, ConnectionId};
use crate::http::{Date, Rules};
use crate::limits::Timeouts;
use crate::quota::Pool;
use crate::stats::{Counters, Stats};

/// What the connections of one event loop share.
#[derive(Debug)]
pub struct Context {
    /// How requests are read.
    pub rules: Rules,
    /// The functions that requests which begin now may name.
    pub table: Arc<Table>,
    /// The memory left for bodies and arguments.
    pub buffers: Arc<Pool>,
    /// How long requests and their answers may take.
    pub timeouts: Timeouts,
    /// Bytes of the bodies that were read as arguments in this turn.
    pub body_bytes: usize,
    /// When the server started.
    pub started: Instant,
    /// Milliseconds since then.
    pub now: u64,
    /// The same in microseconds.
    pub now_us: u64,
    /// The `Date` of the answers encoded in this turn.
    pub date: Date,
    /// The calls read in this turn, for functions of the table.
    pub calls: Vec<Call>,
    /// The indices of the calls whose requests had met another table, in order.
    pub strays: Vec<(usize, Arc<Table>)>,
    /// The connections that have asked for the server's health in this turn.
    pub asked: Vec<ConnectionId>,
    /// What has been counted so far.
    pub counters: Counters,
    /// Where other threads read it.
    pub stats: Arc<Stats>,
}

impl Context {
    /// Sets the time.
    pub fn set_now(&mut self, now: Instant) {
        self.now_us = self.since_start(now);
        self.now = self.now_us / 1000;
    }

    /// Counts the latency of an answer that leaves now, to a request that the handler has had since
    /// `since_us`.
    pub(super) fn count_latency(&self, since_us: u64) {
        let latency = self.now_us.saturating_sub(since_us);
        self.stats.details.latency.add(latency);
    }

    /// The same for an answer that another thread sent at `sent`.
    pub(super) fn count_latency_of_sent(&self, since_us: u64, sent: Instant) {
        let latency = self.since_start(sent).saturating_sub(since_us);
        self.stats.details.latency.add(latency);
    }

    /// Counts an answer of 200, apart from the others: most answers are such.
    #[inline]
    pub(super) fn count_ok(&mut self) {
        self.counters.responses_2xx += 1;
        self.counters.responses_ok += 1;
    }

    /// Counts an answer that may have any status.
    pub(super) fn count_answer(&mut self, status: u16) {
        self.counters.count(status, 1);
        self.stats.details.answers.count(status);
    }

    /// The same for an answer that no function made.
    pub(super) fn count_refusal(&mut self, status: u16) {
        self.counters.count_too_large(status);
        self.count_answer(status);
    }

    fn since_start(&self, now: Instant) -> u64 {
        let elapsed = now.saturating_duration_since(self.started);
        u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX)
    }
}
