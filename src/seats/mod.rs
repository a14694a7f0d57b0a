//! The calls of one table of functions, and the JavaScript threads that take them.
//!
//! Ring threads leave calls in an inbox. A *seat* is the place of one thread that takes them. There
//! is one for each worker or, without workers, one for the thread that has started the server. A
//! free thread pulls; nothing is pushed to a thread. A thread that finds no calls rests. It is
//! woken if no other thread is awake, or if the calls that wait would take longer than waking it.
//! `binding` is the caller on JavaScript's side; `bridge` has the types that cross.
//!
//! Invariants:
//! - While calls wait, some thread that takes calls is awake, or all of them are full, or there is
//!   none.
//! - A call is in the inbox, in the queue or with one consumer, and leaves with one reply.
//! - Locks are taken in this order: a seat, or all of them from the first on; the queue; the
//!   scheduler.

mod clock;
mod columns;
mod consumer;
pub mod memory;
mod notices;
mod options;
mod pace;
mod queue;
pub mod results;
mod scheduler;
mod seat;
mod sink;
#[cfg(test)]
mod tests;
mod times;
mod unanswered;
mod watchdog;

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::bridge::{Outcome, ReplySender};
use columns::Columns;
use consumer::Consumer;
use memory::Memory;
pub use notices::{Notice, Notices};
pub use options::{Kind, Options};
use queue::Queue;
use scheduler::{Scheduler, State};
use seat::Seat;
pub use sink::RingSink;
pub use times::Histograms;
use times::{Times, micros};
use watchdog::Watchdog;

/// The indices of `Memory::state`.
const STATE_NOW: usize = 0;
const STATE_TEXT: usize = 1;
const STATE_BUFFERS: usize = 2;

/// Nanoseconds that it takes to wake a thread. Calls may wait as long before another thread is
/// woken.
const WAKING_NS: u64 = 100_000;

/// Has a JavaScript thread ask for calls. It may be called from any thread, and does nothing once
/// that thread has left.
pub trait Wake: Send + Sync {
    /// Has it ask soon.
    fn wake(&self);
}

/// The calls of one table of functions, and the threads that take them.
pub struct Seats {
    options: Options,
    scheduler: Mutex<Scheduler>,
    queue: Mutex<Queue>,
    /// How many calls the queue had recently.
    queued: AtomicUsize,
    /// Nanoseconds that a call has usually taken recently.
    usual_ns: AtomicU64,
    all: Box<[Seat]>,
    /// Requests that were refused for their arguments, by function.
    refusals: Box<[AtomicU64]>,
    /// True: no ring calls these functions any more.
    has_no_sinks: AtomicBool,
    watchdog: Option<Watchdog>,
}

/// What a thread finds when it asks for calls.
enum Pull<'a> {
    /// Calls.
    Calls {
        queue: MutexGuard<'a, Queue>,
        /// When the first of the calls just left in the inbox arrived, in microseconds since the
        /// start; `None` if none were.
        first: Option<u64>,
        /// How many of them are this thread's part.
        part: usize,
    },
    /// No calls: it rests until it is woken.
    Nothing,
    /// No call will come any more.
    End,
}

impl Seats {
    /// Empty seats, as many as there will be threads.
    #[must_use]
    pub fn new(options: Options) -> Arc<Self> {
        let functions = match options.kind {
            Kind::Plain { .. } => 0,
            Kind::Named(count) => count,
        };
        let seats = (0..options.seats).map(|_| Seat::new(functions));
        Arc::new(Self {
            scheduler: Mutex::new(Scheduler::new(options.reply_queues.len(), options.seats)),
            queue: Mutex::default(),
            queued: AtomicUsize::new(0),
            usual_ns: AtomicU64::new(0),
            all: seats.collect(),
            refusals: (0..functions).map(|_| AtomicU64::new(0)).collect(),
            has_no_sinks: AtomicBool::new(false),
            watchdog: options.are_workers.then(Watchdog::default),
            options,
        })
    }

    /// Starts the watchdog, if there are workers.
    pub fn start_watchdog(self: &Arc<Self>) -> std::io::Result<()> {
        match &self.watchdog {
            None => Ok(()),
            Some(watchdog) => watchdog.start(self),
        }
    }

