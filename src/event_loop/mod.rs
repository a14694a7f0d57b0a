//! The ring thread's loop: it waits for completions, lets connections act on them, and pushes what
//! they want.
//!
//! Runs on its own thread, started by `server`. One turn is: submit and wait, take the mail,
//! handle every event, advance every peer that something happened to, hand the turn's numbers to
//! the service.
//!
//! Invariants:
//! - What `connection` decides, this module does; it decides nothing about HTTP.
//! - A peer leaves the table only while nothing of it is in flight, and the loop ends only while
//!   nothing at all is.

mod acceptor;
mod mail;
mod peer;
mod rings;
mod sweep;

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use slab::Slab;

use crate::bridge::{Mail, Mailbox, Service};
use crate::connection::Turn;
use crate::http::Date;
use crate::limits::{DATE_AGE_MS_MAX, DIRECT_ANSWERS_MAX};
use crate::quota::Share;
use crate::stats::{Counters, Run};
use crate::uring::{Event, Kernel, Op, Token};
use acceptor::Acceptor;
use peer::{Peer, Phase};
pub use rings::{Outlet, Rings};
use sweep::{Abandoned, Sweep};

/// Everything that one ring thread owns.
pub struct EventLoop<K> {
    /// Which of `rings` this is.
    index: usize,
    rings: Arc<Rings>,
    ring: K,
    acceptor: Acceptor,
    peers: Slab<Peer>,
    next_generation: u32,
    turn: Turn,
    /// The quarter of a second, of `turn.now`, in which `turn.date` was made.
    date_quarter: u64,
    /// Accepted beyond the limit on connections, and served as soon as others have ended.
    held: VecDeque<OwnedFd>,
    /// Connections that ended in this turn, and still count.
    freed: u64,
    /// Slots of the peers to advance at the end of the turn.
    touched: Vec<u32>,
    sweep: Sweep,
    /// Reused by each look at what is due.
    due: Vec<Token>,
    /// True exactly when a tick is in flight.
    ticking: bool,
    abandoned: Abandoned,
    mailbox: Arc<Mailbox>,
    mail: Mail,
    service: Arc<dyn Service>,
    /// True exactly when the server closes.
    closing: bool,
    /// True exactly when it closes and every connection is to be cut, who still comes included.
    cutting: bool,
}

impl<K: Kernel> EventLoop<K> {
    /// A loop over `ring`, the one at `index` of `rings`, that serves `listener` with `service`.
    pub fn new(
        rings: Arc<Rings>,
        index: usize,
        ring: K,
        listener: OwnedFd,
        service: Arc<dyn Service>,
    ) -> Self {
        let Outlet { mailbox, stats } = rings.outlets[index].clone();
        let timeouts = rings.timeouts;
        Self {
            index,
            acceptor: Acceptor::new(listener, rings.listener_is_shared),
            peers: Slab::new(),
            next_generation: 0,
            turn: Turn {
                rules: rings.rules,
                timeouts,
                in_flight: Share::new(Arc::clone(&rings.calls), rings.outlets.len()),
                started: ring.now(),
                now: 0,
                now_us: 0,
                date: Date::at(ring.wall_clock()),
                calls: Vec::new(),
                counters: Counters::default(),
                stats,
                latencies: Run::default(),
            },
            ring,
            date_quarter: 0,
            held: VecDeque::new(),
            freed: 0,
            touched: Vec::new(),
            sweep: Sweep::new(&timeouts),
            due: Vec::new(),
            ticking: false,
            abandoned: Abandoned::default(),
            mailbox,
            mail: Mail::default(),
            service,
            rings,
            closing: false,
            cutting: false,
        }
    }

