//! The watchdog of the workers: a thread that sleeps while there is nothing to look after.
//!
//! If a call holds a worker for longer than a batch should take, the watchdog gives the calls
//! behind it to others and posts the results that are complete. It reports a worker that is held
//! for longer than a call may take. If calls wait while a worker rests, it wakes one; if no thread
//! takes calls, it drops those that are late.
//!
//! Invariant: while a worker is not at rest, or calls wait, the watchdog looks again.

use std::io;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex, TryLockError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::memory::Claimed;
use super::{Consumer, Notice, Seats, clock, lock};
use crate::uring::with_signals_blocked;

/// How often it looks if a batch, or calls that wait, may have to go to others. A batch should take
/// no longer.
const AT_ONCE: Duration = Duration::from_millis(1);
/// The same if each look so far has found progress: a look costs more than a thousand quick calls.
const SOON: Duration = Duration::from_millis(4);
/// As many looks in a row must have found progress.
const CALM: u32 = 8;
/// The longest pause if it has only the time of calls to look at.
const LATER_MAX: Duration = Duration::from_millis(250);
/// That pause is this part of the time that a call may take.
const LATER_PART: u32 = 32;
/// After this part of the time that a call may take, it checks whether the event loop of a resting
/// thread turns, if promises are to settle there.
const ASKING_PART: u32 = 4;
/// For how long it goes on looking that often without need: a client that is served sends again.
const LINGER: Duration = Duration::from_millis(50);

/// How soon it has to look again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Need {
    /// Not before it is told.
    Nothing,
    /// Early enough for the time of a call.
    Later,
    /// Within some milliseconds.
    Soon,
    /// Within a millisecond.
    AtOnce,
}

impl Need {
    /// The time until then; `later` is early enough for the time of a call.
    pub(super) fn within(self, later: Duration) -> Duration {
        match self {
            Self::Nothing => Duration::MAX,
            Self::Later => later,
            Self::Soon => SOON,
            Self::AtOnce => AT_ONCE,
        }
    }
}

pub(super) struct Watchdog {
    /// The current `Need`. A thread that needs it sooner tells it.
    looks_for: AtomicU8,
    /// What it was told since it last looked.
    told: Mutex<Need>,
    is_told: Condvar,
    is_ending: AtomicBool,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Default for Watchdog {
    fn default() -> Self {
        Self {
            looks_for: AtomicU8::new(Need::Nothing as u8),
            told: Mutex::new(Need::Nothing),
            is_told: Condvar::new(),
            is_ending: AtomicBool::new(false),
            thread: Mutex::new(None),
        }
    }
}

impl Watchdog {
    pub(super) fn start(&self, seats: &Arc<Seats>) -> io::Result<()> {
        let builder = thread::Builder::new().name("ringcall-watch".to_owned());
        let seats = Arc::clone(seats);
        let keep = move || watch(&seats);
        *lock(&self.thread) = Some(with_signals_blocked(|| builder.spawn(keep))?);
        Ok(())
    }

    pub(super) fn end(&self) {
        self.is_ending.store(true, Ordering::SeqCst);
        self.tell(Need::AtOnce);
        if let Some(thread) = lock(&self.thread).take() {
            // Its panic, if any, has been printed.
            let _ = thread.join();
        }
    }

    /// Has it look, unless it looks often enough.
    pub(super) fn need(&self, need: Need) {
        if self.looks_for.load(Ordering::SeqCst) < need as u8 {
            self.tell(need);
        }
    }

    /// Looks after all seats. Returns how soon it has to look again, unless it is told before.
    pub(super) fn turn(&self, seats: &Seats, observed: &mut Observed, now: Instant) -> Need {
        let told = mem::replace(&mut *lock(&self.told), Need::Nothing);
        let mut need = seats.look(observed, now);
        // If it was told once it would be told again, which costs more than looking.
        if told.max(need) >= Need::Soon {
            observed.soon_until = now.checked_add(LINGER);
        }
        if observed.soon_until.is_some_and(|until| now < until) {
            need = need.max(Need::Soon);
        }
        if need < Need::Soon {
            // From now on it is told of new work. One more look sees work that came before.
            self.looks_for.store(need as u8, Ordering::SeqCst);
            need = need.max(seats.look(observed, now));
        }
        self.looks_for.store(need as u8, Ordering::SeqCst);
        need
    }

    /// Whether it was told to look.
    #[cfg(test)]
    pub(super) fn is_told(&self) -> bool {
        *lock(&self.told) > Need::Nothing
    }

    fn tell(&self, need: Need) {
        let mut told = lock(&self.told);
        *told = need.max(*told);
        self.is_told.notify_one();
    }

    /// Waits as long as `need` allows, or until it is told.
    fn wait(&self, need: Need, later: Duration) {
        let told = lock(&self.told);
        let is_nothing = |told: &mut Need| *told == Need::Nothing;
        let time = need.within(later);
        drop(self.is_told.wait_timeout_while(told, time, is_nothing));
    }
}

/// What the watchdog has seen of one seat.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    /// The number of visits to the seat, and what its thread had claimed.
    mark: Option<(u64, Option<Claimed>)>,
    /// Since when that has not changed.
    since: Option<Instant>,
    is_told: bool,
    /// How many looks in a row have found progress.
    further: u32,
}

/// What the watchdog has seen of all seats.
#[derive(Debug, Default)]
pub(super) struct Observed {
    seen: Vec<Seen>,
    /// True: at the last look calls waited while a thread rested.
    has_waited: bool,
    /// It looks often until then.
    soon_until: Option<Instant>,
}

