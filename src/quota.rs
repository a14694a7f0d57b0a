//! What bounds the whole server although each ring thread counts for itself.
//!
//! A [`Pool`] holds what is left of one limit. The event loops take connections from theirs one at
//! a time and wait for one where none is left; the connections take calls from theirs through their
//! ring's [`Share`], which keeps some at hand so that rings do not meet at every request.
//!
//! Invariants:
//! - What all rings together have taken and not given back never exceeds the limit.
//! - A ring that `has_any` told no is found by `take_waiting` after the next `give`. Each side
//!   writes its own word, then reads the other's (Dekker's protocol), all of it sequentially
//!   consistent, so at least one of them sees the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The most rings that can wait for one pool: it has a bit for each.
pub const RINGS_MAX: usize = 64;

/// A small pool is given everything back at once, so that its limit is met exactly. Of a larger one
/// the rings may together keep an eighth at hand: twice this part, once for each ring.
const KEPT_PART: u64 = 16;

/// What is left of one limit.
///
/// Aligned to two cache lines, which processors fetch in pairs: nothing else that a ring thread
/// writes is among them.
#[derive(Debug)]
#[repr(align(128))]
pub struct Pool {
    limit: u64,
    free: AtomicU64,
    /// A bit for each ring that found nothing.
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

    /// Takes `count`, or as many as are left, and says how many that were.
    pub fn take(&self, count: u64) -> u64 {
        let rest = |free: u64| (free > 0).then(|| free - free.min(count));
        let found = self
            .free
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, rest);
        found.map_or(0, |free| free.min(count))
    }

    /// Gives `count` back; `take_waiting` then says who is to be told.
    pub fn give(&self, count: u64) {
        self.free.fetch_add(count, Ordering::SeqCst);
    }

    /// True: there is something to take, unless another ring is quicker. False: there is nothing,
    /// and `ring` now waits.
    pub fn has_any(&self, ring: usize) -> bool {
        let bit = 1 << ring;
        if self.free.load(Ordering::SeqCst) > 0 {
            return true;
        }
        // A ring that waits already is asked for in each of its turns; it need not write each time.
        if self.waiting.load(Ordering::SeqCst) & bit == 0 {
            self.waiting.fetch_or(bit, Ordering::SeqCst);
        }
        self.free.load(Ordering::SeqCst) > 0
    }

    /// The rings that wait; they do no longer.
    pub fn take_waiting(&self) -> impl Iterator<Item = usize> + use<> {
        // Nearly always nobody does, and a read alone leaves the line with all who have it.
        let waiting = match self.waiting.load(Ordering::SeqCst) {
            0 => 0,
            _ => self.waiting.swap(0, Ordering::SeqCst),
        };
        (0..RINGS_MAX).filter(move |ring| waiting >> ring & 1 == 1)
    }
}

/// One ring's part of a pool for which nobody waits: what it uses, and what it has at hand.
#[derive(Debug)]
pub struct Share {
    pool: Arc<Pool>,
    /// How many it takes at a time, and keeps when it has too many at hand.
    kept: u64,
    at_hand: u64,
    used: u64,
}

impl Share {
    /// The share of one of `rings` rings. The only one takes everything at once, and never asks
    /// again.
    #[must_use]
    pub fn new(pool: Arc<Pool>, rings: usize) -> Self {
        let kept = match rings {
            1 => pool.limit,
            _ => pool.limit / (KEPT_PART * rings as u64),
        };
        Self {
            pool,
            kept,
            at_hand: 0,
            used: 0,
        }
    }