    /// Serves until a [`Command::Close`] has been carried out to the end.
    ///
    /// An error is the kernel's refusal to go on with the ring, which leaves its connections cut.
    pub fn run(&mut self) -> io::Result<()> {
        self.ring.enable()?;
        self.ring.arm_wake(self.mailbox.waker());
        self.steer_acceptor();
        while !self.is_drained() {
            self.wait()?;
            self.update_time();
            // First: who sent a request may have the answers of which this mail tells.
            self.take_mail();
            let was_ticking = self.ticking;
            while let Some(event) = self.ring.next_event() {
                self.turn.counters.completions += 1;
                self.on_event(event);
            }
            if was_ticking && !self.ticking {
                // Last: what has come is no longer late.
                self.on_tick();
            }
            // Again: what was answered meanwhile leaves with this turn, and is no older than that.
            if self.mailbox.has_mail() {
                self.update_time();
                self.take_mail();
            }
            self.steer_acceptor();
            self.advance_touched();
            self.keep_ticking();
            self.hand_over_calls();
            self.turn.counters.connections_open = self.peers.len() as u64;
            self.turn.counters.in_flight = self.turn.in_flight.used();
            self.turn.show_latencies();
            self.turn.counters.turns += 1;
            self.turn.stats.publish(&self.turn.counters);
            self.give_room();
            debug_assert!(self.touched.is_empty(), "nobody is left for a later turn");
        }
        self.ring.push_cancel(Op::Wake, Token::NONE);
        self.ring.push_cancel(Op::Tick, Token::NONE);
        while self.ring.in_flight() > 0 {
            self.ring.submit_and_wait()?;
            while self.ring.next_event().is_some() {}
        }
        Ok(())
    }

    /// True: closed, with nothing left in the table or in the kernel but the waker's poll and the
    /// tick.
    fn is_drained(&self) -> bool {
        let standing = 1 + usize::from(self.ticking);
        let nobody = self.peers.is_empty() && self.held.is_empty();
        self.acceptor.is_ended() && nobody && self.ring.in_flight() <= standing
    }

    fn wait(&mut self) -> io::Result<()> {
        if !self.mailbox.prepare_to_sleep() {
            return self.ring.submit();
        }
        let waited = self.ring.submit_and_wait();
        self.mailbox.waker().awake();
        waited
    }

    fn update_time(&mut self) {
        self.turn.set_now(self.ring.now());
        // The Date may lag by what the two clocks' seconds are apart; it is looked up four times a
        // second at most.
        let quarter = self.turn.now / DATE_AGE_MS_MAX;
        if quarter != self.date_quarter {
            self.date_quarter = quarter;
            self.turn.date = Date::at(self.ring.wall_clock());
        }
    }

