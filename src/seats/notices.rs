//! What the thread that has started a server is told of its workers and its rings.
//!
//! Invariant: each notice is taken once, and where some wait, that thread is woken.

use std::mem;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Wake, lock};

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A ring thread has ended before its time, and this is what ended it.
    Failed(String),
    /// All ring threads have ended.
    Ended,
    /// New requests meet the functions of this table, whichever ring reads them.
    Adopted {
        /// Which table.
        generation: u32,
    },
    /// No ring calls the functions of this table any more, and all that was called is answered.
    Retired {
        /// Which table.
        generation: u32,
    },
    /// Somebody asks how the server is.
    HealthAsked,
    /// A worker is held up for longer than a call may take.
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
        /// What it called.
        function: u16,
    },
}

/// What the thread that has started a server has not taken yet. It is bounded by what there is to
/// tell of: rings, tables, seats, and calls, of which a server has no more in hand than it may.
#[derive(Default)]
pub struct Notices {
    waiting: Mutex<Vec<Notice>>,
    /// Nothing where they are taken without being told of.
    wake: Option<Box<dyn Wake>>,
    /// How many rings have ended, whichever table each had.
    ended: AtomicUsize,
}

impl Notices {
    /// Notices of which `wake` tells.
    #[must_use]
    pub fn new(wake: Box<dyn Wake>) -> Self {
        Self {
            waiting: Mutex::default(),
            wake: Some(wake),
            ended: AtomicUsize::new(0),
        }
    }

    /// What has happened since the last time.
    #[must_use]
    pub fn take(&self) -> Vec<Notice> {
        mem::take(&mut *lock(&self.waiting))
    }

    /// A ring has ended, and so have as many in all.
    pub(super) fn ring_ended(&self) -> usize {
        self.ended.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// However many ask, and on whichever rings, it is one notice until that is taken.
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
