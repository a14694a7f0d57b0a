//! Batches between one ring thread and the JavaScript thread.
//!
//! The ring thread leaves calls in the [`Handover`] and has JavaScript's `dispatch` called, once
//! for all that it leaves until JavaScript has taken them. The JavaScript thread's side is the
//! [`Exchange`]: it fills the typed arrays with the next batch and makes replies of the results.
//!
//! Invariant: a call's reply is posted once, or never.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use napi::Status;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};

use super::Arrays;
use super::unanswered::{Id, Unanswered};
use crate::bridge::{Call, Mailbox, Outbox, Outcome, Service};
use crate::stats::{Distribution, Histogram, Run, TIMES};

/// JavaScript's `dispatch`: no argument, no value, and it does not throw.
pub(super) type Tsfn = ThreadsafeFunction<(), (), (), Status, false>;

/// A result that is the bits of a 64-bit integer; 0 is a double.
const KIND_BIGINT: u8 = 1;

/// What JavaScript's side of the handover finds.
const NO_BATCH: i32 = 0;
const NO_MORE_BATCHES: i32 = -1;

/// Where the ring thread leaves calls. Two cache lines, which processors fetch in pairs, so that no
/// other ring's is written in the same ones.
#[repr(align(128))]
pub(super) struct Handover {
    tsfn: Arc<Tsfn>,
    left: Mutex<Left>,
}

#[derive(Default)]
struct Left {
    calls: Vec<Call>,
    /// When the first of the calls was left; `None` exactly when there are none.
    since: Option<Instant>,
    /// True exactly when `dispatch` has been asked for and has not found `calls` empty since.
    scheduled: bool,
    /// True exactly when the ring thread has ended.
    closed: bool,
    /// What ended the ring thread before its time.
    failure: Option<String>,
}

impl Handover {
    pub(super) fn new(tsfn: Arc<Tsfn>) -> Self {
        Self {
            tsfn,
            left: Mutex::default(),
        }
    }

    /// Asks for `dispatch` unless that has been done. A refusal means that the environment is
    /// going: its clean-up hook ends the ring thread, and nobody waits for these calls any more.
    fn schedule(&self, mut left: MutexGuard<'_, Left>) {
        let scheduled = mem::replace(&mut left.scheduled, true);
        drop(left);
        if !scheduled {
            self.tsfn.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Left> {
        // A panic while the lock is held leaves a valid list of calls.
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service for Arc<Handover> {
    fn call(&self, calls: &mut Vec<Call>) {
        let mut left = self.lock();
        if left.calls.is_empty() {
            mem::swap(&mut left.calls, calls);
        } else {
            left.calls.append(calls);
        }
        left.since.get_or_insert_with(Instant::now);
        self.schedule(left);
    }

    fn closed(&self, failure: Option<String>) {
        let mut left = self.lock();
        left.closed = true;
        left.failure = failure;
        self.schedule(left);
    }
}

/// The JavaScript thread's side.
pub(super) struct Exchange {
    /// `None` once the ring thread has ended.
    handover: Option<Arc<Handover>>,
    outbox: Outbox,
    arrays: Arrays,
    bigint: bool,
    /// Calls taken from the handover, of which those from `next` on have not been in a batch.
    taken: Vec<Call>,
    next: usize,
    unanswered: Unanswered,
    /// After which the client no longer waits.
    handler_timeout: Duration,
    /// When the exchange was made.
    started: Instant,
    /// Microseconds from then to the last results, and to the batch that followed them.
    now: u64,
    /// Microseconds that the first call of a batch waited for JavaScript.
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
        handler_timeout: Duration,
    ) -> Self {
        Self {
            handover: Some(handover),
            outbox: Outbox::new(mailbox),
            arrays,
            bigint,
            taken: Vec::new(),
            next: 0,
            unanswered: Unanswered::new(handler_timeout),
            handler_timeout,
            started: Instant::now(),
            now: 0,
            dispatch_delay: Histogram::new(&TIMES),
            handler_time: Histogram::new(&TIMES),
            handled: Run::default(),
            replied: Vec::new(),
        }
    }

    /// How long the first call of each batch waited for JavaScript.
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
        let left = handover.and_then(|handover| handover.lock().since);
        let left = left.map(|since| self.micros(since));
        let sinces = self.unanswered.sinces().chain(left);
        let ages = sinces.map(|since| Duration::from_micros(now.saturating_sub(since)));
        let waited_for = ages.filter(|age| *age <= self.handler_timeout);
        waited_for.max().unwrap_or_default()
    }

    /// Posts the first `count` results in the arrays, and the replies made since the last post.
    pub(super) fn post(&mut self, count: u32) {
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
    }

    /// Puts the next batch into the arrays and returns its length.
    pub(super) fn next_batch(&mut self) -> i32 {
        if self.next == self.taken.len() {
            self.taken.clear();
            self.next = 0;
            let Some(handover) = &self.handover else {
                return NO_MORE_BATCHES;
            };
            let mut left = handover.lock();
            if left.calls.is_empty() {
                left.scheduled = false;
                return if left.closed {
                    NO_MORE_BATCHES
                } else {
                    NO_BATCH
                };
            }
            mem::swap(&mut left.calls, &mut self.taken);
            if let Some(since) = left.since.take() {
                let since = self.micros(since);
                self.dispatch_delay.add(self.now.saturating_sub(since));
            }
        }
        self.unanswered.give_up_old(self.now);
        let batch_max = self.arrays.ids.len();
        let end = self.taken.len().min(self.next + batch_max);
        let batch = &mut self.taken[self.next..end];
        self.next = end;
        // SAFETY: `as_mut` asks that nobody else use the array meanwhile. JavaScript runs on this
        // thread, below us.
        let ids = unsafe { self.arrays.ids.as_mut() };
        // SAFETY: as above; the two arrays do not share memory, `lib/` makes one for each.
        let numbers = unsafe { self.arrays.numbers.as_mut() };
        for ((call, id), number) in batch.iter_mut().zip(ids).zip(numbers) {
            *number = if self.bigint {
                f64::from_bits(call.number.cast_unsigned())
            } else {
                as_double(call.number)
            };
            *id = self.unanswered.insert(mem::take(call), self.now);
        }
        i32::try_from(batch.len()).expect("the arrays are shorter")
    }

    pub(super) fn reschedule(&self) {
        if let Some(handover) = &self.handover {
            // Still scheduled, as `dispatch` has not found the handover empty: ask without looking.
            handover
                .tsfn
                .call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
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
        let handover = self.handover.take()?;
        handover.lock().failure.take()
    }

    fn micros(&self, at: Instant) -> u64 {
        let elapsed = at.saturating_duration_since(self.started);
        u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX)
    }

    /// Returns when JavaScript got the call; nothing where it has been replied to,
    /// or was given up.
    fn reply(&mut self, id: Id, outcome: Outcome) -> Option<u64> {
        let (call, since) = self.unanswered.remove(id)?;
        self.outbox.answer(call, outcome);
        Some(since)
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
