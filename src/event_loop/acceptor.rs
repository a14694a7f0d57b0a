//! The listening socket: when it accepts, when it rests, and how it ends.
//!
//! The event loop owns it and tells it of every completed accept.
//!
//! Invariant: at most one accept is in flight, and the listener is closed only while none is.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use crate::limits::ACCEPT_RETRY_MS;
use crate::uring::{Op, Ring, Token};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Armed,
    /// Out of descriptors or memory: tried again then, or as soon as a connection has closed.
    Paused(Instant),
    /// The server closes; the accept's last completion has not arrived.
    Cancelling,
    Ended,
}

/// The listening socket.
#[derive(Debug)]
pub(super) struct Acceptor {
    /// `None` exactly when the state is `Ended`.
    listener: Option<OwnedFd>,
    state: State,
}

impl Acceptor {
    /// An acceptor that rests until it is resumed.
    pub(super) fn new(listener: OwnedFd) -> Self {
        Self {
            listener: Some(listener),
            state: State::Paused(Instant::now()),
        }
    }

    /// True: closed for good.
    pub(super) fn is_ended(&self) -> bool {
        self.state == State::Ended
    }

    /// When accepting is to be tried again, where it rests.
    pub(super) fn retry_at(&self) -> Option<Instant> {
        match self.state {
            State::Paused(until) => Some(until),
            _ => None,
        }
    }

    /// Accepts again where it rested: a descriptor has become free, or the time has come.
    pub(super) fn resume(&mut self, ring: &mut Ring) {
        if matches!(self.state, State::Paused(_)) {
            self.arm(ring);
        }
    }

    /// An accept has completed. The connection is for the caller, unless the server closes: then it
    /// is cut, as it has sent nothing that was read.
    pub(super) fn on_accepted(
        &mut self,
        result: io::Result<OwnedFd>,
        armed: bool,
        ring: &mut Ring,
    ) -> Option<OwnedFd> {
        let exhausted = matches!(&result, Err(error) if is_exhaustion(error));
        let mut accepted = result.ok();
        if self.state == State::Cancelling
            && let Some(socket) = accepted.take()
        {
            ring.push_close(socket);
        }
        if !armed {
            match self.state {
                State::Cancelling => self.end(ring),
                _ if exhausted => {
                    let retry = Duration::from_millis(ACCEPT_RETRY_MS);
                    self.state = State::Paused(Instant::now() + retry);
                }
                // Whatever else ended it concerned one connection that is gone, or the kernel's own
                // bookkeeping.
                _ => self.arm(ring),
            }
        }
        accepted
    }

    /// Stops accepting; the listener is closed when the accept in flight has completed.
    pub(super) fn close(&mut self, ring: &mut Ring) {
        match self.state {
            State::Armed => {
                ring.push_cancel(Op::Accept, Token::NONE);
                self.state = State::Cancelling;
            }
            State::Paused(_) => self.end(ring),
            State::Cancelling | State::Ended => {}
        }
    }

    fn arm(&mut self, ring: &mut Ring) {
        if let Some(listener) = &self.listener {
            ring.arm_accept(listener.as_fd());
            self.state = State::Armed;
        }
    }

    fn end(&mut self, ring: &mut Ring) {
        self.state = State::Ended;
        if let Some(listener) = self.listener.take() {
            ring.push_close(listener);
        }
    }
}

/// The process or the system is out of descriptors or memory: accepting again at once would fail at
/// once, for ever.
fn is_exhaustion(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM | libc::ENOBUFS)
    )
}
