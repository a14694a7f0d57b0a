//! How one connection is received from: what is in flight, and what comes next.
//!
//! Owned by the connection's `Peer`, which tells it what was received, and pushes the step that it
//! names.
//!
//! A request mostly fits one receive buffer, and a multishot receive needs not be armed again. For
//! a body of many buffers each has its completion and its turn of the kernel's loop: then one
//! receive at a time, into a large buffer, costs less.

use crate::limits::{BULK_PART, RECEIVES_ALIKE};
use crate::uring::Receive;

/// What to push next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Arm(Receive),
    Cancel,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InFlight {
    /// Nothing, and nothing was before.
    NotYet,
    Nothing,
    Armed(Receive),
    /// A receive, and its cancellation.
    Cancelling,
}

#[derive(Debug)]
pub(super) struct Receiving {
    in_flight: InFlight,
    /// True: the peer sends much at once.
    is_bulk: bool,
    /// How many receives in a row have said the contrary.
    contrary: u8,
}

impl Receiving {
    pub(super) fn new() -> Self {
        Self {
            in_flight: InFlight::NotYet,
            is_bulk: false,
            contrary: 0,
        }
    }

    /// Bytes were received into a buffer with room for `buffer_bytes`.
    pub(super) fn on_received(&mut self, bytes: usize, buffer_bytes: usize) {
        let is_contrary = if self.is_bulk {
            bytes < buffer_bytes / BULK_PART
        } else {
            bytes == buffer_bytes
        };
        self.contrary = if is_contrary { self.contrary + 1 } else { 0 };
        if self.contrary == RECEIVES_ALIKE {
            self.is_bulk = !self.is_bulk;
            self.contrary = 0;
        }
    }

    /// The receive is no longer in flight.
    pub(super) fn on_completed(&mut self) {
        self.in_flight = InFlight::Nothing;
    }

    /// The next step of a connection that wants input or, until it has less to do, does not. If
    /// `may_wait`, a receive that is not in flight stays so.
    pub(super) fn next(&mut self, wants_input: bool, may_wait: bool) -> Option<Step> {
        let step = match self.in_flight {
            InFlight::NotYet | InFlight::Nothing if wants_input && !may_wait => {
                Some(Step::Arm(self.kind()))
            }
            InFlight::Armed(how) if !wants_input || self.is_outdated(how) => Some(Step::Cancel),
            _ => None,
        };
        match step {
            Some(Step::Arm(how)) => self.in_flight = InFlight::Armed(how),
            Some(Step::Cancel) => self.in_flight = InFlight::Cancelling,
            None => {}
        }
        step
    }

    fn kind(&self) -> Receive {
        match self.in_flight {
            // The first request is often the only one. Then nothing is in flight when its answer
            // has been sent, and the socket can be closed.
            InFlight::NotYet => Receive::Once,
            _ if self.is_bulk => Receive::Large,
            _ => Receive::Multishot,
        }
    }

    /// True: it would go on with small buffers.
    fn is_outdated(&self, how: Receive) -> bool {
        how == Receive::Multishot && self.is_bulk
    }
}

#[cfg(test)]
#[path = "tests/receiving.rs"]
mod tests;
