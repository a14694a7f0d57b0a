//! What the event loop asks of the kernel, and what it may rely on in return.
//!
//! [`Ring`](super::Ring) is the real kernel. The one in `tests/simulation` does everything that
//! this page allows, in any order, from a seed.
//!
//! Invariants, of every kernel:
//! - An op completes for the last time once, with an event whose `armed` is false or that has no
//!   `armed`; until then it is in flight. Events of different ops come in any order, whichever was
//!   pushed first.
//! - A receive loses, repeats and reorders no byte, and reports the end of the peer's side once. It
//!   may end at any event. Each of its buffers is ours from its event until it is put back.
//! - A send has given as many of its first bytes to the socket as its event says.
//! - A cancellation makes its target complete, if it has not yet, and completes on its own, before
//!   or after its target.
//! - An op completes once both sides of its socket are shut down.

use std::io;
use std::net::Shutdown;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::{Duration, Instant, SystemTime};

use super::{Event, Op, Token, Waker};
use crate::bytes::Bytes;

/// How a connection is received from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receive {
    /// Once.
    Once,
    /// Again and again.
    Multishot,
    /// Once, into a large buffer.
    Large,
}

/// Takes ops and returns their events; does to sockets what needs no op; has the clocks.
pub trait Kernel {
    /// Received bytes, which we have until they are put back.
    type Buffer;

    /// Makes the calling thread the only one that may use the ring from here on.
    fn enable(&self) -> io::Result<()>;

    /// The number of ops pushed whose last event has not been taken.
    fn in_flight(&self) -> usize;

    /// Accepts connections, or only one, until [`Event::Accepted`] says that it is no longer armed.
    fn arm_accept(&mut self, listener: BorrowedFd<'_>, multishot: bool);

    /// Receives until [`Event::Received`] says that it is no longer armed.
    fn arm_recv(&mut self, token: Token, socket: BorrowedFd<'_>, how: Receive);

    /// Sends `bytes[offset..]`. Only one send of a connection may be in flight, since their order
    /// would be lost. The socket stays open until its event.
    ///
    /// A quiet send may send everything at its submission. That wakes no thread: its event is taken
    /// with the next one. Otherwise it completes at once with an error or a short count; a send
    /// that is not quiet does so only when the socket has room again.
    fn push_send(
        &mut self,
        token: Token,
        socket: BorrowedFd<'_>,
        bytes: Bytes,
        offset: usize,
        quiet: bool,
    );

    /// Cancels the connection's receive, or the accept for [`Token::NONE`] with [`Op::Accept`].
    fn push_cancel(&mut self, op: Op, token: Token);

    /// Polls the waker until [`Event::Woken`] says that it is no longer armed.
    fn arm_wake(&mut self, waker: &Waker);

    /// Has [`Event::Ticked`] come after `after`. Only one tick may be in flight.
    fn arm_tick(&mut self, after: Duration);

    /// Has [`Event::Delayed`] come after `after`. Only one delay may be in flight.
    fn arm_delay(&mut self, after: Duration);

    /// True: something was pushed and is not submitted, or has completed and is not collected.
    fn is_ready(&mut self) -> bool;

    /// From now on completions wake the loop in which this one is embedded. False: there is
    /// something to do first, as [`Kernel::is_ready`] says.
    fn prepare_to_sleep(&mut self) -> bool;

    /// Completions need not wake the other loop any more.
    fn awake(&mut self);

    /// Submits what was pushed and collects completions, in one system call.
    fn submit(&mut self) -> io::Result<()>;

    /// The same, but waits for a completion first. It may return without one.
    fn submit_and_wait(&mut self) -> io::Result<()>;

    /// The next collected completion.
    fn next_event(&mut self) -> Option<Event<Self::Buffer>>;

    /// The bytes that were received into `buffer`.
    fn bytes<'a>(&'a self, buffer: &'a Self::Buffer) -> &'a [u8];

    /// How many bytes `buffer` has room for.
    fn buffer_bytes(&self, buffer: &Self::Buffer) -> usize;

    /// Gives a buffer back for the next receive.
    fn put(&mut self, buffer: Self::Buffer);

    /// Sends the last bytes of a connection, as many as the socket has room for, and returns how
    /// many. It does not wait, not even for [`Kernel::submit`]. The bytes may leave together with
    /// what must follow at once: the end of our side ([`Kernel::shut_down`], [`Kernel::close`]), or
    /// a send of the rest.
    fn send_last(&mut self, socket: BorrowedFd<'_>, bytes: &[u8]) -> usize;

    /// Ends our side of a connection, or both sides, which also completes its receive and its send.
    /// It does not wait.
    fn shut_down(&mut self, socket: BorrowedFd<'_>, how: Shutdown);

    /// Closes a connection on which nothing is in flight, and which ends with that. Bytes that have
    /// arrived and were not received make it a reset. It does not wait.
    fn close(&mut self, socket: OwnedFd);

    /// True: bytes have arrived that no event has brought yet.
    fn has_unread(&self, socket: BorrowedFd<'_>) -> bool;

    /// True: the connection's send in flight has sent bytes that no event has reported yet, or can
    /// send some.
    fn send_goes_on(&self, token: Token, socket: BorrowedFd<'_>) -> bool;

    /// Bytes that have been sent and that the peer has not taken. While a send waits, they stay as
    /// many only if the peer takes none.
    fn unacknowledged(&self, socket: BorrowedFd<'_>) -> usize;

    /// Closes the listener at once, since a peer that connects in between is reset. Before that it
    /// accepts the connections that wait there, which their peers take for open.
    fn close_listener(&mut self, listener: OwnedFd) -> Vec<OwnedFd>;

    /// The time by which timeouts are measured.
    fn now(&self) -> Instant;

    /// The time of the `Date`.
    fn wall_clock(&self) -> SystemTime;
}
