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
mod context;
mod deadlines;
mod health;
mod output;
mod planned;
mod reading;
mod table;

use std::collections::VecDeque;
use std::mem;

use crate::bridge::ConnectionId;
use crate::bytes::Bytes;
use crate::http::{Body, EmptyLines, Head, Refusal, ResponseFraming, Status};
use crate::limits::{IDLE_CAPACITY_BYTES_MAX, OUTPUT_BYTES_MAX, PIPELINE_DEPTH_MAX};
use answers::Owed;
pub use context::Context;
use deadlines::LATE_HANDLER;
use output::Output;
use planned::Planned;
pub use table::Table;

const OVERLOADED: Refusal = Refusal::new(
    Status::SERVICE_UNAVAILABLE,
    "Too many requests are waiting for their functions.",
);

/// One peer's conversation.
#[derive(Debug)]
pub struct Connection {
    id: ConnectionId,
    reading: Reading,
    /// Empty lines that have arrived since the last request; they start no clock.
    empty_lines: EmptyLines,
    /// Bytes received and not read: the beginning of a head, or what arrived while the connection
    /// was full.
    input: Vec<u8>,
    /// How much of `input` is known to be an incomplete head.
    partial: usize,
    /// The answers owed to the requests that were read, in their order.
    owed: VecDeque<Owed>,
    /// The sequence number of the first of `owed`.
    first_sequence: u32,
    /// When the first byte of the request that is being read arrived.
    request_since: Option<u64>,
    /// When the last answer had left or, before the first, when the connection was accepted.
    idle_since: u64,
    /// Encoded answers that wait to be sent.
    output: Output,
    /// Bytes of the handler's answers that wait for the answers to earlier requests.
    held_bytes: usize,
    /// True exactly when answers have been taken and are not sent yet.
    sending: bool,
    /// True exactly when the peer has ended its side.
    peer_ended: bool,
    /// True: the peer has said that it sends nothing more, and nothing more has been received.
    peer_is_done: bool,
    /// When the server began to close. The connection then ends with the answers that it owes or,
    /// if it owes none, with the answer to its next request.
    draining_since: Option<u64>,
}

