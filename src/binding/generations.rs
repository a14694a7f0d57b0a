//! The generations of a server's functions: the seats of the table that new requests meet, and of
//! those that were replaced and still have calls. Workers find them by the number of the table,
//! from their own threads.
//!
//! Invariant: a number never names two tables of the process.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use crate::seats::Seats;

static ALL: LazyLock<Mutex<HashMap<u32, Arc<Seats>>>> = LazyLock::new(Mutex::default);
static NEXT: AtomicU32 = AtomicU32::new(1);

/// The seats of one server's tables, each with the number of its table, the newest last.
#[derive(Default)]
pub(super) struct Generations(RefCell<Vec<(u32, Arc<Seats>)>>);

impl Generations {
    /// Adds the generation that new requests meet, and starts its watchdog.
    pub(super) fn add(&self, seats: Arc<Seats>) -> io::Result<()> {
        seats.start_watchdog()?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        all().insert(number, Arc::clone(&seats));
        self.0.borrow_mut().push((number, seats));
        Ok(())
    }

    /// The one that new requests meet.
    pub(super) fn current(&self) -> Arc<Seats> {
        let generations = self.0.borrow();
        Arc::clone(&generations.last().expect("a server has one").1)
    }

    /// The number of its table.
    pub(super) fn number(&self) -> u32 {
        self.0.borrow().last().expect("a server has one").0
    }

    pub(super) fn get(&self, generation: u32) -> Option<Arc<Seats>> {
        let generations = self.0.borrow();
        let found = generations
            .iter()
            .find(|(_, seats)| seats.generation() == generation);
        found.map(|(_, seats)| Arc::clone(seats))
    }

    /// Drops a generation that was replaced and has no calls any more.
    pub(super) fn forget(&self, generation: u32) {
        let mut generations = self.0.borrow_mut();
        let is_replaced = |at: &usize| at + 1 < generations.len();
        let at = generations
            .iter()
            .position(|(_, seats)| seats.generation() == generation)
            .filter(is_replaced);
        if let Some(at) = at {
            let (number, seats) = generations.remove(at);
            all().remove(&number);
            seats.end();
        }
    }

    /// Ends all generations: no thread can take a seat any more, and the watchdogs end.
    pub(super) fn end(&self) {
        for (number, seats) in &*self.0.borrow() {
            all().remove(number);
            seats.end();
        }
    }
}

/// The seats of the table with this number, of whichever server.
pub(super) fn find(number: u32) -> Option<Arc<Seats>> {
    all().get(&number).map(Arc::clone)
}

fn all() -> MutexGuard<'static, HashMap<u32, Arc<Seats>>> {
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}
