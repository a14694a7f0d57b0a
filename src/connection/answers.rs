//! The answers that a connection owes: waited for, held back, encoded.
//!
//! Invariant: `owed` has one entry for each request that was read and is not encoded, in the order
//! of the requests, and its front is `Waiting` or `Asked`, or there is none.

use std::sync::Arc;

use super::{Connection, Context, LATE_HANDLER, OVERLOADED, Reading};
use crate::bridge::{Delivery, Outcome};
use crate::bytes::Bytes;
use crate::http::{self, Code, Methods, Problem, Refusal, ResponseFraming, Status};
use crate::routes::Serving;

/// An answer that is owed to one request, and how far it has come.
#[derive(Debug)]
pub(super) enum Owed {
    /// The handler has had the call since this time, in microseconds.
    Waiting(ResponseFraming, u64),
    /// JavaScript was asked for the server's health, at this time.
    HealthAsked(ResponseFraming, u64),
    /// JavaScript was asked, and the server is well.
    Healthy(ResponseFraming),
    /// The handler, which had the call since this time, has answered. An earlier request is not
    /// answered yet.
    Ready(ResponseFraming, u64, Outcome),
    /// Refused without the handler.
    Refused(ResponseFraming, Refusal),
    /// Refused without the handler, with particulars.
    Problem(ResponseFraming, Box<Problem>),
    /// A document.
    Document(ResponseFraming, Serving),
    /// A CORS preflight: a page may use one of these methods.
    Preflight(ResponseFraming, Methods),
    /// `100 Continue` (RFC 9110 section 10.1.1), which goes before the answer to this request and
    /// after those to earlier ones.
    Continue,
}

impl Connection {
    /// A call is over. False: nothing waits for this reply any more.
    pub fn replied(&mut self, sequence: u32, delivery: Delivery, context: &mut Context) -> bool {
        let Some((index, framing, since)) = self.waiting(sequence) else {
            return false;
        };
        match delivery {
            Delivery::Late => self.give_up(index, framing, since, context),
            Delivery::Sent(at) => {
                debug_assert_eq!(index, 0, "a socket is leased for the first answer owed");
                self.pop_owed();
                context.count_latency_of_sent(since, at);
                // The answer did not say that it is the last, even if the server is closing.
                self.idle_since = context.now;
                self.encode_answers(context);
            }
            Delivery::ToSend(outcome) if index == 0 => {
                self.pop_owed();
                self.encode_outcome(framing, since, outcome, context);
                self.encode_answers(context);
            }
            Delivery::ToSend(outcome) => {
                self.owed[index] = Owed::Ready(framing, since, outcome);
                self.held_bytes += held(&self.owed[index]);
            }
        }
        true
    }

    /// The handler may be given no more calls, and this one is refused.
    pub fn overloaded(&mut self, sequence: u32, context: &mut Context) {
        if let Some((index, framing, _)) = self.waiting(sequence) {
            context.counters.overloaded += 1;
            self.owed[index] = Owed::Refused(framing, OVERLOADED);
            self.encode_answers(context);
        }
    }

    /// The time of the call or question at `index` is over.
    pub(super) fn give_up(
        &mut self,
        index: usize,
        framing: ResponseFraming,
        since: u64,
        context: &mut Context,
    ) {
        if matches!(self.owed[index], Owed::HealthAsked(..)) {
            return self.give_health_up(index, framing, context);
        }
        context.counters.handler_timeouts += 1;
        context.count_latency(since);
        self.owed[index] = Owed::Refused(framing, LATE_HANDLER);
        self.encode_answers(context);
    }

    /// The place of call `sequence` among the answers owed, unless it has its answer.
    fn waiting(&self, sequence: u32) -> Option<(usize, ResponseFraming, u64)> {
        let index = sequence.wrapping_sub(self.first_sequence) as usize;
        match self.owed.get(index)? {
            Owed::Waiting(framing, since) => Some((index, *framing, *since)),
            _ => None,
        }
    }

    /// How many of its calls the handler has.
    #[must_use]
    pub fn calls_waiting(&self) -> usize {
        let is_waiting = |answer: &&Owed| matches!(answer, Owed::Waiting(..));
        self.owed.iter().filter(is_waiting).count()
    }

    pub(super) fn owe(&mut self, answer: Owed, context: &mut Context) {
        self.held_bytes += held(&answer);
        self.owed.push_back(answer);
        if self.owed.len() == 1 {
            self.encode_answers(context);
        }
    }

