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
mod outbox;

use std::io;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use crate::http::Answer;
use crate::quota::Pool;
use crate::uring::{Token, Waker};
use crate::values::Rest;

pub use line::{Line, LineOwner};
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

    /// A request for this function was refused for its arguments. Runs on the ring thread.
    fn refused(&self, function: u16) {
        let _ = function;
    }

    /// The ring thread is about to end and will call no more: it was closed, or `failure` says what
    /// ended it.
    fn closed(&self, failure: Option<String>);
}

impl<S: Service> Service for Arc<S> {
    fn call(&self, calls: &mut Vec<Call>) {
        S::call(self, calls);
    }

    fn refused(&self, function: u16) {
        S::refused(self, function);
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
}

/// What waits for the ring thread.
#[derive(Debug, Default)]
pub struct Mail {
    /// In the order in which they were posted.
    pub replies: Vec<Reply>,
    /// To be looked at after the replies.
    pub lines: Vec<ReturnedLine>,
    /// In the order in which they were posted.
    pub commands: Vec<Command>,
}

/// Where other threads leave replies and commands for one ring thread. Two cache lines, which
/// processors fetch in pairs, so that no other ring's mailbox is written in the same ones.
#[derive(Debug)]
#[repr(align(128))]
pub struct Mailbox {
    /// Where the credits of the calls come from, and go back to with their replies.
    credits: Arc<Pool>,
    mail: Mutex<Mail>,
    /// True when `mail` may hold something: what the ring thread asks before it takes the lock.
    has_mail: AtomicBool,
    /// Answers that were sent on lent lines.
    sent: AtomicU64,
    /// Their bytes.
    bytes_sent: AtomicU64,
    waker: Waker,
}

impl Mailbox {
    /// An empty mailbox of a ring thread that takes its calls' credits from `credits`.
    pub fn new(credits: Arc<Pool>) -> io::Result<Self> {
        Ok(Self {
            credits,
            mail: Mutex::default(),
            has_mail: AtomicBool::new(false),
            sent: AtomicU64::new(0),
            bytes_sent: AtomicU64::new(0),
            waker: Waker::new()?,
        })
    }

    /// Leaves `replies`, which is empty afterwards, with one lock and at most one wake-up.
    pub fn post_replies(&self, replies: &mut Vec<Reply>) {
        if replies.is_empty() {
            return;
        }
        let mail = self.add_replies(replies);
        self.posted(mail);
    }

    /// The same for replies of which `sent` are sent on lent lines; the ring thread is not woken
    /// for those.
    fn post_sent(&self, replies: &mut Vec<Reply>, sent: usize) {
        let wake = sent < replies.len();
        self.sent.fetch_add(sent as u64, Ordering::Relaxed);
        let mail = self.add_replies(replies);
        if wake {
            self.posted(mail);
        } else {
            self.has_mail.store(true, Ordering::Release);
        }
    }

