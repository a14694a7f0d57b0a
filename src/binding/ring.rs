//! One ring's numbers and values as JavaScript handles them: a class over its [`Exchange`].
//!
//! `lib/batches.js` is its only caller, on the JavaScript thread, with the typed arrays that were
//! passed to `listen` for this ring.

use std::cell::RefCell;
use std::rc::Rc;

use napi_derive::napi;

use super::exchange::Exchange;

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
    /// Posts the first `results` results, takes the calls of the last batch from number `begun` on
    /// back, and puts the next batch into the arrays. Returns its length: 0 where none waits
    /// (`dispatch` is called when one does), -1 where none will come any more.
    #[napi]
    pub fn exchange(&self, results: u32, begun: u32) -> i32 {
        self.exchange.borrow_mut().exchange(results, begun)
    }

    /// Posts the first `results` results.
    #[napi]
    pub fn post(&self, results: u32) {
        self.exchange.borrow_mut().post(results);
    }

    /// Gives up the calls that JavaScript has had for longer than `handlerTimeout`. Returns in how
    /// many milliseconds the next one's time is over, or a negative number where JavaScript has
    /// none.
    #[napi]
    pub fn expire(&self) -> f64 {
        self.exchange.borrow_mut().expire()
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
