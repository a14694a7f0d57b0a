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
mod tests {
    use super::*;

    const SMALL: usize = 1024;
    const LARGE: usize = 32 * SMALL;

    /// One that has received its first bytes, and what it arms then.
    fn begun() -> Receiving {
        let mut receiving = Receiving::new();
        assert_eq!(
            receiving.next(true, false),
            Some(Step::Arm(Receive::Once)),
            "the first receive"
        );
        receiving.on_received(100, SMALL);
        receiving.on_completed();
        receiving
    }

    /// One that receives in bulk, and has a large receive in flight.
    fn bulk() -> Receiving {
        let mut receiving = begun();
        receiving.next(true, false);
        for _ in 0..RECEIVES_ALIKE {
            assert_eq!(receiving.next(true, false), None);
            receiving.on_received(SMALL, SMALL);
        }
        assert_eq!(receiving.next(true, false), Some(Step::Cancel));
        assert_eq!(receiving.next(true, false), None, "it is being cancelled");
        receiving.on_completed();
        assert_eq!(receiving.next(true, false), Some(Step::Arm(Receive::Large)));
        receiving
    }

    #[test]
    fn short_requests_need_one_receive_that_stays_armed() {
        let mut receiving = begun();
        assert_eq!(
            receiving.next(true, false),
            Some(Step::Arm(Receive::Multishot))
        );
        for _ in 0..100 {
            // A full buffer, and the rest of what was sent with it.
            receiving.on_received(SMALL, SMALL);
            receiving.on_received(SMALL - 1, SMALL);
            assert_eq!(receiving.next(true, false), None);
        }
    }

    #[test]
    fn much_at_once_is_received_into_large_buffers() {
        let mut receiving = bulk();
        for bytes in [LARGE, LARGE / BULK_PART, LARGE, 1, 1, 1, LARGE, 1, 1, 1] {
            receiving.on_received(bytes, LARGE);
            receiving.on_completed();
            assert_eq!(receiving.next(true, false), Some(Step::Arm(Receive::Large)));
        }
    }

    #[test]
    fn short_requests_again_are_received_as_at_first() {
        let mut receiving = bulk();
        for _ in 1..RECEIVES_ALIKE {
            receiving.on_received(LARGE / BULK_PART - 1, LARGE);
            receiving.on_completed();
            assert_eq!(receiving.next(true, false), Some(Step::Arm(Receive::Large)));
        }
        receiving.on_received(LARGE / BULK_PART - 1, LARGE);
        receiving.on_completed();
        assert_eq!(
            receiving.next(true, false),
            Some(Step::Arm(Receive::Multishot))
        );
    }

    #[test]
    fn a_connection_that_wants_no_input_is_not_received_from() {
        for mut receiving in [begun(), bulk()] {
            receiving.next(true, false);
            assert_eq!(receiving.next(false, false), Some(Step::Cancel));
            receiving.on_completed();
            assert_eq!(receiving.next(false, false), None);
            assert!(matches!(receiving.next(true, false), Some(Step::Arm(_))));
        }
    }

    #[test]
    fn a_connection_that_only_awaits_answers_goes_on_with_what_is_in_flight() {
        let mut receiving = begun();
        assert_eq!(receiving.next(true, true), None);
        receiving.next(true, false);
        assert_eq!(receiving.next(true, true), None);
    }
}
