//! One accepted connection as the event loop sees it: its socket, what is in flight on it, and how
//! it ends.
//!
//! The event loop tells it of every completion of its ops and then has it `advance`, which pushes
//! what it wants next.
//!
//! Invariant: it is `Gone`, and may be removed, only while `in_flight` is 0: the kernel holds
//! nothing of it.

use std::io;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::sync::Weak;

use super::receiving::{Receiving, Step};
use crate::bridge::{ConnectionId, LeasedSocket, SocketOwner};
use crate::bytes::Bytes;
use crate::connection::{Connection, Context};
use crate::limits::{LINGER_MS, Timeouts};
use crate::uring::{Kernel, Op};

/// What our side of a connection does. Only `Sending` goes back, to `Open`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Requests are read and answered.
    Open,
    /// Requests are read and answered, and a send is in flight.
    Sending {
        /// How much of its bytes earlier sends have sent.
        offset: usize,
        /// When it was pushed, or when the peer was last found to go on reading.
        since: u64,
        /// The bytes that the peer had not taken then; `None` if the send was not to wait.
        unacknowledged: Option<usize>,
    },
    /// Our side is shut down; what still arrives is discarded until the peer ends its side, too.
    Lingering {
        /// When our side was shut down.
        since: u64,
    },
    /// Both sides are shut down; the ops in flight complete.
    Terminating,
    /// Nothing is in flight; the socket may be closed.
    Gone,
}

/// One accepted connection.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) connection: Connection,
    /// Only the ring thread sends on it while it is at home.
    socket: SocketOwner,
    pub(super) phase: Phase,
    /// True exactly when the peer is in the event loop's list of those to advance.
    pub(super) touched: bool,
    receiving: Receiving,
    /// True: the peer is received from although it awaits only answers, so that its end is noticed.
    is_watched: bool,
    /// Ops pushed for this peer whose last completion has not arrived.
    in_flight: u32,
}

impl Peer {
    pub(super) fn new(id: ConnectionId, socket: OwnedFd, now: u64) -> Self {
        Self {
            connection: Connection::new(id, now),
            socket: SocketOwner::new(socket),
            phase: Phase::Open,
            touched: false,
            receiving: Receiving::new(),
            is_watched: false,
            in_flight: 0,
        }
    }

    pub(super) fn on_received<K: Kernel>(
        &mut self,
        result: io::Result<Option<K::Buffer>>,
        armed: bool,
        ring: &mut K,
        context: &mut Context,
    ) {
        if !armed {
            self.in_flight -= 1;
            self.receiving.on_completed();
        }
        match result {
            Err(error) => match error.raw_os_error() {
                // No buffer was free, but one is by the end of the turn; or we have cancelled the
                // receive. It is armed again if input is wanted.
                Some(libc::ENOBUFS) => context.counters.buffer_shortages += 1,
                Some(libc::ECANCELED) => {}
                _ => self.fail(ring, context),
            },
            Ok(None) => self.connection.ended(),
            Ok(Some(buffer)) => {
                let bytes = ring.bytes(&buffer);
                context.counters.bytes_received += bytes.len() as u64;
                self.receiving
                    .on_received(bytes.len(), ring.buffer_bytes(&buffer));
                if self.is_open() {
                    self.connection.received(bytes, context);
                }
                ring.put(buffer);
            }
        }
    }

    pub(super) fn on_sent(
        &mut self,
        result: &io::Result<usize>,
        bytes: Bytes,
        ring: &mut impl Kernel,
        context: &mut Context,
    ) {
        debug_assert_ne!(self.phase, Phase::Open, "a send was in flight");
        self.in_flight -= 1;
        context.counters.bytes_sent += *result.as_ref().unwrap_or(&0) as u64;
        // None: the connection has been terminated, and nothing more is sent.
        let offset = match self.phase {
            Phase::Sending { offset, .. } => {
                self.phase = Phase::Open;
                Some(offset)
            }
            _ => None,
        };
        match (result, offset) {
            // A quiet send found no room.
            (Err(error), Some(offset)) if error.kind() == io::ErrorKind::WouldBlock => {
                self.send(bytes, offset, false, ring, context.now);
            }
            (Err(_), _) => self.fail(ring, context),
            (Ok(count), Some(offset)) if offset + count < bytes.len() => {
                self.send(bytes, offset + count, false, ring, context.now);
            }
            (Ok(_), _) => self.connection.sent(bytes, context.now),
        }
    }

