//! One peer's conversation: bytes in, numbers and answers out, always in the order of the requests.
//!
//! The event loop owns every `Connection` and is its only caller. A connection never touches a
//! socket: it is told what arrived (`received`, `ended`), what the handler made of it (`replied`)
//! and what was sent (`sent`), and is asked what it wants (`take_output`, `wants_input`,
//! `is_finished`).
//!
//! Invariants:
//! - One answer leaves for each request that was read, in the order of the requests (RFC 9112
//!   section 9.3.2).
//! - While the connection is not full, `input` holds less than one head; while it is full, nothing
//!   is read from it.

mod answers;
mod deadlines;
mod turn;

use std::collections::VecDeque;
use std::mem;
use std::sync::Weak;

use crate::bridge::{Call, ConnectionId};
use crate::http::{self, Body, EmptyLines, Head, Refusal, ReplyTo, Status};
use crate::limits::{IDLE_CAPACITY_BYTES_MAX, OUTPUT_BYTES_MAX, PIPELINE_DEPTH_MAX};
use answers::Answer;
use deadlines::LATE_HANDLER;
pub use turn::Turn;

const OVERLOADED: Refusal = Refusal {
    status: Status::SERVICE_UNAVAILABLE,
    message: "Too many requests are waiting for the handler.",
};

/// One peer's conversation.
#[derive(Debug)]
pub struct Connection {
    id: ConnectionId,
    reading: Reading,
    /// Those that have arrived since the last request; they start no clock.
    empty_lines: EmptyLines,
    /// Bytes received and not read: the beginning of a head, or what arrived while the connection
    /// was full.
    input: Vec<u8>,
    /// How much of `input` is known to be an incomplete head.
    partial: usize,
    /// The answers that the requests read so far are owed.
    owed: VecDeque<Answer>,
    /// The sequence of the first of `owed`.
    first_sequence: u32,
    /// When the first byte of the request that is being read arrived.
    request_since: Option<u64>,
    /// When the last answer had left, or the connection came.
    idle_since: u64,
    /// Encoded answers that wait to be sent.
    output: Vec<u8>,
    /// The buffer of the last send, to be used again.
    spare: Vec<u8>,
    /// True exactly when answers have been taken and are not sent yet.
    sending: bool,
    /// True exactly when the last answer of this connection has been encoded.
    answered_last: bool,
    /// True exactly when the peer has ended its side.
    peer_ended: bool,
    /// When the server began to close. The connection ends with the answers that it owes then or,
    /// where it owes none, with the answer to its next request.
    draining_since: Option<u64>,
}

#[derive(Debug)]
enum Reading {
    Head,
    Body(Body, Head),
    /// Nothing more is read: the connection closes after the answers owed.
    Ended,
}

impl Connection {
    /// A connection on which nothing has happened.
    #[must_use]
    pub fn new(id: ConnectionId, now: u64) -> Self {
        Self {
            id,
            reading: Reading::Head,
            empty_lines: EmptyLines::default(),
            input: Vec::new(),
            partial: 0,
            owed: VecDeque::new(),
            first_sequence: 0,
            request_since: None,
            idle_since: now,
            output: Vec::new(),
            spare: Vec::new(),
            sending: false,
            answered_last: false,
            peer_ended: false,
            draining_since: None,
        }
    }

    /// Who this is, as its calls say.
    #[must_use]
    pub fn id(&self) -> ConnectionId {
        self.id
    }

    /// Bytes arrived.
    pub fn received(&mut self, bytes: &[u8], turn: &mut Turn) {
        if self.input.is_empty() {
            let read = self.read(bytes, turn);
            self.input.extend_from_slice(&bytes[read..]);
        } else {
            self.input.extend_from_slice(bytes);
            self.resume(turn);
        }
    }

    /// The peer has ended its side; it may still read the answers that it is owed.
    pub fn ended(&mut self) {
        self.peer_ended = true;
    }

    /// Reads on where the connection was full and no longer is.
    pub fn resume(&mut self, turn: &mut Turn) {
        if self.input.is_empty() || self.is_full() || !self.is_worth_reading(turn) {
            return;
        }
        let mut input = mem::take(&mut self.input);
        let read = self.read(&input, turn);
        input.drain(..read);
        if input.is_empty() && input.capacity() > IDLE_CAPACITY_BYTES_MAX {
            input = Vec::new();
        }
        self.input = input;
    }

