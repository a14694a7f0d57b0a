//! What time it is, for whoever counts how long calls take; in a test, what that says.

use std::time::Instant;

/// What time it is.
pub(super) fn now() -> Instant {
    #[cfg(test)]
    if let Some(now) = super::tests::clock::now() {
        return now;
    }
    Instant::now()
}
