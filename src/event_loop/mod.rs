//! The loop of one ring: it waits for completions, lets connections act on them, and pushes what
//! they want.
//!
//! Runs on its own thread, started by `server`, or is driven by another loop in which it is
//! embedded. One turn is: take what was posted, handle every event, advance every peer that
//! something happened to, hand the turn's calls to the sink. Submitting and waiting come before it.
//!
//! Invariants:
//! - What `connection` decides, this module does; it decides nothing about HTTP.
//! - A peer leaves the table only while nothing of it is in flight, and the loop ends only while
//!   nothing at all is.

mod acceptor;
mod calls;
mod current_table;
mod embedded;
mod events;
mod gathering;
mod health;
mod peer;
mod posted;
mod receiving;
mod room;
mod shared;
mod timer_wheel;

use std::collections::{HashSet, VecDeque};
use std::io;
use std::mem;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use slab::Slab;

use crate::bridge::{Command, ConnectionId, Posted, ReplyQueue};
use crate::connection::Context;
use crate::http::Date;
use crate::limits::DATE_AGE_MS_MAX;
use crate::stats::Counters;
use crate::uring::{Kernel, Op, Token};
use acceptor::Acceptor;
pub use current_table::CurrentTable;
pub use embedded::Driven;
use peer::{Peer, Phase};
pub use shared::{RingHandle, Shared};
use timer_wheel::TimerWheel;

/// How far the server has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Serving,
    Closing,
    /// The server closes, and every connection is cut, including those that are still accepted.
    Cutting,
}

/// Everything that one ring's loop owns.
pub struct EventLoop<K> {
    /// The index of this ring among those of the server.
    index: usize,
    shared: Arc<Shared>,
    ring: K,
    acceptor: Acceptor,
    peers: Slab<Peer>,
    /// The number of the next connection.
    next_number: u64,
    context: Context,
    /// The quarter of a second, of `context.now`, in which `context.date` was made.
    date_quarter: u64,
    /// Sockets accepted beyond the limit on connections. They are served as soon as others have
    /// ended.
    held: VecDeque<OwnedFd>,
    /// Connections beyond the limit that are served because the server closes.
    uncounted: u64,
    /// Connections that have ended in this turn and still count.
    freed: u64,
    /// Slots of the peers to advance at the end of the turn.
    touched: Vec<u32>,
    /// Slots of the touched peers for which no receive buffer was free, and nothing else has
    /// happened in this turn.
    starved: Vec<u32>,
    timer_wheel: TimerWheel,
    /// Connections that wait to be told of the server's health.
    asking: HashSet<ConnectionId>,
    /// Connections whose deadlines are due; reused at each tick.
    due: Vec<ConnectionId>,
    /// True exactly when a poll of the waker is in flight.
    polls_waker: bool,
    /// True exactly when a tick is in flight.
    ticking: bool,
    /// True: a tick has completed and was not acted on.
    has_ticked: bool,
    reply_queue: Arc<ReplyQueue>,
    posted: Posted,
    /// Commands that are carried out at the end of the turn.
    commands: Vec<Command>,
    current_table: Arc<CurrentTable>,
    /// How often `current_table` had been changed when it was last looked at.
    changes: u64,
    stage: Stage,
}

impl<K: Kernel> EventLoop<K> {
    /// A loop over `ring`, the server's ring number `index`, that serves `listener`.
    pub fn new(shared: Arc<Shared>, index: usize, ring: K, listener: OwnedFd) -> Self {
        let RingHandle {
            reply_queue,
            stats,
            table,
        } = shared.handles[index].clone();
        let changes = table.changes();
        let current = table.get().expect("the ring has not ended");
        let timeouts = shared.timeouts;
        Self {
            index,
            acceptor: Acceptor::new(listener, shared.listener_is_shared, shared.crowd),
            peers: Slab::new(),
            next_number: ConnectionId::first_of(index),
            context: Context {
                rules: shared.rules.clone(),
                table: current,
                buffers: Arc::clone(&shared.buffers),
                timeouts,
                started: shared.started,
                body_bytes: 0,
                now: 0,
                now_us: 0,
                date: Date::at(ring.wall_clock()),
                calls: Vec::new(),
                strays: Vec::new(),
                asked: Vec::new(),
                counters: Counters::default(),
                stats,
            },
            ring,
            date_quarter: 0,
            held: VecDeque::new(),
            uncounted: 0,
            freed: 0,
            touched: Vec::new(),
            starved: Vec::new(),
            timer_wheel: TimerWheel::new(&timeouts),
            asking: HashSet::new(),
            due: Vec::new(),
            polls_waker: false,
            ticking: false,
            has_ticked: false,
            reply_queue,
            posted: Posted::default(),
            commands: Vec::new(),
            current_table: table,
            changes,
            shared,
            stage: Stage::Serving,
        }
    }

    /// Serves on the calling thread until a [`Command::Close`] has been carried out to the end.
    ///
    /// An error means that the kernel refuses to go on with the ring; its connections are cut then.
    pub fn run(&mut self) -> io::Result<()> {
        self.ring.enable()?;
        self.ring.arm_wake(self.reply_queue.waker());
        self.polls_waker = true;
        self.steer_acceptor();
        self.run_to_end()
    }

    fn run_to_end(&mut self) -> io::Result<()> {
        while !self.is_drained() {
            self.wait()?;
            self.turn();
        }
        self.end()
    }

