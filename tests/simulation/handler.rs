//! The handler: it keeps its calls, and answers some of them at once.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard};

use ringcall::bridge::{Call, Mailbox, Outcome, Service};

use crate::client::is_error;

#[derive(Debug)]
pub(crate) struct Handler {
    mailbox: Arc<Mailbox>,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// Handed over and not answered.
    pub(crate) calls: Vec<Call>,
    /// Handed over since the world looked last, and how many of those have been answered at once.
    pub(crate) handed: Vec<(i64, bool)>,
}

impl Handler {
    pub(crate) fn new(mailbox: Arc<Mailbox>) -> Self {
        Self {
            mailbox,
            kept: Mutex::default(),
        }
    }

    pub(crate) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap()
    }
}

impl Service for Handler {
    fn call(&self, calls: &mut Vec<Call>) {
        let mut kept = self.kept();
        let mut at_once = Vec::new();
        for call in mem::take(calls) {
            let answers = call.number % 5 == 0;
            kept.handed.push((call.number, answers));
            if answers {
                at_once.push(call.reply(outcome(call.number)));
            } else {
                kept.calls.push(call);
            }
        }
        self.mailbox.post_replies(&mut at_once);
    }

    fn closed(&self, _: Option<String>) {}
}

/// What the handler makes of a number.
pub(crate) fn outcome(number: i64) -> Outcome {
    if is_error(number) {
        Outcome::Error(422, number.to_string().into())
    } else if number % 7 == 5 {
        Outcome::Digits(number.to_string().into())
    } else {
        Outcome::Value(number)
    }
}
