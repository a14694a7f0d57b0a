//! The place of one thread that takes calls, whoever has it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::exchange::Exchange;
use super::times::Histograms;

/// The place of one thread that takes calls.
pub(super) struct Seat {
    /// `None`: nobody is there.
    pub(super) exchange: Mutex<Option<Exchange>>,
    /// True: nothing is asked of whoever is there.
    pub(super) is_at_rest: AtomicBool,
    /// How often somebody has come, or asked for calls. It goes on with whoever is next, so that
    /// nobody is taken for who was there before.
    pub(super) visits: AtomicU64,
    /// True: whoever is there has been held for too long, and has not asked for calls since.
    pub(super) is_overdue: AtomicBool,
    pub(super) histograms: Arc<Histograms>,
}

impl Seat {
    /// Nobody is there yet, and there are so many functions by name.
    pub(super) fn new(functions: usize) -> Self {
        Self {
            exchange: Mutex::new(None),
            is_at_rest: AtomicBool::new(true),
            visits: AtomicU64::new(0),
            is_overdue: AtomicBool::new(false),
            histograms: Arc::new(Histograms::new(functions)),
        }
    }

    /// Somebody has come, or asks for calls. With the lock of it.
    pub(super) fn is_visited(&self) {
        let visits = self.visits.load(Ordering::Relaxed);
        self.visits.store(visits + 1, Ordering::Relaxed);
        self.is_overdue.store(false, Ordering::Relaxed);
    }
}
