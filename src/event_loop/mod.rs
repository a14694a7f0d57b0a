//! The ring thread's loop: it waits for completions, lets connections act on them, and pushes what they want.
//!
//! Runs on its own thread, started by `server`. One turn is: submit and wait, handle every event, take the mail, advance
//! every connection that something happened to, hand the turn's numbers to the service.
//!
//! Invariants:
//! - What `connection` decides, this module does; it decides nothing about HTTP.
//! - A peer leaves the table only while nothing of it is in flight, and the loop ends only while nothing at all is.

mod peer;

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use slab::Slab;

use crate::bridge::{Command, Mail, Mailbox, Service};
use crate::connection::{Connection, Turn};
use crate::http::{Date, Rules};
use crate::limits::{ACCEPT_RETRY_MS, LINGER_MS};
use crate::stats::{Counters, Stats};
use crate::uring::{Buffer, Event, Op, Ring, Token};
use peer::{Peer, Phase, Recv};

/// Whether the listener accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Accept {
    Armed,
    /// Out of descriptors or memory: tried again then, or as soon as a connection has closed.
    Paused(Instant),
    /// The server closes; the accept's last completion has not arrived.
    Cancelling,
    Ended,
}

/// Everything that one ring thread owns.
pub struct EventLoop {
    ring: Ring,
    listener: Option<OwnedFd>,
    accept: Accept,
    peers: Slab<Peer>,
    next_generation: u32,
    turn: Turn,
    date_second: u64,
    /// Slots of the peers to advance at the end of the turn.
    touched: Vec<u32>,
    /// Peers that linger, and until when; all for the same time, so the first is due first.
    lingering: VecDeque<(Instant, Token)>,
    mailbox: Arc<Mailbox>,
    mail: Mail,
    service: Arc<dyn Service>,
    stats: Arc<Stats>,
    closing: bool,
}

impl EventLoop {
    /// A loop over `ring` that serves `listener` with `service`.
    pub fn new(
        ring: Ring,
        listener: OwnedFd,
        rules: Rules,
        service: Arc<dyn Service>,
        mailbox: Arc<Mailbox>,
        stats: Arc<Stats>,
    ) -> Self {
        Self {
            ring,
            listener: Some(listener),
            accept: Accept::Ended,
            peers: Slab::new(),
            next_generation: 0,
            turn: Turn {
                rules,
                date: Date::at(UNIX_EPOCH),
                calls: Vec::new(),
                counters: Counters::default(),
            },
            date_second: 0,
            touched: Vec::new(),
            lingering: VecDeque::new(),
            mailbox,
            mail: Mail::default(),
            service,
            stats,
            closing: false,
        }
    }

    /// Serves until a [`Command::Close`] has been carried out to the end.
    ///
    /// An error is the kernel's refusal to go on with the ring, which leaves its connections cut.
    pub fn run(&mut self) -> io::Result<()> {
        self.ring.enable()?;
        self.ring.arm_wake(self.mailbox.waker());
        self.arm_accept();
        while !self.is_drained() {
            self.wait()?;
            self.update_date();
            while let Some(event) = self.ring.next_event() {
                self.on_event(event);
            }
            self.take_mail();
            self.on_time();
            self.advance_touched();
            self.hand_over_calls();
            self.turn.counters.connections_open = self.peers.len() as u64;
            self.stats.publish(&self.turn.counters);
        }
        self.ring.push_cancel(Op::Wake, Token::NONE);
        while self.ring.in_flight() > 0 {
            self.ring.submit_and_wait(None)?;
            while self.ring.next_event().is_some() {}
        }
        Ok(())
    }

    /// True: closed, with nothing left in the table or in the kernel but the waker's poll.
    fn is_drained(&self) -> bool {
        self.accept == Accept::Ended && self.peers.is_empty() && self.ring.in_flight() <= 1
    }

    fn wait(&mut self) -> io::Result<()> {
        if !self.mailbox.prepare_to_sleep() {
            return self.ring.submit();
        }
        let timeout = self
            .next_deadline()
            .map(|at| at.saturating_duration_since(Instant::now()));
        let waited = self.ring.submit_and_wait(timeout);
        self.mailbox.waker().awake();
        waited
    }

    fn next_deadline(&self) -> Option<Instant> {
        let linger = self.lingering.front().map(|(at, _)| *at);
        match self.accept {
            Accept::Paused(until) => Some(linger.map_or(until, |at| at.min(until))),
            _ => linger,
        }
    }