    /// A cancellation has completed, and is no longer in flight.
    pub(super) fn on_done(&mut self) {
        self.in_flight -= 1;
    }

    /// Pushes what the peer wants next. It then waits for a completion or a reply, or is `Gone`.
    pub(super) fn advance(&mut self, ring: &mut impl Kernel, context: &mut Context) {
        if self.is_open() {
            self.connection.resume(context);
            if self.has_socket() {
                self.send_output(ring, context);
                if self.connection.is_finished() {
                    self.finish(ring, context.now);
                }
            }
        }
        if matches!(self.phase, Phase::Lingering { .. }) && !self.connection.wants_input() {
            self.terminate(ring);
        }
        self.advance_recv(ring);
        if self.phase == Phase::Terminating && self.in_flight == 0 {
            self.phase = Phase::Gone;
        }
    }

    /// When the first of this peer's running times ends, if nothing happens before.
    pub(super) fn deadline(&self, timeouts: &Timeouts) -> Option<u64> {
        match self.phase {
            Phase::Open => self.connection.deadline(timeouts),
            Phase::Sending { since, .. } => {
                let connection = self.connection.deadline(timeouts);
                let send = (timeouts.send > 0).then(|| since + u64::from(timeouts.send));
                connection.into_iter().chain(send).min()
            }
            Phase::Lingering { since } => Some(since + u64::from(LINGER_MS)),
            Phase::Terminating | Phase::Gone => None,
        }
    }

    /// Acts on the times that are over.
    pub(super) fn expire(
        &mut self,
        ring: &mut impl Kernel,
        context: &mut Context,
        has_posted: impl FnOnce() -> bool,
    ) {
        let now = context.now;
        self.is_watched |= self.awaits_only_answers();
        if self.deadline(&context.timeouts).is_none_or(|at| at > now) {
            return;
        }
        let was_leased = self.socket.is_leased();
        if !self.socket.recall() || was_leased && has_posted() {
            // It is just being answered; or it has been, and that was posted and not taken yet.
            return;
        }
        let send_timeout = u64::from(context.timeouts.send);
        match self.phase {
            Phase::Lingering { .. } => self.terminate(ring),
            Phase::Sending {
                offset,
                since,
                unacknowledged,
            } if send_timeout > 0 && since + send_timeout <= now => {
                // It is not late if more bytes have left, or could leave now, or if the peer has
                // taken some: a socket has room again only when a third of it is free.
                let token = self.connection.id().token();
                let left = Some(ring.unacknowledged(self.socket.as_fd()));
                if ring.send_goes_on(token, self.socket.as_fd()) || left != unacknowledged {
                    self.phase = Phase::Sending {
                        offset,
                        since: now,
                        unacknowledged: left,
                    };
                } else {
                    context.counters.send_timeouts += 1;
                    self.terminate(ring);
                }
            }
            _ => {
                // Bytes that wait in the socket came in time: this thread did not run, or there is
                // more than it reads at once.
                let owes = || !ring.has_unread(self.socket.as_fd());
                if self.connection.expire(owes, context) {
                    let is_idle = !self.connection.is_draining();
                    context.counters.keep_alive_timeouts += u64::from(is_idle);
                    self.terminate(ring);
                }
            }
        }
    }

    /// Ends a connection that is broken.
    fn fail(&mut self, ring: &mut impl Kernel, context: &mut Context) {
        context.counters.connection_errors += u64::from(!self.is_ending());
        self.terminate(ring);
    }

    /// Ends the connection now: its ops in flight complete, and then `advance` finds it gone.
    pub(super) fn terminate(&mut self, ring: &mut impl Kernel) {
        if !self.is_ending() {
            self.phase = Phase::Terminating;
            if self.in_flight > 0 {
                ring.shut_down(self.socket.as_fd(), Shutdown::Both);
            }
        }
    }

    /// Sends what the connection has encoded, and has it read what it held back.
    fn send_output(&mut self, ring: &mut impl Kernel, context: &mut Context) {
        while let Some(output) = self.connection.take_output() {
            let sent = self.send_last(&output, ring, context);
            if sent == output.len() {
                self.connection.sent(output, context.now);
            } else {
                let quiet = !self.connection.continues_when_sent();
                self.send(output, sent, quiet, ring, context.now);
            }
            self.connection.resume(context);
        }
    }

