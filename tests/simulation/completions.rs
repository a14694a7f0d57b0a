//! How ops complete: any that may, in any order, well or badly.

use std::io;
use std::mem;
use std::net::Shutdown;

use ringcall::uring::{Event, Op, Receive};

use crate::ops::{Lent, Posted};
use crate::plan::Kind;
use crate::socket::Send;
use crate::world::World;

/// An op that may complete now.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Able {
    Accept,
    Recv(usize),
    Send(usize),
    Cancel(usize),
    Wake,
    Tick,
    Delay,
}

impl World {
    /// One of the ops that may complete does. False: there is none.
    pub(crate) fn complete_one(&mut self) -> bool {
        let mut able = mem::take(&mut self.able);
        able.clear();
        self.find_able(&mut able, false);
        if able.is_empty() {
            self.find_able(&mut able, true);
        }
        let chosen = (!able.is_empty()).then(|| self.random.pick(&able));
        self.able = able;
        if let Some(able) = chosen {
            self.complete(able);
        }
        chosen.is_some()
    }

    pub(crate) fn complete(&mut self, able: Able) {
        match able {
            Able::Accept => self.complete_accept(),
            Able::Recv(index) => self.complete_recv(index),
            Able::Send(index) => self.complete_send(index),
            Able::Cancel(at) => {
                let mut cancel = self.ops.cancels.swap_remove(at);
                self.carry_out(&mut cancel);
                let index = (cancel.op == Op::Recv).then(|| self.by_token(cancel.token));
                let token = cancel.token;
                self.post(Event::Cancelled { token }, index.flatten(), true);
            }
            Able::Wake => {
                self.ops.wake_is_due = false;
                let ends = self.fails(Kind::Wake).is_some() || self.goes_wrong(8);
                let armed = self.ops.wake == Some(false) && !ends;
                if !armed {
                    self.ops.wake = None;
                }
                self.post(Event::Woken { armed }, None, !armed);
            }
            Able::Tick => {
                self.ops.tick = None;
                self.post(Event::Ticked, None, true);
            }
            Able::Delay => {
                self.ops.delay = None;
                self.post(Event::Delayed, None, true);
            }
        }
    }

    /// Quiet sends that have succeeded are reported, now or with a later completion.
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
        let timers = [(&ops.tick, Able::Tick), (&ops.delay, Able::Delay)];
        for (timer, completes) in timers {
            if timer.as_ref().is_some_and(|timer| timer.is_due(self.now)) {
                able.push(completes);
            }
        }
        for (index, socket) in self.sockets.iter().enumerate() {
            if let Some(recv) = &socket.recv
                && recv.is_submitted
                && (recv.is_cancelled
                    || !socket.to_server.is_empty()
                    || socket.is_ended
                    || socket.is_reset
                    || socket.is_shut == Some(Shutdown::Both))
            {
                able.push(Able::Recv(index));
            }
            if let Some(send) = &socket.send
                && send.is_submitted
                && !self.ops.quiet.contains(&index)
                && self.send_goes_on(index, send)
            {
                able.push(Able::Send(index));
            }
        }
        able.extend(
            (0..ops.cancels.len())
                .filter(|at| ops.cancels[*at].is_last == last)
                .map(Able::Cancel),
        );
    }

    /// It is decided, or can send bytes, or can find the connection broken.
    pub(crate) fn send_goes_on(&self, index: usize, send: &Send) -> bool {
        send.decided.is_some() || self.sockets[index].is_broken() || self.room(index) > 0
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
        let ends = fault.is_some() || self.goes_wrong(8);
        let recv = self.sockets[index].recv.as_ref().expect("in flight");
        let how = recv.how;
        let room = match how {
            Receive::Large => self.plan.large_buffer_bytes(),
            Receive::Once | Receive::Multishot => self.plan.buffer_bytes,
        };
        let room = room as usize;
        let most = if self.goes_wrong(2) {
            self.random.up_to(room)
        } else {
            room
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
                    Ok(Some(Lent { id, bytes, room }))
                }
            },
            _ => Ok(None),
        };
        let armed = how == Receive::Multishot && matches!(result, Ok(Some(_))) && !ends;
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

    fn post(&mut self, event: Event<Lent>, index: Option<usize>, is_final: bool) {
        self.note(|| format!("completed {}", told(&event, index)));
        self.ops.ready.push_back(Posted {
            event,
            index,
            is_final,
        });
    }
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
