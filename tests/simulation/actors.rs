//! The acts of clients and of the handler.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::rc::Rc;
use std::time::Instant;

use ringcall::bridge::Reply;
use ringcall::limits::{LINGER_MS, PIPELINE_DEPTH_MAX};

use crate::handler::{Handed, delivery, number, reply};
use crate::plan::Kind;
use crate::script::whose;
use crate::socket::{Socket, Stage};
use crate::world::World;

impl World {
    pub(crate) fn connect(&mut self, index: usize) {
        if self.is_listening {
            self.note(|| format!("client {index}: connects"));
            self.sockets[index].stage = Stage::Waiting;
            self.backlog.push_back(index);
        }
    }

    pub(crate) fn client_acts(&mut self, index: usize) {
        if !self.sockets[index].is_connected() {
            return;
        }
        let amount = self.random.pick(&[1, 7, 30, 100, 1_000]);
        let amount = self.random.up_to(amount);
        match self.random.below(8) {
            0..=3 => {
                self.client_sends(index, amount);
            }
            4..=6 => {
                self.client_reads(index, amount);
            }
            _ if self.random.once_in(6) => {
                let client = &self.sockets[index].client;
                let is_done = client.sent == client.script.bytes.len();
                if is_done || self.random.once_in(4) {
                    self.client_ends(index);
                }
            }
            _ if self.goes_wrong(12) => {
                self.note(|| format!("client {index}: resets"));
                let loses = self.random.once_in(2);
                let socket = &mut self.sockets[index];
                socket.reset();
                if loses {
                    socket.to_server.clear();
                }
            }
            _ => {}
        }
    }

    /// The client does all that it still has to do, at once. True: there was something.
    pub(crate) fn client_settles(&mut self, index: usize, ends: bool) -> bool {
        if self.sockets[index].stage == Stage::Unborn && self.is_listening {
            self.connect(index);
            return true;
        }
        if !self.sockets[index].is_connected() {
            return false;
        }
        let mut any = self.client_sends(index, usize::MAX);
        any |= self.client_reads(index, usize::MAX);
        if ends || self.sockets[index].client.has_read_end {
            any |= self.client_ends(index);
        }
        any
    }

    pub(crate) fn client_sends(&mut self, index: usize, most: usize) -> bool {
        let socket = &mut self.sockets[index];
        let client = &mut socket.client;
        let rest = &client.script.bytes[client.sent..];
        if client.has_ended || rest.is_empty() || socket.stage == Stage::Closed {
            return false;
        }
        let count = rest.len().min(most);
        socket.to_server.extend(&rest[..count]);
        client.sent += count;
        let sent = client.sent;
        self.note(|| format!("client {index}: sends {count} bytes, now {sent}"));
        true
    }

    pub(crate) fn client_reads(&mut self, index: usize, most: usize) -> bool {
        let socket = &mut self.sockets[index];
        if socket.client.is_stubborn {
            return false;
        }
        let count = socket.to_client.len().min(most);
        let bytes: Vec<u8> = socket.to_client.drain(..count).collect();
        let is_over = socket.to_client.is_empty()
            && (socket.stage == Stage::Closed || socket.is_shut.is_some());
        socket.client.read(&bytes, &self.plan, self.has_closed);
        let ended = is_over && !std::mem::replace(&mut socket.client.has_read_end, true);
        let answers = socket.client.answers;
        if count > 0 || ended {
            self.note(|| {
                format!("client {index}: reads {count} bytes, {answers} answers; ends: {ended}")
            });
        }
        count > 0 || ended
    }

    pub(crate) fn client_ends(&mut self, index: usize) -> bool {
        let socket = &mut self.sockets[index];
        if socket.client.has_ended || socket.client.is_stubborn {
            return false;
        }
        socket.client.has_ended = true;
        socket.is_ended = true;
        self.note(|| format!("client {index}: ends its side"));
        true
    }

    /// The server's end is closed.
    pub(crate) fn on_closed(&mut self, index: usize) {
        let loses = self.random.once_in(2);
        let socket = &mut self.sockets[index];
        socket.stage = Stage::Closed;
        if socket.to_server.is_empty() || socket.is_reset {
            return;
        }
        // Bytes that the server has not read cause a reset, which destroys answers not read yet.
        let is_early = self.now < socket.sent_at + u64::from(LINGER_MS);
        let is_ours = self.plan.is_patient && !socket.is_excused && !self.has_closed;
        assert!(
            !is_ours || !is_early || socket.to_client.is_empty(),
            "a reset destroys the answer of client {index}"
        );
        if loses {
            socket.to_client.clear();
        }
        socket.is_excused = true;
    }

    /// Takes note of the calls handed to the handler since the last turn.
    pub(crate) fn take_handed(&mut self) {
        self.check_tables();
        let handed = std::mem::take(&mut self.handler.kept().handed);
        for Handed {
            number,
            is_answered,
            lease,
        } in handed
        {
            let (client, request) = whose(number);
            let socket = &mut self.sockets[client];
            if lease.strong_count() > 0 {
                socket.lease = Some(lease);
            }
            socket.client.on_handed(request, number, socket.received);
            if is_answered {
                socket.client.on_handler_answered(request);
            }
            let waiting = socket.client.calls_waiting();
            let is_bounded = !self.plan.is_patient || waiting <= PIPELINE_DEPTH_MAX;
            assert!(is_bounded, "{waiting} requests of client {client} wait");
            let is_alone = waiting <= 1 || is_answered;
            let is_read_on = self.plan.is_patient && self.has_closed && !is_alone;
            assert!(!is_read_on, "client {client}: {number} is after the last");
            self.note(|| format!("handler: gets {number} of client {client}"));
        }
        self.check_in_flight();
    }

