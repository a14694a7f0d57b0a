//! What crosses between the threads: batches of calls one way, batches of replies the other.
//!
//! The event loop hands [`Call`]s to a [`Service`] and finds [`Reply`]s in its [`Mailbox`]; the
//! service may answer from any thread, in any order.
//!
//! Invariants:
//! - A posted mail is seen by the ring thread at its next turn, and a sleeping ring thread is woken
//!   for it, unless the mail only says what nobody waits for: that an answer has been sent.
//! - A call holds one of its server's credits from the moment at which the ring thread hands it
//!   over until its reply is posted, which happens once. So what waits for the handler, and what
//!   the handler has, is bounded by `in_flight_max`, whoever still waits for it.

mod line;
mod mailbox;
mod outbox;

use std::sync::{Arc, Weak};
use std::time::Instant;

use crate::http::Answer;
use crate::uring::Token;
use crate::values::Rest;

pub use line::{Line, LineOwner};
pub use mailbox::{Mail, Mailbox};
pub use outbox::Outbox;

/// Which connection asks, among all that a ring thread ever has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ConnectionId {
    /// Index into the connection table.
    pub slot: u32,
    /// Counts the ring thread's connections from its [`ConnectionId::first_of`] on, and so never
    /// names two: a late reply to a connection that is gone finds its slot empty, or another's.
    pub number: u64,
}

/// Of a connection's number, the bits below its ring's: more connections than a ring ever has.
const NUMBER_BITS: u32 = 56;

impl ConnectionId {
    /// The number of the first connection of ring number `ring`.
    #[must_use]
    pub fn first_of(ring: usize) -> u64 {
        (ring as u64) << NUMBER_BITS
    }

    /// Which ring it is a connection of.
    #[must_use]
    pub fn ring(&self) -> usize {
        usize::try_from(self.number >> NUMBER_BITS).expect("it has 8 bits")
    }

    /// What the ring knows of it.
    #[must_use]
    pub fn token(&self) -> Token {
        Token::new(self.slot, self.number)
    }
}

/// One request's arguments on their way to the handler. Within a cache line.
#[derive(Debug, Default)]
pub struct Call {
    /// Who asks.
    pub connection: ConnectionId,
    /// Which of the connection's requests, counted from 0, modulo 2^32: a connection has fewer
    /// without an answer.
    pub sequence: u32,
    /// The index of the function that is called.
    pub function: u16,
    /// How many arguments there are, and in which form, as `values` has it.
    pub count: u8,
    /// The first two of the arguments that take a slot. Of the one integer of a plain function, the
    /// first is its bits.
    pub slots: [u64; 2],
    /// All the others.
    pub rest: Option<Box<Rest>>,
    /// When the request had arrived, in microseconds since the server's start.
    pub asked: u64,
    /// The connection's line where it is lent, else none.
    pub line: Weak<Line>,
}

const _: () = assert!(size_of::<Call>() <= 64, "a call fits a cache line");

impl Call {
    /// The integer that a plain function is called with.
    #[must_use]
    pub fn number(&self) -> i64 {
        self.slots[0].cast_signed()
    }

    /// The answer to this call, which it has only one of.
    #[must_use]
    pub fn reply(self, outcome: Outcome) -> Reply {
        Reply {
            connection: self.connection,
            sequence: self.sequence,
            outcome,
        }
    }
}

/// The handler's answer to one [`Call`].
#[derive(Debug, PartialEq, Eq)]
pub struct Reply {
    /// As in the call.
    pub connection: ConnectionId,
    /// As in the call.
    pub sequence: u32,
    /// What to answer.
    pub outcome: Outcome,
}

/// What a handler made of its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// An integer.
    Value(i64),
    /// An integer beyond 64 bits, in decimal digits.
    Digits(Box<str>),
    /// A document.
    Json(Vec<u8>),
    /// A status, fields and a body of whatever kind.
    Answer(Box<Answer>),
    /// An error: its status (400–599) and the sentence that the client may read.
    Error(u16, Box<str>),
    /// A value that has been sent on the connection's lent line, then.
    Sent(Instant),
    /// The call's time was over, or would have been, before the handler had it or was done.
    Late,
}

/// A line that its answerer gives back by mail.
#[derive(Debug, PartialEq, Eq)]
pub struct ReturnedLine {
    /// Whose it is.
    pub connection: ConnectionId,
    /// The rest of the answer, which did not go at once; empty where it went whole.
    pub unsent: Vec<u8>,
}

/// The application: it takes calls and posts a reply to each to the mailbox of the ring that
/// called.
pub trait Service: Send + Sync + 'static {
    /// Takes a turn's calls, leaving `calls` empty. Runs on the ring thread and must not block.
    fn call(&self, calls: &mut Vec<Call>);

    /// New requests meet what this service takes calls of, from now on. Runs on the ring thread.
    fn adopted(&self) {}

    /// A request for this function was refused for its arguments. Runs on the ring thread.
    fn refused(&self, _function: u16) {}

    /// Somebody asks how the server is: a [`Command::TellHealth`] is to tell it. Runs on the ring
    /// thread.
    fn health_asked(&self) {}

    /// The ring thread is about to end and will call no more: it was closed, or `failure` says what
    /// ended it.
    fn closed(&self, failure: Option<String>);
}

impl<S: Service> Service for Arc<S> {
    fn call(&self, calls: &mut Vec<Call>) {
        S::call(self, calls);
    }

    fn adopted(&self) {
        S::adopted(self);
    }

    fn refused(&self, function: u16) {
        S::refused(self, function);
    }

    fn health_asked(&self) {
        S::health_asked(self);
    }

    fn closed(&self, failure: Option<String>) {
        S::closed(self, failure);
    }
}

/// What another thread asks of the ring thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Stop listening, answer what was read, close every connection, end.
    Close,
    /// Close the connections that have no request in hand.
    CloseIdle,
    /// Close every connection now.
    CloseAll,
    /// Tell those who have asked how the server is.
    TellHealth(Health),
}

/// How the server is, as the JavaScript thread that has started it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It serves.
    Well,
    /// It closes.
    Closing,
    /// There is no worker that could run a call.
    NoWorker,
}
