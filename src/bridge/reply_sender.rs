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
use crate::http::{self, Date, Origins, ResponseFraming, Status};
use crate::limits::{DATE_AGE_MS_MAX, DIRECT_ANSWERS_MAX, JOINED_BYTES_MAX};
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
            let Delivery::ToSend(outcome) = &reply.delivery else {
                continue;
            };
            let bytes = bytes_of(outcome);
            if bytes.is_none_or(|bytes| self.bytes.len() + bytes > JOINED_BYTES_MAX) {
                continue;
            }
            let leased = lease.upgrade();
            let Some(socket) = leased.filter(|socket| socket.take(reply.sequence)) else {
                continue;
            };
            let start = self.bytes.len();
            let status = encode(&mut self.bytes, outcome, &self.date);
            self.reply_queue.count_sent(status);
            reply.delivery = Delivery::Sent(now);
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

/// The bytes of an answer's body and own fields. `None`: the ring thread has to encode it.
fn bytes_of(outcome: &Outcome) -> Option<usize> {
    match outcome {
        Outcome::Value(_) => Some(0),
        Outcome::Digits(digits) => Some(digits.len()),
        Outcome::Json(body) => Some(body.len()),
        Outcome::Response(response) => Some(response.fields.len() + response.body.len()),
        // Its form depends on the server's rules.
        Outcome::Error(..) => None,
    }
}

/// Encodes such an answer. Returns its status.
fn encode(out: &mut Vec<u8>, outcome: &Outcome, date: &Date) -> Status {
    let (to, origins) = (ResponseFraming::ORDINARY, &Origins::None);
    match outcome {
        Outcome::Value(value) => http::encode_value(out, *value, to, date, origins),
        Outcome::Digits(digits) => http::encode_digits(out, digits, to, date, origins),
        Outcome::Json(body) => {
            http::encode_json(out, body.len(), to, date, origins);
            out.extend_from_slice(body);
        }
        Outcome::Response(response) => {
            http::encode_response(out, response, to, date, origins);
            out.extend_from_slice(&response.body);
            return response.status;
        }
        Outcome::Error(..) => unreachable!("the ring thread encodes it"),
    }
    Status::OK
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    use super::*;
    use crate::bridge::{Posted, SocketOwner};
    use crate::http::Response;
    use crate::quota::Pool;

    /// Posts these outcomes while the ring thread sleeps, each for a connection of its own. Returns
    /// what the ring thread is told, and what each client receives.
    fn posted(outcomes: Vec<Outcome>) -> (Arc<ReplyQueue>, Vec<Delivery>, Vec<String>) {
        let credits = Arc::new(Pool::new(10));
        let reply_queue = Arc::new(ReplyQueue::new(credits).unwrap());
        assert!(reply_queue.prepare_to_sleep());
        let mut reply_sender = ReplySender::new(Arc::clone(&reply_queue));
        let mut clients = Vec::new();
        let mut owners = Vec::new();
        for outcome in outcomes {
            let (client, socket) = UnixStream::pair().unwrap();
            let mut owner = SocketOwner::new(socket.into());
            let call = Call {
                lease: owner.lease(0),
                ..Call::default()
            };
            reply_sender.reply(call, outcome);
            clients.push(client);
            owners.push(owner);
        }
        reply_sender.post(Instant::now());
        drop(owners);
        let mut told = Posted::default();
        assert!(reply_queue.take(&mut told));
        let replies = told.replies.into_iter().map(|reply| reply.delivery);
        let received = clients.into_iter().map(|mut client| {
            let mut received = String::new();
            client.read_to_string(&mut received).unwrap();
            received
        });
        (reply_queue, replies.collect(), received.collect())
    }

    #[test]
    fn every_answer_but_an_error_leaves_from_here_while_the_ring_thread_sleeps() {
        let response = Response {
            status: Status::CREATED,
            fields: b"\r\nContent-Type: text/html".to_vec(),
            body: b"<p>".to_vec(),
        };
        let error = Outcome::Error(404, "There is none.".into());
        let (reply_queue, told, received) = posted(vec![
            Outcome::Value(610),
            Outcome::Digits("-9223372036854775809".into()),
            Outcome::Json(b"[1]".to_vec()),
            Outcome::Response(Box::new(response)),
            error.clone(),
        ]);
        let is_sent = |delivery: &Delivery| matches!(delivery, Delivery::Sent(_));
        assert!(told[..4].iter().all(is_sent));
        assert_eq!(told[4], Delivery::ToSend(error));
        let ends = [
            "\r\n\r\n610",
            "\r\n\r\n-9223372036854775809",
            "\r\n\r\n[1]",
            "\r\n\r\n<p>",
            "",
        ];
        for (answer, end) in received.iter().zip(ends) {
            assert!(answer.ends_with(end), "{answer}");
        }
        assert!(received[3].starts_with("HTTP/1.1 201 Created\r\n"));
        assert_eq!(received[4], "");
        let sent: Vec<_> = reply_queue.sent().read().collect();
        assert_eq!(sent, [(200, 3), (201, 1)]);
    }

    #[test]
    fn answers_that_are_long_together_are_left_to_the_ring_thread() {
        let long = || Outcome::Json(vec![b'1'; JOINED_BYTES_MAX / 2]);
        let (_, told, received) = posted(vec![long(), long(), Outcome::Value(610)]);
        assert_eq!(told[1], Delivery::ToSend(long()));
        assert_eq!(received[1], "");
        assert!(received[0].len() > JOINED_BYTES_MAX / 2);
        assert!(received[2].ends_with("\r\n\r\n610"));
    }
}