    /// Encodes the answers that are ready, up to the first that is not.
    pub(super) fn encode_answers(&mut self, context: &mut Context) {
        loop {
            match self.owed.front() {
                None | Some(Owed::Waiting(..) | Owed::HealthAsked(..)) => return,
                Some(_) => {}
            }
            let answer = self.pop_owed();
            self.held_bytes -= held(&answer);
            match answer {
                Owed::Ready(framing, since, outcome) => {
                    self.encode_outcome(framing, since, outcome, context);
                }
                Owed::Refused(framing, refusal) => {
                    context.count_refusal(refusal.status.code());
                    self.encode_error(
                        framing,
                        refusal.status,
                        refusal.code,
                        refusal.message,
                        context,
                    );
                }
                Owed::Problem(framing, problem) => {
                    let framing = self.last_or(framing);
                    context.count_refusal(problem.status.code());
                    let (out, origins) = (self.output.tail(), &context.rules.origins);
                    http::encode_problem(out, &problem, framing, &context.date, origins);
                }
                Owed::Document(framing, serving) => {
                    self.encode_document(framing, &serving, context);
                }
                Owed::Preflight(framing, methods) => {
                    let framing = self.last_or(framing);
                    context.count_answer(Status::NO_CONTENT.code());
                    let (out, origins) = (self.output.tail(), &context.rules.origins);
                    http::encode_preflight(out, methods, framing, &context.date, origins);
                }
                Owed::Continue => http::encode_continue(self.output.tail()),
                Owed::Healthy(framing) => self.encode_healthy(framing, context),
                Owed::Waiting(..) | Owed::HealthAsked(..) => {
                    unreachable!("the front is not waiting")
                }
            }
        }
    }

    fn pop_owed(&mut self) -> Owed {
        self.first_sequence = self.first_sequence.wrapping_add(1);
        self.owed.pop_front().expect("there is a front")
    }

    fn encode_outcome(
        &mut self,
        framing: ResponseFraming,
        since: u64,
        outcome: Outcome,
        context: &mut Context,
    ) {
        context.count_latency(since);
        match outcome {
            Outcome::Value(value) => {
                let framing = self.last_or(framing);
                context.count_ok();
                let (out, origins) = (self.output.tail(), &context.rules.origins);
                http::encode_value(out, value, framing, &context.date, origins);
            }
            Outcome::Digits(digits) => {
                let framing = self.last_or(framing);
                context.count_ok();
                let (out, origins) = (self.output.tail(), &context.rules.origins);
                http::encode_digits(out, &digits, framing, &context.date, origins);
            }
            Outcome::Json(body) => {
                let framing = self.last_or(framing);
                context.count_ok();
                let (out, origins) = (self.output.tail(), &context.rules.origins);
                http::encode_json(out, body.len(), framing, &context.date, origins);
                self.push_body(body.into(), framing);
            }
            Outcome::Response(response) => self.encode_response(framing, *response, context),
            Outcome::Error(status, message) => {
                let status = Status::new(status).unwrap_or(Status::INTERNAL_SERVER_ERROR);
                context.count_answer(status.code());
                self.encode_error(
                    framing,
                    status,
                    Code::of_function(status),
                    &message,
                    context,
                );
            }
        }
    }

    pub(super) fn encode_response(
        &mut self,
        framing: ResponseFraming,
        response: http::Response,
        context: &mut Context,
    ) {
        let framing = self.last_or(framing);
        context.count_answer(response.status.code());
        let (out, origins) = (self.output.tail(), &context.rules.origins);
        http::encode_response(out, &response, framing, &context.date, origins);
        self.push_body(response.body.into(), framing);
    }

    fn encode_document(
        &mut self,
        framing: ResponseFraming,
        serving: &Serving,
        context: &mut Context,
    ) {
        let Serving { document, is_known } = serving;
        let framing = self.last_or(framing);
        let (out, origins) = (self.output.tail(), &context.rules.origins);
        http::encode_document(out, document, *is_known, framing, &context.date, origins);
        if *is_known {
            context.count_answer(Status::NOT_MODIFIED.code());
        } else {
            context.count_ok();
            self.push_body(Bytes::Shared(Arc::clone(document.body())), framing);
        }
    }

    fn push_body(&mut self, body: Bytes, framing: ResponseFraming) {
        if !framing.head_only {
            self.output.push_body(body);
        }
    }

    fn encode_error(
        &mut self,
        framing: ResponseFraming,
        status: Status,
        code: Code,
        message: &str,
        context: &mut Context,
    ) {
        let framing = self.last_or(framing);
        let out = self.output.tail();
        http::encode_error(
            out,
            status,
            code,
            message,
            framing,
            &context.date,
            &context.rules,
        );
    }

    /// The framing of the next answer. If it is the connection's last, it says so, and nothing more
    /// is read.
    fn last_or(&mut self, framing: ResponseFraming) -> ResponseFraming {
        let drained = self.is_draining() && self.owed.is_empty();
        let keep_alive = framing.keep_alive && !drained;
        if !keep_alive {
            self.reading = Reading::Ended;
        }
        ResponseFraming {
            keep_alive,
            ..framing
        }
    }
}

/// Bytes that an answer holds, or will have, and that are not encoded yet.
fn held(answer: &Owed) -> usize {
    let outcome = match answer {
        Owed::Ready(_, _, outcome) => outcome,
        Owed::Document(framing, serving) if !serving.is_known && !framing.head_only => {
            return serving.document.body().len();
        }
        _ => return 0,
    };
    match outcome {
        Outcome::Json(body) => body.len(),
        Outcome::Response(response) => response.fields.len() + response.body.len(),
        Outcome::Digits(digits) => digits.len(),
        _ => 0,
    }
}
