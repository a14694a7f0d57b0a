//! When to look at which connection's deadlines: a timer wheel that a busy one never touches.
//!
//! Every deadline is some timeout after the moment its time began. So a connection that is looked
//! at at least once within the shortest timeout is never looked at too late, however often its
//! deadlines change in between; nothing has to be told of the changes. The event loop inserts a
//! connection when it comes, and again, for its next deadline, each time it has been looked at.
//!
//! Invariant: a token that was inserted is due once, at the first tick after the time asked for, or
//! sooner.

use std::collections::VecDeque;
use std::time::Duration;

use crate::limits::{LINGER_MS, TICK_MS_MAX, Timeouts};
use crate::uring::Token;

const SLOTS: u64 = 64;
/// The interval is this many ticks, so that a deadline is met within a thirty-second of it.
const TICKS_PER_INTERVAL: u32 = 32;

/// A wheel of tokens, by the tick at which they are due.
#[derive(Debug)]
pub(super) struct Sweep {
    slots: Vec<Vec<Token>>,
    /// The last tick that was taken.
    tick: u64,
    tick_ms: u64,
    interval_ms: u64,
    inserted: usize,
}

impl Sweep {
    pub(super) fn new(timeouts: &Timeouts) -> Self {
        let Timeouts {
            headers,
            request,
            keep_alive,
            handler,
            send,
        } = *timeouts;
        let all = [headers, request, keep_alive, handler, send, LINGER_MS];
        let shortest = all
            .into_iter()
            .filter(|timeout| *timeout > 0)
            .min()
            .unwrap_or(LINGER_MS);
        let tick_ms = (shortest / TICKS_PER_INTERVAL).clamp(1, TICK_MS_MAX);
        Self {
            slots: (0..SLOTS).map(|_| Vec::new()).collect(),
            tick: 0,
            tick_ms: u64::from(tick_ms),
            interval_ms: u64::from(tick_ms * TICKS_PER_INTERVAL),
            inserted: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.inserted == 0
    }

    /// Time between two ticks.
    pub(super) fn tick(&self) -> Duration {
        Duration::from_millis(self.tick_ms)
    }

    /// Has everything inserted from now on looked at within `interval_ms`.
    pub(super) fn hasten(&mut self, interval_ms: u32) {
        self.interval_ms = self.interval_ms.min(u64::from(interval_ms));
    }

    /// Has `token` looked at soon after its `deadline`, and within the interval in any case.
    pub(super) fn insert(&mut self, token: Token, deadline: Option<u64>, now: u64) {
        let latest = now + self.interval_ms;
        let at = deadline.map_or(latest, |deadline| deadline.min(latest));
        let tick = (at / self.tick_ms + 1).clamp(self.tick + 1, self.tick + SLOTS - 1);
        self.slot(tick).push(token);
        self.inserted += 1;
    }

    /// Moves what is due by `now` into `due`.
    pub(super) fn take_due(&mut self, now: u64, due: &mut Vec<Token>) {
        let last = now / self.tick_ms;
        // After a long pause every slot is due, and each only once.
        let first = (self.tick + 1).max(last.saturating_sub(SLOTS - 1));
        for tick in first..=last {
            due.append(self.slot(tick));
        }
        self.tick = self.tick.max(last);
        self.inserted -= due.len();
    }

    fn slot(&mut self, tick: u64) -> &mut Vec<Token> {
        &mut self.slots[usize::try_from(tick % SLOTS).expect("below SLOTS")]
    }
}

/// Calls whose connection ended before the handler answered, until the handler does or its time is
/// over. They count as in flight: the handler has them.
#[derive(Debug, Default)]
pub(super) struct Abandoned {
    /// When their time is over, each moment once and the earliest first, and how many there are,
    /// never 0.
    groups: VecDeque<(u64, u64)>,
}

impl Abandoned {
    pub(super) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// A connection ended that waited for `count` calls, whose time is over at `until`.
    pub(super) fn add(&mut self, count: u64, until: u64) {
        match self.groups.back_mut() {
            Some((last, calls)) if *last == until => *calls += count,
            _ => self.groups.push_back((until, count)),
        }
    }

