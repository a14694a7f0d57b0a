//! The kernel's side of a run: takes the ops that the loop pushes, and holds it to its promises.
//!
//! It does only what the documentation of `uring::Kernel` allows.

use std::cell::RefCell;
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ringcall::bytes::Bytes;
use ringcall::limits::{OUTPUT_BYTES_MAX, PIPELINE_DEPTH_MAX};
use ringcall::uring::{Event, Kernel, Op, Receive, Token, Waker};

use crate::ops::{Accept, Lent, Pushed, Timer};
use crate::socket::{Recv, Send, Stage};
use crate::world::World;

/// The longest answer.
const ANSWER_BYTES_MAX: usize = 1300;

/// The kernel that the event loop has in a run.
pub(crate) struct Simulated {
    pub(crate) world: Rc<RefCell<World>>,
    pub(crate) started: Instant,
}

impl Kernel for Simulated {
    type Buffer = Lent;

    fn enable(&self) -> io::Result<()> {
        Ok(())
    }

    fn in_flight(&self) -> usize {
        self.world.borrow().ops.in_flight
    }

    fn arm_accept(&mut self, _: BorrowedFd<'_>, multishot: bool) {
        let mut world = self.world.borrow_mut();
        assert!(world.is_listening, "accepts after closing the listener");
        assert!(world.ops.accept.is_none(), "two accepts in flight");
        assert_eq!(multishot, !world.plan.listener_is_shared);
        assert!(world.ops.delay.is_none(), "accepts during a delay");
        world.ops.accept = Some(Accept::new(multishot));
        world.push(Pushed::Accept);
    }

    fn arm_recv(&mut self, token: Token, socket: BorrowedFd<'_>, how: Receive) {
        let mut world = self.world.borrow_mut();
        let index = world.on_op(token, socket);
        let socket = &mut world.sockets[index];
        assert_ne!(socket.is_shut, Some(Shutdown::Both), "receives at the end");
        let armed = socket.recv.replace(Recv::new(how));
        assert!(armed.is_none(), "two receives in flight");
        world.push(Pushed::Recv(index));
    }

    fn push_send(
        &mut self,
        token: Token,
        socket: BorrowedFd<'_>,
        bytes: Bytes,
        offset: usize,
        quiet: bool,
    ) {
        let mut world = self.world.borrow_mut();
        let index = world.on_op(token, socket);
        assert!(offset < bytes.len(), "sends nothing");
        // A function's answer that is longer than that is sent on its own.
        let longest = if world.plan.has_functions {
            OUTPUT_BYTES_MAX
        } else {
            ANSWER_BYTES_MAX
        };
        let most = OUTPUT_BYTES_MAX + PIPELINE_DEPTH_MAX * longest;
        assert!(bytes.len() < most, "{} bytes wait", bytes.len());
        let socket = &mut world.sockets[index];
        assert_eq!(socket.is_shut, None, "sends after shutting its side down");
        socket.has_unpushed = false;
        let sending = socket.send.replace(Send {
            bytes,
            offset,
            is_quiet: quiet,
            is_submitted: false,
            decided: None,
        });
        assert!(sending.is_none(), "two sends in flight");
        world.push(Pushed::Send(index));
    }

    fn push_cancel(&mut self, op: Op, token: Token) {
        let mut world = self.world.borrow_mut();
        world.is_over |= matches!(op, Op::Wake | Op::Tick);
        if op == Op::Recv {
            let index = world.by_token(token).expect("cancels on a live connection");
            world.sockets[index].in_flight += 1;
        }
        world.push(Pushed::Cancel(op, token));
    }

    fn arm_wake(&mut self, _: &Waker) {
        let mut world = self.world.borrow_mut();
        assert!(world.ops.wake.is_none(), "two polls of the waker");
        assert!(!world.plan.is_embedded, "its eventfd is the ring's");
        world.ops.wake = Some(false);
        // The eventfd's counter only grows: once written to, it is always readable.
        world.ops.wake_is_due = world.ops.wake_is_written;
        world.push(Pushed::Wake);
    }

    fn arm_tick(&mut self, after: Duration) {
        let mut world = self.world.borrow_mut();
        assert!(world.ops.tick.is_none(), "two ticks in flight");
        world.ops.tick = Some(Timer::new(world.now, after));
        world.push(Pushed::Tick);
    }

    fn arm_delay(&mut self, after: Duration) {
        let mut world = self.world.borrow_mut();
        assert!(world.is_listening, "delays after closing the listener");
        assert!(world.ops.accept.is_none(), "delays while it accepts");
        assert!(world.ops.delay.is_none(), "two delays in flight");
        world.ops.delay = Some(Timer::new(world.now, after));
        world.push(Pushed::Delay);
    }

    fn is_ready(&mut self) -> bool {
        let world = self.world.borrow();
        !world.ops.pushed.is_empty() || world.has_completions()
    }

    fn prepare_to_sleep(&mut self) -> bool {
        !self.is_ready()
    }

    fn awake(&mut self) {}

    fn submit(&mut self) -> io::Result<()> {
        self.world.borrow_mut().enter(false)
    }

    fn submit_and_wait(&mut self) -> io::Result<()> {
        self.world.borrow_mut().enter(true)
    }