    /// Sends the connection's last answers at once, if these are the last, so that the end of our
    /// side goes with them. A send through the ring would take another turn. Returns how many bytes
    /// went.
    fn send_last(&self, output: &Bytes, ring: &mut impl Kernel, context: &mut Context) -> usize {
        if !self.connection.ends_when_sent() {
            return 0;
        }
        let sent = ring.send_last(self.socket.as_fd(), output);
        context.counters.bytes_sent += sent as u64;
        sent
    }

    /// True: no request is being read or answered. The loop may know of an answer that an answering
    /// thread has only begun to send.
    pub(super) fn is_idle(&mut self) -> bool {
        self.connection.is_idle() && self.socket.recall()
    }

    /// True: the ring thread may send and shut down. A lease is recalled as soon as there is
    /// something to send or to end; a thread that is sending returns it when it is done.
    fn has_socket(&mut self) -> bool {
        let may_stay_leased = self.socket.is_leased() && self.connection.may_lease_socket();
        !may_stay_leased && self.socket.recall()
    }

    /// The socket, for the answer to call `sequence`, if nothing else is to be sent.
    pub(super) fn lease_socket(&mut self, sequence: u32) -> Weak<LeasedSocket> {
        if self.phase == Phase::Open && self.connection.may_lease_socket() {
            self.socket.lease(sequence)
        } else {
            Weak::new()
        }
    }

    /// The answering thread has let go of the socket.
    pub(super) fn on_lease_returned(&mut self, unsent: Vec<u8>) {
        self.socket.returned();
        self.connection.not_sent(unsent);
    }

    /// The socket of a peer that is gone, unless an answering thread closes it.
    pub(super) fn into_socket(self) -> Option<OwnedFd> {
        self.socket.into_socket()
    }

    /// Everything is answered. If the peer may still be sending, we shut our side down and read for
    /// a while: if we closed at once, the kernel would answer its bytes with a reset, which can
    /// destroy our answer before the peer has read it (RFC 9112 section 9.6).
    fn finish(&mut self, ring: &mut impl Kernel, now: u64) {
        let reads = self.connection.wants_input() && !self.connection.is_idle();
        if reads && !self.may_close_at_once(ring) {
            ring.shut_down(self.socket.as_fd(), Shutdown::Write);
            self.phase = Phase::Lingering { since: now };
        } else {
            self.terminate(ring);
        }
    }

    /// True: the peer has said that it sends nothing more, and nothing more has come. While a
    /// receive is in flight, a close would not even end our side.
    fn may_close_at_once(&self, ring: &impl Kernel) -> bool {
        let has_unread = || ring.has_unread(self.socket.as_fd());
        self.awaits_only_answers() && self.in_flight == 0 && !has_unread()
    }

    fn advance_recv(&mut self, ring: &mut impl Kernel) {
        if self.is_ending() {
            return;
        }
        let token = self.connection.id().token();
        let (wants_input, may_wait) = (self.connection.wants_input(), self.awaits_only_answers());
        match self.receiving.next(wants_input, may_wait) {
            Some(Step::Arm(how)) => ring.arm_recv(token, self.socket.as_fd(), how),
            Some(Step::Cancel) => ring.push_cancel(Op::Recv, token),
            None => return,
        }
        self.in_flight += 1;
    }

    fn send(&mut self, bytes: Bytes, offset: usize, quiet: bool, ring: &mut impl Kernel, now: u64) {
        let token = self.connection.id().token();
        // A quiet send does not wait.
        let unacknowledged = (!quiet).then(|| ring.unacknowledged(self.socket.as_fd()));
        ring.push_send(token, self.socket.as_fd(), bytes, offset, quiet);
        self.phase = Phase::Sending {
            offset,
            since: now,
            unacknowledged,
        };
        self.in_flight += 1;
    }

    /// True: requests are read and answered.
    fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open | Phase::Sending { .. })
    }

    /// True: the peer has said that it sends nothing more, and none of our bytes wait for it to
    /// read. Nothing is received then, unless its answer takes long.
    fn awaits_only_answers(&self) -> bool {
        self.phase == Phase::Open && self.connection.peer_is_done() && !self.is_watched
    }

    /// True: both sides are shut down.
    fn is_ending(&self) -> bool {
        matches!(self.phase, Phase::Terminating | Phase::Gone)
    }
}
