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
use super::handover::{Found, Handover};
use super::pace::Pace;
use super::unanswered::{Id, Unanswered};
use crate::bridge::{Call, Mailbox, Outbox, Outcome, Queue};
use crate::stats::{Distribution, Histogram, Run, TIMES};

/// A result that is the bits of a 64-bit integer; 0 is a double.
const KIND_BIGINT: u8 = 1;

/// What JavaScript gets instead of a batch's length.
const NO_BATCH: i32 = 0;
const NO_MORE_BATCHES: i32 = -1;

const MILLISECONDS: f64 = 1000.0;

pub(super) struct Exchange {
    /// `None` once the ring thread has ended.
    handover: Option<Arc<Handover>>,
    outbox: Outbox,
    arrays: Arrays,
    bigint: bool,
    queue: Queue,
    pace: Pace,
    /// The batch that JavaScript runs: how many calls it has, and when it began.
    batch: usize,
    batch_began: Instant,
    unanswered: Unanswered,
    /// When the server started.
    started: Instant,
    /// Microseconds from then to the last results, and to the batch that followed them.
    now: u64,
    /// Microseconds that the first of the calls left together waited for JavaScript.
    dispatch_delay: Histogram<19>,
    /// Microseconds from a call's batch to its result.
    handler_time: Histogram<19>,
    /// Those that are not there yet.
    handled: Run,
    /// When JavaScript got the calls whose replies wait for the next post.
    replied: Vec<u64>,
}

impl Exchange {
    pub(super) fn new(
        handover: Arc<Handover>,
        mailbox: Arc<Mailbox>,
        arrays: Arrays,
        bigint: bool,
        started: Instant,
        handler_timeout: Duration,
    ) -> Self {
        Self {
            handover: Some(handover),
            outbox: Outbox::new(mailbox),
            arrays,
            bigint,
            queue: Queue::default(),
            pace: Pace::new(handler_timeout),
            batch: 0,
            batch_began: started,
            unanswered: Unanswered::default(),
            started,
            now: 0,
            dispatch_delay: Histogram::new(&TIMES),
            handler_time: Histogram::new(&TIMES),
            handled: Run::default(),
            replied: Vec::new(),
        }
    }

    /// How long the first of the calls that the ring thread left together waited for JavaScript.
    pub(super) fn dispatch_delay(&self) -> Distribution {
        self.dispatch_delay.read()
    }

    /// How long the handler had each call.
    pub(super) fn handler_time(&self) -> Distribution {
        self.handler_time.read()
    }

    /// How long the oldest call has waited for its reply, of those for which a client waits.
    pub(super) fn oldest(&self) -> Duration {
        let now = self.micros(Instant::now());
        let handover = self.handover.as_ref();
        let left = handover.and_then(|handover| handover.oldest());
        let queued = self.queue.iter().map(|call| call.asked);
        let all = self.unanswered.asked().chain(queued).chain(left);
        let ages = all.map(|asked| now.saturating_sub(asked));
        let waited_for = ages.filter(|age| *age <= self.pace.timeout());
        Duration::from_micros(waited_for.max().unwrap_or_default())
    }