    /// No thread takes calls any more: ends the watchdog, waits for it, and drops the calls that
    /// are left.
    pub fn end(&self) {
        if let Some(watchdog) = &self.watchdog {
            watchdog.end();
        }
        self.drop_what_is_late(u64::MAX);
    }

    /// Which table of the server this is.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.options.generation
    }

    /// False: the one seat is that of the thread that has started the server.
    #[must_use]
    pub fn are_workers(&self) -> bool {
        self.options.are_workers
    }

    /// A thread takes seat number `index`. It is awake, and asks for calls with
    /// [`Seats::next_batch`]. False: there is no such seat, or another thread has it.
    pub fn take_seat(&self, index: usize, memory: Memory, wake: Arc<dyn Wake>) -> bool {
        let Some(seat) = self.all.get(index) else {
            return false;
        };
        let mut consumer = lock(&seat.consumer);
        if consumer.is_some() {
            return false;
        }
        let Options {
            kind,
            handler_timeout,
            started,
            ..
        } = self.options;
        let columns = match kind {
            Kind::Plain { bigint } => Columns::of_numbers(bigint),
            Kind::Named(_) => Columns::of_functions(),
        };
        let reply_senders = self.options.reply_queues.iter().map(Arc::clone);
        let histograms = Arc::clone(&seat.histograms);
        *consumer = Some(Consumer::new(
            index,
            wake,
            reply_senders.map(ReplySender::new).collect(),
            memory,
            columns,
            Times::new(handler_timeout, started, histograms),
        ));
        seat.visited();
        self.change_state(index, State::Awake);
        drop(consumer);
        self.watch(false);
        true
    }

    /// A thread leaves its seat, and lets go of its memory. Its finished calls are answered, those
    /// not begun go to others, and the rest is lost.
    pub fn leave_seat(&self, index: usize) {
        let seat = &self.all[index];
        let mut consumer = lock(&seat.consumer);
        let Some(mut left) = consumer.take() else {
            return;
        };
        self.change_state(index, State::Gone);
        let lost = Outcome::Error(500, "The worker that ran the function has ended.".into());
        let functions = left.abandon(self, &lost);
        drop(consumer);
        if self.options.are_workers {
            let generation = self.generation();
            for function in functions {
                self.options.notices.post(Notice::Lost {
                    generation,
                    seat: index,
                    function,
                });
            }
        }
        self.wake_for_waiting();
        self.end_if_over();
    }

    /// Calls `act` with the consumer at `seat`; `None` if the seat is empty.
    fn with<T>(&self, seat: usize, act: impl FnOnce(&mut Consumer) -> T) -> Option<T> {
        lock(&self.all.get(seat)?.consumer).as_mut().map(act)
    }

    /// Posts the first `results` results, takes the calls of the last batch back from number
    /// `begun` on, and puts the next batch into the memory. Returns its length: 0 if none waits
    /// (the thread is woken when one does), -1 if none will come any more.
    #[must_use]
    pub fn next_batch(&self, seat: usize, results: u32, begun: u32) -> i32 {
        let length = self.with(seat, |consumer| {
            let now = consumer.finish(self, results, begun);
            consumer.begin(self, now)
        });
        self.end_if_over();
        length.unwrap_or(-1)
    }

    /// The same in two steps. `between` runs without a lock, and its time does not count as the
    /// batch's. It is told whether the last batch has left calls waiting.
    #[must_use]
    pub fn next_batch_around(
        &self,
        seat: usize,
        results: u32,
        begun: u32,
        between: impl FnOnce(bool),
    ) -> i32 {
        self.with(seat, |consumer| consumer.finish(self, results, begun));
        between(self.queued.load(Ordering::Relaxed) > 0);
        let length = self.with(seat, |consumer| consumer.begin_later(self));
        self.end_if_over();
        length.unwrap_or(-1)
    }

    /// Posts the first `results` results.
    pub fn post(&self, seat: usize, results: u32) {
        self.with(seat, |consumer| {
            consumer.post(results);
            self.rouse_if_not_full(seat, consumer);
        });
        self.end_if_over();
    }

    /// Gives up the calls that the thread has had for longer than their time. Returns in how many
    /// milliseconds the next one's time is over; negative if it has none.
    #[must_use]
    pub fn expire(&self, seat: usize) -> f64 {
        let next = self.with(seat, |consumer| {
            let next = consumer.expire();
            self.rouse_if_not_full(seat, consumer);
            next
        });
        self.end_if_over();
        next.unwrap_or(-1.0)
    }

    /// Some of the thread's calls may have been answered: if it was full it may have calls again.
    fn rouse_if_not_full(&self, seat: usize, consumer: &mut Consumer) {
        if consumer.is_full && consumer.len() < self.share() {
            self.rouse(seat, consumer);
        }
    }

    /// Passes on the batch's arguments that are neither cells nor buffers: a JSON array.
    pub fn text<T>(&self, seat: usize, take: impl FnOnce(&[u8]) -> T) -> Option<T> {
        self.with(seat, |consumer| take(consumer.text()))
    }

    /// Passes on the buffers among the batch's arguments, in their order.
    pub fn buffers<T>(
        &self,
        seat: usize,
        take: impl FnOnce(&mut dyn Iterator<Item = &[u8]>) -> T,
    ) -> Option<T> {
        self.with(seat, |consumer| take(&mut consumer.buffers()))
    }

    /// Whether the thread that [`Notice::Overdue`] has reported is still held.
    #[must_use]
    pub fn is_overdue(&self, seat: usize) -> bool {
        let seat = self.all.get(seat);
        seat.is_some_and(|seat| seat.is_overdue.load(Ordering::Relaxed))
    }

    /// How many calls the thread has.
    #[must_use]
    pub fn in_hand(&self, seat: usize) -> usize {
        self.with(seat, |consumer| consumer.len()).unwrap_or(0)
    }

    /// Whether a client waits for the answer to call `id`. None does once its time is over.
    #[must_use]
    pub fn is_awaited(&self, seat: usize, id: f64) -> bool {
        self.with(seat, |consumer| consumer.is_awaited(id)) == Some(true)
    }

    /// The result of call `id`, which goes with the next results posted.
    pub fn reply(&self, seat: usize, id: f64, outcome: Outcome) {
        self.with(seat, |consumer| consumer.reply(id, outcome));
    }

    /// What was counted, seat by seat.
    pub fn histograms(&self) -> impl Iterator<Item = &Histograms> {
        self.all.iter().map(|seat| &*seat.histograms)
    }

    /// How many requests were refused for their arguments, function by function.
    pub fn refusals(&self) -> impl Iterator<Item = u64> {
        let counts = self.refusals.iter();
        counts.map(|count| count.load(Ordering::Relaxed))
    }

    /// How long the oldest call for which a client waits has waited.
    #[must_use]
    pub fn oldest(&self) -> Duration {
        let now = self.now(clock::now());
        let mut arrivals = Vec::new();
        for seat in &self.all {
            arrivals.extend(lock(&seat.consumer).iter().flat_map(Consumer::arrivals));
        }
        let queue = self.queue();
        arrivals.extend(queue.iter().map(|call| call.arrived));
        arrivals.extend(lock(&self.scheduler).inbox.iter().map(|call| call.arrived));
        let ages = arrivals
            .into_iter()
            .map(|arrived| now.saturating_sub(arrived));
        let timeout = u64::try_from(self.options.handler_timeout.as_micros()).unwrap_or(u64::MAX);
        let waited_for = ages.filter(|age| *age <= timeout);
        Duration::from_micros(waited_for.max().unwrap_or_default())
    }

    fn now(&self, at: Instant) -> u64 {
        micros(self.options.started, at)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        lock(&self.queue)
    }

    /// How many calls one seat may have: its part of those that the server may have in flight.
    fn share(&self) -> usize {
        if !self.options.are_workers {
            return usize::MAX;
        }
        let most = self.options.in_flight_max as usize;
        most.div_ceil(self.all.len())
    }
}

impl fmt::Debug for Seats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seats")
            .field("generation", &self.generation())
            .field("seats", &self.all.len())
            .finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while the lock is held leaves valid lists of calls.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
