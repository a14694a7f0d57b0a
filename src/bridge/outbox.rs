//! The answering thread's side of a [`Mailbox`]: collects replies, and posts them together or, few
//! of them and to a ring thread that sleeps, sends them itself.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::ops::Range;
use std::os::fd::BorrowedFd;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant, SystemTime};

use super::{Call, ConnectionId, Line, Mailbox, Outcome, Reply, ReturnedLine};
use crate::http::{self, Date, Origins, ReplyTo};
use crate::limits::{DATE_AGE_MS_MAX, DIRECT_ANSWERS_MAX, OUTPUT_BYTES_MAX};
use crate::uring;

/// Where one thread leaves its answers for one ring thread.
#[derive(Debug)]
pub struct Outbox {
    mailbox: Arc<Mailbox>,
    replies: Vec<Reply>,
    /// Those of the first replies, as many as may be sent from here.
    lines: Vec<Weak<Line>>,
    date: Date,
    date_made: Instant,
    /// The answers that this thread sends, and their bytes; empty between two posts.
    direct: VecDeque<Direct>,
    bytes: Vec<u8>,
}

/// An answer that this thread sends.
#[derive(Debug)]
struct Direct {
    line: Arc<Line>,
    connection: ConnectionId,
    /// Where it is in `bytes`.
    answer: Range<usize>,
}

impl Outbox {
    /// An empty outbox for the ring thread of `mailbox`.
    #[must_use]
    pub fn new(mailbox: Arc<Mailbox>) -> Self {
        Self {
            mailbox,
            replies: Vec::new(),
            lines: Vec::new(),
            date: Date::at(SystemTime::now()),
            date_made: Instant::now(),
            direct: VecDeque::new(),
            bytes: Vec::new(),
        }
    }

    /// Notes the answer to a call; it goes with the next [`Outbox::post`].
    pub fn answer(&mut self, mut call: Call, outcome: Outcome) {
        let line = mem::take(&mut call.line);
        self.replies.push(call.reply(outcome));
        if self.replies.len() <= DIRECT_ANSWERS_MAX {
            self.lines.push(line);
        }
    }

    /// Sends or posts what was answered; it is `now`.
    pub fn post(&mut self, now: Instant) {
        self.begin(now);
        while self.go_on(uring::send_at_once) {}
    }

    /// The first step of a post: takes the lines that there are to send on.
    pub fn begin(&mut self, now: Instant) {
        let is_few = (1..=DIRECT_ANSWERS_MAX).contains(&self.replies.len());
        if is_few && self.mailbox.is_asleep() {
            self.take_lines(now);
        }
        self.lines.clear();
    }

    /// The next step of a post, between any two of which the ring thread may do anything. False: it
    /// is done. `transmit` sends what goes at once, without waiting.
    ///
    /// Posts first and sends then: the request that follows an answer finds the answer known.
    pub fn go_on(
        &mut self,
        transmit: impl FnOnce(BorrowedFd<'_>, &[u8]) -> io::Result<usize>,
    ) -> bool {
        if !self.replies.is_empty() {
            let sent = self.direct.len();
            self.mailbox.post_sent(&mut self.replies, sent);
        } else if let Some(direct) = self.direct.pop_front() {
            self.send(direct, transmit);
        } else {
            self.bytes.clear();
            return false;
        }
        true
    }

    /// Takes the lines there are, encodes their answers, and notes in the replies that they are
    /// sent.
    fn take_lines(&mut self, now: Instant) {
        self.update_date(now);
        for (reply, line) in self.replies.iter_mut().zip(&self.lines) {
            if !is_short(&reply.outcome) {
                continue;
            }
            let Some(line) = line.upgrade().filter(|line| line.take(reply.sequence)) else {
                continue;
            };
            let start = self.bytes.len();
            let (out, to, origins) = (&mut self.bytes, ReplyTo::ORDINARY, &Origins::None);
            match mem::replace(&mut reply.outcome, Outcome::Sent(now)) {
                Outcome::Value(value) => {
                    http::encode_value(out, value, to, &self.date, origins);
                }
                Outcome::Json(body) => {
                    http::encode_json(out, body.len(), to, &self.date, origins);
                    out.extend_from_slice(&body);
                }
                _ => unreachable!("only these are short"),
            }
            self.direct.push_back(Direct {
                line,
                connection: reply.connection,
                answer: start..self.bytes.len(),
            });
        }
    }

    fn send(
        &self,
        direct: Direct,
        transmit: impl FnOnce(BorrowedFd<'_>, &[u8]) -> io::Result<usize>,
    ) {
        let Direct {
            line,
            connection,
            answer,
        } = direct;
        let answer = &self.bytes[answer];
        // What an error means, the ring thread finds out when it sends the same.
        let sent = transmit(line.as_fd(), answer).unwrap_or(0);
        self.mailbox.add_bytes_sent(sent);
        if sent < answer.len() || !line.give_back() {
            let unsent = answer[sent..].to_vec();
            self.mailbox
                .return_line(ReturnedLine { connection, unsent });
        }
    }

    fn update_date(&mut self, now: Instant) {
        let age = now.saturating_duration_since(self.date_made);
        if age >= Duration::from_millis(DATE_AGE_MS_MAX) {
            self.date = Date::at(SystemTime::now());
            self.date_made = now;
        }
    }
}

/// True: an ordinary value that takes no longer to send than to hand over.
fn is_short(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Value(_) => true,
        Outcome::Json(body) => body.len() <= OUTPUT_BYTES_MAX,
        _ => false,
    }
}
