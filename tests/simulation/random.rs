//! The source of every decision of a run: the same seed makes the same run.

use std::env;
use std::ops::Range;

/// The seeds to run: those that `RINGCALL_SIMULATION_SEEDS` asks for, or as many as usual.
pub(crate) fn seeds(usual: u64) -> Range<u64> {
    let Ok(seeds) = env::var("RINGCALL_SIMULATION_SEEDS") else {
        return 0..usual;
    };
    let (first, last) = seeds.split_once("..").unwrap_or(("0", &seeds));
    first.parse().unwrap()..last.parse().unwrap()
}

/// xorshift64*, begun with the seed's splitmix64, so that neighbours have nothing in common.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self((mixed ^ (mixed >> 31)).max(1))
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// 0 to `bound` - 1.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 16).expect("48 bits") % bound
    }

    /// 1 to `most`.
    pub(crate) fn up_to(&mut self, most: usize) -> usize {
        1 + self.below(most)
    }

    /// True once in `times`.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}
