//! What crosses between the threads: batches of calls one way, batches of replies the other.
//!
//! There are two queues. The event loop hands [`Call`]s to a [`CallSink`], the queue towards
//! JavaScript, and finds [`Reply`]s in its [`ReplyQueue`]. A call may be answered from any thread,
//! in any order.
//!
//! ```text
//! ring thread                                              answering thread
//! EventLoop ── Call ──▶ CallSink (implemented by `seats`) ──▶ handler
//!     ▲                                                          │ Outcome
//!     └── Posted ◀── ReplyQueue ◀── Reply ◀── ReplySender ◀──────┘
//!                                                 └─▶ send, on a LeasedSocket
//! ```
//!
//! Invariants:
//! - The ring thread sees what was posted at its next turn. If it sleeps it is woken, except for
//!   replies that only say that an answer was sent: nothing waits for those.
//! - A call holds one of its server's credits from the moment the ring thread hands it over until
//!   its reply is posted, which happens once. So `in_flight_max` bounds the calls that wait for the
//!   handler and those that it has, whether or not their clients still wait.

mod lease;
mod reply_queue;
mod reply_sender;

use std::sync::{Arc, Weak};
use std::time::Instant;

use crate::http::Response;
use crate::uring::Token;
use crate::values::Rest;

pub use lease::{LeasedSocket, SocketOwner};
pub use reply_queue::{Posted, ReplyQueue};
pub use reply_sender::ReplySender;

/// The id of a connection, unique among all that a ring thread ever has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ConnectionId {
    /// Index into the connection table.
    pub slot: u32,
    /// Counts the ring thread's connections from its [`ConnectionId::first_of`] on, so that no two
    /// have the same number: a late reply to a connection that is gone finds its slot empty, or
    /// taken by another number.
    pub number: u64,
}

/// The bits of a connection's number below its ring's: enough for all connections that a ring ever
/// has.
const NUMBER_BITS: u32 = 56;

impl ConnectionId {
    /// The number of the first connection of ring number `ring`.
    #[must_use]
    pub fn first_of(ring: usize) -> u64 {
        (ring as u64) << NUMBER_BITS
    }

    /// The ring that it is a connection of.
    #[must_use]
    pub fn ring(&self) -> usize {
        usize::try_from(self.number >> NUMBER_BITS).expect("it has 8 bits")
    }

    /// The token by which the ring knows it.
    #[must_use]
    pub fn token(&self) -> Token {
        Token::new(self.slot, self.number)
    }
}

/// One request's arguments for the handler. It fits a cache line.
#[derive(Debug, Default)]
pub struct Call {
    /// The connection that has sent the request.
    pub connection: ConnectionId,
    /// The number of the request on its connection, from 0, modulo 2^32: a connection never has as
    /// many unanswered ones.
    pub sequence: u32,
    /// The index of the function that is called.
    pub function: u16,
    /// How many arguments there are, and in which form, as `values` has it.
    pub count: u8,
    /// The first two arguments that take a cell. The first cell has the bits of a plain function's
    /// integer.
    pub cells: [u64; 2],
    /// All other arguments.
    pub rest: Option<Box<Rest>>,
    /// When the whole request had arrived, in microseconds since the server's start.
    pub arrived: u64,
    /// The connection's socket, if it is leased for the answer; dangling if not.
    pub lease: Weak<LeasedSocket>,
}

const _: () = assert!(size_of::<Call>() <= 64, "a call fits a cache line");

impl Call {
    /// The integer that a plain function is called with.
    #[must_use]
    pub fn number(&self) -> i64 {
        self.cells[0].cast_signed()
    }

    /// The reply to this call, of which there is only one.
    #[must_use]
    pub fn reply(self, delivery: impl Into<Delivery>) -> Reply {
        Reply {
            connection: self.connection,
            sequence: self.sequence,
            delivery: delivery.into(),
        }
    }
}

/// What the ring thread is told about one [`Call`].
#[derive(Debug, PartialEq, Eq)]
pub struct Reply {
    /// As in the call.
    pub connection: ConnectionId,
    /// As in the call.
    pub sequence: u32,
    /// What to do about it.
    pub delivery: Delivery,
}

/// What the ring thread is to do about a call that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// Send what the handler made.
    ToSend(Outcome),
    /// Nothing: an answer was sent on the leased socket at this moment, and counted.
    Sent(Instant),
    /// Refuse it: its time was over, or would have been, before the handler had it or was done.
    Late,
}

impl From<Outcome> for Delivery {
    fn from(outcome: Outcome) -> Self {
        Self::ToSend(outcome)
    }
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
    Response(Box<Response>),
    /// An error: its status (400–599) and the sentence that the client may read.
    Error(u16, Box<str>),
}

/// A leased socket that an answering thread returns.
#[derive(Debug, PartialEq, Eq)]
pub struct ReturnedLease {
    /// The connection that it belongs to.
    pub connection: ConnectionId,
    /// The rest of the answer, which did not go at once; empty if all of it went.
    pub unsent: Vec<u8>,
}

/// The queue of calls, towards the handler. Each call's reply goes to the [`ReplyQueue`] of the
/// ring that called.
pub trait CallSink: Send + Sync + 'static {
    /// Takes a turn's calls, leaving `calls` empty. Runs on the ring thread and must not block.
    fn call(&self, calls: &mut Vec<Call>);

    /// New requests meet the functions of this sink from now on. Runs on the ring thread.
    fn adopted(&self) {}

    /// A request for this function was refused for its arguments. Runs on the ring thread.
    fn refused(&self, _function: u16) {}

    /// A client asks for the server's health: a [`Command::TellHealth`] is to tell it. Runs on the
    /// ring thread.
    fn health_asked(&self) {}

    /// The ring thread is about to end and makes no more calls: it was closed, or `failure` says
    /// what ended it.
    fn closed(&self, failure: Option<String>);
}

impl<S: CallSink> CallSink for Arc<S> {
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
    /// Tell the clients that have asked of the server's health.
    TellHealth(Health),
}

/// The server's health, as the JavaScript thread that has started it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It serves.
    Well,
    /// It closes.
    Closing,
    /// There is no worker that could run a call.
    NoWorker,
}
