//! The answering thread's side of a [`Mailbox`]: collects replies, and posts them together or, few
//! of them and to a ring thread that sleeps, sends them itself.

use std::mem;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use super::{Call, Line, Mailbox, Outcome, Reply, ReturnedLine};
use crate::http::{self, Date, ReplyTo};
use crate::limits::DIRECT_ANSWERS_MAX;
use crate::uring::Token;

/// How old a `Date` may get.
const DATE_AGE_MAX: Duration = Duration::from_millis(250);

/// Where one thread leaves its answers for one ring thread.
#[derive(Debug)]
pub struct Outbox {
    mailbox: Arc<Mailbox>,
    replies: Vec<Reply>,
    /// Those of the first replies, as many as may be sent from here.
    lines: Vec<Weak<Line>>,
    date: Date,
    date_made: SystemTime,
    /// Reused by each direct answer.
    bytes: Vec<u8>,
}

/// An answer that this thread sends.
struct Direct {
    line: Arc<Line>,
    token: Token,
    /// Where it ends in `bytes`; it begins where the one before ends.
    end: usize,
}

impl Outbox {
    /// An empty outbox for the ring thread of `mailbox`.
    #[must_use]
    pub fn new(mailbox: Arc<Mailbox>) -> Self {
        let now = SystemTime::now();
        Self {
            mailbox,
            replies: Vec::new(),
            lines: Vec::new(),
            date: Date::at(now),
            date_made: now,
            bytes: Vec::new(),
        }
    }

    /// Notes the answer to a call; it goes with the next [`Outbox::post`].
    pub fn answer(&mut self, call: Call, outcome: Outcome) {
        self.replies.push(call.reply(outcome));
        if self.replies.len() <= DIRECT_ANSWERS_MAX {
            self.lines.push(call.line);
        }
    }

    /// Sends or posts what was answered.
    pub fn post(&mut self) {
        if self.replies.is_empty() {
            return;
        }
        let direct = if self.replies.len() <= DIRECT_ANSWERS_MAX && self.mailbox.is_asleep() {
            self.encode_direct_answers()
        } else {
            Vec::new()
        };
        if direct.is_empty() {
            self.mailbox.post_replies(&mut self.replies);
        } else {
            self.send(direct);
        }
        self.lines.clear();
    }

    /// Encodes the answers that may be sent from here, and leaves in their replies that they are.
    fn encode_direct_answers(&mut self) -> Vec<Direct> {
        self.update_date();
        self.bytes.clear();
        let mut direct = Vec::new();
        for (reply, line) in self.replies.iter_mut().zip(&self.lines) {
            let Outcome::Value(value) = reply.outcome else {
                continue;
            };
            let Some(line) = line.upgrade().filter(|line| line.take(reply.sequence)) else {
                continue;
            };
            http::encode_value(&mut self.bytes, value, ReplyTo::ORDINARY, &self.date);
            reply.outcome = Outcome::Sent;
            direct.push(Direct {
                line,
                token: reply.token,
                end: self.bytes.len(),
            });
        }
        direct
    }

    /// Posts first and sends then: the request that follows an answer finds the answer known.
    fn send(&mut self, direct: Vec<Direct>) {
        let all = direct.len() == self.replies.len();
        self.mailbox
            .post_sent(&mut self.replies, direct.len() as u64, !all);
        let mut start = 0;
        for Direct { line, token, end } in direct {
            let answer = &self.bytes[mem::replace(&mut start, end)..end];
            // What an error means, the ring thread finds out when it sends the same.
            let sent = line.send(answer).unwrap_or(0);
            if sent < answer.len() || !line.give_back() {
                let unsent = answer[sent..].to_vec();
                self.mailbox.return_line(ReturnedLine { token, unsent });
            }
        }
    }

    fn update_date(&mut self) {
        let now = SystemTime::now();
        let age = now.duration_since(self.date_made);
        if age.is_ok_and(|age| age < DATE_AGE_MAX) {
            return;
        }
        self.date = Date::at(now);
        self.date_made = now;
    }
}
