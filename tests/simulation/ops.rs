//! Ops in flight, and how they complete: any that may, in any order, well or badly.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::os::fd::OwnedFd;

use ringcall::uring::{Event, Op, Token};

use crate::plan::{KINDS, Kind};
use crate::socket::{Send, Stage};
use crate::world::World;

/// A provided buffer that the server has.
#[derive(Debug)]
pub(crate) struct Lent {
    pub(crate) id: u16,
    pub(crate) bytes: Vec<u8>,
}

/// What the loop has pushed.
#[derive(Debug)]
pub(crate) enum Pushed {
    Accept,
    Recv(usize),
    Send(usize),
    Cancel(Op, Token),
    /// The connection, or the listener.
    Close(Option<usize>, OwnedFd),
    Wake,
    Tick,
}

#[derive(Debug, Default)]
pub(crate) struct Accept {
    pub(crate) multishot: bool,
    is_submitted: bool,
    is_cancelled: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Tick {
    pub(crate) at: u64,
    is_submitted: bool,
    is_cancelled: bool,
}

#[derive(Debug)]
struct Cancel {
    op: Op,
    token: Token,
    is_done: bool,
    /// Completes when nothing else does.
    is_last: bool,
}

#[derive(Debug)]
struct Close {
    index: Option<usize>,
    descriptor: OwnedFd,
    /// As of a cancellation.
    is_last: bool,
}

/// A completion that the loop has not taken.
#[derive(Debug)]
struct Posted {
    event: Event<Lent>,
    /// Whose it is.
    index: Option<usize>,
    is_final: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Ops {
    pub(crate) pushed: Vec<Pushed>,
    pub(crate) accept: Option<Accept>,
    /// Whether the poll in flight is cancelled.
    pub(crate) wake: Option<bool>,
    pub(crate) wake_is_due: bool,
    pub(crate) wake_is_written: bool,
    pub(crate) tick: Option<Tick>,
    pub(crate) buffers: Vec<u16>,
    pub(crate) in_flight: usize,
    cancels: Vec<Cancel>,
    closes: Vec<Close>,
    /// Connections whose quiet send has succeeded without a completion.
    quiet: Vec<usize>,
    ready: VecDeque<Posted>,
    /// How often each kind has completed.
    pub(crate) completed: [usize; KINDS],
}

/// An op that may complete now.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Able {
    Accept,
    Recv(usize),
    Send(usize),
    Cancel(usize),
    Close(usize),
    Wake,
    Tick,
}

fn told(event: &Event<Lent>, index: Option<usize>) -> String {
    match event {
        Event::Received { result, armed, .. } => {
            let bytes = |lent: &Option<Lent>| {
                let bytes = lent.as_ref().map(|lent| lent.bytes.as_slice());
                String::from_utf8_lossy(bytes.unwrap_or(b"(end)")).into_owned()
            };
            let result = result.as_ref().map(bytes);
            format!("client {index:?}: received {result:?}, armed: {armed}")
        }
        Event::Sent { result, bytes, .. } => {
            let bytes = String::from_utf8_lossy(bytes);
            format!("client {index:?}: sent {result:?}, up to the end of {bytes:?}")
        }
        other => format!("{other:?}"),
    }
}

fn errno<T>(code: i32) -> io::Result<T> {
    Err(io::Error::from_raw_os_error(code))
}

impl Accept {
    pub(crate) fn new(multishot: bool) -> Self {
        Self {
            multishot,
            ..Self::default()
        }
    }
}

impl Tick {
    pub(crate) fn new(at: u64) -> Self {
        Self {
            at,
            ..Self::default()
        }
    }
}

impl Ops {
    /// Nothing is in flight, and every buffer is the kernel's.
    pub(crate) fn new(buffers: u16) -> Self {
        Self {
            buffers: (0..buffers).collect(),
            ..Self::default()
        }
    }

    /// Connections whose quiet send has succeeded, of which the loop does not know.
    pub(crate) fn quiet(&self) -> &[usize] {
        &self.quiet
    }
}

impl World {
    pub(crate) fn next_event(&mut self) -> Option<Event<Lent>> {
        let posted = self.ops.ready.pop_front()?;
        if posted.is_final {
            self.ops.in_flight -= 1;
            if let Some(index) = posted.index {
                self.sockets[index].in_flight -= 1;
            }
        }
        Some(posted.event)
    }

    /// True: the loop has something to take that has woken it.
    pub(crate) fn has_completions(&self) -> bool {
        !self.ops.ready.is_empty()
    }

