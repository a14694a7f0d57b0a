//! The listening socket: when it accepts, when it rests, and how it ends.
//!
//! The event loop owns it, tells it of every completed accept, and steers it once a turn.
//!
//! Invariant: at most one accept or one delay is in flight, and the listener is closed only while
//! none is.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::os::fd::{AsFd, OwnedFd};

use super::gathering::Gathering;
use crate::limits::{ACCEPT_RETRY_MS, Crowd};
use crate::uring::{Kernel, Op, Token, is_about_one_connection};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// An accept is in flight, and has accepted connections or not.
    Armed { has_accepted: bool },
    /// An accept and its cancellation are in flight.
    Cancelling,
    /// Nothing is in flight.
    Resting,
    /// A delay is in flight, during which connections gather at the listener.
    Gathering,
    /// The listener is closed.
    Ended,
}

/// The listening socket.
#[derive(Debug)]
pub(super) struct Acceptor {
    /// `None` exactly when the state is `Ended`.
    listener: Option<OwnedFd>,
    /// True: accepts many connections with one op. Rings that share a socket accept one at a time:
    /// the kernel wakes the op that has waited longest, which would always be the same ring's.
    multishot: bool,
    state: State,
    gathering: Gathering,
    /// An accept has failed for want of descriptors or memory, or was denied. It is not tried again
    /// before this time, in microseconds, unless a connection ends.
    exhausted_until_us: Option<u64>,
    /// It accepted connections, or let them gather, when it was last steered.
    accepts: bool,
    /// How often it had to rest.
    pauses: u64,
    /// True exactly when the server closes.
    closing: bool,
}

impl Acceptor {
    /// An acceptor that rests until it is steered. `is_shared`: other rings have the same socket.
    pub(super) fn new(listener: OwnedFd, is_shared: bool, crowd: Crowd) -> Self {
        Self {
            listener: Some(listener),
            multishot: !is_shared,
            state: State::Resting,
            gathering: Gathering::new(crowd),
            exhausted_until_us: None,
            accepts: false,
            pauses: 0,
            closing: false,
        }
    }

    /// True: the listener is closed.
    pub(super) fn is_ended(&self) -> bool {
        self.state == State::Ended
    }

    /// True: it is to be steered again when some time has passed.
    pub(super) fn is_exhausted(&self) -> bool {
        self.exhausted_until_us.is_some()
    }

    /// How often it had to rest for want of room, descriptors or memory.
    pub(super) fn pauses(&self) -> u64 {
        self.pauses
    }

    /// An accept has completed.
    pub(super) fn on_accepted(
        &mut self,
        result: io::Result<OwnedFd>,
        armed: bool,
        now_us: u64,
    ) -> Option<OwnedFd> {
        if !armed {
            self.state = State::Resting;
        }
        match result {
            Ok(socket) => {
                if let State::Armed { has_accepted } = &mut self.state {
                    *has_accepted = true;
                }
                // Rings that share a listener leave those that wait there to each other.
                if self.multishot {
                    self.gathering.on_accepted(now_us);
                }
                Some(socket)
            }
            Err(error) => {
                // An error that concerns one connection, which is gone, needs nothing.
                if !is_about_one_connection(&error) {
                    self.exhausted_until_us = Some(now_us + u64::from(ACCEPT_RETRY_MS) * 1000);
                }
                None
            }
        }
    }

    /// Connections have gathered for long enough.
    pub(super) fn on_delayed(&mut self) {
        self.state = State::Resting;
    }

    /// A connection has ended, and given its descriptor back. True: the acceptor waited for one,
    /// and is to be steered in another turn.
    pub(super) fn on_freed(&mut self) -> bool {
        self.exhausted_until_us.take().is_some()
    }

    /// Stops accepting for good.
    pub(super) fn close(&mut self) {
        self.closing = true;
    }

    /// Brings the accept to where it should be: armed exactly while there is room for connections,
    /// and they need not gather. When it closes the listener, it puts the connections that wait
    /// there into `held`.
    pub(super) fn steer(
        &mut self,
        has_room: bool,
        now_us: u64,
        ring: &mut impl Kernel,
        held: &mut VecDeque<OwnedFd>,
    ) {
        if self.exhausted_until_us.is_some_and(|until| until <= now_us) {
            self.exhausted_until_us = None;
        }
        let accepts = has_room && !self.closing && self.exhausted_until_us.is_none();
        let has_paused = mem::replace(&mut self.accepts, accepts) && !accepts;
        self.pauses += u64::from(has_paused && !self.closing);
        match (self.state, &self.listener) {
            (State::Resting, Some(listener)) if accepts => {
                if let Some(delay) = self.gathering.delay(now_us) {
                    ring.arm_delay(delay);
                    self.state = State::Gathering;
                } else {
                    ring.arm_accept(listener.as_fd(), self.multishot);
                    self.state = State::Armed {
                        has_accepted: false,
                    };
                }
            }
            (State::Armed { has_accepted }, _)
                if !accepts || has_accepted && self.gathering.is_on() =>
            {
                ring.push_cancel(Op::Accept, Token::NONE);
                self.state = State::Cancelling;
            }
            (State::Resting, Some(_)) if self.closing => {
                self.state = State::Ended;
                if let Some(listener) = self.listener.take() {
                    held.extend(ring.close_listener(listener));
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rests_after(refused: io::Error) -> bool {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut acceptor = Acceptor::new(listener.into(), false, Crowd::default());
        assert!(acceptor.on_accepted(Err(refused), false, 0).is_none());
        acceptor.is_exhausted()
    }

    #[test]
    fn an_accept_that_would_fail_again_is_not_retried_at_once() {
        for errno in [libc::EMFILE, libc::ENFILE, libc::ENOMEM, libc::ENOBUFS] {
            assert!(rests_after(io::Error::from_raw_os_error(errno)), "{errno}");
        }
        // A security module's denial, a listener shut down by something else.
        for errno in [libc::EACCES, libc::EPERM, libc::EINVAL, libc::ENOTSOCK] {
            assert!(rests_after(io::Error::from_raw_os_error(errno)), "{errno}");
        }
    }

    #[test]
    fn a_connection_that_ended_before_it_was_accepted_delays_no_other() {
        for errno in [libc::ECONNABORTED, libc::EPROTO, libc::ECANCELED] {
            assert!(!rests_after(io::Error::from_raw_os_error(errno)), "{errno}");
        }
    }

    #[test]
    fn a_number_that_is_not_a_new_connection_delays_no_other() {
        assert!(!rests_after(io::ErrorKind::InvalidData.into()));
    }
}
