//! When to look at a connection's deadlines: a timer wheel that a busy connection never touches.
//!
//! Every deadline is some timeout after the moment its time began. So if a connection is looked at
//! at least once within the shortest timeout, it is never looked at too late, however often its
//! deadlines change; the wheel need not be told of the changes. The event loop inserts a connection
//! when it is accepted and, for its next deadline, each time it has been looked at.
//!
//! Invariant: a connection that was inserted is due once, at the first tick after the time asked
//! for or sooner.

use std::time::Duration;

use crate::bridge::ConnectionId;
use crate::limits::{LINGER_MS, TICK_MS_MAX, Timeouts};

const BUCKETS: u64 = 64;
/// The interval is this many ticks, so that a deadline is met within a thirty-second of it.
const TICKS_PER_INTERVAL: u32 = 32;

/// A wheel of connections, by the tick at which they are due.
#[derive(Debug)]
pub(super) struct TimerWheel {
    buckets: Vec<Vec<ConnectionId>>,
    /// The last tick that was taken.
    tick: u64,
    tick_ms: u64,
    interval_ms: u64,
    inserted: usize,
}

impl TimerWheel {
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
            buckets: (0..BUCKETS).map(|_| Vec::new()).collect(),
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

    /// Forgets everything, and has what is inserted from now on looked at within `interval_ms`.
    pub(super) fn restart(&mut self, interval_ms: u32) {
        self.interval_ms = self.interval_ms.min(u64::from(interval_ms));
        self.buckets.iter_mut().for_each(Vec::clear);
        self.inserted = 0;
    }

    /// Has `connection` looked at soon after its `deadline`, and within the interval in any case.
    pub(super) fn insert(&mut self, connection: ConnectionId, deadline: Option<u64>, now: u64) {
        let latest = now + self.interval_ms;
        let at = deadline.map_or(latest, |deadline| deadline.min(latest));
        let tick = (at / self.tick_ms + 1).clamp(self.tick + 1, self.tick + BUCKETS - 1);
        self.bucket(tick).push(connection);
        self.inserted += 1;
    }

    /// Moves what is due by `now` into `due`.
    pub(super) fn take_due(&mut self, now: u64, due: &mut Vec<ConnectionId>) {
        let last = now / self.tick_ms;
        // After a long pause every bucket is due, and each only once.
        let first = (self.tick + 1).max(last.saturating_sub(BUCKETS - 1));
        for tick in first..=last {
            due.append(self.bucket(tick));
        }
        self.tick = self.tick.max(last);
        self.inserted -= due.len();
    }

    fn bucket(&mut self, tick: u64) -> &mut Vec<ConnectionId> {
        &mut self.buckets[usize::try_from(tick % BUCKETS).expect("below BUCKETS")]
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

    fn peer(slot: u32) -> ConnectionId {
        ConnectionId { slot, number: 0 }
    }

    fn due(wheel: &mut TimerWheel, now: u64) -> Vec<ConnectionId> {
        let mut due = Vec::new();
        wheel.take_due(now, &mut due);
        due
    }

    #[test]
    fn a_connection_is_due_within_a_tick_after_its_deadline_and_only_once() {
        let mut wheel = TimerWheel::new(&timeouts(320));
        wheel.insert(peer(1), Some(105), 0);
        assert_eq!(due(&mut wheel, 105), []);
        assert_eq!(due(&mut wheel, 110), [peer(1)]);
        assert_eq!(due(&mut wheel, 1000), []);
        assert!(wheel.is_empty());
    }

    #[test]
    fn a_connection_without_a_deadline_is_due_within_the_shortest_timeout() {
        let mut wheel = TimerWheel::new(&timeouts(320));
        wheel.insert(peer(1), None, 0);
        wheel.insert(peer(2), Some(99_999), 0);
        assert_eq!(due(&mut wheel, 330), [peer(1), peer(2)]);
    }

    #[test]
    fn after_a_restart_only_reinserted_connections_are_due_and_sooner() {
        let mut wheel = TimerWheel::new(&timeouts(320));
        wheel.insert(peer(1), None, 0);
        wheel.insert(peer(2), None, 0);
        wheel.restart(100);
        wheel.insert(peer(1), None, 0);
        assert_eq!(due(&mut wheel, 110), [peer(1)]);
        assert!(wheel.is_empty());
    }

    #[test]
    fn timeouts_of_0_do_not_run() {
        let wheel = TimerWheel::new(&timeouts(0));
        assert_eq!(wheel.interval_ms, u64::from(LINGER_MS) / 32 * 32);
    }

    #[test]
    fn after_a_long_pause_everything_is_due_once() {
        let mut wheel = TimerWheel::new(&timeouts(320));
        for slot in 0..32 {
            wheel.insert(peer(slot), Some(u64::from(slot) * 10), 0);
        }
        assert_eq!(due(&mut wheel, 1_000_000).len(), 32);
        wheel.insert(peer(40), Some(1_000_100), 1_000_000);
        assert_eq!(due(&mut wheel, 1_000_110), [peer(40)]);
    }
}