    fn on_event(&mut self, event: Event<K::Buffer>) {
        match event {
            Event::Accepted { result, armed } => {
                let now = self.turn.now;
                if let Some(socket) = self.acceptor.on_accepted(result, armed, now) {
                    self.held.push_back(socket);
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
                peer.on_sent(&result, bytes, &mut self.ring, &mut self.turn);
                self.touch(token.slot);
            }
            Event::Cancelled { token } => {
                // The accept's cancellation has no peer.
                if let Some(peer) = self.peers.get_mut(token.slot as usize) {
                    peer.on_done();
                    self.touch(token.slot);
                }
            }
            Event::Ticked => self.ticking = false,
            Event::Closed | Event::Woken { armed: true } => {}
            Event::Woken { armed: false } => self.ring.arm_wake(self.mailbox.waker()),
        }
    }

    fn open(&mut self, socket: OwnedFd) {
        let entry = self.peers.vacant_entry();
        let slot = u32::try_from(entry.key()).expect("descriptors are fewer than 2^31");
        let generation = self.next_generation;
        self.next_generation = Token::next_generation(generation);
        let token = Token { slot, generation };
        let mut peer = Peer::new(token, socket, self.turn.now);
        if self.closing {
            peer.connection.drain(self.turn.now);
        }
        self.sweep.insert(token, None, self.turn.now);
        entry.insert(peer);
        self.turn.counters.connections_accepted += 1;
        self.touch(slot);
    }

    fn on_tick(&mut self) {
        let mut due = mem::take(&mut self.due);
        self.sweep.take_due(self.turn.now, &mut due);
        for token in due.drain(..) {
            if let Some(peer) = find(&mut self.peers, token) {
                let mailbox = &self.mailbox;
                peer.expire(&mut self.ring, &mut self.turn, || mailbox.has_mail());
                let deadline = peer.deadline(&self.turn.timeouts);
                self.sweep.insert(token, deadline, self.turn.now);
                self.touch(token.slot);
            }
        }
        self.due = due;
        let expired = self.abandoned.expire(self.turn.now);
        self.turn.in_flight.give_back(expired);
    }

    /// A tick is in flight while anything waits for one.
    fn keep_ticking(&mut self) {
        let needed =
            !self.sweep.is_empty() || !self.abandoned.is_empty() || self.acceptor.is_exhausted();
        if needed && !self.ticking {
            self.ring.arm_tick(self.sweep.tick());
            self.ticking = true;
        }
    }

    /// Serves who was accepted, as far as there is room, and accepts more while there is.
    fn steer_acceptor(&mut self) {
        self.open_held();
        let has_room = self.has_room();
        let now = self.turn.now;
        self.acceptor
            .steer(has_room, now, &mut self.ring, &mut self.held);
        self.turn.counters.accept_pauses = self.acceptor.pauses();
        // Those that a listener which closes had waiting.
        self.open_held();
    }

    fn open_held(&mut self) {
        if self.cutting {
            self.cut_held();
        }
        while !self.held.is_empty()
            && self.has_room()
            && let Some(socket) = self.held.pop_front()
        {
            if self.rings.connections.take(1) == 1 {
                self.open(socket);
            } else {
                self.held.push_front(socket);
            }
        }
    }

    fn cut_held(&mut self) {
        for socket in self.held.drain(..) {
            self.ring.push_close(socket);
        }
    }

    /// False: no ring may open a connection, and this one is woken when one may.
    fn has_room(&self) -> bool {
        self.rings.connections.has_any(self.index)
    }

    /// Lets any ring have the room of the connections that ended in this turn. It follows their
    /// being published, so that nobody sees one more than the limit.
    fn give_room(&mut self) {
        let freed = mem::take(&mut self.freed);
        if freed > 0 {
            self.rings.connections.give(freed);
            for waiting in self.rings.connections.take_waiting() {
                self.rings.outlets[waiting].mailbox.wake();
            }
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
            peer.advance(&mut self.ring, &mut self.turn);
            if peer.phase == Phase::Gone {
                self.remove(slot);
            }
        }
        self.touched = touched;
    }

    fn remove(&mut self, slot: u32) {
        let peer = self.peers.remove(slot as usize);
        let calls = peer.connection.calls_waiting() as u64;
        if calls > 0 {
            let handler = u64::from(self.turn.timeouts.handler);
            let until = if handler == 0 {
                u64::MAX
            } else {
                self.turn.now + handler
            };
            self.abandoned.add(calls, until);
        }
        if let Some(socket) = peer.into_socket() {
            self.ring.push_close(socket);
        }
        self.acceptor.on_freed();
        self.freed += 1;
    }

    fn hand_over_calls(&mut self) {
        if self.turn.calls.is_empty() {
            return;
        }
        self.turn.counters.batches += 1;
        let length = self.turn.calls.len() as u64;
        self.turn.stats.details.batch_lengths.add(length);
        // Of an answer that is sent directly we learn later; other rings may be waiting for that.
        if self.turn.calls.len() <= DIRECT_ANSWERS_MAX && self.turn.in_flight.keeps_some() {
            for call in &mut self.turn.calls {
                if let Some(peer) = find(&mut self.peers, call.token) {
                    call.line = peer.lend_line(call.sequence);
                }
            }
        }
        self.service.call(&mut self.turn.calls);
    }
}

/// The peer that `token` names, unless it is gone and its slot empty or another's.
fn find(peers: &mut Slab<Peer>, token: Token) -> Option<&mut Peer> {
    let peer = peers.get_mut(token.slot as usize)?;
    (peer.connection.token() == token).then_some(peer)
}
