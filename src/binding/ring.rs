//! One ring's numbers and values as JavaScript handles them: a class over its [`Exchange`].
//!
//! `lib/batches.js` is its only caller, on the JavaScript thread, with the typed arrays that were
//! passed to `listen` for this ring.

use std::cell::RefCell;
use std::rc::Rc;

use napi_derive::napi;

use super::handover::Exchange;

/// The JavaScript thread's end of one ring.
#[napi]
pub struct NativeRing {
    /// Shared with the server, for its stats.
    exchange: Rc<RefCell<Exchange>>,
}

impl NativeRing {
    pub(super) fn new(exchange: Rc<RefCell<Exchange>>) -> Self {
        Self { exchange }
    }
}

#[napi]
impl NativeRing {
    /// Posts the first `results` results, and puts the next batch into the arrays. Returns its
    /// length: 0 where none waits (`dispatch` is called when one does), -1 where none will come any
    /// more.
    #[napi]
    pub fn exchange(&self, results: u32) -> i32 {
        let mut exchange = self.exchange.borrow_mut();
        exchange.post(results);
        exchange.next_batch()
    }

    /// Posts the first `results` results.
    #[napi]
    pub fn post(&self, results: u32) {
        self.exchange.borrow_mut().post(results);
    }

    /// Has `dispatch` called again, after what else waits on the JavaScript thread.
    #[napi]
    pub fn reschedule(&self) {
        self.exchange.borrow().reschedule();
    }

    /// The result of call `id`: an integer of any length. Goes with the next results posted.
    #[napi]
    pub fn reply_digits(&self, id: f64, digits: String) {
        self.exchange.borrow_mut().reply_digits(id, digits);
    }

    /// The result of call `id`: an error. Goes with the next results posted.
    #[napi]
    pub fn reply_error(&self, id: f64, status: u16, message: String) {
        self.exchange.borrow_mut().reply_error(id, status, message);
    }

    /// After `exchange` has returned -1: lets go of the ring thread's side, and returns what ended
    /// the thread before its time, if something did.
    #[napi]
    pub fn release(&self) -> Option<String> {
        self.exchange.borrow_mut().release()
    }
}
