//! When requests are due: at random times, as from many independent clients (a Poisson process),
//! but the same times in every run.

use std::time::{Duration, Instant};

pub(crate) struct Arrivals {
    /// Requests per second.
    rate: f64,
    random: u32,
    /// When the next one is due.
    pub(crate) next: Instant,
}

impl Arrivals {
    pub(crate) fn new(rate: f64, start: Instant) -> Self {
        let mut arrivals = Self {
            rate,
            random: 0x2545_f491,
            next: start,
        };
        arrivals.advance();
        arrivals
    }

    pub(crate) fn advance(&mut self) {
        // xorshift32: never 0, so that the logarithm is finite.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        let uniform = f64::from(self.random) / 2_f64.powi(32);
        self.next += Duration::from_secs_f64(-uniform.ln() / self.rate);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_due_at_the_given_rate_and_at_the_same_times_in_each_run() {
        let start = Instant::now();
        let [mut one, mut other] = [(); 2].map(|()| Arrivals::new(20_000.0, start));
        let mut count = 0;
        while one.next < start + Duration::from_secs(10) {
            assert_eq!(one.next, other.next);
            one.advance();
            other.advance();
            count += 1;
        }
        assert!((198_000..202_000).contains(&count), "{count} in 10 s");
    }
}