    /// Posts the first `count` results in the arrays, and the replies made since the last post.
    pub(super) fn post(&mut self, count: u32) -> Instant {
        // Once for what is posted and for the batch that follows it.
        let now = Instant::now();
        self.now = self.micros(now);
        for since in self.replied.drain(..) {
            self.handled.add(since, self.now, &self.handler_time);
        }
        let count = self.arrays.result_ids.len().min(count as usize);
        for index in 0..count {
            let value = self.arrays.result_values[index];
            let value = if self.arrays.result_kinds[index] == KIND_BIGINT {
                value.to_bits().cast_signed()
            } else {
                as_integer(value)
            };
            if let Some(since) = self.reply(self.arrays.result_ids[index], Outcome::Value(value)) {
                self.handled.add(since, self.now, &self.handler_time);
            }
        }
        self.handled.end(self.now, &self.handler_time);
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
        let clock = unsafe { self.arrays.clock.as_mut() };
        clock[0] = now.duration_since(self.started).as_secs_f64() * MILLISECONDS;
        while self.batch == 0 {
            let found = match &self.handover {
                None => Found::End,
                Some(handover) => handover.take(&mut self.queue),
            };
            match found {
                Found::Calls(first) => {
                    if let Some(asked) = first {
                        self.dispatch_delay.add(self.now.saturating_sub(asked));
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
        self.pace
            .measured(begun, now.saturating_duration_since(self.batch_began));
        for index in (begun..batch).rev() {
            let taken = self.unanswered.remove(self.arrays.ids[index]);
            if let Some((call, _)) = taken {
                self.queue.put_back(call);
            }
        }
    }

    /// Puts what is not too late into the arrays, as much of it as a batch may have.
    fn next_batch(&mut self, now: Instant) {
        let most = self.pace.batch(self.arrays.ids.len());
        let too_old = self.now.checked_sub(self.pace.wait_max());
        self.queue.settle(most);
        // SAFETY: `as_mut` asks that nobody else use the array meanwhile. JavaScript runs on this
        // thread, below us.
        let ids = unsafe { self.arrays.ids.as_mut() };
        // SAFETY: as above; the two arrays do not share memory, `lib/` makes one for each.
        let numbers = unsafe { self.arrays.numbers.as_mut() };
        for (id, number) in ids.iter_mut().zip(numbers).take(most) {
            let Some(call) = take_in_time(&mut self.queue, too_old, &mut self.outbox) else {
                break;
            };
            *number = if self.bigint {
                f64::from_bits(call.number.cast_unsigned())
            } else {
                as_double(call.number)
            };
            *id = self.unanswered.insert(call, self.now);
            self.batch += 1;
        }
        self.outbox.post(now);
        self.batch_began = now;
    }

    /// Gives up the calls whose time is over, and returns in how many milliseconds the next one's
    /// is; negative where there is none.
    pub(super) fn expire(&mut self) -> f64 {
        let now = Instant::now();
        self.now = self.micros(now);
        let timeout = self.pace.timeout();
        self.give_up(timeout, now);
        let Some(oldest) = self.unanswered.asked().min() else {
            return -1.0;
        };
        let left = oldest.saturating_add(timeout).saturating_sub(self.now);
        Duration::from_micros(left).as_secs_f64() * MILLISECONDS
    }

    /// Gives up what was asked `timeout` microseconds ago, and before.
    fn give_up(&mut self, timeout: u64, now: Instant) {
        for call in self.unanswered.take_old(self.now, timeout) {
            self.outbox.answer(call, Outcome::Late);
        }
        self.outbox.post(now);
    }

    pub(super) fn reply_digits(&mut self, id: Id, digits: String) {
        let since = self.reply(id, Outcome::Digits(digits.into_boxed_str()));
        self.replied.extend(since);
    }

    pub(super) fn reply_error(&mut self, id: Id, status: u16, message: String) {
        let since = self.reply(id, Outcome::Error(status, message.into_boxed_str()));
        self.replied.extend(since);
    }

    /// Lets go of the ring thread's side, after its end, and returns what ended it before its time.
    pub(super) fn release(&mut self) -> Option<String> {
        self.handover.take()?.failure()
    }

    fn micros(&self, at: Instant) -> u64 {
        let elapsed = at.saturating_duration_since(self.started);
        u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX)
    }

    /// Returns when JavaScript got the call; nothing where it has been replied to, or was given up.
    fn reply(&mut self, id: Id, outcome: Outcome) -> Option<u64> {
        let (call, since) = self.unanswered.remove(id)?;
        self.outbox.answer(call, outcome);
        Some(since)
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

/// `lib/` lets only safe integers through; -0 becomes 0.
#[expect(clippy::cast_possible_truncation, reason = "it is a safe integer")]
fn as_integer(value: f64) -> i64 {
    value as i64
}

/// Without `bigint`, requests beyond ±(2^53 − 1) are refused.
#[expect(clippy::cast_precision_loss, reason = "it is a safe integer")]
fn as_double(number: i64) -> f64 {
    number as f64
}
