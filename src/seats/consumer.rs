//! One JavaScript thread as a consumer of calls: fills the typed arrays with the next batch, makes
//! replies of the results, and knows the calls that the thread has.
//!
//! `seats` is its only caller, with the seat's lock. A call that no client waits for any more is
//! not run, and a promise that has not settled in its call's time is given up.
//!
//! Invariant: a call that was taken from the queue is replied to once, or goes back there.

use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::columns::Columns;
use super::memory::{Claimed, Memory};
use super::queue::Queue;
use super::results::Results;
use super::times::Times;
use super::unanswered::{Id, Unanswered};
use super::{Pull, STATE_NOW, Seats, Wake, clock};
use crate::bridge::{Call, Delivery, Outcome, ReplySender};

/// Returned to JavaScript instead of a batch's length.
const NO_BATCH: i32 = 0;
const NO_MORE_BATCHES: i32 = -1;

const MILLISECONDS: f64 = 1000.0;

pub(super) struct Consumer {
    seat: usize,
    pub(super) wake: Arc<dyn Wake>,
    /// One for each ring.
    reply_senders: Vec<ReplySender>,
    memory: Memory,
    columns: Columns,
    /// The batch that JavaScript runs: how many calls it has, and when it began.
    batch: usize,
    batch_began: Instant,
    /// How many results in the memory have been taken already.
    collected: usize,
    unanswered: Unanswered,
    times: Times,
    /// For each call whose reply waits for the next post: its function, and when JavaScript got it.
    replied: Vec<(u16, u64)>,
    /// True: it takes no more calls until one of its calls is answered.
    pub(super) is_full: bool,
}

impl Consumer {
    pub(super) fn new(
        seat: usize,
        wake: Arc<dyn Wake>,
        reply_senders: Vec<ReplySender>,
        memory: Memory,
        columns: Columns,
        times: Times,
    ) -> Self {
        Self {
            seat,
            wake,
            reply_senders,
            memory,
            columns,
            batch: 0,
            batch_began: times.started,
            collected: 0,
            unanswered: Unanswered::default(),
            times,
            replied: Vec::new(),
            is_full: false,
        }
    }

    /// When each of its calls arrived, in microseconds since the start.
    pub(super) fn arrivals(&self) -> impl Iterator<Item = u64> {
        self.unanswered.arrivals()
    }

    /// How many calls it has.
    pub(super) fn len(&self) -> usize {
        self.unanswered.len()
    }

    /// Posts the first `count` results in the arrays, and the replies made since the last post.
    pub(super) fn post(&mut self, count: u32) -> Instant {
        // One time, for what is posted and for the batch that follows.
        let now = clock::now();
        self.times.set_now(now);
        self.count_replied();
        self.take_results(count as usize);
        self.collected = 0;
        if let Some(claims) = &self.memory.claims {
            claims.forget_results();
        }
        self.post_replies(now);
        now
    }

    /// Counts the calls whose replies are posted next.
    fn count_replied(&mut self) {
        for (function, since) in self.replied.drain(..) {
            self.times.handled(function, since);
        }
    }

    /// Takes the results up to number `count` that have not been taken.
    fn take_results(&mut self, count: usize) {
        let mut results = Results::new(&self.memory);
        let count = count.min(self.memory.result_ids.len());
        for index in 0..count {
            if index < self.collected {
                results.skip(index);
                continue;
            }
            let outcome = results.take(index);
            let id = self.memory.result_ids.get(index);
            if let Some((call, since)) = self.unanswered.remove(id) {
                self.times.handled(call.function, since);
                reply(&mut self.reply_senders, call, outcome);
            }
        }
        self.collected = self.collected.max(count);
    }

    /// Posts the first `count` results, and puts the calls of the batch from number `begun` on back
    /// into the queue. Returns the time.
    pub(super) fn finish(&mut self, seats: &Seats, count: u32, begun: u32) -> Instant {
        seats.all[self.seat].visited();
        let now = self.post(count);
        self.end_batch(seats, begun as usize, now);
        now
    }

    /// Begins the next batch later than `finish` has posted.
    pub(super) fn begin_later(&mut self, seats: &Seats) -> i32 {
        let now = clock::now();
        self.times.set_now(now);
        self.begin(seats, now)
    }