    /// A reply came that nobody waits for. How many calls are in flight no more: 0 or 1.
    pub(super) fn replied(&mut self) -> u64 {
        // None where its time was over and it has been taken off already. Replies mostly come in
        // the order of the calls.
        let Some((_, count)) = self.groups.front_mut() else {
            return 0;
        };
        *count -= 1;
        if *count == 0 {
            self.groups.pop_front();
        }
        1
    }

    /// How many calls are in flight no more, as their time is over.
    pub(super) fn expire(&mut self, now: u64) -> u64 {
        let mut expired = 0;
        while let Some((until, count)) = self.groups.front()
            && *until <= now
        {
            expired += count;
            self.groups.pop_front();
        }
        expired
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeouts(all: u32) -> Timeouts {
        Timeouts {
            headers: all,
            request: all,
            keep_alive: all,
            handler: all,
            send: all,
        }
    }

    fn token(slot: u32) -> Token {
        Token {
            slot,
            generation: 0,
        }
    }

    fn due(sweep: &mut Sweep, now: u64) -> Vec<Token> {
        let mut due = Vec::new();
        sweep.take_due(now, &mut due);
        due
    }

    #[test]
    fn a_token_is_due_within_a_tick_after_its_deadline_and_only_once() {
        let mut sweep = Sweep::new(&timeouts(320));
        sweep.insert(token(1), Some(105), 0);
        assert_eq!(due(&mut sweep, 105), []);
        assert_eq!(due(&mut sweep, 110), [token(1)]);
        assert_eq!(due(&mut sweep, 1000), []);
        assert!(sweep.is_empty());
    }

    #[test]
    fn a_token_without_a_deadline_is_due_within_the_shortest_timeout() {
        let mut sweep = Sweep::new(&timeouts(320));
        sweep.insert(token(1), None, 0);
        sweep.insert(token(2), Some(99_999), 0);
        assert_eq!(due(&mut sweep, 330), [token(1), token(2)]);
    }

    #[test]
    fn timeouts_of_0_do_not_run() {
        let sweep = Sweep::new(&timeouts(0));
        assert_eq!(sweep.interval_ms, u64::from(LINGER_MS) / 32 * 32);
    }

    #[test]
    fn after_a_long_pause_everything_is_due_once() {
        let mut sweep = Sweep::new(&timeouts(320));
        for slot in 0..32 {
            sweep.insert(token(slot), Some(u64::from(slot) * 10), 0);
        }
        assert_eq!(due(&mut sweep, 1_000_000).len(), 32);
        sweep.insert(token(40), Some(1_000_100), 1_000_000);
        assert_eq!(due(&mut sweep, 1_000_110), [token(40)]);
    }

    #[test]
    fn an_abandoned_call_is_taken_off_once_by_its_reply_or_by_time() {
        let mut abandoned = Abandoned::default();
        abandoned.add(2, 100);
        abandoned.add(1, 200);
        assert_eq!(abandoned.replied(), 1);
        assert_eq!(abandoned.expire(99), 0);
        assert_eq!(abandoned.expire(100), 1);
        assert_eq!(abandoned.expire(200), 1);
        assert_eq!(abandoned.replied(), 0);
        assert!(abandoned.is_empty());
    }

    #[test]
    fn a_reply_to_an_abandoned_call_leaves_the_later_ones_their_time() {
        let mut abandoned = Abandoned::default();
        abandoned.add(2, 100);
        abandoned.add(2, 200);
        assert_eq!(abandoned.replied(), 1);
        assert_eq!(abandoned.replied(), 1);
        assert_eq!(abandoned.expire(100), 0);
        assert_eq!(abandoned.expire(200), 2);
    }

    #[test]
    fn calls_abandoned_at_the_same_moment_are_all_taken_off() {
        let mut abandoned = Abandoned::default();
        abandoned.add(2, 100);
        abandoned.add(3, 100);
        assert_eq!(abandoned.replied(), 1);
        assert_eq!(abandoned.expire(100), 4);
    }

    #[test]
    fn calls_abandoned_for_ever_take_no_more_room_the_more_they_are() {
        let mut abandoned = Abandoned::default();
        for _ in 0..1000 {
            abandoned.add(2, u64::MAX);
            abandoned.replied();
        }
        assert_eq!(abandoned.groups.len(), 1);
    }
}
