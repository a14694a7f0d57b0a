//! The seat of one thread that takes calls, whichever thread has it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::consumer::Consumer;
use super::times::Histograms;

/// The seat of one thread that takes calls.
pub(super) struct Seat {
    /// `None`: the seat is empty.
    pub(super) consumer: Mutex<Option<Consumer>>,
    /// True: nothing is asked of the thread that has it.
    pub(super) is_at_rest: AtomicBool,
    /// How often a thread has taken the seat, or asked for calls there. It counts on with the next
    /// thread, so that this one is not taken for the one before.
    pub(super) visits: AtomicU64,
    /// True: its thread has been held for too long, and has not asked for calls since.
    pub(super) is_overdue: AtomicBool,
    pub(super) histograms: Arc<Histograms>,
}

impl Seat {
    /// An empty seat, for so many functions by name.
    pub(super) fn new(functions: usize) -> Self {
        Self {
            consumer: Mutex::new(None),
            is_at_rest: AtomicBool::new(true),
            visits: AtomicU64::new(0),
            is_overdue: AtomicBool::new(false),
            histograms: Arc::new(Histograms::new(functions)),
        }
    }

    /// A thread has taken the seat, or asks for calls. The caller has the lock of `consumer`.
    pub(super) fn visited(&self) {
        let visits = self.visits.load(Ordering::Relaxed);
        self.visits.store(visits + 1, Ordering::Relaxed);
        self.is_overdue.store(false, Ordering::Relaxed);
    }
}
