//! The time that a test says it is, for its own thread; for all others it is what it is.

use std::cell::Cell;
use std::time::{Duration, Instant};

thread_local! {
    static NOW: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// What the test says.
pub(crate) fn now() -> Option<Instant> {
    NOW.get()
}

/// Time stands still until it is told to pass.
pub(super) fn stop() -> Instant {
    let now = Instant::now();
    NOW.set(Some(now));
    now
}

pub(super) fn pass(time: Duration) {
    NOW.set(NOW.get().map(|now| now + time));
}
