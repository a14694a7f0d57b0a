//! The time by which calls are measured. A test may set it.

use std::time::Instant;

/// The time.
pub(super) fn now() -> Instant {
    #[cfg(test)]
    if let Some(now) = super::tests::clock::now() {
        return now;
    }
    Instant::now()
}
