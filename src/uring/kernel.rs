//! What the event loop asks of the kernel, and what it may rely on in return.
//!
//! The [`Ring`](super::Ring) is the kernel that serves; the one in `tests/simulation` does all that
//! this page allows, in any order, from a seed.
//!
//! Invariants, of every kernel:
//! - An op completes for the last time once, with an event whose `armed` is false or that has
//!   none; until then it is in flight. Events of different ops come in any order, whatever was
//!   pushed first.
//! - A receive loses, repeats and reorders no byte, and says once that the peer has ended its side.
//!   It may end at any event. Each of its buffers is ours from its event until it is put back.
//! - A send has given as many of its bytes to the socket as its event says, the first ones.
//! - A cancellation makes its target complete, unless it has, and completes on its own, before the
//!   target or after it.
//! - An op on a socket of which both sides are shut down completes.

use std::io;
use std::net::Shutdown;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::{Duration, Instant, SystemTime};

use super::{Event, Op, Token, Waker};
use crate::bytes::Bytes;

/// Takes ops, and tells what came of them; does to sockets what needs no op; knows the time.
pub trait Kernel {
    /// Received bytes, lent until they are put back.
    type Buffer;

    /// Makes the calling thread the only one that may use the ring from here on.
    fn enable(&self) -> io::Result<()>;

    /// Ops pushed whose last event has not been taken.
    fn in_flight(&self) -> usize;

    /// Accepts connections, or one, until [`Event::Accepted`] says that it is no longer armed.
    fn arm_accept(&mut self, listener: BorrowedFd<'_>, multishot: bool);

    /// Receives until [`Event::Received`] says that it is no longer armed.
    fn arm_recv(&mut self, token: Token, socket: BorrowedFd<'_>);

    /// Sends `bytes[offset..]`. One send a connection may be in flight, or their order would be
    /// lost, and the socket stays open until its event.
    ///
    /// A quiet send either gets everything off at its submission, which wakes nobody: its event
    /// comes along with the next one. Or it says with an error or a short count what did not go,
    /// as a send that is not quiet does when the socket has room again.
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

    /// Closes a descriptor on which nothing is in flight. It is not in flight itself and has no
    /// event, which would cost the loop a turn.
    fn push_close(&mut self, descriptor: OwnedFd);

    /// Polls the waker until [`Event::Woken`] says that it is no longer armed.
    fn arm_wake(&mut self, waker: &Waker);

    /// Has [`Event::Ticked`] come after `after`. One tick may be in flight.
    fn arm_tick(&mut self, after: Duration);

    /// True: something was pushed and is not submitted, or has completed and is not collected.
    fn is_ready(&mut self) -> bool;

    /// Has whoever drives this loop from another one told of what completes from now on. False:
    /// there is something to be done first, as [`Kernel::is_ready`] says.
    fn prepare_to_sleep(&mut self) -> bool;

    /// Nobody needs to be told of what completes until then.
    fn awake(&mut self);

    /// Submits what was pushed and collects the completions there are, in one system call.
    fn submit(&mut self) -> io::Result<()>;

    /// The same, but waits for a completion first; it may return without one.
    fn submit_and_wait(&mut self) -> io::Result<()>;

    /// The next collected completion.
    fn next_event(&mut self) -> Option<Event<Self::Buffer>>;

    /// The bytes that were received into `buffer`.
    fn bytes<'a>(&'a self, buffer: &'a Self::Buffer) -> &'a [u8];

    /// Gives a buffer back for the next receive.
    fn put(&mut self, buffer: Self::Buffer);

    /// Sends the last bytes of a connection, as many as there is room for, and says how many those
    /// are. Waits for nothing, [`Kernel::submit`] included. They need not leave before what is to
    /// follow at once: our side's end ([`Kernel::shut_down`]), or a send of the rest.
    fn send_last(&mut self, socket: BorrowedFd<'_>, bytes: &[u8]) -> usize;

    /// Ends our side of a connection, or both sides, which also completes its receive and its
    /// send. Waits for nothing.
    fn shut_down(&mut self, socket: BorrowedFd<'_>, how: Shutdown);

    /// True: bytes have come that no event has brought yet.
    fn has_unread(&self, socket: BorrowedFd<'_>) -> bool;

    /// True: the connection's send in flight has got bytes off that no event has told yet, or can.
    fn send_goes_on(&self, token: Token, socket: BorrowedFd<'_>) -> bool;

    /// Closes the listener at once, as who connects in between is reset, and accepts before the
    /// connections that wait for it, which their peers take for open.
    fn close_listener(&mut self, listener: OwnedFd) -> Vec<OwnedFd>;

    /// The time by which timeouts are measured.
    fn now(&self) -> Instant;

    /// The time of the `Date`.
    fn wall_clock(&self) -> SystemTime;
}
