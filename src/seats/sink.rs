//! The call sink of one ring: what its event loop calls.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Seats;
use crate::bridge::{Call, CallSink};

/// The call sink of one ring.
#[derive(Debug)]
pub struct RingSink {
    seats: Arc<Seats>,
}

impl CallSink for RingSink {
    fn call(&self, calls: &mut Vec<Call>) {
        self.seats.leave(calls);
    }

    fn adopted(&self) {
        self.seats.adopted();
    }

    fn refused(&self, function: u16) {
        if let Some(count) = self.seats.refusals.get(usize::from(function)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn health_asked(&self) {
        self.seats.options.notices.ask_health();
    }

    fn closed(&self, failure: Option<String>) {
        self.seats.ring_closed(failure);
    }
}

impl Drop for RingSink {
    fn drop(&mut self) {
        self.seats.sink_dropped();
    }
}

impl Seats {
    /// The sink of one of the rings. That ring drops it when it makes no more calls of these
    /// functions.
    #[must_use]
    pub fn sink(self: &Arc<Self>) -> RingSink {
        RingSink {
            seats: Arc::clone(self),
        }
    }
}