    /// What was pushed gets to the kernel, in that order.
    pub(crate) fn submit_pushed(&mut self) {
        for op in mem::take(&mut self.ops.pushed) {
            match op {
                Pushed::Accept => self.ops.accept.as_mut().expect("pushed").is_submitted = true,
                Pushed::Tick => {
                    let is_early = self.fails(Kind::Tick).is_some();
                    let tick = self.ops.tick.as_mut().expect("pushed");
                    tick.is_submitted = true;
                    if is_early {
                        tick.at = 0;
                    }
                }
                Pushed::Wake => {}
                Pushed::Recv(index) => {
                    self.sockets[index]
                        .recv
                        .as_mut()
                        .expect("pushed")
                        .is_submitted = true;
                }
                Pushed::Send(index) => self.submit_send(index),
                Pushed::Cancel(op, token) => {
                    let is_last = self.fails(Kind::Cancel).is_some();
                    let mut cancel = Cancel {
                        op,
                        token,
                        is_done: false,
                        is_last,
                    };
                    // Late ones let what has begun complete as if nothing were.
                    if !self.goes_wrong(4) {
                        self.carry_out(&mut cancel);
                    }
                    self.ops.cancels.push(cancel);
                }
                Pushed::Close(index, descriptor) => {
                    let is_last = self.fails(Kind::Close).is_some();
                    self.ops.closes.push(Close {
                        index,
                        descriptor,
                        is_last,
                    });
                }
            }
        }
    }

    /// Some op completes, of those that may. False: none may.
    pub(crate) fn complete_one(&mut self) -> bool {
        let mut able = mem::take(&mut self.able);
        able.clear();
        self.find_able(&mut able, false);
        if able.is_empty() {
            self.find_able(&mut able, true);
        }
        let chosen = (!able.is_empty()).then(|| self.random.pick(&able));
        self.able = able;
        match chosen {
            None => return false,
            Some(Able::Accept) => self.complete_accept(),
            Some(Able::Recv(index)) => self.complete_recv(index),
            Some(Able::Send(index)) => self.complete_send(index),
            Some(Able::Cancel(at)) => {
                let mut cancel = self.ops.cancels.swap_remove(at);
                self.carry_out(&mut cancel);
                let index = (cancel.op == Op::Recv).then(|| self.by_token(cancel.token));
                let token = cancel.token;
                self.post(Event::Cancelled { token }, index.flatten(), true);
            }
            Some(Able::Close(at)) => self.complete_close(at),
            Some(Able::Wake) => {
                self.ops.wake_is_due = false;
                let ends = self.fails(Kind::Wake).is_some() || self.goes_wrong(8);
                let armed = self.ops.wake == Some(false) && !ends;
                if !armed {
                    self.ops.wake = None;
                }
                self.post(Event::Woken { armed }, None, !armed);
            }
            Some(Able::Tick) => {
                self.ops.tick = None;
                self.post(Event::Ticked, None, true);
            }
        }
        true
    }

    /// Quiet sends that have succeeded come along, now or with a later completion.
    pub(crate) fn tell_of_quiet_sends(&mut self) {
        if self.goes_wrong(8) {
            return;
        }
        for index in mem::take(&mut self.ops.quiet) {
            let send = self.sockets[index].send.take().expect("a send in flight");
            let count = send.bytes.len() - send.offset;
            self.post_sent(index, send, Ok(count));
            let posted = self.ops.ready.pop_back().expect("just posted");
            self.ops.ready.push_front(posted);
        }
    }

    fn find_able(&self, able: &mut Vec<Able>, last: bool) {
        let ops = &self.ops;
        if let Some(accept) = &ops.accept
            && accept.is_submitted
            && (accept.is_cancelled || !self.backlog.is_empty())
        {
            able.push(Able::Accept);
        }
        if ops.wake == Some(true) || (ops.wake == Some(false) && ops.wake_is_due) {
            able.push(Able::Wake);
        }
        if let Some(tick) = &ops.tick
            && tick.is_submitted
            && (tick.is_cancelled || tick.at <= self.now)
        {
            able.push(Able::Tick);
        }
        for (index, socket) in self.sockets.iter().enumerate() {
            if let Some(recv) = &socket.recv
                && recv.is_submitted
                && (recv.is_cancelled
                    || !socket.to_server.is_empty()
                    || socket.is_ended
                    || socket.is_reset
                    || socket.is_shut == Some(std::net::Shutdown::Both))
            {
                able.push(Able::Recv(index));
            }
            if let Some(send) = &socket.send
                && send.is_submitted
                && !self.ops.quiet.contains(&index)
                && (send.decided.is_some() || socket.is_broken() || self.room(index) > 0)
            {
                able.push(Able::Send(index));
            }
        }
        let of = |is_last: bool| is_last == last;
        able.extend(
            (0..ops.cancels.len())
                .filter(|at| of(ops.cancels[*at].is_last))
                .map(Able::Cancel),
        );
        able.extend(
            (0..ops.closes.len())
                .filter(|at| of(ops.closes[*at].is_last))
                .map(Able::Close),
        );
    }

