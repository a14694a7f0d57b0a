//! How fast the handler is. From that follow the number of calls that a batch may have, and which
//! calls are too late to be run.
//!
//! Invariant: a batch may have one call at least, and a call that is young enough is run, however
//! slow the handler was. So a pace that has become wrong is measured again.

use std::time::Duration;

/// Nanoseconds that a batch should take, so that results are answered soon.
const BATCH_NS: u64 = 1_000_000;

/// Measures the handler's time.
#[derive(Debug)]
pub(super) struct Pace {
    /// Nanoseconds that slow calls have taken recently. The size of a batch depends on it.
    slow_ns: u64,
    /// Nanoseconds that a call usually takes. Whether a call is too late depends on it.
    usual_ns: u64,
    /// Microseconds that a call may take from its request's end to its value; `u64::MAX` is no
    /// limit.
    timeout: u64,
}

impl Pace {
    /// The pace of a handler that has `timeout` for each call, before anything was measured.
    pub(super) fn new(timeout: Duration) -> Self {
        Self {
            slow_ns: BATCH_NS,
            usual_ns: 0,
            timeout: u64::try_from(timeout.as_micros()).unwrap_or(u64::MAX),
        }
    }

    /// `count` calls took `elapsed`.
    ///
    /// For a batch's size a slower call counts at once, and a quicker one gradually: a batch that
    /// is too long delays all its answers, and one that is too short costs almost nothing. The
    /// usual time is a mean over some eight batches, so that one slow call does not make quick ones
    /// count as too late.
    pub(super) fn measured(&mut self, count: usize, elapsed: Duration) {
        let Some(count) = u64::try_from(count).ok().filter(|count| *count > 0) else {
            return;
        };
        let call_ns = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX) / count;
        self.slow_ns = call_ns.max(self.slow_ns - self.slow_ns / 4);
        self.usual_ns = self.usual_ns - self.usual_ns / 8 + call_ns / 8;
    }

    /// How many calls a batch may have, at most `most`.
    pub(super) fn batch(&self, most: usize) -> usize {
        let calls = BATCH_NS / self.slow_ns.max(1);
        usize::try_from(calls).unwrap_or(most).clamp(1, most)
    }

    /// Microseconds for which a call may have waited. A call that has waited longer would not be
    /// answered in time. We reckon with half as much again as the handler usually takes, as that
    /// varies, but with no more than three quarters of the whole timeout.
    pub(super) fn wait_max(&self) -> u64 {
        let usual = self.usual_ns / 1000;
        let needed = (usual + usual / 2).min(self.timeout / 4 * 3);
        self.timeout - needed
    }

    /// Nanoseconds that a call usually takes.
    pub(super) fn usual_ns(&self) -> u64 {
        self.usual_ns
    }

    /// Microseconds that a call may take from its request's end to its value.
    pub(super) fn timeout(&self) -> u64 {
        self.timeout
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: Duration = Duration::from_millis(1);

    fn pace() -> Pace {
        Pace::new(100 * MILLISECOND)
    }

    impl Pace {
        fn is_too_late(&self, waited: u64) -> bool {
            waited >= self.wait_max()
        }
    }

    #[test]
    fn the_first_batch_is_one_call() {
        assert_eq!(pace().batch(1024), 1);
    }

    #[test]
    fn a_quick_handler_gets_large_batches_after_a_few() {
        let mut pace = pace();
        for _ in 0..40 {
            pace.measured(pace.batch(1024), MILLISECOND / 1000);
        }
        assert_eq!(pace.batch(1024), 1024);
        assert_eq!(pace.batch(8), 8);
    }

    #[test]
    fn a_slow_batch_makes_the_next_one_small_at_once() {
        let mut pace = pace();
        for _ in 0..40 {
            pace.measured(100, MILLISECOND / 100);
        }
        pace.measured(10, 5 * MILLISECOND);
        assert_eq!(pace.batch(1024), 2);
        pace.measured(2, 100 * MILLISECOND);
        assert_eq!(pace.batch(1024), 1);
    }

    #[test]
    fn a_call_that_cannot_be_done_in_time_is_too_late() {
        let mut pace = pace();
        for _ in 0..100 {
            pace.measured(1, 2 * MILLISECOND);
        }
        assert!(!pace.is_too_late(96_999));
        assert!(pace.is_too_late(97_001));
    }

    #[test]
    fn a_slow_call_now_and_then_makes_no_quick_one_too_late() {
        let mut pace = pace();
        for _ in 0..10 {
            for _ in 0..20 {
                pace.measured(10, MILLISECOND);
            }
            pace.measured(1, 90 * MILLISECOND);
            assert!(!pace.is_too_late(80_000));
        }
    }

    #[test]
    fn a_young_call_is_never_too_late_however_slow_the_handler_is() {
        let mut pace = pace();
        for _ in 0..100 {
            pace.measured(1, 10_000 * MILLISECOND);
        }
        assert!(!pace.is_too_late(24_999));
        assert!(pace.is_too_late(25_000));
    }

    #[test]
    fn without_a_timeout_no_call_is_too_late() {
        let mut pace = Pace::new(Duration::MAX);
        pace.measured(1, Duration::MAX);
        assert!(!pace.is_too_late(1 << 60));
    }

    #[test]
    fn an_empty_batch_teaches_nothing() {
        let mut pace = pace();
        pace.measured(0, 50 * MILLISECOND);
        assert_eq!(pace.batch(1024), 1);
        assert!(!pace.is_too_late(99_999));
    }
}
