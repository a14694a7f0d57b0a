//! The JavaScript thread's side of one ring: it fills the typed arrays with the next batch, and
//! makes replies of the results.
//!
//! `ring` is its only caller, for `lib/batches.js`. A call that nobody waits for any more is not
//! run, and a promise that has not settled in its call's time is given up.
//!
//! Invariant: a call that was taken from the handover is replied to once, as long as JavaScript
//! asks for batches or for what has expired.

use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Arrays;
use super::columns::Columns;
use super::handover::{Found, Handover};
use super::results::Results;
use super::times::Times;
use super::unanswered::{Id, Unanswered};
use crate::bridge::{Call, Outbox, Outcome, Queue};

/// What JavaScript gets instead of a batch's length.
const NO_BATCH: i32 = 0;
const NO_MORE_BATCHES: i32 = -1;

const MILLISECONDS: f64 = 1000.0;

pub(super) struct Exchange {
    /// `None` once the ring thread has ended.
    handover: Option<Arc<Handover>>,
    outbox: Outbox,
    arrays: Arrays,
    columns: Columns,
    queue: Queue,
    /// The batch that JavaScript runs: how many calls it has, and when it began.
    batch: usize,
    batch_began: Instant,
    unanswered: Unanswered,
    times: Times,
    /// Of the calls whose replies wait for the next post, which function each calls, and when
    /// JavaScript got it.
    replied: Vec<(u16, u64)>,
}

impl Exchange {
    pub(super) fn new(
        handover: Arc<Handover>,
        outbox: Outbox,
        arrays: Arrays,
        columns: Columns,
        times: Times,
    ) -> Self {
        Self {
            handover: Some(handover),
            outbox,
            arrays,
            columns,
            queue: Queue::default(),
            batch: 0,
            batch_began: times.started,
            unanswered: Unanswered::default(),
            times,
            replied: Vec::new(),
        }
    }

    /// When calls were asked, begun and answered.
    pub(super) fn times(&self) -> &Times {
        &self.times
    }

    /// How long the oldest call has waited for its reply, of those for which a client waits.
    pub(super) fn oldest(&self) -> Duration {
        let now = self.times.micros(Instant::now());
        let handover = self.handover.as_ref();
        let left = handover.and_then(|handover| handover.oldest());
        let queued = self.queue.iter().map(|call| call.asked);
        let all = self.unanswered.asked().chain(queued).chain(left);
        let ages = all.map(|asked| now.saturating_sub(asked));
        let waited_for = ages.filter(|age| *age <= self.times.pace.timeout());
        Duration::from_micros(waited_for.max().unwrap_or_default())
    }

    /// Posts the first `count` results in the arrays, and the replies made since the last post.
    pub(super) fn post(&mut self, count: u32) -> Instant {
        // Once for what is posted and for the batch that follows it.
        let now = Instant::now();
        self.times.set_now(now);
        for (function, since) in self.replied.drain(..) {
            self.times.handled(function, since);
        }
        let mut results = Results::new(&self.arrays);
        let count = self.arrays.result_ids.len().min(count as usize);
        for index in 0..count {
            let outcome = results.take(index);
            if let Some((call, since)) = self.unanswered.remove(self.arrays.result_ids[index]) {
                self.times.handled(call.function, since);
                self.outbox.answer(call, outcome);
            }
        }
        self.times.show_handled();
        self.outbox.post(now);
        now
    }

    /// Posts the first `count` results, puts the calls of the batch from number `begun` on back
    /// into the queue, and the next batch into the arrays; returns its length.
    pub(super) fn exchange(&mut self, count: u32, begun: u32) -> i32 {
        let now = self.post(count);
        self.end_batch(begun as usize, now);
        // SAFETY: `as_mut` asks that nobody else use the array meanwhile. JavaScript runs on this
        // thread, below us.
        let state = unsafe { self.arrays.state.as_mut() };
        state[0] = now.duration_since(self.times.started).as_secs_f64() * MILLISECONDS;
        while self.batch == 0 {
            let found = match &self.handover {
                None => Found::End,
                Some(handover) => handover.take(&mut self.queue),
            };
            match found {
                Found::Calls(first) => {
                    if let Some(asked) = first {
                        self.times.dispatched(asked);
                    }
                    self.next_batch(now);
                }
                Found::Nothing => return NO_BATCH,
                Found::End => {
                    // Nobody waits for these, nor for what is still to settle.
                    while let Some(call) = self.queue.take() {
                        self.outbox.answer(call, Outcome::Late);
                    }
                    self.give_up(0, now);
                    return NO_MORE_BATCHES;
                }
            }
        }
        i32::try_from(self.batch).expect("the arrays are shorter")
    }

