//! The kernel's ring behind a safe door: the one module that calls the kernel with pointers.
//!
//! The event loop owns the [`Ring`] and is its only caller, through the [`Kernel`] trait. It pushes
//! ops, waits, and takes [`Event`]s: each says what an op has completed with, and returns what the
//! kernel had borrowed for it.
//!
//! Invariants:
//! - What the kernel has borrowed, the ring owns: a send's bytes from `push_send` to its
//!   [`Event::Sent`], a receive's memory at all times. Nothing of it is freed or moved while
//!   `in_flight` is above zero.
//! - Nothing pushed is lost: ops that do not fit the submission queue wait in `unsubmitted`.
#![expect(
    unsafe_code,
    reason = "the kernel takes pointers; this module upholds what it asks for them"
)]

mod accepted;
mod buffer_ring;
mod completions;
mod event;
mod kernel;
mod notification;
mod restrictions;
mod sending;
mod setup;
mod signals;
mod sockets;
mod user_data;
mod waker;

use std::collections::VecDeque;
use std::io;
use std::mem::{self, ManuallyDrop};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::ptr::null_mut;
use std::time::{Duration, Instant, SystemTime};

use io_uring::squeue::{Entry, Flags};
use io_uring::types::{Fd, Timespec};
use io_uring::{IoUring, cqueue, opcode};

use crate::bytes::Bytes;
use crate::limits::RingSize;
pub use accepted::is_about_one_connection;
pub use buffer_ring::Buffer;
use buffer_ring::BufferRing;
pub use event::Event;
pub use kernel::{Kernel, Receive};
pub use notification::trigger_by_edge;
use sending::{Sending, Sends};
pub use setup::{Probe, Reason, Refused, probe};
pub use signals::with_signals_blocked;
pub use sockets::send_at_once;
pub use user_data::{Op, Token};
use user_data::{decode, encode};
pub use waker::Waker;

/// The group of the receive buffers.
const BUFFER_GROUP: u16 = 0;
/// That of the large ones.
const LARGE_BUFFER_GROUP: u16 = 1;

/// An `io_uring`, its receive buffers and the sends that the kernel is working on.
pub struct Ring {
    // First, so that it is dropped before the memory that it was given.
    io_uring: IoUring,
    /// The buffers of each group.
    buffers: ManuallyDrop<[BufferRing; 2]>,
    /// The one send in flight of each connection, by slot.
    sending: Sends,
    /// Quiet sends that were pushed and whose result is not known.
    quiet: Vec<Token>,
    /// Quiet sends that have succeeded and whose event was not taken yet.
    sent_quietly: VecDeque<Token>,
    /// The duration of the tick in flight, which the kernel reads at its submission.
    tick: Box<Timespec>,
    /// That of the delay in flight.
    delay: Box<Timespec>,
    unsubmitted: VecDeque<Entry>,
    completions: VecDeque<cqueue::Entry>,
    /// The number of ops pushed whose last completion has not been taken.
    in_flight: usize,
}

impl Ring {
    /// Makes a ring and its buffers. It accepts ops once [`Kernel::enable`] has been called.
    pub fn new(size: RingSize) -> Result<Self, Refused> {
        setup::with_fewer(size.entries, |entries| Self::with_entries(entries, &size))
    }

    fn with_entries(entries: u32, size: &RingSize) -> Result<Self, Refused> {
        let io_uring = setup::make(entries)?;
        let submitter = io_uring.submitter();
        let (count, bytes) = (size.large_buffers(), size.large_buffer_bytes());
        let large = BufferRing::register(&submitter, LARGE_BUFFER_GROUP, 0, count, bytes)?;
        // The id alone says whose a buffer is.
        let (first_id, count, bytes) = (large.end_id(), size.buffers, size.buffer_bytes);
        let buffers = BufferRing::register(&submitter, BUFFER_GROUP, first_id, count, bytes)?;
        restrictions::restrict(&io_uring)?;
        Ok(Self {
            io_uring,
            buffers: ManuallyDrop::new([buffers, large]),
            sending: Sends::default(),
            quiet: Vec::new(),
            sent_quietly: VecDeque::new(),
            tick: Box::default(),
            delay: Box::default(),
            unsubmitted: VecDeque::new(),
            completions: VecDeque::new(),
            in_flight: 0,
        })
    }
}

impl Kernel for Ring {
    type Buffer = Buffer;

    fn enable(&self) -> io::Result<()> {
        self.io_uring.submitter().register_enable_rings()
    }

