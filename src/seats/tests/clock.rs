//! The time that a test sets for its own thread. Other threads have the real time.

use std::cell::Cell;
use std::time::{Duration, Instant};

thread_local! {
    static NOW: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// The time that the test has set.
pub(crate) fn now() -> Option<Instant> {
    NOW.get()
}

/// Stops time until `pass`.
pub(super) fn stop() -> Instant {
    let now = Instant::now();
    NOW.set(Some(now));
    now
}

pub(super) fn pass(time: Duration) {
    NOW.set(NOW.get().map(|now| now + time));
}
