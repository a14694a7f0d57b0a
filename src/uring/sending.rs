//! A connection's one send: its bytes while the kernel may read them, and the op that it needs
//! next.
//!
//! The ring tells it of every completion of its ops, and pushes the ops that it asks for.
//!
//! No send waits in the kernel for room. The kernel's own wait also ends when the peer has ended
//! its side, room or not, each time it is tried. After 128 times the kernel makes a worker thread
//! for the send (`io_arm_poll_handler`): one for each client that half-closes and does not read. An
//! edge-triggered multishot poll reports that end only once.
//!
//! Invariant: it is `Done` only while none of its ops is in flight.

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd};

use io_uring::opcode;
use io_uring::squeue::{Entry, Flags};
use io_uring::types::Fd;

use super::user_data::encode;
use super::{Op, Token};
use crate::bytes::Bytes;

/// What a send wants from the ring.
#[derive(Debug)]
pub(super) enum Next {
    /// An op to be pushed: [`Op::Send`], [`Op::Room`] or [`Op::CancelRoom`].
    Push(Op),
    /// Another completion.
    Wait,
    /// Nothing more: this is its result.
    Done(io::Result<usize>),
}

/// The send op.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    Over,
    InFlight,
    /// In flight, and the poll has reported room that the send may not have seen.
    InFlightAndRoom,
}

/// The poll for room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Poll {
    Over,
    Armed,
    /// Cancelled; the poll and its cancellation complete in any order.
    Ending {
        in_flight: u8,
    },
}

impl Poll {
    /// It, or its cancellation, has completed for the last time.
    fn completed(self) -> Self {
        match self {
            Self::Ending { in_flight } if in_flight > 1 => Self::Ending {
                in_flight: in_flight - 1,
            },
            _ => Self::Over,
        }
    }
}

/// A send, and what is in flight for it.
#[derive(Debug)]
pub(super) struct Sending {
    socket: Fd,
    bytes: Bytes,
    /// Where in the bytes it begins.
    offset: usize,
    /// True while it may have succeeded without a completion.
    pub(super) quiet: bool,
    /// False: it completes if there is no room.
    waits: bool,
    attempt: Attempt,
    poll: Poll,
    outcome: Option<io::Result<usize>>,
}

impl Sending {
    /// The first op it needs is a send. The socket stays open until it is done.
    pub(super) fn new(socket: BorrowedFd<'_>, bytes: Bytes, offset: usize, quiet: bool) -> Self {
        Self {
            socket: Fd(socket.as_raw_fd()),
            bytes,
            offset,
            quiet,
            waits: !quiet,
            attempt: Attempt::InFlight,
            poll: Poll::Over,
            outcome: None,
        }
    }

    /// True: its result is known, but cannot be reported while something is in flight.
    pub(super) fn is_over(&self) -> bool {
        self.outcome.is_some()
    }

    /// The submission for `op`. A send's points to the bytes.
    pub(super) fn entry(&self, op: Op, token: Token) -> Entry {
        match op {
            Op::Room => {
                let writable = u32::from(libc::POLLOUT.unsigned_abs());
                opcode::PollAdd::new(self.socket, writable)
                    .multi(true)
                    .build()
            }
            Op::CancelRoom => opcode::AsyncCancel::new(encode(Op::Room, token)).build(),
            _ => {
                let bytes = self.bytes[self.offset..].as_ptr();
                let send = opcode::Send::new(self.socket, bytes, self.length());
                // NOSIGNAL: no SIGPIPE for a peer that left. DONTWAIT: decided at the submission.
                let flags = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
                if self.quiet {
                    // WAITALL: a short send is no success.
                    let send = send.flags(flags | libc::MSG_WAITALL);
                    send.build().flags(Flags::SKIP_SUCCESS)
                } else {
                    send.flags(flags).build()
                }
            }
        }
    }

    /// The send op has completed.
    pub(super) fn on_sent(&mut self, result: io::Result<usize>) -> Next {
        let attempt = mem::replace(&mut self.attempt, Attempt::Over);
        match result {
            Err(error) if self.waits && error.kind() == io::ErrorKind::WouldBlock => {
                if attempt == Attempt::InFlightAndRoom {
                    self.send()
                } else if self.poll == Poll::Over {
                    self.poll = Poll::Armed;
                    Next::Push(Op::Room)
                } else {
                    Next::Wait
                }
            }
            result => self.end(result),
        }
    }

    /// The send op has succeeded, without a completion.
    pub(super) fn on_sent_quietly(&mut self) -> Next {
        self.on_sent(Ok(self.length() as usize))
    }

    /// The poll has completed: room, the peer's end, or its own end.
    pub(super) fn on_room(&mut self, result: io::Result<u32>, armed: bool) -> Next {
        if !armed {
            self.poll = self.poll.completed();
        }
        match result {
            _ if self.outcome.is_some() => self.wind_up(),
            _ if self.attempt != Attempt::Over => {
                self.attempt = Attempt::InFlightAndRoom;
                Next::Wait
            }
            Ok(_) => self.send(),
            Err(error) => self.end(Err(error)),
        }
    }

    /// The poll's cancellation has completed.
    pub(super) fn on_cancelled(&mut self) -> Next {
        self.poll = self.poll.completed();
        self.wind_up()
    }

    /// How many bytes it is to send.
    fn length(&self) -> u32 {
        u32::try_from(self.bytes.len() - self.offset).unwrap_or(u32::MAX)
    }

    fn send(&mut self) -> Next {
        self.attempt = Attempt::InFlight;
        Next::Push(Op::Send)
    }

    fn end(&mut self, outcome: io::Result<usize>) -> Next {
        self.outcome = Some(outcome);
        self.wind_up()
    }

    /// Reports the result once nothing is in flight: what completes after that belongs to another
    /// send.
    fn wind_up(&mut self) -> Next {
        if self.poll == Poll::Armed {
            self.poll = Poll::Ending { in_flight: 2 };
            return Next::Push(Op::CancelRoom);
        }
        let outcome = self.outcome.take_if(|_| self.poll == Poll::Over);
        outcome.map_or(Next::Wait, Next::Done)
    }
}

/// The sends in flight, by their connections' slots.
#[derive(Debug, Default)]
pub(super) struct Sends(Vec<Option<Sending>>);

impl Sends {
    pub(super) fn insert(&mut self, token: Token, sending: Sending) {
        let slot = token.slot as usize;
        if self.0.len() <= slot {
            self.0.resize_with(slot + 1, || None);
        }
        let borrowed = self.0[slot].replace(sending);
        assert!(borrowed.is_none(), "one send a connection is in flight");
    }

    pub(super) fn get(&self, token: Token) -> Option<&Sending> {
        self.0[token.slot as usize].as_ref()
    }

    pub(super) fn get_mut(&mut self, token: Token) -> Option<&mut Sending> {
        self.0[token.slot as usize].as_mut()
    }

    /// The bytes of a send that is done.
    pub(super) fn take(&mut self, token: Token) -> Bytes {
        let sending = self.0[token.slot as usize].take();
        sending.map(|sending| sending.bytes).unwrap_or_default()
    }
}

#[cfg(test)]
#[path = "tests/sending.rs"]
mod tests;