    pub(crate) fn handler_acts(&mut self) {
        let most = self.random.pick(&[1, 1, 2, 10]);
        if self.is_posting {
            self.go_on_posting();
        } else {
            self.handler_answers(most);
        }
    }

    pub(crate) fn handler_settles(&mut self) -> bool {
        let was_posting = self.is_posting;
        while self.is_posting {
            self.go_on_posting();
        }
        was_posting | self.handler_answers(usize::MAX)
    }

    /// Answers up to `most` of the calls, in any order, on leased sockets or through the queue.
    /// False: there is none to answer.
    fn handler_answers(&mut self, most: usize) -> bool {
        let calls = std::mem::take(&mut self.handler.kept().calls);
        let (kept, mut calls): (Vec<_>, Vec<_>) = calls
            .into_iter()
            .partition(|call| self.is_never_answered(number(call)));
        let mut chosen = Vec::new();
        while chosen.len() < most && !calls.is_empty() {
            let at = self.random.below(calls.len());
            chosen.push(calls.swap_remove(at));
        }
        calls.extend(kept);
        self.handler.kept().calls = calls;
        if chosen.is_empty() {
            return false;
        }
        let count = chosen.len() as u64;
        for call in &chosen {
            let number = number(call);
            let (client, request) = whose(number);
            self.sockets[client].client.on_handler_answered(request);
            self.note(|| format!("handler: answers {number} of client {client}"));
        }
        if self.random.once_in(4) {
            let mut replies: Vec<Reply> = chosen.into_iter().map(reply).collect();
            self.reply_queue().post_replies(&mut replies);
        } else {
            let sent = self.direct_answers();
            let mut reply_sender = self.reply_sender.borrow_mut();
            for call in chosen {
                let delivery = delivery(&call);
                reply_sender.reply(call, delivery);
            }
            reply_sender.begin(Instant::now());
            drop(reply_sender);
            self.unposted = count;
            self.must_wake = self.direct_answers() - sent < count;
            self.is_posting = true;
            while self.is_posting && !self.random.once_in(4) {
                self.go_on_posting();
            }
        }
        self.notice_wake();
        true
    }

    /// Takes one more step of the post: the ring thread may have done anything since the last.
    pub(crate) fn go_on_posting(&mut self) {
        let reply_sender = Rc::clone(&self.reply_sender);
        let transmit = |socket: BorrowedFd<'_>, answer: &[u8]| self.send_at_once(socket, answer);
        self.is_posting = reply_sender.borrow_mut().go_on(transmit);
        let is_told = !self.must_wake || !self.reply_queue().waker().is_asleep();
        assert!(is_told, "an answer waits, and the ring thread sleeps");
        self.unposted = 0;
        self.must_wake = false;
        self.notice_wake();
        let is_closed = |socket: &Socket| socket.is_closed_by_answerer();
        if let Some(index) = self.sockets.iter().position(is_closed) {
            self.note(|| format!("client {index}: closed by the thread that had its lease"));
            assert_eq!(self.sockets[index].in_flight, 0, "closed too soon");
            self.on_closed(index);
        }
    }

    /// Answers that were sent on leased sockets.
    pub(crate) fn direct_answers(&self) -> u64 {
        let by_status = self.reply_queue().sent().read();
        by_status.map(|(_, answers)| answers).sum()
    }

    /// A direct send, which takes as much as there is room for, or less, or fails.
    pub(crate) fn send_at_once(
        &mut self,
        socket: BorrowedFd<'_>,
        answer: &[u8],
    ) -> io::Result<usize> {
        let index = self.by_descriptor(socket.as_raw_fd());
        let index = index.expect("a lease keeps its socket open");
        let fault = self.fails(Kind::DirectSend);
        let room = self.room(index).min(answer.len());
        let short = self.random.up_to(room.max(1));
        let is_short = self.goes_wrong(4);
        let is_unlucky = self.goes_wrong(12);
        let now = self.now;
        let socket = &mut self.sockets[index];
        assert!(socket.send.is_none(), "two threads send on one socket");
        let sent = match fault {
            Some(error @ 1..) => Err(error),
            _ if socket.is_broken() => Err(libc::EPIPE),
            _ if is_unlucky => Err(libc::ENOMEM),
            _ if room == 0 => Err(libc::EAGAIN),
            Some(0) => Ok(1),
            _ if is_short => Ok(short),
            _ => Ok(room),
        };
        match sent {
            Ok(count) => {
                socket.to_client.extend(&answer[..count]);
                socket.sent_at = now;
            }
            Err(libc::EPIPE) => socket.reset(),
            Err(_) => {}
        }
        let length = answer.len();
        self.note(|| format!("client {index}: directly sent {sent:?} of {length} bytes"));
        sent.map_err(io::Error::from_raw_os_error)
    }

    pub(crate) fn is_never_answered(&self, number: i64) -> bool {
        self.plan.leaves_unanswered && number % 11 == 4
    }
}
