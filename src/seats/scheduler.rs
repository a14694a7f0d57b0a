//! The scheduler: takes the calls that ring threads leave, and decides which thread is woken for
//! them.

use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard};

use super::{Consumer, Notice, Pull, Queue, Seats, WAKING_NS, Wake, lock};
use crate::bridge::{Call, Delivery};

/// The calls that ring threads have left, and what is known of the threads that take them.
pub(super) struct Scheduler {
    /// Calls that have not been moved to the queue yet.
    pub(super) inbox: Vec<Call>,
    /// What the thread of each seat does.
    pub(super) states: Box<[State]>,
    /// How many seats are awake.
    awake: usize,
    /// The threads that are asleep. The one that fell asleep last is woken first, since its data
    /// may still be cached.
    asleep: Vec<Sleeper>,
    /// The number of rings that may call.
    sinks: usize,
    /// The number of rings whose new requests have changed over to these functions.
    adopted: usize,
    /// True: all rings have ended, and the last one had this table.
    has_ended: bool,
    /// True exactly when no ring may call, and every call is answered or lost.
    is_over: bool,
}

/// What the thread of a seat does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// There is no thread, or it has been told that no call will come.
    Gone,
    /// The thread has calls, or will ask for them soon.
    Awake,
    /// A call, or something else, has held the thread for longer than a batch should take.
    Held,
    /// The thread has found nothing, and waits to be woken.
    Asleep,
    /// The thread has as many calls as it may, and waits for the first answer.
    Full,
}

/// A thread that is asleep.
pub(super) struct Sleeper {
    seat: usize,
    wake: Arc<dyn Wake>,
}

impl Scheduler {
    pub(super) fn new(rings: usize, seats: usize) -> Self {
        Self {
            inbox: Vec::new(),
            states: vec![State::Gone; seats].into(),
            awake: 0,
            asleep: Vec::new(),
            sinks: rings,
            adopted: 0,
            has_ended: false,
            is_over: false,
        }
    }

    fn set(&mut self, seat: usize, state: State) {
        let before = std::mem::replace(&mut self.states[seat], state);
        match before {
            State::Awake => self.awake -= 1,
            State::Asleep => self.asleep.retain(|sleeper| sleeper.seat != seat),
            State::Gone | State::Held | State::Full => {}
        }
        self.awake += usize::from(state == State::Awake);
    }
}

impl Seats {
    /// Leaves a turn's calls. For a ring thread.
    pub(super) fn leave(&self, calls: &mut Vec<Call>) {
        let mut scheduler = lock(&self.scheduler);
        if scheduler.inbox.is_empty() {
            std::mem::swap(&mut scheduler.inbox, calls);
        } else {
            scheduler.inbox.append(calls);
        }
        let waiting = scheduler.inbox.len() + self.queued.load(Ordering::Relaxed);
        let sleeper = self.sleeper_for(&mut scheduler, waiting);
        // The thread that is woken may be held by something else, while others are free.
        let is_one_s = sleeper.is_some() && scheduler.asleep.is_empty();
        drop(scheduler);
        if let Some(sleeper) = sleeper {
            sleeper.wake.wake();
        }
        self.watch(!is_one_s);
    }

    /// The thread to be woken for so many calls, if one is needed.
    fn sleeper_for(&self, scheduler: &mut Scheduler, waiting: usize) -> Option<Sleeper> {
        if waiting == 0 || scheduler.asleep.is_empty() {
            return None;
        }
        if scheduler.awake > 0 {
            let each = self.usual_ns.load(Ordering::Relaxed);
            let time = each.saturating_mul(waiting as u64) / scheduler.awake as u64;
            if time < WAKING_NS {
                return None;
            }
        }
        self.wake_one(scheduler)
    }

    fn wake_one(&self, scheduler: &mut Scheduler) -> Option<Sleeper> {
        let sleeper = scheduler.asleep.pop()?;
        self.set_state(scheduler, sleeper.seat, State::Awake);
        Some(sleeper)
    }