/// The watchdog's thread.
fn watch(seats: &Seats) {
    let Some(watchdog) = &seats.watchdog else {
        return;
    };
    let mut observed = Observed::default();
    while !watchdog.is_ending.load(Ordering::SeqCst) {
        let now = clock::now();
        let need = watchdog.turn(seats, &mut observed, now);
        watchdog.wait(need, seats.later());
        let late = now.elapsed().saturating_sub(need.within(seats.later()));
        observed.pause(late);
    }
}

impl Observed {
    /// The watchdog has looked this much later than planned: the process or the machine was
    /// stopped. So were the workers, and that time does not count against them.
    pub(super) fn pause(&mut self, late: Duration) {
        for since in self.seen.iter_mut().filter_map(|seen| seen.since.as_mut()) {
            *since += late;
        }
    }
}

impl Seats {
    /// Tells the watchdog that a worker has calls. `has_more`: a batch, or calls that wait, may
    /// have to go to others.
    pub(super) fn watch(&self, has_more: bool) {
        if let Some(watchdog) = &self.watchdog {
            watchdog.need(if has_more { Need::Soon } else { Need::Later });
        }
    }

    pub(super) fn later(&self) -> Duration {
        let part = self.options.handler_timeout / LATER_PART;
        part.clamp(AT_ONCE, LATER_MAX)
    }

    /// Looks after all seats. Returns how soon to look again.
    fn look(&self, observed: &mut Observed, now: Instant) -> Need {
        let seats = self.look_at_seats(observed, now);
        let waiting = self.look_at_waiting(observed, now);
        // What it has posted may have answered the last call.
        self.end_if_over();
        seats.max(waiting)
    }

    fn look_at_seats(&self, observed: &mut Observed, now: Instant) -> Need {
        observed.seen.resize(self.all.len(), Seen::default());
        let mut need = Need::Nothing;
        for (seat, seen) in observed.seen.iter_mut().enumerate() {
            need = need.max(self.look_at(seat, seen, now));
        }
        need
    }

    fn look_at_waiting(&self, observed: &mut Observed, now: Instant) -> Need {
        let (waiting, somebody_rests) = self.waiting();
        if waiting == 0 {
            observed.has_waited = false;
            return Need::Nothing;
        }
        if somebody_rests {
            if observed.has_waited {
                self.wake_for_waiting();
            }
            observed.has_waited = true;
            return Need::AtOnce;
        }
        observed.has_waited = false;
        let timeout = u64::try_from(self.options.handler_timeout.as_micros());
        if let Some(latest) = timeout.ok().and_then(|it| self.now(now).checked_sub(it)) {
            self.drop_what_is_late(latest);
        }
        Need::Later
    }

    /// If a thread rests while its promises are to settle, it is woken now and then: if its event
    /// loop turns, it asks for calls.
    fn look_at_resting(&self, seat: usize, seen: &mut Seen, now: Instant) -> Need {
        if seen.mark.is_some() {
            *seen = Seen::default();
        }
        let has_calls = || {
            let consumer = lock(&self.all[seat].consumer);
            let has_some = |it: &Consumer| it.len() > 0 || it.has_more_than(None);
            consumer.as_ref().is_some_and(has_some)
        };
        if self.options.handler_timeout == Duration::MAX || !has_calls() {
            *seen = Seen::default();
            return Need::Nothing;
        }
        let since = *seen.since.get_or_insert(now);
        if now.saturating_duration_since(since) >= self.options.handler_timeout / ASKING_PART {
            *seen = Seen::default();
            self.with(seat, |consumer| self.rouse(seat, consumer));
        }
        Need::Later
    }

    fn look_at(&self, index: usize, seen: &mut Seen, now: Instant) -> Need {
        let seat = &self.all[index];
        if seat.is_at_rest.load(Ordering::SeqCst) {
            return self.look_at_resting(index, seen, now);
        }
        let mut guard = match seat.consumer.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // The thread is just asking for calls.
            Err(TryLockError::WouldBlock) => return Need::Soon,
        };
        let Some(consumer) = guard.as_mut() else {
            *seen = Seen::default();
            return Need::Nothing;
        };
        let claimed = consumer.claimed();
        let visits = seat.visits.load(Ordering::Relaxed);
        let mark = Some((visits, claimed));
        let has_more = consumer.has_more_than(claimed);
        if seen.mark == mark {
            seen.further = 0;
        } else {
            *seen = Seen {
                mark,
                since: Some(now),
                is_told: false,
                further: seen.further.saturating_add(1),
            };
        }
        let since = seen.since.unwrap_or(now);
        let held = now.saturating_duration_since(since);
        if held >= AT_ONCE {
            self.mark_held(index);
        }
        if has_more {
            if held < AT_ONCE {
                return if seen.further < CALM {
                    Need::AtOnce
                } else {
                    Need::Soon
                };
            }
            let went_back = consumer.take_back(self, now);
            // Its claims have changed, but it is still at the same call.
            seen.mark = Some((visits, consumer.claimed()));
            drop(guard);
            if went_back > 0 {
                self.wake_for_waiting();
            }
            return Need::Later;
        }
        let is_overdue = held >= self.options.handler_timeout && !seen.is_told;
        if is_overdue {
            // Set under the lock, so that the thread cannot have asked for calls meanwhile.
            seat.is_overdue.store(true, Ordering::Relaxed);
        }
        drop(guard);
        if is_overdue {
            seen.is_told = true;
            self.options.notices.post(Notice::Overdue {
                generation: self.generation(),
                seat: index,
            });
        }
        Need::Later
    }
}
