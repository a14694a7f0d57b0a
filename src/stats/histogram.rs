//! Distributions: how often a value fell between two bounds.
//!
//! One thread counts and any thread reads. These are too many to be published each turn, as the
//! counts of [`Stats`](super::Stats) are, so they are counted in place, where readers look.
//!
//! Invariant: only one thread adds, so a count may be read and written in two steps. A reader may
//! see a value in `counts` and not yet in `sum`, or the other way round.

use std::sync::atomic::{AtomicU64, Ordering};

/// Upper bounds of times, inclusive and ascending, in microseconds: a lone request over the
/// loopback takes 40 µs, a timeout 30 s.
pub static TIMES: [u64; 19] = [
    25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 5_000_000, 10_000_000, 30_000_000,
];

/// Upper bounds of the lengths of batches.
pub static LENGTHS: [u64; 11] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

/// How often values fell between each two of `N` bounds.
#[derive(Debug)]
pub struct Histogram<const N: usize> {
    bounds: &'static [u64; N],
    counts: [AtomicU64; N],
    /// The count of the values beyond the last bound.
    beyond: AtomicU64,
    sum: AtomicU64,
}

impl<const N: usize> Histogram<N> {
    /// A histogram without values.
    #[must_use]
    pub fn new(bounds: &'static [u64; N]) -> Self {
        Self {
            bounds,
            counts: [const { AtomicU64::new(0) }; N],
            beyond: AtomicU64::new(0),
            sum: AtomicU64::new(0),
        }
    }

    /// Counts a value. Only the one thread that counts may call it.
    pub fn add(&self, value: u64) {
        // One bound after another: that takes 2 ns, and a binary search 3.
        let within = self.bounds.iter().position(|bound| value <= *bound);
        let count = within.map_or(&self.beyond, |index| &self.counts[index]);
        increase(count, 1);
        increase(&self.sum, value);
    }

    /// The counts so far.
    #[must_use]
    pub fn read(&self) -> Distribution {
        let counts = self.counts.iter().chain([&self.beyond]);
        Distribution {
            bounds: self.bounds.to_vec(),
            counts: counts.map(|count| count.load(Ordering::Relaxed)).collect(),
            sum: self.sum.load(Ordering::Relaxed),
        }
    }
}

/// What a histogram has counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    /// Upper bounds, inclusive and ascending.
    pub bounds: Vec<u64>,
    /// For each bound, how many values were within it and not within the one before; the last is
    /// the number of values beyond all bounds.
    pub counts: Vec<u64>,
    /// The sum of the values.
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

/// For the only thread that writes `count`: no increase can come in between.
pub(super) fn increase(count: &AtomicU64, by: u64) {
    count.store(count.load(Ordering::Relaxed) + by, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_counted_within_the_first_bound_that_it_does_not_exceed() {
        for value in (0..=2_000).chain([29_999_999, 30_000_000, 30_000_001, u64::MAX >> 1]) {
            let histogram = Histogram::new(&TIMES);
            histogram.add(value);
            let counted = histogram.read();
            let below = TIMES.iter().filter(|bound| value > **bound).count();
            assert_eq!(
                counted.counts.iter().position(|count| *count == 1),
                Some(below)
            );
            assert_eq!(counted.counts.iter().sum::<u64>(), 1, "{value}");
        }
    }

    #[test]
    fn counts_of_two_histograms_add_up() {
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