    fn in_flight(&self) -> usize {
        self.in_flight
    }

    fn arm_accept(&mut self, listener: BorrowedFd<'_>, multishot: bool) {
        if multishot {
            accepted::remember(listener);
        }
        let listener = Fd(listener.as_raw_fd());
        let many = opcode::AcceptMulti::new(listener).flags(libc::SOCK_CLOEXEC);
        let one = opcode::Accept::new(listener, null_mut(), null_mut()).flags(libc::SOCK_CLOEXEC);
        let accept = if multishot { many.build() } else { one.build() };
        self.push(accept, Op::Accept, Token::NONE);
    }

    fn arm_recv(&mut self, token: Token, socket: BorrowedFd<'_>, how: Receive) {
        let socket = Fd(socket.as_raw_fd());
        // As many bytes as a buffer has.
        let once = |group| {
            let recv = opcode::Recv::new(socket, null_mut(), 0).buf_group(group);
            recv.build().flags(Flags::BUFFER_SELECT)
        };
        let recv = match how {
            Receive::Once => once(BUFFER_GROUP),
            Receive::Multishot => opcode::RecvMulti::new(socket, BUFFER_GROUP).build(),
            Receive::Large => once(LARGE_BUFFER_GROUP),
        };
        self.push(recv, Op::Recv, token);
    }

    fn push_send(
        &mut self,
        token: Token,
        socket: BorrowedFd<'_>,
        bytes: Bytes,
        offset: usize,
        quiet: bool,
    ) {
        if quiet {
            self.quiet.push(token);
        }
        let sending = Sending::new(socket, bytes, offset, quiet);
        let send = sending.entry(Op::Send, token);
        self.sending.insert(token, sending);
        self.push(send, Op::Send, token);
    }

    fn push_cancel(&mut self, op: Op, token: Token) {
        let cancel = opcode::AsyncCancel::new(encode(op, token));
        self.push(cancel.build(), Op::Cancel, token);
    }

    fn arm_wake(&mut self, waker: &Waker) {
        let readable = u32::from(libc::POLLIN.unsigned_abs());
        let poll = opcode::PollAdd::new(Fd(waker.as_raw_fd()), readable).multi(true);
        self.push(poll.build(), Op::Wake, Token::NONE);
    }

    fn arm_tick(&mut self, after: Duration) {
        *self.tick = Timespec::from(after);
        let tick = opcode::Timeout::new(&raw const *self.tick);
        self.push(tick.build(), Op::Tick, Token::NONE);
    }

    fn arm_delay(&mut self, after: Duration) {
        *self.delay = Timespec::from(after);
        let delay = opcode::Timeout::new(&raw const *self.delay);
        self.push(delay.build(), Op::Delay, Token::NONE);
    }

    fn is_ready(&mut self) -> bool {
        Ring::is_ready(self)
    }

    fn prepare_to_sleep(&mut self) -> bool {
        self.notify(true);
        !Ring::is_ready(self)
    }

    fn awake(&mut self) {
        self.notify(false);
    }

    fn submit(&mut self) -> io::Result<()> {
        self.enter(0)
    }

    fn submit_and_wait(&mut self) -> io::Result<()> {
        self.enter(1)
    }

    fn next_event(&mut self) -> Option<Event> {
        if let Some(token) = self.sent_quietly.pop_front() {
            self.in_flight -= 1;
            let next = self.sending_of(token).on_sent_quietly();
            return self.carry_on(token, next);
        }
        loop {
            let completion = self.completions.pop_front()?;
            if let event @ Some(_) = self.event(&completion) {
                return event;
            }
        }
    }

    fn bytes<'a>(&'a self, buffer: &'a Buffer) -> &'a [u8] {
        self.buffers[self.group_of(buffer.id())].bytes(buffer)
    }

    fn buffer_bytes(&self, buffer: &Buffer) -> usize {
        self.buffers[self.group_of(buffer.id())].buffer_bytes()
    }

    fn put(&mut self, buffer: Buffer) {
        let group = self.group_of(buffer.id());
        self.buffers[group].put(buffer);
    }

    fn send_last(&mut self, socket: BorrowedFd<'_>, bytes: &[u8]) -> usize {
        sockets::send_last(socket, bytes)
    }

    fn shut_down(&mut self, socket: BorrowedFd<'_>, how: Shutdown) {
        sockets::shut_down(socket, how);
    }

    fn close(&mut self, socket: OwnedFd) {
        drop(socket);
    }

