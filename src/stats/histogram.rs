//! Distributions: how often a value fell between which bounds.
//!
//! One thread counts and any thread reads. Unlike the counts of [`Stats`](super::Stats) these are
//! too many to be published each turn, so they are counted where readers look.
//!
//! Invariant: one thread adds, so that reading and writing a count apart loses nothing. A reader
//! may see a value in `counts` and not yet in `sum`, or the other way round.

use std::sync::atomic::{AtomicU64, Ordering};

/// Upper bounds, inclusive and ascending.
#[derive(Debug)]
pub struct Bounds<const N: usize> {
    upper: [u64; N],
    /// By the bit length of a value: the first bound that it may be within. Where bounds are about
    /// an octave apart, that is nearly always the one.
    first: [u8; 65],
}

impl<const N: usize> Bounds<N> {
    const fn new(upper: [u64; N]) -> Self {
        let mut first = [0; 65];
        let mut bits = 1;
        while bits < first.len() {
            let least = 1 << (bits - 1);
            let mut index = 0;
            while index < N && upper[index] < least {
                index += 1;
            }
            assert!(index < 256);
            #[expect(clippy::cast_possible_truncation, reason = "just asserted")]
            {
                first[bits] = index as u8;
            }
            bits += 1;
        }
        Self { upper, first }
    }

    /// Which bound `value` is within; `N` where it is beyond the last.
    fn index(&self, value: u64) -> usize {
        let mut index = usize::from(self.first[(u64::BITS - value.leading_zeros()) as usize]);
        while index < N && value > self.upper[index] {
            index += 1;
        }
        index
    }
}

/// Bounds of times, in microseconds: a lone request over the loopback takes 40, a timeout 30
/// seconds.
pub static TIMES: Bounds<19> = Bounds::new([
    25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 5_000_000, 10_000_000, 30_000_000,
]);

/// Bounds of batches' lengths.
pub static LENGTHS: Bounds<11> = Bounds::new([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]);

/// How often values fell between which of `N` bounds.
#[derive(Debug)]
pub struct Histogram<const N: usize> {
    bounds: &'static Bounds<N>,
    counts: [AtomicU64; N],
    /// Of the values beyond the last bound.
    beyond: AtomicU64,
    sum: AtomicU64,
}

impl<const N: usize> Histogram<N> {
    /// A histogram without values.
    #[must_use]
    pub fn new(bounds: &'static Bounds<N>) -> Self {
        Self {
            bounds,
            counts: [const { AtomicU64::new(0) }; N],
            beyond: AtomicU64::new(0),
            sum: AtomicU64::new(0),
        }
    }

    /// Counts a value. For the one thread that does.
    pub fn add(&self, value: u64) {
        self.add_many(value, 1);
    }

    /// Counts a value as often as it came.
    fn add_many(&self, value: u64, times: u64) {
        let index = self.bounds.index(value);
        increase(self.counts.get(index).unwrap_or(&self.beyond), times);
        increase(&self.sum, value * times);
    }

    /// What has been counted so far.
    #[must_use]
    pub fn read(&self) -> Distribution {
        let counts = self.counts.iter().chain([&self.beyond]);
        Distribution {
            bounds: self.bounds.upper.to_vec(),
            counts: counts.map(|count| count.load(Ordering::Relaxed)).collect(),
            sum: self.sum.load(Ordering::Relaxed),
        }
    }
}

/// Times that end together and may have begun together, as those of a batch have: they are counted
/// at once.
///
/// Invariant: between two calls of `end` the time is the same.
#[derive(Debug, Default)]
pub struct Run {
    since: u64,
    count: u64,
}

impl Run {
    /// A time ends at `now` that began at `since`.
    pub fn add<const N: usize>(&mut self, since: u64, now: u64, times: &Histogram<N>) {
        if since != self.since {
            self.end(now, times);
            self.since = since;
        }
        self.count += 1;
    }

    /// Counts those that ended at `now`, which then may go on.
    pub fn end<const N: usize>(&mut self, now: u64, times: &Histogram<N>) {
        if self.count > 0 {
            times.add_many(now.saturating_sub(self.since), self.count);
            self.count = 0;
        }
    }
}

/// What a histogram has counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    /// Upper bounds, inclusive and ascending.
    pub bounds: Vec<u64>,
    /// How many values were within the bound of the same index and not within the one before; the
    /// last is that of the values beyond all bounds.
    pub counts: Vec<u64>,
    /// The values, added up.
    pub sum: u64,
}

impl Distribution {
    /// Adds what another histogram with the same bounds has counted.
    pub fn add(&mut self, other: &Self) {
        debug_assert_eq!(self.bounds, other.bounds);
        for (count, other) in self.counts.iter_mut().zip(&other.counts) {
            *count += other;
        }
        self.sum += other.sum;
    }
}

/// For the one thread that writes `count`: no other's increase can come in between.
pub(super) fn increase(count: &AtomicU64, by: u64) {
    count.store(count.load(Ordering::Relaxed) + by, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_counted_within_the_first_bound_that_it_does_not_exceed() {
        for value in (0..=2_000).chain([29_999_999, 30_000_000, 30_000_001, u64::MAX >> 1]) {
            let expected = TIMES.upper.iter().filter(|bound| value > **bound).count();
            assert_eq!(TIMES.index(value), expected, "{value}");
            let expected = LENGTHS.upper.iter().filter(|bound| value > **bound).count();
            assert_eq!(LENGTHS.index(value), expected, "{value}");
        }
    }

    #[test]
    fn a_run_is_counted_as_its_times_would_be_one_by_one() {
        let histogram = Histogram::new(&TIMES);
        let mut run = Run::default();
        for since in [0, 0, 90, 90, 90, 0] {
            run.add(since, 100, &histogram);
        }
        run.end(100, &histogram);
        run.end(5_000, &histogram);
        let counted = histogram.read();
        assert_eq!(counted.counts[..4], [3, 0, 3, 0]);
        assert_eq!(counted.sum, 3 * 10 + 3 * 100);
    }

    #[test]
    fn what_two_have_counted_adds_up() {
        let histogram = Histogram::new(&LENGTHS);
        for length in [1, 1, 3, 5000] {
            histogram.add(length);
        }
        let mut all = histogram.read();
        assert_eq!(all.counts, [2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(all.sum, 5005);
        all.add(&histogram.read());
        assert_eq!((all.counts[0], all.counts[11], all.sum), (4, 2, 10_010));
    }
}