    /// The encoded answers that wait, for one send; `None` where none wait, or one is not done.
    pub fn take_output(&mut self) -> Option<Vec<u8>> {
        if self.output.is_empty() || self.sending {
            return None;
        }
        self.sending = true;
        Some(mem::replace(&mut self.output, mem::take(&mut self.spare)))
    }

    /// True: something follows as soon as the answers taken are sent, so that it must be learnt at
    /// once: the connection's end, or the reading of what was held back.
    #[must_use]
    pub fn continues_when_sent(&self) -> bool {
        self.answered_last || self.is_draining() || !self.wants_input() || !self.input.is_empty()
    }

    /// True: nothing is to be sent but the answer to one call at most, and an ordinary one, so that
    /// whoever answers it may send it.
    #[must_use]
    pub fn may_lend_line(&self) -> bool {
        let owes_one_answer = match self.owed.front() {
            None => true,
            Some(Answer::Waiting(to, _)) => self.owed.len() == 1 && *to == ReplyTo::ORDINARY,
            Some(_) => false,
        };
        owes_one_answer
            && self.output.is_empty()
            && !self.sending
            && !self.is_draining()
            && !self.answered_last
            && !self.peer_ended
    }

    /// An answer that was sent on the lent line did not go whole; these bytes go first.
    pub fn not_sent(&mut self, bytes: Vec<u8>) {
        debug_assert!(!self.sending, "nothing is sent while the line is away");
        self.output.splice(0..0, bytes);
    }

    /// A send is done; `bytes` is its buffer.
    pub fn sent(&mut self, mut bytes: Vec<u8>, now: u64) {
        self.idle_since = now;
        // While its answers waited, we may not have read what it sent.
        self.request_since = self.request_since.map(|_| now);
        self.sending = false;
        if bytes.capacity() <= IDLE_CAPACITY_BYTES_MAX {
            bytes.clear();
            self.spare = bytes;
        }
    }

    /// False: leave what the peer sends in its socket.
    #[must_use]
    pub fn wants_input(&self) -> bool {
        !self.peer_ended && !self.is_full()
    }

