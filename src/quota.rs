//! The limits that hold for the whole server, although each ring thread counts for itself.
//!
//! A [`Pool`] holds what is left of one limit. The event loops take connections one at a time, and
//! wait if none is left. They take the credits of a turn's calls at once, and the thread that posts
//! replies gives theirs back together, so that the threads meet in that pool once a turn. Memory is
//! taken by [`Reservation`]s, each of which is dropped with what it was taken for.
//!
//! Invariants:
//! - What all rings together have taken and not given back never exceeds the limit.
//! - A ring to which `poll_free` said `Pending` is found by `take_waiting` after the next `give`.
//!   Each side writes its own word, then reads the other's (Dekker's protocol), all of it
//!   sequentially consistent, so at least one of them sees the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

/// The most rings that can wait for one pool: it has a bit for each.
pub const RINGS_MAX: usize = 64;

/// What is left of one limit.
///
/// Aligned to two cache lines, which processors fetch in pairs: nothing else that a ring thread
/// writes is among them.
#[derive(Debug)]
#[repr(align(128))]
pub struct Pool {
    limit: u64,
    free: AtomicU64,
    /// A bit for each ring that waits.
    waiting: AtomicU64,
}

impl Pool {
    /// A pool of which nothing is taken.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        Self {
            limit,
            free: AtomicU64::new(limit),
            waiting: AtomicU64::new(0),
        }
    }

    /// How many are taken now.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.limit - self.free.load(Ordering::SeqCst)
    }

    /// Takes `count`, or as many as are left, and returns how many it took.
    pub fn take(&self, count: u64) -> u64 {
        let rest = |free: u64| (free > 0).then(|| free - free.min(count));
        let found = self
            .free
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, rest);
        found.map_or(0, |free| free.min(count))
    }

    /// Gives `count` back. The caller then wakes the rings of `take_waiting`.
    pub fn give(&self, count: u64) {
        self.free.fetch_add(count, Ordering::SeqCst);
    }

    /// Ready: there is something to take, unless another ring is quicker. Pending: there is
    /// nothing, and `ring` is registered as waiting.
    pub fn poll_free(&self, ring: usize) -> Poll<()> {
        let bit = 1 << ring;
        if self.is_free() {
            return Poll::Ready(());
        }
        // A ring that waits polls in each of its turns, and need not write each time.
        if self.waiting.load(Ordering::SeqCst) & bit == 0 {
            self.waiting.fetch_or(bit, Ordering::SeqCst);
        }
        if self.is_free() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    fn is_free(&self) -> bool {
        self.free.load(Ordering::SeqCst) > 0
    }

    /// The rings that wait. They are no longer registered.
    pub fn take_waiting(&self) -> impl Iterator<Item = usize> + use<> {
        // Nearly always none waits, and a read alone leaves the cache line shared.
        let waiting = match self.waiting.load(Ordering::SeqCst) {
            0 => 0,
            _ => self.waiting.swap(0, Ordering::SeqCst),
        };
        (0..RINGS_MAX).filter(move |ring| waiting >> ring & 1 == 1)
    }
}

/// What one owner has taken of a pool; it gives all of it back when it is dropped.
#[derive(Debug)]
pub struct Reservation {
    pool: Arc<Pool>,
    count: u64,
}

impl Reservation {
    /// A reservation of nothing.
    #[must_use]
    pub fn new(pool: Arc<Pool>) -> Self {
        Self { pool, count: 0 }
    }

    /// Changes the reservation to `count`. False: others have too much of the pool, and nothing has
    /// changed. A reservation that has all of the pool may grow further, and that is not counted:
    /// what is larger than the pool would otherwise be refused forever.
    #[must_use]
    pub fn resize(&mut self, count: u64) -> bool {
        let count = count.min(self.pool.limit);
        if count > self.count {
            let wanted = count - self.count;
            let granted = self.pool.take(wanted);
            if granted < wanted {
                self.pool.give(granted);
                return false;
            }
        } else if count < self.count {
            self.pool.give(self.count - count);
        }
        self.count = count;
        true
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.count > 0 {
            self.pool.give(self.count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    fn waiting(pool: &Pool) -> Vec<usize> {
        pool.take_waiting().collect()
    }

    #[test]
    fn no_more_is_taken_than_is_there() {
        let pool = Pool::new(3);
        assert_eq!((pool.take(2), pool.taken()), (2, 2));
        assert_eq!((pool.take(2), pool.taken()), (1, 3));
        assert_eq!((pool.take(2), pool.taken()), (0, 3));
        pool.give(3);
        assert_eq!(pool.taken(), 0);
    }

    #[test]
    fn a_reservation_takes_all_that_it_asks_for_or_nothing_and_gives_it_back() {
        let pool = Arc::new(Pool::new(10));
        let mut first = Reservation::new(Arc::clone(&pool));
        let mut second = Reservation::new(Arc::clone(&pool));
        assert!(first.resize(7));
        assert!(!second.resize(4));
        assert_eq!(pool.taken(), 7);
        assert!(first.resize(6) && second.resize(4));
        assert_eq!(pool.taken(), 10);
        drop(first);
        assert_eq!(pool.taken(), 4);
        drop(second);
        assert_eq!(pool.taken(), 0);
        let mut all = Reservation::new(Arc::clone(&pool));
        assert!(all.resize(100));
        assert_eq!(pool.taken(), 10);
        drop(all);
        assert_eq!(pool.taken(), 0);
    }

    #[test]
    fn a_ring_that_found_nothing_waits_and_is_woken_once() {
        let pool = Pool::new(1);
        assert!(pool.poll_free(0).is_ready());
        assert_eq!(pool.take(1), 1);
        assert!(pool.poll_free(0).is_pending());
        assert!(pool.poll_free(63).is_pending() && pool.poll_free(63).is_pending());
        pool.give(1);
        assert_eq!(waiting(&pool), [0, 63]);
        assert_eq!(waiting(&pool), []);
        assert!(pool.poll_free(0).is_ready());
        assert_eq!(waiting(&pool), []);
    }

    #[test]
    fn concurrent_rings_neither_exceed_the_limit_nor_sleep_forever() {
        const RINGS: usize = 4;
        const ROUNDS: u64 = 20_000;
        let pool = Pool::new(2);
        let served = AtomicU64::new(0);
        let wakers: Vec<_> = (0..RINGS).map(|_| AtomicU64::new(0)).collect();
        let ring_thread = |ring: usize| {
            for _ in 0..ROUNDS {
                while pool.take(1) == 0 {
                    if pool.poll_free(ring).is_ready() {
                        continue;
                    }
                    // Asleep until the thread that gives next wakes this ring.
                    while wakers[ring].swap(0, Ordering::SeqCst) == 0 {
                        thread::yield_now();
                    }
                }
                assert!(served.fetch_add(1, Ordering::SeqCst) < 2);
                served.fetch_sub(1, Ordering::SeqCst);
                pool.give(1);
                for waiting in pool.take_waiting() {
                    wakers[waiting].store(1, Ordering::SeqCst);
                }
            }
        };
        thread::scope(|scope| {
            let ring_thread = &ring_thread;
            for ring in 0..RINGS {
                scope.spawn(move || ring_thread(ring));
            }
        });
        assert_eq!(pool.taken(), 0);
    }
}
