//! The table of functions that a ring's new requests meet, which others may change.
//!
//! Invariant: a change that is followed by a wake-up takes effect in the ring's next turn.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::connection::Table;

/// The table of functions that one ring's new requests meet.
#[derive(Debug)]
pub struct CurrentTable {
    /// `None` once the ring has ended.
    table: Mutex<Option<Arc<Table>>>,
    /// How often it has been changed.
    changes: AtomicU64,
}

impl CurrentTable {
    pub(super) fn new(table: Table) -> Self {
        Self {
            table: Mutex::new(Some(Arc::new(table))),
            changes: AtomicU64::new(0),
        }
    }

    /// Has new requests meet another table, unless the ring has ended.
    pub fn change(&self, table: Table) {
        let mut current = self.lock();
        if current.is_some() {
            let before = current.replace(Arc::new(table));
            self.changes.fetch_add(1, Ordering::SeqCst);
            drop(current);
            drop(before);
        }
    }

    /// The ring has ended; `failure` says why, if it was not closed.
    pub fn close(&self, failure: Option<String>) {
        let table = self.lock().take();
        if let Some(table) = table {
            table.sink.closed(failure);
        }
    }

    pub(super) fn get(&self) -> Option<Arc<Table>> {
        self.lock().clone()
    }

    /// How often it has been changed. For the ring thread.
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Table>>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