    fn end_batch(&mut self, begun: usize, now: Instant) {
        let batch = mem::take(&mut self.batch);
        let begun = begun.min(batch);
        let elapsed = now.saturating_duration_since(self.batch_began);
        self.times.pace.measured(begun, elapsed);
        for index in (begun..batch).rev() {
            let taken = self.unanswered.remove(self.arrays.ids[index]);
            if let Some((call, _)) = taken {
                self.queue.put_back(call);
            }
        }
        if self.columns.has_rest() {
            for id in &self.arrays.ids[..begun] {
                self.unanswered.forget_rest(*id);
            }
            self.columns.clear();
        }
    }

    /// Puts what is not too late into the arrays, as much of it as a batch may have.
    fn next_batch(&mut self, now: Instant) {
        let most = self.times.pace.batch(self.arrays.ids.len());
        let too_old = self.times.now.checked_sub(self.times.pace.wait_max());
        self.queue.settle(most);
        self.columns.clear();
        for index in 0..most {
            let Some(call) = take_in_time(&mut self.queue, too_old, &mut self.outbox) else {
                break;
            };
            if !self.columns.add(index, &call, &mut self.arrays) {
                self.queue.put_back(call);
                break;
            }
            // SAFETY: `as_mut` asks that nobody else use the array meanwhile. JavaScript runs on
            // this thread, below us.
            let ids = unsafe { self.arrays.ids.as_mut() };
            ids[index] = self.unanswered.insert(call, self.times.now);
            self.batch += 1;
        }
        self.columns.end(&mut self.arrays);
        self.outbox.post(now);
        self.batch_began = now;
    }

    /// What of the batch's arguments is neither a slot nor a buffer: a JSON array, in ASCII.
    pub(super) fn text(&self) -> &[u8] {
        self.columns.text()
    }

    /// The buffers among the batch's arguments, in their order.
    pub(super) fn buffers(&self) -> impl Iterator<Item = &[u8]> {
        let ids = self.arrays.ids[..self.batch].iter();
        let calls = ids.filter_map(|id| self.unanswered.get(*id));
        let rests = calls.filter_map(|call| call.rest.as_ref());
        rests.flat_map(|rest| rest.buffers.iter().map(Vec::as_slice))
    }

    /// Gives up the calls whose time is over, and returns in how many milliseconds the next one's
    /// is; negative where there is none.
    pub(super) fn expire(&mut self) -> f64 {
        let now = Instant::now();
        self.times.set_now(now);
        let timeout = self.times.pace.timeout();
        self.give_up(timeout, now);
        let Some(oldest) = self.unanswered.asked().min() else {
            return -1.0;
        };
        let left = oldest
            .saturating_add(timeout)
            .saturating_sub(self.times.now);
        Duration::from_micros(left).as_secs_f64() * MILLISECONDS
    }

    /// Gives up what was asked `timeout` microseconds ago, and before.
    fn give_up(&mut self, timeout: u64, now: Instant) {
        for call in self.unanswered.take_old(self.times.now, timeout) {
            self.outbox.answer(call, Outcome::Late);
        }
        self.outbox.post(now);
    }

    /// False: nobody waits for the call's answer any more.
    pub(super) fn is_awaited(&self, id: Id) -> bool {
        let now = self.times.micros(Instant::now());
        let is_in_time = |call: &Call| now.saturating_sub(call.asked) < self.times.pace.timeout();
        self.unanswered.get(id).is_some_and(is_in_time)
    }

    /// The outcome of a call; nothing happens where it has been replied to, or was given up. It
    /// goes with the next results posted.
    pub(super) fn reply(&mut self, id: Id, outcome: Outcome) {
        if let Some((call, since)) = self.unanswered.remove(id) {
            self.replied.push((call.function, since));
            self.outbox.answer(call, outcome);
        }
    }

    /// Lets go of the ring thread's side, after its end, and returns what ended it before its time.
    pub(super) fn release(&mut self) -> Option<String> {
        self.handover.take()?.failure()
    }
}

/// The next call of those that were asked after `too_old`; those before it are answered as late.
fn take_in_time(queue: &mut Queue, too_old: Option<u64>, outbox: &mut Outbox) -> Option<Call> {
    loop {
        let call = queue.take()?;
        if too_old.is_none_or(|too_old| call.asked > too_old) {
            return Some(call);
        }
        outbox.answer(call, Outcome::Late);
    }
}
