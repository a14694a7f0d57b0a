//! The ring thread's loop: it waits for completions, lets connections act on them, and pushes what
//! they want.
//!
//! Runs on its own thread, started by `server`. One turn is: submit and wait, handle every event,
//! take the mail, advance every peer that something happened to, hand the turn's numbers to the
//! service.
//!
//! Invariants:
//! - What `connection` decides, this module does; it decides nothing about HTTP.
//! - A peer leaves the table only while nothing of it is in flight, and the loop ends only while
//!   nothing at all is.

mod acceptor;
mod peer;

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use slab::Slab;

use crate::bridge::{Command, Mail, Mailbox, Service};
use crate::connection::Turn;
use crate::http::{Date, Rules};
use crate::limits::LINGER_MS;
use crate::stats::{Counters, Stats};
use crate::uring::{Event, Op, Ring, Token};
use acceptor::Acceptor;
use peer::{Peer, Phase};

/// Everything that one ring thread owns.
pub struct EventLoop {
    ring: Ring,
    acceptor: Acceptor,
    peers: Slab<Peer>,
    next_generation: u32,
    turn: Turn,
    /// The second, since 1970, of `turn.date`.
    date_second: u64,
    /// Slots of the peers to advance at the end of the turn.
    touched: Vec<u32>,
    /// Peers that linger, and until when; all for the same time, so the first is due first.
    lingering: VecDeque<(Instant, Token)>,
    mailbox: Arc<Mailbox>,
    mail: Mail,
    service: Arc<dyn Service>,
    stats: Arc<Stats>,
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
            acceptor: Acceptor::new(listener),
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
        }
    }

    /// Serves until a [`Command::Close`] has been carried out to the end.
    ///
    /// An error is the kernel's refusal to go on with the ring, which leaves its connections cut.
    pub fn run(&mut self) -> io::Result<()> {
        self.ring.enable()?;
        self.ring.arm_wake(self.mailbox.waker());
        self.acceptor.resume(&mut self.ring);
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
        self.acceptor.is_ended() && self.peers.is_empty() && self.ring.in_flight() <= 1
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
        linger.into_iter().chain(self.acceptor.retry_at()).min()
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
            Event::Accepted { result, armed } => {
                if let Some(socket) = self.acceptor.on_accepted(result, armed, &mut self.ring) {
                    self.open(socket);
                }
            }
            Event::Received {
                token,
                result,
                armed,
            } => {
                let peer = &mut self.peers[token.slot as usize];
                peer.on_received(result, armed, &mut self.ring, &mut self.turn);
                self.touch(token.slot);
            }
            Event::Sent {
                token,
                result,
                bytes,
            } => {
                let peer = &mut self.peers[token.slot as usize];
                peer.on_sent(&result, bytes, &mut self.ring);
                self.touch(token.slot);
            }
            Event::ShutDown { token } | Event::Cancelled { token } => {
                // The accept's cancellation has no peer.
                if let Some(peer) = self.peers.get_mut(token.slot as usize) {
                    peer.on_done();
                    self.touch(token.slot);
                }
            }
            Event::Closed | Event::Woken { armed: true } => {}
            Event::Woken { armed: false } => self.ring.arm_wake(self.mailbox.waker()),
        }
    }

    fn open(&mut self, socket: OwnedFd) {
        let entry = self.peers.vacant_entry();
        let slot = u32::try_from(entry.key()).expect("descriptors are fewer than 2^31");
        let generation = self.next_generation;
        self.next_generation = Token::next_generation(generation);
        entry.insert(Peer::new(Token { slot, generation }, socket));
        self.turn.counters.connections_accepted += 1;
        self.touch(slot);
    }

    fn take_mail(&mut self) {
        let mut mail = mem::take(&mut self.mail);
        if self.mailbox.take(&mut mail) {
            for reply in mail.replies.drain(..) {
                self.turn.counters.in_flight -= 1;
                if let Some(peer) = find(&mut self.peers, reply.token)
                    && peer.phase == Phase::Open
                {
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
        if command == Command::Close {
            self.acceptor.close(&mut self.ring);
        }
        for (_, peer) in &mut self.peers {
            match command {
                Command::Close => peer.connection.drain(),
                Command::CloseIdle if peer.connection.is_idle() => peer.terminate(&mut self.ring),
                Command::CloseIdle => {}
                Command::CloseAll => peer.terminate(&mut self.ring),
            }
            if !mem::replace(&mut peer.touched, true) {
                self.touched.push(peer.connection.token().slot);
            }
        }
    }

    fn on_time(&mut self) {
        let Some(deadline) = self.next_deadline() else {
            return;
        };
        let now = Instant::now();
        if now < deadline {
            return;
        }
        while let Some(&(at, token)) = self.lingering.front()
            && at <= now
        {
            self.lingering.pop_front();
            if let Some(peer) = find(&mut self.peers, token) {
                peer.terminate(&mut self.ring);
                self.touch(token.slot);
            }
        }
        if self.acceptor.retry_at().is_some_and(|at| at <= now) {
            self.acceptor.resume(&mut self.ring);
        }
    }

    fn touch(&mut self, slot: u32) {
        let peer = &mut self.peers[slot as usize];
        if !mem::replace(&mut peer.touched, true) {
            self.touched.push(slot);
        }
    }

    fn advance_touched(&mut self) {
        let mut touched = mem::take(&mut self.touched);
        for slot in touched.drain(..) {
            let peer = &mut self.peers[slot as usize];
            peer.touched = false;
            let before = peer.phase;
            peer.advance(&mut self.ring, &mut self.turn);
            match peer.phase {
                Phase::Lingering if before != Phase::Lingering => {
                    let until = Instant::now() + Duration::from_millis(LINGER_MS);
                    self.lingering.push_back((until, peer.connection.token()));
                }
                Phase::Gone => self.remove(slot),
                _ => {}
            }
        }
        self.touched = touched;
    }

    fn remove(&mut self, slot: u32) {
        let peer = self.peers.remove(slot as usize);
        self.ring.push_close(peer.socket);
        self.acceptor.resume(&mut self.ring);
    }

    fn hand_over_calls(&mut self) {
        if self.turn.calls.is_empty() {
            return;
        }
        self.turn.counters.in_flight += self.turn.calls.len() as u64;
        self.turn.counters.batches += 1;
        self.service.call(&mut self.turn.calls);
    }
}

/// The peer that `token` names, unless it is gone and its slot empty or another's.
fn find(peers: &mut Slab<Peer>, token: Token) -> Option<&mut Peer> {
    let peer = peers.get_mut(token.slot as usize)?;
    (peer.connection.token() == token).then_some(peer)
}