#[derive(Debug)]
enum Reading {
    Head,
    /// A body whose content does not matter.
    Body(Body, Head),
    /// The body of a request for one of several functions.
    Planned(Box<Planned>),
    /// Nothing more is read: the connection closes after the answers owed. The last one says so
    /// (RFC 9112 section 9.6), and has been encoded if none is owed.
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
            output: Output::default(),
            held_bytes: 0,
            sending: false,
            peer_ended: false,
            peer_is_done: false,
            draining_since: None,
        }
    }

    /// The id that its calls carry.
    #[must_use]
    pub fn id(&self) -> ConnectionId {
        self.id
    }

    /// Takes bytes that have arrived.
    pub fn received(&mut self, bytes: &[u8], context: &mut Context) {
        if self.input.is_empty() {
            let read = self.read(bytes, context);
            self.input.extend_from_slice(&bytes[read..]);
        } else {
            self.input.extend_from_slice(bytes);
            self.resume(context);
        }
    }

    /// The peer has ended its side. It may still read the answers that it is owed.
    pub fn ended(&mut self) {
        self.peer_ended = true;
    }

    /// Reads on if the connection was full and no longer is.
    pub fn resume(&mut self, context: &mut Context) {
        if self.input.is_empty() || self.is_full() || !self.is_worth_reading(context) {
            return;
        }
        let mut input = mem::take(&mut self.input);
        let read = self.read(&input, context);
        input.drain(..read);
        if input.is_empty() && input.capacity() > IDLE_CAPACITY_BYTES_MAX {
            input = Vec::new();
        }
        self.input = input;
    }

    /// The encoded answers for one send. `None` if none wait, or if a send is in flight.
    pub fn take_output(&mut self) -> Option<Bytes> {
        if self.sending {
            return None;
        }
        let output = self.output.take()?;
        self.sending = true;
        Some(output)
    }

    /// True: something follows as soon as the answers taken are sent: the next send, the
    /// connection's end, or the reading of input that was held back. So the loop must learn of the
    /// send's completion at once.
    #[must_use]
    pub fn continues_when_sent(&self) -> bool {
        self.has_answered_last()
            || self.is_draining()
            || !self.output.is_empty()
            || !self.wants_input()
            || !self.input.is_empty()
    }

    /// True: our side ends as soon as the answers taken are sent, and the peer's may still be open.
    #[must_use]
    pub fn ends_when_sent(&self) -> bool {
        self.has_answered_last() && self.output.is_empty() && !self.peer_ended
    }

    /// True: nothing is to be sent but the answer to one call at most, and an ordinary one. So the
    /// thread that answers that call may send it.
    #[must_use]
    pub fn may_lease_socket(&self) -> bool {
        let owes_one_answer = match self.owed.front() {
            None => true,
            Some(Owed::Waiting(to, _)) => self.owed.len() == 1 && *to == ResponseFraming::ORDINARY,
            Some(_) => false,
        };
        owes_one_answer
            && self.output.is_empty()
            && !self.sending
            && !self.is_draining()
            && !self.has_answered_last()
            && !self.peer_ended
    }

    /// Part of an answer could not be sent on the leased socket; these bytes go first.
    pub fn not_sent(&mut self, bytes: Vec<u8>) {
        debug_assert!(!self.sending, "nothing is sent while the socket is leased");
        self.output.push_front(bytes);
    }

    /// A send has completed; `bytes` is its buffer.
    pub fn sent(&mut self, bytes: Bytes, now: u64) {
        self.idle_since = now;
        // While the answers waited, we may have left unread what the client sent.
        self.request_since = self.request_since.map(|_| now);
        self.sending = false;
        self.output.reuse(bytes);
    }

    /// False: do not receive; what the peer sends stays in the socket buffer.
    #[must_use]
    pub fn wants_input(&self) -> bool {
        !self.peer_ended && !self.is_full()
    }

    /// True: the peer has said that it sends nothing more (RFC 9112 section 9.6), and nothing more
    /// has been received.
    #[must_use]
    pub fn peer_is_done(&self) -> bool {
        self.peer_is_done
    }

    /// True: every answer has been sent, and no other will come.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        let no_more = self.owed.is_empty() && self.has_no_more_requests();
        no_more && self.output.is_empty() && !self.sending
    }

    /// True: no request is being read or answered, and nothing is to be sent.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        matches!(self.reading, Reading::Head)
            && self.input.is_empty()
            && self.owed.is_empty()
            && self.output.is_empty()
            && !self.sending
    }

    /// Bytes of memory that its buffers take.
    #[must_use]
    pub fn buffered_bytes(&self) -> usize {
        self.input.capacity() + self.output.capacity()
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

    /// True: the last answer of this connection has been encoded.
    fn has_answered_last(&self) -> bool {
        matches!(self.reading, Reading::Ended) && self.owed.is_empty()
    }

    /// True: no request is left to be read.
    fn has_no_more_requests(&self) -> bool {
        match self.reading {
            Reading::Ended => true,
            _ => self.peer_ended && !self.is_full(),
        }
    }

    /// True: nothing is read until some answers have left. Bytes after the last request need no
    /// answer. When the server closes, the last request is the last one that has been read or, if
    /// none is, the next one.
    fn is_full(&self) -> bool {
        !matches!(self.reading, Reading::Ended)
            && (self.owed.len() >= PIPELINE_DEPTH_MAX
                || self.output.len() + self.held_bytes >= OUTPUT_BYTES_MAX
                || (self.is_draining() && !self.owed.is_empty()))
    }

    /// False: `input` is the beginning of a head, and no byte that arrived since could complete it.
    /// Without this, a head that is sent byte by byte would be parsed from its start at each byte.
    fn is_worth_reading(&self, context: &Context) -> bool {
        self.partial == 0
            || self.input.len() >= context.rules.head_bytes_max
            || self.input[self.partial..].contains(&b'\n')
    }

    fn next_sequence(&self) -> u32 {
        let owed = u32::try_from(self.owed.len()).expect("PIPELINE_DEPTH_MAX bounds it");
        self.first_sequence.wrapping_add(owed)
    }
}