    fn carry_out(&mut self, cancel: &mut Cancel) {
        if mem::replace(&mut cancel.is_done, true) {
            return;
        }
        match cancel.op {
            Op::Accept => {
                if let Some(accept) = &mut self.ops.accept {
                    accept.is_cancelled = true;
                }
            }
            Op::Recv => {
                if let Some(index) = self.by_token(cancel.token)
                    && let Some(recv) = &mut self.sockets[index].recv
                {
                    recv.is_cancelled = true;
                }
            }
            Op::Wake => self.ops.wake = self.ops.wake.map(|_| true),
            Op::Tick => {
                if let Some(tick) = &mut self.ops.tick {
                    tick.is_cancelled = true;
                }
            }
            other => panic!("nobody cancels {other:?}"),
        }
    }

    fn complete_accept(&mut self) {
        let accept = self.ops.accept.as_ref().expect("in flight");
        let (multishot, is_cancelled) = (accept.multishot, accept.is_cancelled);
        let fault = self.fails(Kind::Accept);
        let mut armed = multishot && fault.is_none() && !self.goes_wrong(16);
        let result = match fault {
            Some(error @ 1..) => errno(error),
            _ if is_cancelled && (self.backlog.is_empty() || !self.goes_wrong(4)) => {
                errno(libc::ECANCELED)
            }
            _ if self.goes_wrong(12) => errno(self.random.pick(&[
                libc::EMFILE,
                libc::ENFILE,
                libc::ENOMEM,
                libc::ECONNABORTED,
                libc::EPROTO,
            ])),
            _ => Ok(self.take_waiting().expect("one waits")),
        };
        armed &= result.is_ok();
        if !armed {
            self.ops.accept = None;
        }
        self.post(Event::Accepted { result, armed }, None, !armed);
    }

    fn complete_recv(&mut self, index: usize) {
        let fault = self.fails(Kind::Receive);
        let is_unlucky = self.goes_wrong(100);
        let ends = fault.is_some() || self.goes_wrong(8) || !self.plan.has_multishot_recv;
        let most = if self.goes_wrong(2) {
            self.random.up_to(self.plan.buffer_bytes)
        } else {
            self.plan.buffer_bytes
        };
        let cancels_first = !self.goes_wrong(4);
        let resets_first = self.random.once_in(2);
        let socket = &mut self.sockets[index];
        let recv = socket.recv.as_ref().expect("in flight");
        let has_bytes = !socket.to_server.is_empty();
        let result = match fault {
            Some(libc::ENOBUFS) => errno(libc::ENOBUFS),
            Some(error @ (libc::ECONNRESET | libc::ETIMEDOUT)) => {
                socket.reset();
                socket.knows_reset = true;
                errno(error)
            }
            Some(error @ 1..) => {
                socket.is_excused = true;
                errno(error)
            }
            _ if is_unlucky => {
                socket.is_excused = true;
                errno(libc::ENOMEM)
            }
            _ if recv.is_cancelled && (cancels_first || !has_bytes) => errno(libc::ECANCELED),
            _ if socket.is_reset && !socket.knows_reset && (resets_first || !has_bytes) => {
                socket.knows_reset = true;
                errno(libc::ECONNRESET)
            }
            _ if has_bytes => match self.ops.buffers.pop() {
                None => errno(libc::ENOBUFS),
                Some(id) => {
                    let count = most.min(socket.to_server.len());
                    socket.received += count;
                    let bytes = socket.to_server.drain(..count).collect();
                    Ok(Some(Lent { id, bytes }))
                }
            },
            _ => Ok(None),
        };
        let armed = matches!(result, Ok(Some(_))) && !ends;
        if !armed {
            socket.recv = None;
        }
        let token = socket.token.expect("known since the push");
        let event = Event::Received {
            token,
            result,
            armed,
        };
        self.post(event, Some(index), !armed);
    }