    /// Acts on what has completed, and on what was posted. Returns whether calls were handed over.
    fn turn(&mut self) -> bool {
        self.update_time();
        self.update_table();
        // Before the events: a request that has arrived may follow an answer that another thread
        // has sent, and has posted here.
        self.take_posted();
        // After the events: bytes that have arrived are no longer late.
        if self.take_events() && mem::take(&mut self.has_ticked) {
            self.on_tick();
        }
        // Again, so that what was answered meanwhile leaves with this turn, and with its own time.
        if self.reply_queue.has_posted() {
            self.update_time();
            self.take_posted();
        }
        self.carry_out_commands();
        self.steer_acceptor();
        self.advance_touched();
        self.admit_calls();
        self.ask_health();
        self.keep_ticking();
        let has_calls = self.hand_over_calls();
        self.context.counters.connections_open = self.peers.len() as u64;
        self.context.counters.turns += 1;
        self.context.stats.publish(&self.context.counters);
        self.give_room();
        debug_assert!(
            self.touched.is_empty() && self.starved.is_empty(),
            "nobody is left for a later context"
        );
        has_calls
    }

    /// Cancels the standing ops, once the loop is drained.
    fn end(&mut self) -> io::Result<()> {
        if self.polls_waker {
            self.ring.push_cancel(Op::Wake, Token::NONE);
        }
        self.ring.push_cancel(Op::Tick, Token::NONE);
        while self.ring.in_flight() > 0 {
            self.ring.submit_and_wait()?;
            while self.ring.next_event().is_some() {}
        }
        Ok(())
    }

    /// True: the listener is closed, no peer is left, and only the waker's poll and the tick are in
    /// flight.
    fn is_drained(&self) -> bool {
        let standing = usize::from(self.polls_waker) + usize::from(self.ticking);
        let nobody = self.peers.is_empty() && self.held.is_empty();
        self.acceptor.is_ended() && nobody && self.ring.in_flight() <= standing
    }

    fn is_closing(&self) -> bool {
        self.stage != Stage::Serving
    }

    fn wait(&mut self) -> io::Result<()> {
        if !self.reply_queue.prepare_to_sleep() {
            return self.ring.submit();
        }
        let waited = self.ring.submit_and_wait();
        self.reply_queue.waker().awake();
        waited
    }

    fn update_time(&mut self) {
        self.context.set_now(self.ring.now());
        // The Date is looked up four times a second at most. It may lag by as much as the seconds
        // of the two clocks are apart.
        let quarter = self.context.now / DATE_AGE_MS_MAX;
        if quarter != self.date_quarter {
            self.date_quarter = quarter;
            self.context.date = Date::at(self.ring.wall_clock());
        }
    }

    /// Requests that begin from now on meet the current table.
    fn update_table(&mut self) {
        let changes = self.current_table.changes();
        if changes != self.changes {
            self.changes = changes;
            if let Some(table) = self.current_table.get() {
                table.sink.adopted();
                self.context.table = table;
            }
        }
    }

    fn open(&mut self, socket: OwnedFd) {
        let is_closing = self.is_closing();
        let entry = self.peers.vacant_entry();
        let slot = u32::try_from(entry.key()).expect("descriptors are fewer than 2^31");
        let number = self.next_number;
        self.next_number += 1;
        let id = ConnectionId { slot, number };
        let mut peer = Peer::new(id, socket, self.context.now);
        if is_closing {
            peer.connection.drain(self.context.now);
        }
        self.timer_wheel.insert(id, None, self.context.now);
        entry.insert(peer);
        self.context.counters.connections_accepted += 1;
        self.touch(slot);
    }

    fn on_tick(&mut self) {
        let mut due = mem::take(&mut self.due);
        self.timer_wheel.take_due(self.context.now, &mut due);
        for id in due.drain(..) {
            if let Some(peer) = find(&mut self.peers, id) {
                let reply_queue = &self.reply_queue;
                peer.expire(&mut self.ring, &mut self.context, || {
                    reply_queue.has_posted()
                });
                let deadline = peer.deadline(&self.context.timeouts);
                self.timer_wheel.insert(id, deadline, self.context.now);
                self.touch(id.slot);
            }
        }
        self.due = due;
    }

    /// A tick is in flight while anything waits for one.
    fn keep_ticking(&mut self) {
        let needed = !self.timer_wheel.is_empty() || self.acceptor.is_exhausted();
        if needed && !self.ticking {
            self.ring.arm_tick(self.timer_wheel.tick());
            self.ticking = true;
        }
    }

    fn touch(&mut self, slot: u32) {
        let peer = &mut self.peers[slot as usize];
        if !mem::replace(&mut peer.touched, true) {
            self.touched.push(slot);
        }
    }

    /// The starved ones receive first. Otherwise peers that send much would have all buffers each
    /// time.
    fn advance_touched(&mut self) {
        let mut starved = mem::take(&mut self.starved);
        let mut touched = mem::take(&mut self.touched);
        for slot in starved.drain(..).chain(touched.drain(..)) {
            let peer = &mut self.peers[slot as usize];
            peer.touched = false;
            peer.advance(&mut self.ring, &mut self.context);
            if peer.phase == Phase::Gone {
                self.remove(slot);
            }
        }
        self.starved = starved;
        self.touched = touched;
    }

    fn remove(&mut self, slot: u32) {
        let peer = self.peers.remove(slot as usize);
        if !self.asking.is_empty() {
            self.asking.remove(&peer.connection.id());
        }
        if let Some(socket) = peer.into_socket() {
            self.ring.close(socket);
        }
        if self.acceptor.on_freed() {
            self.reply_queue.wake();
        }
        if self.uncounted > 0 {
            self.uncounted -= 1;
        } else {
            self.freed += 1;
        }
    }
}

/// The peer that `id` names, unless it is gone and its slot empty or another's.
fn find(peers: &mut Slab<Peer>, id: ConnectionId) -> Option<&mut Peer> {
    let peer = peers.get_mut(id.slot as usize)?;
    (peer.connection.id() == id).then_some(peer)
}