    /// How many it uses.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.used
    }

    /// True: it keeps some at hand. False: the limit is small, and what is used no more goes back
    /// at once, for other rings to find.
    #[must_use]
    pub fn keeps_some(&self) -> bool {
        self.kept > 0
    }

    /// Takes one into use. False: none is left.
    #[must_use]
    pub fn take_one(&mut self) -> bool {
        if self.at_hand == 0 {
            self.at_hand = self.pool.take(self.kept.max(1));
        }
        if self.at_hand == 0 {
            return false;
        }
        self.at_hand -= 1;
        self.used += 1;
        true
    }

    /// `count` are in use no more.
    pub fn give_back(&mut self, count: u64) {
        self.used -= count;
        self.at_hand += count;
        if self.at_hand > self.kept.saturating_mul(2) {
            self.pool.give(self.at_hand - self.kept);
            self.at_hand = self.kept;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    fn shares(limit: u64, rings: usize) -> (Arc<Pool>, Vec<Share>) {
        let pool = Arc::new(Pool::new(limit));
        let share = |_| Share::new(Arc::clone(&pool), rings);
        let shares = (0..rings).map(share).collect();
        (pool, shares)
    }

    fn waiting(pool: &Pool) -> Vec<usize> {
        pool.take_waiting().collect()
    }

    #[test]
    fn no_more_is_taken_than_there_is() {
        let pool = Pool::new(3);
        assert_eq!((pool.take(2), pool.taken()), (2, 2));
        assert_eq!((pool.take(2), pool.taken()), (1, 3));
        assert_eq!((pool.take(2), pool.taken()), (0, 3));
        pool.give(3);
        assert_eq!(pool.taken(), 0);
    }

    #[test]
    fn a_ring_that_found_nothing_waits_until_it_is_told_once() {
        let pool = Pool::new(1);
        assert!(pool.has_any(0));
        assert_eq!(pool.take(1), 1);
        assert!(!pool.has_any(0));
        assert!(!pool.has_any(63) && !pool.has_any(63));
        pool.give(1);
        assert_eq!(waiting(&pool), [0, 63]);
        assert_eq!(waiting(&pool), []);
        assert!(pool.has_any(0));
        assert_eq!(waiting(&pool), []);
    }

    #[test]
    fn the_only_ring_has_all_of_any_limit() {
        for limit in [1, 2, 10_000, u64::from(u32::MAX), u64::MAX] {
            let (pool, mut shares) = shares(limit, 1);
            assert!(shares[0].take_one());
            shares[0].give_back(1);
            assert_eq!(pool.taken(), limit);
        }
        let (_, mut shares) = shares(3, 1);
        assert!((0..3).all(|_| shares[0].take_one()));
        assert!(!shares[0].take_one());
        assert_eq!(shares[0].used(), 3);
    }

    #[test]
    fn a_small_limit_is_met_exactly_whichever_ring_takes_and_gives() {
        for rings in [2, 4, RINGS_MAX] {
            let (pool, mut shares) = shares(2, rings);
            assert!(shares[0].take_one() && shares[1].take_one());
            assert!(shares.iter_mut().all(|share| !share.take_one()));
            shares[0].give_back(1);
            assert!(shares[rings - 1].take_one());
            assert!(!shares[0].take_one());
            shares[1].give_back(1);
            shares[rings - 1].give_back(1);
            assert_eq!(pool.taken(), 0);
        }
    }

    #[test]
    fn of_a_large_limit_the_rings_keep_no_more_than_an_eighth() {
        let (pool, mut shares) = shares(10_000, 4);
        for share in &mut shares {
            for _ in 0..2_000 {
                assert!(share.take_one());
            }
        }
        for share in &mut shares {
            for _ in 0..2_000 {
                share.give_back(1);
            }
            assert_eq!(share.used(), 0);
        }
        assert!(pool.taken() <= 10_000 / 8);
    }

    #[test]
    fn a_ring_at_a_steady_pace_leaves_the_pool_alone() {
        let (pool, mut shares) = shares(10_000, 4);
        assert!(shares[0].take_one());
        let taken = pool.taken();
        for _ in 0..1_000 {
            for _ in 0..50 {
                assert!(shares[0].take_one());
            }
            shares[0].give_back(50);
            assert_eq!(pool.taken(), taken);
        }
    }

    #[test]
    fn rings_that_take_wait_and_give_at_once_neither_exceed_the_limit_nor_sleep_for_ever() {
        const RINGS: usize = 4;
        const ROUNDS: u64 = 20_000;
        let pool = Pool::new(2);
        let served = AtomicU64::new(0);
        let wakers: Vec<_> = (0..RINGS).map(|_| AtomicU64::new(0)).collect();
        let ring_thread = |ring: usize| {
            for _ in 0..ROUNDS {
                while pool.take(1) == 0 {
                    if pool.has_any(ring) {
                        continue;
                    }
                    // Asleep until whoever gives next tells this ring.
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
