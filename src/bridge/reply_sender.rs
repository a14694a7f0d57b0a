//! An answering thread's side of a [`ReplyQueue`]: collects replies and posts them together. If
//! they are few and the ring thread sleeps, it sends the answers itself.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::ops::Range;
use std::os::fd::BorrowedFd;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant, SystemTime};

use super::{
    Call, ConnectionId, Delivery, LeasedSocket, Outcome, Reply, ReplyQueue, ReturnedLease,
};
use crate::http::{self, Date, Origins, ResponseFraming};
use crate::limits::{DATE_AGE_MS_MAX, DIRECT_ANSWERS_MAX, OUTPUT_BYTES_MAX};
use crate::uring;

/// Sends one thread's answers for one ring thread.
#[derive(Debug)]
pub struct ReplySender {
    reply_queue: Arc<ReplyQueue>,
    replies: Vec<Reply>,
    /// The leases of the first replies, for as many as may be sent from here.
    leases: Vec<Weak<LeasedSocket>>,
    date: Date,
    date_made: Instant,
    /// The answers that this thread sends, and their bytes; empty between two posts.
    direct: VecDeque<Direct>,
    bytes: Vec<u8>,
}

/// An answer that this thread sends.
#[derive(Debug)]
struct Direct {
    socket: Arc<LeasedSocket>,
    connection: ConnectionId,
    /// Where it is in `bytes`.
    answer: Range<usize>,
}

impl ReplySender {
    /// A sender to the ring thread of `reply_queue`, with nothing to send.
    #[must_use]
    pub fn new(reply_queue: Arc<ReplyQueue>) -> Self {
        Self {
            reply_queue,
            replies: Vec::new(),
            leases: Vec::new(),
            date: Date::at(SystemTime::now()),
            date_made: Instant::now(),
            direct: VecDeque::new(),
            bytes: Vec::new(),
        }
    }

    /// Notes the reply to a call; it goes with the next [`ReplySender::post`].
    pub fn reply(&mut self, mut call: Call, delivery: impl Into<Delivery>) {
        let lease = mem::take(&mut call.lease);
        self.replies.push(call.reply(delivery));
        if self.replies.len() <= DIRECT_ANSWERS_MAX {
            self.leases.push(lease);
        }
    }

    /// Sends or posts what was answered; it is `now`.
    pub fn post(&mut self, now: Instant) {
        self.begin(now);
        while self.go_on(uring::send_at_once) {}
    }

    /// The first step of a post: takes the leased sockets to send on.
    pub fn begin(&mut self, now: Instant) {
        let is_few = (1..=DIRECT_ANSWERS_MAX).contains(&self.replies.len());
        if is_few && self.reply_queue.is_asleep() {
            self.take_sockets(now);
        }
        self.leases.clear();
    }

    /// The next step of a post. Between two steps the ring thread may do anything. False: the post
    /// is done. `transmit` sends what goes at once, without waiting.
    ///
    /// It posts first and sends then, so that the ring thread knows of an answer before the
    /// client's next request arrives.
    pub fn go_on(
        &mut self,
        transmit: impl FnOnce(BorrowedFd<'_>, &[u8]) -> io::Result<usize>,
    ) -> bool {
        if !self.replies.is_empty() {
            let sent = self.direct.len();
            self.reply_queue.post_sent(&mut self.replies, sent);
        } else if let Some(direct) = self.direct.pop_front() {
            self.send(direct, transmit);
        } else {
            self.bytes.clear();
            return false;
        }
        true
    }

    /// Takes the leased sockets, encodes their answers, and notes in the replies that they are
    /// sent.
    fn take_sockets(&mut self, now: Instant) {
        self.update_date(now);
        for (reply, lease) in self.replies.iter_mut().zip(&self.leases) {
            if !is_short(&reply.delivery) {
                continue;
            }
            let leased = lease.upgrade();
            let Some(socket) = leased.filter(|socket| socket.take(reply.sequence)) else {
                continue;
            };
            let start = self.bytes.len();
            let (out, to, origins) = (&mut self.bytes, ResponseFraming::ORDINARY, &Origins::None);
            match mem::replace(&mut reply.delivery, Delivery::Sent(now)) {
                Delivery::ToSend(Outcome::Value(value)) => {
                    http::encode_value(out, value, to, &self.date, origins);
                }
                Delivery::ToSend(Outcome::Json(body)) => {
                    http::encode_json(out, body.len(), to, &self.date, origins);
                    out.extend_from_slice(&body);
                }
                _ => unreachable!("only these are short"),
            }
            self.direct.push_back(Direct {
                socket,
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
            socket,
            connection,
            answer,
        } = direct;
        let answer = &self.bytes[answer];
        // After an error the ring thread sends the same, and finds out what is wrong.
        let sent = transmit(socket.as_fd(), answer).unwrap_or(0);
        self.reply_queue.add_bytes_sent(sent);
        if sent < answer.len() || !socket.give_back() {
            let unsent = answer[sent..].to_vec();
            self.reply_queue
                .return_lease(ReturnedLease { connection, unsent });
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
fn is_short(delivery: &Delivery) -> bool {
    match delivery {
        Delivery::ToSend(Outcome::Value(_)) => true,
        Delivery::ToSend(Outcome::Json(body)) => body.len() <= OUTPUT_BYTES_MAX,
        _ => false,
    }
}