    fn add_bytes_sent(&self, count: usize) {
        self.bytes_sent.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// Gives a line back that the ring thread waits for, or that did not take a whole answer.
    fn return_line(&self, line: ReturnedLine) {
        let mut mail = self.lock();
        mail.lines.push(line);
        self.posted(mail);
    }

    /// How many answers have been sent on lent lines, whether or not the ring thread knows.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Bytes that have been sent on lent lines.
    #[must_use]
    pub fn bytes_sent(&self) -> u64 {
        self.bytes_sent.load(Ordering::Relaxed)
    }

    /// True: a `take` may find something.
    #[must_use]
    pub fn has_mail(&self) -> bool {
        self.has_mail.load(Ordering::Acquire)
    }

    /// True: the ring thread sleeps, or is about to.
    fn is_asleep(&self) -> bool {
        self.waker.is_asleep()
    }

    /// Leaves a command.
    pub fn post_command(&self, command: Command) {
        let mut mail = self.lock();
        mail.commands.push(command);
        self.posted(mail);
    }

    /// Has the ring thread take a turn: something outside the mailbox is there for it.
    pub fn wake(&self) {
        self.posted(self.lock());
    }

    /// Swaps what waits with `emptied`; false where nothing does. For the ring thread.
    pub fn take(&self, emptied: &mut Mail) -> bool {
        debug_assert!(emptied.replies.is_empty() && emptied.commands.is_empty());
        debug_assert!(emptied.lines.is_empty());
        if !self.has_mail() {
            return false;
        }
        let mut mail = self.lock();
        self.has_mail.store(false, Ordering::Relaxed);
        mem::swap(&mut *mail, emptied);
        true
    }

    /// True: nothing waits, and whoever posts from now on wakes the ring thread. For the ring
    /// thread.
    pub fn prepare_to_sleep(&self) -> bool {
        self.waker
            .prepare_to_sleep(|| self.has_mail.load(Ordering::Relaxed))
    }

    /// What the ring polls, and where the ring thread says that it is awake.
    #[must_use]
    pub fn waker(&self) -> &Waker {
        &self.waker
    }

    /// The one place where a call ends. Its credit goes first: who has the answer may ask again.
    fn add_replies(&self, replies: &mut Vec<Reply>) -> MutexGuard<'_, Mail> {
        self.credits.give(replies.len() as u64);
        let mut mail = self.lock();
        if mail.replies.is_empty() {
            mem::swap(&mut mail.replies, replies);
        } else {
            mail.replies.append(replies);
        }
        mail
    }

    fn posted(&self, mail: MutexGuard<'_, Mail>) {
        self.has_mail.store(true, Ordering::Release);
        drop(mail);
        self.waker.wake();
    }

    fn lock(&self) -> MutexGuard<'_, Mail> {
        // A panic while the lock is held leaves a valid list of mails.
        self.mail.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A mailbox, and the credits of which 9 are taken.
    fn mailbox() -> (Mailbox, Arc<Pool>) {
        let credits = Arc::new(Pool::new(10));
        credits.take(9);
        (Mailbox::new(Arc::clone(&credits)).unwrap(), credits)
    }

    fn reply(sequence: u32) -> Reply {
        let call = Call {
            sequence,
            ..Call::default()
        };
        call.reply(Outcome::Value(610))
    }

    #[test]
    fn a_call_s_credit_is_given_back_with_its_reply() {
        let (mailbox, credits) = mailbox();
        mailbox.post_replies(&mut vec![reply(1), reply(2)]);
        assert_eq!(credits.taken(), 7);
    }

    #[test]
    fn posts_before_a_take_are_taken_together_in_order() {
        let (mailbox, _) = mailbox();
        mailbox.post_replies(&mut vec![reply(1), reply(2)]);
        mailbox.post_command(Command::Close);
        mailbox.post_replies(&mut vec![reply(3)]);
        let mut mail = Mail::default();
        assert!(mailbox.take(&mut mail));
        assert_eq!(mail.replies, [reply(1), reply(2), reply(3)]);
        assert_eq!(mail.commands, [Command::Close]);
        assert!(!mailbox.take(&mut Mail::default()));
    }

    #[test]
    fn a_ring_thread_with_mail_may_not_sleep() {
        let (mailbox, _) = mailbox();
        assert!(mailbox.prepare_to_sleep());
        mailbox.post_replies(&mut vec![reply(1)]);
        assert!(!mailbox.prepare_to_sleep());
        assert!(mailbox.take(&mut Mail::default()));
        assert!(mailbox.prepare_to_sleep());
    }

    #[test]
    fn a_wake_without_mail_is_a_reason_not_to_sleep_once() {
        let (mailbox, _) = mailbox();
        mailbox.wake();
        assert!(!mailbox.prepare_to_sleep());
        assert!(mailbox.take(&mut Mail::default()));
        assert!(mailbox.prepare_to_sleep());
    }

    #[test]
    fn an_empty_post_is_no_mail() {
        let (mailbox, _) = mailbox();
        mailbox.post_replies(&mut Vec::new());
        assert!(mailbox.prepare_to_sleep());
    }
}