    /// True: every answer has been sent, and no other will come.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        let no_more = self.answered_last || (self.owed.is_empty() && self.has_no_more_requests());
        no_more && self.output.is_empty() && !self.sending
    }

    /// True: between requests, with nothing to send.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        matches!(self.reading, Reading::Head)
            && self.input.is_empty()
            && self.owed.is_empty()
            && self.output.is_empty()
            && !self.sending
    }

    /// Bytes of memory that its buffers take now.
    #[must_use]
    pub fn buffered_bytes(&self) -> usize {
        self.input.capacity() + self.output.capacity() + self.spare.capacity()
    }

    /// The server closes: the last answer says so to the peer (RFC 9112 section 9.6).
    pub fn drain(&mut self, now: u64) {
        self.draining_since.get_or_insert(now);
    }

    /// True: the server closes.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining_since.is_some()
    }

    /// True where a peer that ended its side leaves no request to be read.
    fn has_no_more_requests(&self) -> bool {
        match self.reading {
            Reading::Ended => true,
            _ => self.peer_ended && !self.is_full(),
        }
    }

    /// True: nothing is read before some answers have left. What follows the last request needs no
    /// answer; when the server closes, the last is one that has been read, or else the next.
    fn is_full(&self) -> bool {
        !matches!(self.reading, Reading::Ended)
            && (self.owed.len() >= PIPELINE_DEPTH_MAX
                || self.output.len() >= OUTPUT_BYTES_MAX
                || (self.is_draining() && !self.owed.is_empty()))
    }

    /// False where `input` is the beginning of a head that nothing since could have completed.
    /// Without this, a head sent byte by byte would be parsed from its start at each of them.
    fn is_worth_reading(&self, turn: &Turn) -> bool {
        self.partial == 0
            || self.input.len() >= turn.rules.head_bytes_max
            || self.input[self.partial..].contains(&b'\n')
    }

    /// Reads requests until the bytes end or the connection is full, and returns how many bytes
    /// that took.
    fn read(&mut self, bytes: &[u8], turn: &mut Turn) -> usize {
        let mut at = 0;
        self.partial = 0;
        while at < bytes.len() && !self.is_full() {
            let unread = &bytes[at..];
            match &mut self.reading {
                Reading::Head => match self.read_head(unread, turn) {
                    Some(read) => at += read,
                    None => break,
                },
                Reading::Body(body, head) => match body.skip(unread) {
                    Ok(skipped) => {
                        at += skipped.consumed;
                        if skipped.complete {
                            let head = *head;
                            self.on_request(head, turn);
                        }
                    }
                    Err(refusal) => {
                        let reply_to = head.reply_to;
                        self.on_refused(refusal, reply_to, turn);
                    }
                },
                Reading::Ended => return bytes.len(),
            }
        }
        at
    }

    /// Reads empty lines, or else a head, and returns how many bytes that took; `None` where the
    /// head is not complete.
    fn read_head(&mut self, unread: &[u8], turn: &mut Turn) -> Option<usize> {
        let parsed = match self.empty_lines.skip(unread) {
            Ok(0) => http::parse_head(unread, &turn.rules),
            Ok(skipped) => return Some(skipped),
            Err(refusal) => Err(refusal),
        };
        match parsed {
            Ok(Some(head)) => {
                self.empty_lines = EmptyLines::default();
                self.on_head(head, head.length < unread.len(), turn);
                Some(head.length)
            }
            Ok(None) => {
                self.partial = unread.len();
                self.request_since.get_or_insert(turn.now);
                None
            }
            Err(refusal) => {
                self.on_refused(refusal, ReplyTo::start_of_head(unread), turn);
                Some(0)
            }
        }
    }

    fn on_head(&mut self, head: Head, body_has_begun: bool, turn: &mut Turn) {
        let body = match (Body::new(head.framing, &turn.rules), head.action) {
            (Ok(body), _) => body,
            (Err(_), http::Action::Refuse(refusal)) if refusal.precedes_arguments() => {
                return self.on_refused(refusal, head.reply_to, turn);
            }
            (Err(refusal), _) => return self.on_refused(refusal, head.reply_to, turn),
        };
        let waits_for_continue = head.expects_continue && !body_has_begun;
        match (body, head.action) {
            (None, _) => self.on_request(head, turn),
            // Answered without its body, which the client then need not send.
            (Some(_), http::Action::Refuse(_) | http::Action::Preflight)
                if head.expects_continue =>
            {
                self.on_request(head, turn);
            }
            (Some(body), _) => {
                self.reading = Reading::Body(body, head);
                self.request_since.get_or_insert(turn.now);
                if waits_for_continue {
                    self.owe(Answer::Continue, turn);
                }
            }
        }
    }

    /// A request is complete, with its body.
    fn on_request(&mut self, head: Head, turn: &mut Turn) {
        turn.counters.requests += 1;
        self.request_since = None;
        let keep_alive = head.reply_to.keep_alive;
        self.reading = if keep_alive {
            Reading::Head
        } else {
            Reading::Ended
        };
        match head.action {
            http::Action::Call(number) => {
                turn.calls.push(Call {
                    connection: self.id,
                    sequence: self.next_sequence(),
                    number,
                    asked: turn.now_us,
                    line: Weak::new(),
                });
                self.owed
                    .push_back(Answer::Waiting(head.reply_to, turn.now_us));
            }
            http::Action::Refuse(refusal) => {
                self.owe(Answer::Refused(head.reply_to, refusal), turn);
            }
            http::Action::Preflight => self.owe(Answer::Preflight(head.reply_to), turn),
        }
    }

    /// What arrived is no request that may be followed by another one.
    fn on_refused(&mut self, refusal: Refusal, reply_to: ReplyTo, turn: &mut Turn) {
        turn.counters.requests += 1;
        self.request_since = None;
        self.reading = Reading::Ended;
        let reply_to = ReplyTo {
            keep_alive: false,
            ..reply_to
        };
        self.owe(Answer::Refused(reply_to, refusal), turn);
    }

    fn next_sequence(&self) -> u32 {
        let owed = u32::try_from(self.owed.len()).expect("PIPELINE_DEPTH_MAX bounds it");
        self.first_sequence.wrapping_add(owed)
    }
}