    fn has_unread(&self, socket: BorrowedFd<'_>) -> bool {
        sockets::has_unread(socket)
    }

    fn send_goes_on(&self, token: Token, socket: BorrowedFd<'_>) -> bool {
        self.sending.get(token).is_some_and(Sending::is_over) || sockets::has_room(socket)
    }

    fn unacknowledged(&self, socket: BorrowedFd<'_>) -> usize {
        sockets::unacknowledged(socket)
    }

    fn close_listener(&mut self, listener: OwnedFd) -> Vec<OwnedFd> {
        accepted::take_waiting(listener.as_fd())
    }

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn wall_clock(&self) -> SystemTime {
        SystemTime::now()
    }
}

impl Ring {
    /// The index of the group that has a buffer of this id.
    fn group_of(&self, id: u16) -> usize {
        let group = self.buffers.iter().position(|buffers| buffers.has(id));
        group.expect("the kernel picks the buffers that it was given")
    }

    fn push(&mut self, entry: Entry, op: Op, token: Token) {
        self.in_flight += 1;
        self.unsubmitted
            .push_back(entry.user_data(encode(op, token)));
        self.fill_submission_queue();
    }

    fn fill_submission_queue(&mut self) {
        let mut queue = self.io_uring.submission();
        while let Some(entry) = self.unsubmitted.front() {
            // SAFETY: `push` asks that what the entry points to stay valid until its completion.
            // Sends point into `sending`, which gives the bytes up when nothing of the send is in
            // flight, and which `drop` forgets while anything is. A tick points to `tick`, and a
            // delay to `delay`, which the kernel reads at the submission only: one of each is in
            // flight at a time.
            if unsafe { queue.push(entry) }.is_err() {
                break;
            }
            self.unsubmitted.pop_front();
        }
    }

    fn enter(&mut self, want: usize) -> io::Result<()> {
        // More may wait than the queue holds. All of it is submitted before the thread waits.
        while !self.unsubmitted.is_empty() {
            check(self.io_uring.submit())?;
            self.collect();
            self.fill_submission_queue();
        }
        let want = if self.completions.is_empty() { want } else { 0 };
        check(self.io_uring.submit_and_wait(want))?;
        self.collect();
        Ok(())
    }

    /// Copies the completions out of the kernel's queue, so that acting on them may push, and even
    /// overflow it.
    fn collect(&mut self) {
        let news = self.completions.len();
        self.completions.extend(self.io_uring.completion());
        if !self.quiet.is_empty() {
            self.decide_quiet_sends(news);
        }
    }

    /// Once everything pushed is submitted, a quiet send has either failed, with a completion, or
    /// succeeded, without one. `news` is the index of the first new completion.
    fn decide_quiet_sends(&mut self, news: usize) {
        for completion in self.completions.range(news..) {
            if let Some((Op::Send, token)) = decode(completion.user_data())
                && let Some(sending) = self.sending.get_mut(token)
            {
                sending.quiet = false;
            }
        }
        // The token of a failed one is removed now: its slot may soon have another quiet send.
        let sending = &self.sending;
        let is_quiet = |token: &Token| sending.get(*token).is_some_and(|send| send.quiet);
        self.quiet.retain(is_quiet);
        let queue = self.io_uring.submission();
        // A completion for which the kernel's queue had no room may be one of them.
        if !queue.is_empty() || queue.cq_overflow() || !self.unsubmitted.is_empty() {
            return;
        }
        drop(queue);
        self.sent_quietly.extend(self.quiet.drain(..));
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        if self.in_flight == 0 {
            // SAFETY: nobody uses `buffers` after this; nothing is in flight, so the kernel does
            // not either.
            unsafe { ManuallyDrop::drop(&mut self.buffers) };
        } else {
            // Only a ring thread that failed gets here. The kernel may still write to this memory:
            // leak it.
            mem::forget(mem::take(&mut self.sending));
        }
    }
}

/// Expected errors of `io_uring_enter`: it was interrupted, timed out, or wants its completions
/// collected before it takes more. Each leads to another turn of the loop, and nothing queued is
/// lost.
fn check(result: io::Result<usize>) -> io::Result<()> {
    match result {
        Ok(_) => Ok(()),
        Err(error) => match error.raw_os_error() {
            Some(libc::EINTR | libc::ETIME | libc::EAGAIN | libc::EBUSY) => Ok(()),
            _ => Err(error),
        },
    }
}
