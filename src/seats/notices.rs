//! Notices of workers and rings, for the thread that has started the server.
//!
//! Invariant: each notice is taken once, and that thread is woken when one waits.

use std::mem;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Wake, lock};

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A ring thread has failed, for this reason.
    Failed(String),
    /// All ring threads have ended.
    Ended,
    /// New requests meet the functions of this table, on every ring.
    Adopted {
        /// Which table.
        generation: u32,
    },
    /// No ring calls the functions of this table any more, and every call is answered.
    Retired {
        /// Which table.
        generation: u32,
    },
    /// A client asks for the server's health.
    HealthAsked,
    /// A worker has been held for longer than a call may take.
    Overdue {
        /// Of which table.
        generation: u32,
        /// In which seat.
        seat: usize,
    },
    /// A call was lost with its worker.
    Lost {
        /// Of which table.
        generation: u32,
        /// In which seat.
        seat: usize,
        /// The function that it called.
        function: u16,
    },
}

/// The notices that were not taken yet. Their number is bounded by the numbers of rings, tables,
/// seats and calls in flight.
#[derive(Default)]
pub struct Notices {
    waiting: Mutex<Vec<Notice>>,
    /// `None` if the notices are taken without a wake-up.
    wake: Option<Box<dyn Wake>>,
    /// How many rings have ended, whichever table each had.
    ended: AtomicUsize,
}

impl Notices {
    /// Notices for which `wake` is called.
    #[must_use]
    pub fn new(wake: Box<dyn Wake>) -> Self {
        Self {
            waiting: Mutex::default(),
            wake: Some(wake),
            ended: AtomicUsize::new(0),
        }
    }

    /// The notices since the last time.
    #[must_use]
    pub fn take(&self) -> Vec<Notice> {
        mem::take(&mut *lock(&self.waiting))
    }

    /// A ring has ended. Returns how many have.
    pub(super) fn ring_ended(&self) -> usize {
        self.ended.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// However many clients ask, and on whichever rings, it is one notice until that is taken.
    pub(super) fn ask_health(&self) {
        let mut waiting = lock(&self.waiting);
        if !waiting.contains(&Notice::HealthAsked) {
            waiting.push(Notice::HealthAsked);
            drop(waiting);
            self.tell();
        }
    }

    pub(super) fn post(&self, notice: Notice) {
        lock(&self.waiting).push(notice);
        self.tell();
    }

    fn tell(&self) {
        if let Some(wake) = &self.wake {
            wake.wake();
        }
    }
}