    fn update_date(&mut self) {
        let now = SystemTime::now();
        let second = now
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        if second != self.date_second {
            self.date_second = second;
            self.turn.date = Date::at(now);
        }
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Accepted { result, armed } => self.on_accepted(result, armed),
            Event::Received {
                token,
                result,
                armed,
            } => self.on_received(token, result, armed),
            Event::Sent {
                token,
                result,
                bytes,
            } => self.on_sent(token, &result, bytes),
            Event::ShutDown { token } | Event::Cancelled { token } => self.on_done(token),
            Event::Closed | Event::Woken { armed: true } => {}
            Event::Woken { armed: false } => self.ring.arm_wake(self.mailbox.waker()),
        }
    }

    fn arm_accept(&mut self) {
        if let Some(listener) = &self.listener {
            self.ring.arm_accept(listener.as_fd());
            self.accept = Accept::Armed;
        }
    }

    fn on_accepted(&mut self, result: io::Result<OwnedFd>, armed: bool) {
        let mut pause = false;
        match result {
            Err(error) => pause = is_exhaustion(&error),
            // The listener is closing; who is cut here has sent nothing that was read.
            Ok(socket) if self.closing => self.ring.push_close(socket),
            Ok(socket) => self.open(socket),
        }
        if armed {
            return;
        }
        if self.closing {
            self.end_listener();
        } else if pause {
            let until = Instant::now() + Duration::from_millis(ACCEPT_RETRY_MS);
            self.accept = Accept::Paused(until);
        } else {
            self.arm_accept();
        }
    }

    fn open(&mut self, socket: OwnedFd) {
        let entry = self.peers.vacant_entry();
        let slot = u32::try_from(entry.key()).expect("descriptors are fewer than 2^31");
        let token = Token {
            slot,
            generation: self.next_generation,
        };
        self.next_generation = Token::next_generation(self.next_generation);
        entry.insert(Peer::new(Connection::new(token), socket));
        self.turn.counters.connections_accepted += 1;
        self.touch(slot);
    }

    fn on_received(&mut self, token: Token, result: io::Result<Option<Buffer>>, armed: bool) {
        let peer = &mut self.peers[token.slot as usize];
        if !armed {
            peer.in_flight -= 1;
            peer.recv = Recv::Unarmed;
        }
        match result {
            Err(error) => {
                // Out of buffers, or cancelled by us: receiving again is all it takes.
                let go_on = matches!(error.raw_os_error(), Some(libc::ENOBUFS | libc::ECANCELED));
                if !go_on {
                    self.terminate(token.slot);
                }
            }
            Ok(None) => peer.connection.ended(),
            Ok(Some(buffer)) => {
                if peer.phase == Phase::Open {
                    peer.connection
                        .received(self.ring.bytes(&buffer), &mut self.turn);
                }
                self.ring.put(buffer);
            }
        }
        self.touch(token.slot);
    }

    fn on_sent(&mut self, token: Token, result: &io::Result<usize>, bytes: Vec<u8>) {
        let peer = &mut self.peers[token.slot as usize];
        peer.in_flight -= 1;
        let offset = peer.sending.take().expect("a send was in flight");
        match result {
            Err(_) => self.terminate(token.slot),
            Ok(count) if offset + count < bytes.len() && peer.phase == Phase::Open => {
                let offset = offset + count;
                self.ring
                    .push_send(token, peer.socket.as_fd(), bytes, offset);
                peer.sending = Some(offset);
                peer.in_flight += 1;
            }
            Ok(_) => peer.connection.sent(bytes),
        }
        self.touch(token.slot);
    }

    /// A shutdown or a cancellation is done; only that it is no longer in flight matters.
    fn on_done(&mut self, token: Token) {
        if let Some(peer) = self.peers.get_mut(token.slot as usize) {
            peer.in_flight -= 1;
            self.touch(token.slot);
        }
    }

    fn take_mail(&mut self) {
        let mut mail = std::mem::take(&mut self.mail);
        if self.mailbox.take(&mut mail) {
            for reply in mail.replies.drain(..) {
                self.turn.counters.in_flight -= 1;
                let Some(peer) = self.peers.get_mut(reply.token.slot as usize) else {
                    continue;
                };
                if peer.connection.token() == reply.token && peer.phase == Phase::Open {
                    peer.connection
                        .replied(reply.sequence, reply.outcome, &mut self.turn);
                    self.touch(reply.token.slot);
                }
            }
            for command in mail.commands.drain(..) {
                self.carry_out(command);
            }
        }
        self.mail = mail;
    }

    fn carry_out(&mut self, command: Command) {
        if command == Command::Close && !self.closing {
            self.closing = true;
            if self.accept == Accept::Armed {
                self.ring.push_cancel(Op::Accept, Token::NONE);
                self.accept = Accept::Cancelling;
            } else {
                self.end_listener();
            }
        }
        for slot in self.slots() {
            let peer = &mut self.peers[slot as usize];
            match command {
                Command::Close => peer.connection.drain(),
                Command::CloseIdle if peer.connection.is_idle() => self.terminate(slot),
                Command::CloseIdle => {}
                Command::CloseAll => self.terminate(slot),
            }
            self.touch(slot);
        }
    }

    fn on_time(&mut self) {
        if self.lingering.is_empty() && !matches!(self.accept, Accept::Paused(_)) {
            return;
        }
        let now = Instant::now();
        while let Some((at, token)) = self.lingering.front().copied() {
            if at > now {
                break;
            }
            self.lingering.pop_front();
            let peer = self.peers.get(token.slot as usize);
            if peer.is_some_and(|peer| peer.connection.token() == token) {
                self.terminate(token.slot);
                self.touch(token.slot);
            }
        }
        if matches!(self.accept, Accept::Paused(until) if until <= now) {
            self.arm_accept();
        }
    }

    fn touch(&mut self, slot: u32) {
        let peer = &mut self.peers[slot as usize];
        if !peer.touched {
            peer.touched = true;
            self.touched.push(slot);
        }
    }

    fn advance_touched(&mut self) {
        let mut touched = std::mem::take(&mut self.touched);
        for slot in touched.drain(..) {
            self.peers[slot as usize].touched = false;
            self.advance(slot);
        }
        self.touched = touched;
    }

    /// Brings a peer to where it waits for the next completion or reply, or out of the table.
    fn advance(&mut self, slot: u32) {
        let peer = &mut self.peers[slot as usize];
        if peer.phase == Phase::Open {
            Self::exchange(peer, &mut self.ring, &mut self.turn);
            if peer.connection.is_finished() && peer.sending.is_none() {
                self.finish(slot);
            }
        }
        let peer = &mut self.peers[slot as usize];
        if peer.phase == Phase::Lingering && !peer.connection.wants_input() {
            self.terminate(slot);
        }
        let peer = &mut self.peers[slot as usize];
        let wants_input = peer.phase != Phase::Terminating && peer.connection.wants_input();
        match peer.recv {
            Recv::Unarmed if wants_input => {
                self.ring
                    .arm_recv(peer.connection.token(), peer.socket.as_fd());
                peer.recv = Recv::Armed;
                peer.in_flight += 1;
            }
            Recv::Armed if !wants_input && peer.phase == Phase::Open => {
                self.ring.push_cancel(Op::Recv, peer.connection.token());
                peer.recv = Recv::Cancelling;
                peer.in_flight += 1;
            }
            _ => {}
        }
        if peer.phase == Phase::Terminating && peer.in_flight == 0 {
            self.remove(slot);
        }
    }

    /// Reads what the connection held back and sends what it has to say.
    fn exchange(peer: &mut Peer, ring: &mut Ring, turn: &mut Turn) {
        loop {
            peer.connection.resume(turn);
            if peer.sending.is_some() {
                return;
            }
            let Some(output) = peer.connection.take_output() else {
                return;
            };
            ring.push_send(peer.connection.token(), peer.socket.as_fd(), output, 0);
            peer.sending = Some(0);
            peer.in_flight += 1;
        }
    }

    /// Everything is answered. A peer that may still be sending is told so and listened to for a while: closing at once
    /// would answer its bytes with a reset, which can destroy the answer on its way (RFC 9112 section 9.6).
    fn finish(&mut self, slot: u32) {
        let peer = &mut self.peers[slot as usize];
        let token = peer.connection.token();
        if !peer.connection.wants_input() || (self.closing && peer.connection.is_idle()) {
            self.terminate(slot);
            return;
        }
        self.ring.push_shutdown(token, peer.socket.as_fd(), false);
        peer.in_flight += 1;
        peer.phase = Phase::Lingering;
        let until = Instant::now() + Duration::from_millis(LINGER_MS);
        self.lingering.push_back((until, token));
    }

    /// Ends a connection now: whatever is in flight on it completes, and `advance` removes it.
    fn terminate(&mut self, slot: u32) {
        let peer = &mut self.peers[slot as usize];
        if peer.phase == Phase::Terminating {
            return;
        }
        peer.phase = Phase::Terminating;
        if peer.in_flight > 0 {
            self.ring
                .push_shutdown(peer.connection.token(), peer.socket.as_fd(), true);
            peer.in_flight += 1;
        }
    }

    fn remove(&mut self, slot: u32) {
        let peer = self.peers.remove(slot as usize);
        self.ring.push_close(peer.socket);
        if matches!(self.accept, Accept::Paused(_)) {
            self.arm_accept();
        }
    }

    fn end_listener(&mut self) {
        self.accept = Accept::Ended;
        if let Some(listener) = self.listener.take() {
            self.ring.push_close(listener);
        }
    }

    fn hand_over_calls(&mut self) {
        if self.turn.calls.is_empty() {
            return;
        }
        self.turn.counters.in_flight += self.turn.calls.len() as u64;
        self.turn.counters.batches += 1;
        self.service.call(&mut self.turn.calls);
    }

    fn slots(&self) -> Vec<u32> {
        self.peers
            .iter()
            .map(|(_, peer)| peer.connection.token().slot)
            .collect()
    }
}

/// The process or the system is out of descriptors or memory: accepting again at once would fail at once, for ever.
fn is_exhaustion(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM | libc::ENOBUFS)
    )
}
