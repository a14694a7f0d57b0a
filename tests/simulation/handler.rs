//! The handler: it keeps its calls, and answers some of them at once.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use ringcall::bridge::{Call, CallSink, Delivery, LeasedSocket, Outcome, Reply, ReplyQueue};

use crate::client::{is_error, is_late};
use crate::functions;

/// Bytes of the longest answers.
pub(crate) const ANSWER_BYTES_MAX: usize = 100 * 1024;

#[derive(Debug)]
pub(crate) struct Handler {
    reply_queue: Arc<ReplyQueue>,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// Handed over and not answered.
    pub(crate) calls: Vec<Call>,
    /// Handed over since the world last looked.
    pub(crate) handed: Vec<Handed>,
}

#[derive(Debug)]
pub(crate) struct Handed {
    pub(crate) number: i64,
    /// It was answered at once.
    pub(crate) is_answered: bool,
    pub(crate) lease: Weak<LeasedSocket>,
}

impl Handler {
    pub(crate) fn new(reply_queue: Arc<ReplyQueue>) -> Self {
        Self {
            reply_queue,
            kept: Mutex::default(),
        }
    }

    pub(crate) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap()
    }
}

impl CallSink for Handler {
    fn call(&self, calls: &mut Vec<Call>) {
        let mut kept = self.kept();
        let mut at_once = Vec::new();
        for call in mem::take(calls) {
            let number = number(&call);
            let is_answered = number % 5 == 0;
            kept.handed.push(Handed {
                number,
                is_answered,
                lease: Weak::clone(&call.lease),
            });
            if is_answered {
                at_once.push(reply(call));
            } else {
                kept.calls.push(call);
            }
        }
        self.reply_queue.post_replies(&mut at_once);
    }

    fn closed(&self, _: Option<String>) {}
}

pub(crate) fn reply(call: Call) -> Reply {
    let delivery = delivery(&call);
    call.reply(delivery)
}

/// True: it is the call of a plain function, which has no arguments to count.
fn is_plain(call: &Call) -> bool {
    call.count == 0
}

/// The number that identifies the call's client and request.
pub(crate) fn number(call: &Call) -> i64 {
    if is_plain(call) {
        call.number()
    } else {
        functions::number(call)
    }
}

/// The delivery of a call's outcome.
pub(crate) fn delivery(call: &Call) -> Delivery {
    if is_late(number(call)) {
        return Delivery::Late;
    }
    outcome(call).into()
}

/// The outcome of a call.
fn outcome(call: &Call) -> Outcome {
    let number = number(call);
    if is_error(number) {
        Outcome::Error(422, number.to_string().into())
    } else if !is_plain(call) {
        functions::outcome_within(call, ANSWER_BYTES_MAX)
    } else if number % 7 == 5 {
        Outcome::Digits(number.to_string().into())
    } else {
        Outcome::Value(number)
    }
}