    fn next_event(&mut self) -> Option<Event<Lent>> {
        let mut world = self.world.borrow_mut();
        let is_asleep = world.reply_queue().waker().is_asleep();
        assert!(!is_asleep, "a running ring thread is marked as asleep");
        world.next_event()
    }

    fn bytes<'a>(&'a self, buffer: &'a Lent) -> &'a [u8] {
        &buffer.bytes
    }

    fn buffer_bytes(&self, buffer: &Lent) -> usize {
        buffer.room
    }

    fn put(&mut self, buffer: Lent) {
        let mut world = self.world.borrow_mut();
        assert!(!world.ops.buffers.contains(&buffer.id), "put twice");
        world.ops.buffers.push(buffer.id);
    }

    fn send_last(&mut self, socket: BorrowedFd<'_>, bytes: &[u8]) -> usize {
        let mut world = self.world.borrow_mut();
        let sent = world.send_at_once(socket, bytes).unwrap_or(0);
        let index = world.index_of(socket);
        world.sockets[index].has_unpushed = true;
        sent
    }

    fn shut_down(&mut self, descriptor: BorrowedFd<'_>, how: Shutdown) {
        let mut world = self.world.borrow_mut();
        let index = world.index_of(descriptor);
        world.note(|| format!("client {index}: the server shuts {how:?} down"));
        let socket = &mut world.sockets[index];
        socket.has_unpushed = false;
        if socket.is_shut != Some(Shutdown::Both) {
            socket.is_shut = Some(how);
        }
    }

    fn close(&mut self, descriptor: OwnedFd) {
        let mut world = self.world.borrow_mut();
        let index = world.index_of(descriptor.as_fd());
        world.note(|| format!("client {index}: the server closes"));
        let socket = &mut world.sockets[index];
        assert_eq!(socket.in_flight, 0, "closes a socket in use");
        assert!(socket.recv.is_none() && socket.send.is_none());
        socket.has_unpushed = false;
        world.on_closed(index);
    }

    fn has_unread(&self, descriptor: BorrowedFd<'_>) -> bool {
        let world = self.world.borrow();
        let socket = &world.sockets[world.index_of(descriptor)];
        !socket.to_server.is_empty() && !socket.is_reset
    }

    fn send_goes_on(&self, token: Token, descriptor: BorrowedFd<'_>) -> bool {
        let world = self.world.borrow();
        let index = world.index_of(descriptor);
        let socket = &world.sockets[index];
        assert_eq!(socket.token, Some(token), "two tokens for one");
        let send = socket
            .send
            .as_ref()
            .expect("it asks about a send in flight");
        world.send_goes_on(index, send)
    }

    fn unacknowledged(&self, descriptor: BorrowedFd<'_>) -> usize {
        let world = self.world.borrow();
        let index = world.index_of(descriptor);
        world.sockets[index].to_client.len()
    }

    fn close_listener(&mut self, _: OwnedFd) -> Vec<OwnedFd> {
        let mut world = self.world.borrow_mut();
        assert!(world.is_listening, "closes a listener twice");
        assert!(world.ops.accept.is_none(), "closes while it accepts");
        assert!(world.ops.delay.is_none(), "closes during a delay");
        let mut accepted = Vec::new();
        while let Some(socket) = world.take_waiting() {
            accepted.push(socket);
        }
        world.is_listening = false;
        accepted
    }

    fn now(&self) -> Instant {
        self.started + Duration::from_millis(self.world.borrow().now)
    }

    fn wall_clock(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.world.borrow().now)
    }
}

impl World {
    pub(crate) fn push(&mut self, op: Pushed) {
        self.ops.in_flight += 1;
        self.note(|| format!("pushed {op:?}"));
        self.ops.pushed.push(op);
    }

    /// The connection that an op is pushed on.
    fn on_op(&mut self, token: Token, descriptor: BorrowedFd<'_>) -> usize {
        let index = self.by_descriptor(descriptor.as_raw_fd());
        let index = index.expect("an op on a socket that the server has");
        if self.sockets[index].token.is_none() {
            assert_eq!(self.by_token(token), None, "a token for two");
            self.sockets[index].token = Some(token);
        }
        let socket = &mut self.sockets[index];
        assert_eq!(socket.token, Some(token), "two tokens for one");
        socket.in_flight += 1;
        index
    }

    /// The client whose socket the server acts on or asks about, which it must have.
    pub(crate) fn index_of(&self, socket: BorrowedFd<'_>) -> usize {
        let index = self.by_descriptor(socket.as_raw_fd());
        index.expect("it is a socket that the server has")
    }

    pub(crate) fn by_descriptor(&self, descriptor: i32) -> Option<usize> {
        let is_it = |socket: &crate::socket::Socket| {
            socket.is_accepted() && socket.descriptor == descriptor
        };
        self.sockets.iter().position(is_it)
    }

    pub(crate) fn by_token(&self, token: Token) -> Option<usize> {
        let is_it =
            |socket: &crate::socket::Socket| socket.is_accepted() && socket.token == Some(token);
        self.sockets.iter().position(is_it)
    }

    /// Hands over the socket of the client that has waited longest.
    pub(crate) fn take_waiting(&mut self) -> Option<OwnedFd> {
        let index = self.backlog.pop_front()?;
        let socket = &mut self.sockets[index];
        socket.stage = Stage::Accepted;
        let ours = socket.ours.take();
        self.note(|| format!("client {index}: accepted"));
        ours
    }
}