    /// Puts the next batch, which begins `now`, into the arrays; returns its length.
    pub(super) fn begin(&mut self, seats: &Seats, now: Instant) -> i32 {
        let since_start = now.duration_since(self.times.started);
        let milliseconds = since_start.as_secs_f64() * MILLISECONDS;
        self.memory.state.set(STATE_NOW, milliseconds);
        loop {
            self.is_full = self.unanswered.len() >= seats.share();
            match seats.pull(self.seat, &self.wake, self.is_full) {
                Pull::Calls {
                    mut queue,
                    first,
                    part,
                } => {
                    if let Some(arrived) = first {
                        self.times.dispatched(arrived);
                    }
                    self.fill_batch(&mut queue, part, seats.share(), now);
                    seats.pulled(queue, self.batch, self.times.pace.usual_ns());
                    self.post_replies(now);
                }
                Pull::Nothing => return NO_BATCH,
                Pull::End => {
                    // No client waits for promises that have not settled.
                    self.give_up(0, now);
                    return NO_MORE_BATCHES;
                }
            }
            if self.batch > 0 {
                return i32::try_from(self.batch).expect("the arrays are shorter");
            }
        }
    }

    fn end_batch(&mut self, seats: &Seats, begun: usize, now: Instant) {
        let batch = mem::take(&mut self.batch);
        let begun = match &self.memory.claims {
            None => begun,
            Some(claims) => match claims.take_back() {
                // The calls that were not begun went back already.
                Claimed {
                    is_taken_back: true,
                    ..
                } => batch,
                Claimed { begun, .. } => begun,
            },
        };
        let begun = begun.min(batch);
        let elapsed = now.saturating_duration_since(self.batch_began);
        self.times.pace.measured(begun, elapsed);
        self.put_back(seats, begun, batch);
        if self.columns.has_rest() {
            for index in 0..begun {
                self.unanswered.forget_rest(self.memory.ids.get(index));
            }
            self.columns.clear();
        }
    }

    /// Puts calls of the batch back into the queue.
    fn put_back(&mut self, seats: &Seats, from: usize, to: usize) -> usize {
        if from >= to {
            return 0;
        }
        let mut queue = seats.queue();
        let mut count = 0;
        for index in (from..to).rev() {
            let taken = self.unanswered.remove(self.memory.ids.get(index));
            if let Some((call, _)) = taken {
                queue.put_back(call);
                count += 1;
            }
        }
        count
    }

    /// Puts calls that are not too late into the arrays, as many as a batch may have.
    fn fill_batch(&mut self, queue: &mut Queue, part: usize, share: usize, now: Instant) {
        let room = share - self.unanswered.len();
        let paced = self.times.pace.batch(self.memory.ids.len());
        let most = paced.min(part).min(room);
        let too_old = self.times.now.checked_sub(self.times.pace.wait_max());
        queue.settle(most);
        self.columns.clear();
        for index in 0..most {
            let Some(call) = take_in_time(queue, too_old, &mut self.reply_senders) else {
                break;
            };
            if !self.columns.add(index, &call, &mut self.memory) {
                queue.put_back(call);
                break;
            }
            let id = self.unanswered.insert(call, self.times.now);
            self.memory.ids.set(index, id);
            self.batch += 1;
        }
        self.columns.end(&mut self.memory);
        if let Some(claims) = &self.memory.claims {
            claims.begin();
        }
        self.batch_began = now;
    }

    /// The batch's arguments that are neither cells nor buffers: a JSON array, in ASCII.
    pub(super) fn text(&self) -> &[u8] {
        self.columns.text()
    }

    /// The buffers among the batch's arguments, in their order.
    pub(super) fn buffers(&self) -> impl Iterator<Item = &[u8]> {
        let ids = (0..self.batch).map(|index| self.memory.ids.get(index));
        let calls = ids.filter_map(|id| self.unanswered.get(id));
        let rests = calls.filter_map(|call| call.rest.as_ref());
        rests.flat_map(|rest| rest.buffers.iter().map(Vec::as_slice))
    }

    /// Gives up the calls whose time is over. Returns in how many milliseconds the next one's is;
    /// negative if there is none.
    pub(super) fn expire(&mut self) -> f64 {
        let now = clock::now();
        self.times.set_now(now);
        let timeout = self.times.pace.timeout();
        self.give_up(timeout, now);
        let Some(oldest) = self.unanswered.arrivals().min() else {
            return -1.0;
        };
        let left = oldest
            .saturating_add(timeout)
            .saturating_sub(self.times.now);
        Duration::from_micros(left).as_secs_f64() * MILLISECONDS
    }