    /// A quiet send is decided at its submission.
    fn submit_send(&mut self, index: usize) {
        let fault = self.fails_send(index);
        let room = self.room(index);
        let refuses = self.goes_wrong(8);
        let short = self.random.up_to(room.max(1)).min(room);
        let now = self.now;
        let socket = &mut self.sockets[index];
        let is_broken = socket.is_broken();
        let send = socket.send.as_mut().expect("pushed");
        send.is_submitted = true;
        let unsent = send.bytes.len() - send.offset;
        let decided = match fault {
            Some(0) => Ok(1.min(room)),
            Some(error) => Err(error),
            None if !send.is_quiet => return,
            None if is_broken => Err(libc::EPIPE),
            None if room == 0 => Err(libc::EAGAIN),
            None if refuses => Ok(short.min(unsent) - 1),
            None => Ok(room.min(unsent)),
        };
        let decided = match decided {
            Ok(0) if send.is_quiet => Err(libc::EAGAIN),
            // It waits for room.
            Ok(0) => return,
            other => other,
        };
        if let Ok(count) = decided {
            let bytes = &send.bytes[send.offset..send.offset + count];
            socket.to_client.extend(bytes);
            socket.sent_at = now;
        }
        if send.is_quiet && decided == Ok(unsent) {
            self.ops.quiet.push(index);
        } else {
            send.decided = Some(decided);
        }
        match decided {
            Err(libc::EPIPE | libc::ECONNRESET | libc::ETIMEDOUT) => socket.reset(),
            Err(error) if error != libc::EAGAIN => socket.is_excused = true,
            _ => {}
        }
    }

    fn complete_send(&mut self, index: usize) {
        let room = self.room(index);
        let is_short = self.goes_wrong(3);
        let is_unlucky = self.goes_wrong(60);
        let short = self.random.up_to(room.max(1));
        let now = self.now;
        let error = self.random.pick(&[libc::EPIPE, libc::ECONNRESET]);
        let socket = &mut self.sockets[index];
        let send = socket.send.take().expect("in flight");
        let unsent = send.bytes.len() - send.offset;
        let result = match send.decided {
            Some(decided) => decided,
            None if socket.is_broken() => Err(error),
            None if is_unlucky => {
                socket.reset();
                Err(libc::ETIMEDOUT)
            }
            None => {
                let count = unsent.min(if is_short { short } else { room });
                let bytes = &send.bytes[send.offset..send.offset + count];
                socket.to_client.extend(bytes);
                socket.sent_at = now;
                Ok(count)
            }
        };
        self.post_sent(index, send, result);
    }

    fn post_sent(&mut self, index: usize, send: Send, result: Result<usize, i32>) {
        let event = Event::Sent {
            token: self.sockets[index].token.expect("known since the push"),
            result: result.map_err(io::Error::from_raw_os_error),
            bytes: send.bytes,
        };
        self.post(event, Some(index), true);
    }

    fn complete_close(&mut self, at: usize) {
        let close = self.ops.closes.swap_remove(at);
        drop(close.descriptor);
        if let Some(index) = close.index {
            self.on_closed(index);
        }
        self.post(Event::Closed, None, true);
    }

    fn fails_send(&mut self, index: usize) -> Option<i32> {
        let is_quiet = self.sockets[index]
            .send
            .as_ref()
            .is_some_and(|send| send.is_quiet);
        self.fails(if is_quiet {
            Kind::QuietSend
        } else {
            Kind::Send
        })
    }

    fn room(&self, index: usize) -> usize {
        let taken = self.sockets[index].to_client.len();
        let room = self.plan.socket_bytes.saturating_sub(taken);
        // A socket that is nearly full takes nothing.
        if room < self.plan.low_water { 0 } else { room }
    }

    /// The error of this completion, where it is the one to fail.
    pub(crate) fn fails(&mut self, kind: Kind) -> Option<i32> {
        let count = &mut self.ops.completed[kind as usize];
        *count += 1;
        let fault = self.plan.fault?;
        (fault.kind == kind && fault.nth == *count - 1).then_some(fault.error)
    }

    fn post(&mut self, event: Event<Lent>, index: Option<usize>, is_final: bool) {
        self.note(|| format!("completed {}", told(&event, index)));
        self.ops.ready.push_back(Posted {
            event,
            index,
            is_final,
        });
    }

    /// Nothing is left in the kernel.
    pub(crate) fn check_ops(&self) {
        let ops = &self.ops;
        assert_eq!(ops.in_flight, 0, "something is in flight: {ops:?}");
        assert!(ops.accept.is_none() && ops.wake.is_none() && ops.tick.is_none());
        assert!(ops.cancels.is_empty() && ops.closes.is_empty());
        assert_eq!(ops.buffers.len(), usize::from(self.plan.buffers), "lost");
        for socket in &self.sockets {
            assert!(matches!(socket.stage, Stage::Unborn | Stage::Closed));
            assert!(socket.recv.is_none() && socket.send.is_none());
        }
    }
}