    fn set_state(&self, scheduler: &mut Scheduler, seat: usize, state: State) {
        scheduler.set(seat, state);
        let is_at_rest = !matches!(state, State::Awake | State::Held);
        self.all[seat]
            .is_at_rest
            .store(is_at_rest, Ordering::SeqCst);
    }

    /// The thread at `seat` does something else now.
    pub(super) fn change_state(&self, seat: usize, state: State) {
        self.set_state(&mut lock(&self.scheduler), seat, state);
    }

    /// The thread at `seat` is held: it is not counted on until it asks for calls.
    pub(super) fn mark_held(&self, seat: usize) {
        let mut scheduler = lock(&self.scheduler);
        if scheduler.states[seat] == State::Awake {
            self.set_state(&mut scheduler, seat, State::Held);
        }
    }

    /// The thread at `seat` asks for calls. If it `is_full` it gets none.
    pub(super) fn pull(&self, seat: usize, wake: &Arc<dyn Wake>, is_full: bool) -> Pull<'_> {
        let mut queue = self.queue();
        let mut scheduler = lock(&self.scheduler);
        let first = scheduler.inbox.first().map(|call| call.arrived);
        queue.add(&mut scheduler.inbox);
        if scheduler.states[seat] != State::Awake {
            // This may be so although no thread has woken it.
            self.set_state(&mut scheduler, seat, State::Awake);
        }
        if scheduler.has_ended || scheduler.is_over {
            self.set_state(&mut scheduler, seat, State::Gone);
            drop(scheduler);
            self.drop_late(&mut queue, u64::MAX);
            return Pull::End;
        }
        if !queue.is_empty() && !is_full {
            let part = queue.len().div_ceil(scheduler.awake);
            drop(scheduler);
            return Pull::Calls { queue, first, part };
        }
        self.queued.store(queue.len(), Ordering::Relaxed);
        if !is_full {
            self.set_state(&mut scheduler, seat, State::Asleep);
            let wake = Arc::clone(wake);
            scheduler.asleep.push(Sleeper { seat, wake });
            return Pull::Nothing;
        }
        self.set_state(&mut scheduler, seat, State::Full);
        // This thread was awake, and others may have been left asleep for that reason.
        let sleeper = self.sleeper_for(&mut scheduler, queue.len());
        drop(scheduler);
        drop(queue);
        if let Some(sleeper) = sleeper {
            sleeper.wake.wake();
            self.watch(false);
        }
        Pull::Nothing
    }

    /// A thread has taken `taken` calls from `queue`. A call usually takes it `usual` nanoseconds.
    pub(super) fn pulled(&self, queue: MutexGuard<'_, Queue>, taken: usize, usual: u64) {
        let left = queue.len();
        drop(queue);
        self.queued.store(left, Ordering::Relaxed);
        self.usual_ns.store(usual, Ordering::Relaxed);
        if left > 0 && self.all.len() > 1 {
            let sleeper = self.sleeper_for(&mut lock(&self.scheduler), left);
            if let Some(sleeper) = sleeper {
                sleeper.wake.wake();
            }
        }
        self.watch(left > 0 || taken > 1);
    }

    /// Wakes a thread for the calls that wait, however short they are.
    pub(super) fn wake_for_waiting(&self) {
        let queue = self.queue();
        let mut scheduler = lock(&self.scheduler);
        self.queued.store(queue.len(), Ordering::Relaxed);
        let waits = !queue.is_empty() || !scheduler.inbox.is_empty();
        drop(queue);
        let sleeper = waits.then(|| self.wake_one(&mut scheduler)).flatten();
        let others_rest = !scheduler.asleep.is_empty();
        drop(scheduler);
        if let Some(sleeper) = sleeper {
            sleeper.wake.wake();
            self.watch(others_rest);
        }
    }

    /// How many calls wait, and whether a thread could be woken for them.
    pub(super) fn waiting(&self) -> (usize, bool) {
        let queue = self.queue();
        let scheduler = lock(&self.scheduler);
        (
            queue.len() + scheduler.inbox.len(),
            !scheduler.asleep.is_empty(),
        )
    }

    /// Answers the calls that arrived at `latest` or before as late.
    pub(super) fn drop_late(&self, queue: &mut Queue, latest: u64) {
        let mut replies: Vec<Vec<_>> = self
            .options
            .reply_queues
            .iter()
            .map(|_| Vec::new())
            .collect();
        for call in queue.take_old(latest) {
            replies[call.connection.ring()].push(call.reply(Delivery::Late));
        }
        for (reply_queue, replies) in self.options.reply_queues.iter().zip(&mut replies) {
            reply_queue.post_replies(replies);
        }
        self.queued.store(queue.len(), Ordering::Relaxed);
    }

    /// The same, in the inbox, too.
    pub(super) fn drop_what_is_late(&self, latest: u64) {
        let mut queue = self.queue();
        queue.add(&mut lock(&self.scheduler).inbox);
        self.drop_late(&mut queue, latest);
    }

    /// New requests of a ring meet these functions.
    pub(super) fn adopted(&self) {
        let is_last = {
            let mut scheduler = lock(&self.scheduler);
            scheduler.adopted += 1;
            scheduler.adopted == self.options.reply_queues.len()
        };
        if is_last {
            let generation = self.generation();
            self.options.notices.post(Notice::Adopted { generation });
        }
    }

    /// A ring has ended.
    pub(super) fn ring_closed(&self, failure: Option<String>) {
        if let Some(failure) = failure {
            self.options.notices.post(Notice::Failed(failure));
        }
        // A ring may end just as the others get another table.
        if self.options.notices.ring_ended() == self.options.reply_queues.len() {
            lock(&self.scheduler).has_ended = true;
            self.wake_all();
            self.options.notices.post(Notice::Ended);
        }
    }

    /// A ring makes no more calls of these functions.
    pub(super) fn sink_dropped(&self) {
        let is_last = {
            let mut scheduler = lock(&self.scheduler);
            scheduler.sinks -= 1;
            scheduler.sinks == 0
        };
        if is_last {
            self.has_no_sinks.store(true, Ordering::SeqCst);
            self.end_if_over();
        }
    }

    /// Has every thread that rests find out that no call will come.
    fn wake_all(&self) {
        for seat in 0..self.all.len() {
            self.with(seat, |consumer| self.rouse(seat, consumer));
        }
    }

    /// Has the thread at `seat` ask for calls if it rests, whether or not calls wait.
    pub(super) fn rouse(&self, seat: usize, consumer: &mut Consumer) {
        {
            let mut scheduler = lock(&self.scheduler);
            if !matches!(scheduler.states[seat], State::Asleep | State::Full) {
                return;
            }
            self.set_state(&mut scheduler, seat, State::Awake);
        }
        consumer.is_full = false;
        consumer.wake.wake();
        self.watch(false);
    }

    /// If no ring calls these functions any more and every call is answered, the threads may end.
    pub(super) fn end_if_over(&self) {
        if !self.has_no_sinks.load(Ordering::SeqCst) {
            return;
        }
        // All locks at once: a call may go from a seat not yet looked at to one already looked at.
        let seats = self.all.iter();
        let held: Vec<_> = seats.map(|seat| lock(&seat.consumer)).collect();
        let is_idle =
            |consumer: &Option<Consumer>| consumer.as_ref().is_none_or(|it| it.len() == 0);
        if !held.iter().all(|consumer| is_idle(consumer)) {
            return;
        }
        {
            let queue = self.queue();
            let mut scheduler = lock(&self.scheduler);
            if scheduler.is_over || !queue.is_empty() || !scheduler.inbox.is_empty() {
                return;
            }
            scheduler.is_over = true;
        }
        drop(held);
        self.wake_all();
        let generation = self.generation();
        self.options.notices.post(Notice::Retired { generation });
    }
}