    /// Gives up the calls that arrived `timeout` microseconds ago or before.
    fn give_up(&mut self, timeout: u64, now: Instant) {
        for call in self.unanswered.take_old(self.times.now, timeout) {
            reply(&mut self.reply_senders, call, Delivery::Late);
        }
        self.post_replies(now);
    }

    /// False: no client waits for the call's answer any more.
    pub(super) fn is_awaited(&self, id: Id) -> bool {
        let now = self.times.micros(clock::now());
        let is_in_time = |call: &Call| now.saturating_sub(call.arrived) < self.times.pace.timeout();
        self.unanswered.get(id).is_some_and(is_in_time)
    }

    /// Takes the outcome of a call, which goes with the next results posted. Ignored if the call
    /// has been replied to or was given up.
    pub(super) fn reply(&mut self, id: Id, outcome: Outcome) {
        if let Some((call, since)) = self.unanswered.remove(id) {
            self.replied.push((call.function, since));
            reply(&mut self.reply_senders, call, outcome);
        }
    }

    /// How far a worker is with its batch; `None` if it has none.
    pub(super) fn claimed(&self) -> Option<Claimed> {
        let claims = self.memory.claims.as_ref().filter(|_| self.batch > 0)?;
        Some(claims.read())
    }

    /// True: another thread could run a part of the batch, or post what is done.
    pub(super) fn has_more_than(&self, claimed: Option<Claimed>) -> bool {
        let is_more = |claimed: Claimed| {
            let is_held_up = !claimed.is_taken_back && claimed.begun < self.batch;
            is_held_up || claimed.results > self.collected
        };
        !self.replied.is_empty() || claimed.is_some_and(is_more)
    }

    /// While a call holds the thread: puts the calls behind it back into the queue, and posts what
    /// is done. Returns how many calls went back.
    pub(super) fn take_back(&mut self, seats: &Seats, now: Instant) -> usize {
        let Some(claims) = &self.memory.claims else {
            return 0;
        };
        let claimed = claims.take_back();
        self.times.set_now(now);
        self.count_replied();
        self.take_results(claimed.results);
        self.post_replies(now);
        if claimed.is_taken_back {
            return 0;
        }
        let begun = claimed.begun.min(self.batch);
        let batch = mem::replace(&mut self.batch, begun);
        self.put_back(seats, begun, batch)
    }

    /// The thread has ended: posts what is done, puts back the calls that it has not begun, and
    /// answers the rest with `lost`, or as late if their time is over, which may be why the thread
    /// was ended. Returns the functions of those calls.
    pub(super) fn abandon(&mut self, seats: &Seats, lost: &Outcome) -> Vec<u16> {
        let now = clock::now();
        self.take_back(seats, now);
        self.times.set_now(now);
        let mut functions = Vec::new();
        let timeout = self.times.pace.timeout();
        for call in self.unanswered.take_old(u64::MAX, 0) {
            functions.push(call.function);
            // The client is to be told that the call took too long, whichever thread reports it
            // first.
            let is_late = self.times.now.saturating_sub(call.arrived) >= timeout;
            let delivery = if is_late {
                Delivery::Late
            } else {
                lost.clone().into()
            };
            reply(&mut self.reply_senders, call, delivery);
        }
        self.post_replies(now);
        functions
    }

    fn post_replies(&mut self, now: Instant) {
        for reply_sender in &mut self.reply_senders {
            reply_sender.post(now);
        }
    }
}

/// Notes the reply to a call, for the ring that has made it.
fn reply(reply_senders: &mut [ReplySender], call: Call, delivery: impl Into<Delivery>) {
    reply_senders[call.connection.ring()].reply(call, delivery);
}

/// The next call that arrived after `too_old`. Those before it are answered as late.
fn take_in_time(
    queue: &mut Queue,
    too_old: Option<u64>,
    reply_senders: &mut [ReplySender],
) -> Option<Call> {
    loop {
        let call = queue.take()?;
        if too_old.is_none_or(|too_old| call.arrived > too_old) {
            return Some(call);
        }
        reply(reply_senders, call, Delivery::Late);
    }
}
