//! One ring's calls and values as JavaScript handles them: a class over its [`Exchange`].
//!
//! `lib/batches.js` is its only caller, on the JavaScript thread, with the typed arrays that were
//! passed to `listen` for this ring.

use std::cell::RefCell;
use std::rc::Rc;

use napi::bindgen_prelude::{ArrayBuffer, Either, Uint8ArraySlice};
use napi::{Env, JsString};
use napi_derive::napi;

use super::exchange::Exchange;
use super::results;
use crate::bridge::Outcome;

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

    /// What of the batch's arguments is neither a slot nor a buffer: a JSON array.
    #[napi]
    pub fn text<'env>(&self, env: &'env Env) -> napi::Result<JsString<'env>> {
        env.create_string_latin1(self.exchange.borrow().text())
    }

    /// The buffers among the batch's arguments, in their order.
    #[napi]
    pub fn buffers<'env>(&self, env: &'env Env) -> napi::Result<Vec<ArrayBuffer<'env>>> {
        let exchange = self.exchange.borrow();
        let buffers = exchange.buffers();
        buffers
            .map(|bytes| ArrayBuffer::copy_from(env, bytes))
            .collect()
    }

    /// Whether somebody waits for the answer of call `id`; nobody does once its time is over.
    #[napi]
    pub fn is_awaited(&self, id: f64) -> bool {
        self.exchange.borrow().is_awaited(id)
    }

    /// The result of call `id`: an integer of any length. It goes with the next results posted, as
    /// with the next three.
    #[napi]
    pub fn reply_digits(&self, id: f64, digits: String) {
        self.reply(id, Outcome::Digits(digits.into_boxed_str()));
    }

    /// A text of this kind that is too long for the typed arrays.
    #[napi]
    pub fn reply_text(&self, id: f64, kind: u8, text: String) {
        self.reply(id, results::text(kind, text));
    }

    /// A status from 200 to 599, whole header lines, in ASCII, each with the line end before it,
    /// and a body.
    #[napi]
    pub fn reply_answer(
        &self,
        id: f64,
        status: u16,
        fields: String,
        body: Either<String, Uint8ArraySlice<'_>>,
    ) {
        self.reply(id, results::answer(status, fields, body));
    }

    /// An error: its status and the sentence that the client may read.
    #[napi]
    pub fn reply_error(&self, id: f64, status: u16, message: String) {
        self.reply(id, Outcome::Error(status, message.into_boxed_str()));
    }

    fn reply(&self, id: f64, outcome: Outcome) {
        self.exchange.borrow_mut().reply(id, outcome);
    }

    /// After `exchange` has returned -1: lets go of the ring thread's side, and returns what ended
    /// the thread before its time, if something did.
    #[napi]
    pub fn release(&self) -> Option<String> {
        self.exchange.borrow_mut().release()
    }
}
