//! The answers that a connection owes: waited for, held back, encoded.
//!
//! Invariant: `owed` has one entry for each request that was read and is not encoded, in the order
//! of the requests, and its front is `Waiting` or there is none.

use super::{Connection, LATE_HANDLER, OVERLOADED, Reading, Turn};
use crate::bridge::Outcome;
use crate::http::{self, Refusal, ReplyTo, Status};

#[derive(Debug)]
pub(super) enum Answer {
    /// The handler has the number, since then, in microseconds.
    Waiting(ReplyTo, u64),
    /// The handler, which had the number since then, has answered, but not yet an earlier request.
    Ready(ReplyTo, u64, Outcome),
    /// Refused without the handler.
    Refused(ReplyTo, Refusal),
    /// A browser asked whether a page may call, and it may.
    Preflight(ReplyTo),
    /// `100 Continue` (RFC 9110 section 10.1.1), which goes before the answer and after those of
    /// earlier requests.
    Continue,
}

impl Connection {
    /// The handler has answered. False: nobody waits for this reply any more.
    pub fn replied(&mut self, sequence: u32, outcome: Outcome, turn: &mut Turn) -> bool {
        let Some((index, reply_to, since)) = self.waiting(sequence) else {
            return false;
        };
        match outcome {
            Outcome::Late => self.give_up(index, reply_to, since, turn),
            outcome if index == 0 => {
                self.pop_owed();
                self.encode_outcome(reply_to, since, &outcome, turn);
                self.encode_answers(turn);
            }
            outcome => self.owed[index] = Answer::Ready(reply_to, since, outcome),
        }
        true
    }

    /// The handler is given no more calls, and so not this one.
    pub fn overloaded(&mut self, sequence: u32, turn: &mut Turn) {
        if let Some((index, reply_to, _)) = self.waiting(sequence) {
            turn.counters.overloaded += 1;
            self.owed[index] = Answer::Refused(reply_to, OVERLOADED);
            self.encode_answers(turn);
        }
    }

    /// The time of the call at `index` is over.
    pub(super) fn give_up(&mut self, index: usize, to: ReplyTo, since: u64, turn: &mut Turn) {
        turn.counters.handler_timeouts += 1;
        turn.count_latency(since);
        self.owed[index] = Answer::Refused(to, LATE_HANDLER);
        self.encode_answers(turn);
    }

    /// Where the call `sequence` is among the answers owed, unless it has its answer.
    fn waiting(&self, sequence: u32) -> Option<(usize, ReplyTo, u64)> {
        let index = sequence.wrapping_sub(self.first_sequence) as usize;
        match self.owed.get(index)? {
            Answer::Waiting(reply_to, since) => Some((index, *reply_to, *since)),
            _ => None,
        }
    }

    /// How many of its numbers the handler has.
    #[must_use]
    pub fn calls_waiting(&self) -> usize {
        let is_waiting = |answer: &&Answer| matches!(answer, Answer::Waiting(..));
        self.owed.iter().filter(is_waiting).count()
    }

    pub(super) fn owe(&mut self, answer: Answer, turn: &mut Turn) {
        self.owed.push_back(answer);
        if self.owed.len() == 1 {
            self.encode_answers(turn);
        }
    }

    /// Encodes the answers that are ready, up to the first that is not.
    pub(super) fn encode_answers(&mut self, turn: &mut Turn) {
        loop {
            match self.owed.front() {
                None | Some(Answer::Waiting(..)) => return,
                Some(_) => {}
            }
            match self.pop_owed() {
                Answer::Ready(reply_to, since, outcome) => {
                    self.encode_outcome(reply_to, since, &outcome, turn);
                }
                Answer::Refused(to, refusal) => {
                    self.encode_error(to, refusal.status, refusal.message, turn);
                }
                Answer::Preflight(to) => {
                    let to = self.last_or(to);
                    turn.counters.responses_2xx += 1;
                    turn.counters.preflights += 1;
                    let origins = &turn.rules.origins;
                    http::encode_preflight(&mut self.output, to, &turn.date, origins);
                }
                Answer::Continue => http::encode_continue(&mut self.output),
                Answer::Waiting(..) => unreachable!("the front is not waiting"),
            }
        }
    }

    fn pop_owed(&mut self) -> Answer {
        self.first_sequence = self.first_sequence.wrapping_add(1);
        self.owed.pop_front().expect("there is a front")
    }

    fn encode_outcome(
        &mut self,
        reply_to: ReplyTo,
        since: u64,
        outcome: &Outcome,
        turn: &mut Turn,
    ) {
        match outcome {
            Outcome::Sent(at) => turn.count_latency_of_sent(since, *at),
            _ => turn.count_latency(since),
        }
        match outcome {
            Outcome::Value(value) => {
                let reply_to = self.last_or(reply_to);
                turn.counters.responses_2xx += 1;
                let origins = &turn.rules.origins;
                http::encode_value(&mut self.output, *value, reply_to, &turn.date, origins);
            }
            Outcome::Digits(digits) => {
                let reply_to = self.last_or(reply_to);
                turn.counters.responses_2xx += 1;
                let origins = &turn.rules.origins;
                http::encode_digits(&mut self.output, digits, reply_to, &turn.date, origins);
            }
            // It has not said that it is the last, even if the server closes.
            Outcome::Sent(_) => self.idle_since = turn.now,
            Outcome::Late => unreachable!("what is late is refused"),
            Outcome::Error(status, message) => {
                let status = Status::new(*status).unwrap_or(Status::INTERNAL_SERVER_ERROR);
                self.encode_error(reply_to, status, message, turn);
            }
        }
    }

    fn encode_error(&mut self, to: ReplyTo, status: Status, message: &str, turn: &mut Turn) {
        let reply_to = self.last_or(to);
        turn.count_error(status.code());
        let (out, origins) = (&mut self.output, &turn.rules.origins);
        http::encode_error(out, status, message, reply_to, &turn.date, origins);
    }

    /// Notes whether this answer is the connection's last, and lets it say so.
    fn last_or(&mut self, reply_to: ReplyTo) -> ReplyTo {
        let drained = self.is_draining() && self.owed.is_empty();
        let keep_alive = reply_to.keep_alive && !drained;
        if !keep_alive {
            self.answered_last = true;
            self.reading = Reading::Ended;
        }
        ReplyTo {
            keep_alive,
            ..reply_to
        }
    }
}
