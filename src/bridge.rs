//! What crosses between the threads: batches of numbers one way, batches of replies the other.
//!
//! The event loop hands [`Call`]s to a [`Service`] and finds [`Reply`]s in its [`Mailbox`]; the
//! service may answer from any thread, in any order, or not at all.
//!
//! Invariant: a posted mail is seen by the ring thread at its next turn, and a sleeping ring thread
//! is woken for it.

use std::io;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::uring::{Token, Waker};

/// One request's number on its way to the handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Call {
    /// The connection that asks.
    pub token: Token,
    /// Which of the connection's requests, counted from 0, modulo 2^32.
    pub sequence: u32,
    /// The integer of the request's path.
    pub number: i64,
}

/// The handler's answer to one [`Call`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// As in the call.
    pub token: Token,
    /// As in the call.
    pub sequence: u32,
    /// What to answer.
    pub outcome: Outcome,
}

/// What a handler made of a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// An integer.
    Value(i64),
    /// An integer beyond 64 bits, in decimal digits.
    Digits(Box<str>),
    /// An error: its status (400–599) and the sentence that the client may read.
    Error(u16, Box<str>),
}

/// The application: it takes numbers and posts replies to the mailbox of the ring that called.
pub trait Service: Send + Sync + 'static {
    /// Takes a turn's calls, leaving `calls` empty. Runs on the ring thread and must not block.
    fn call(&self, calls: &mut Vec<Call>);

    /// The ring thread is about to end and will call no more: it was closed, or `failure` says what
    /// ended it.
    fn closed(&self, failure: Option<String>);
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
    /// In the order in which they were posted.
    pub commands: Vec<Command>,
}

/// Where other threads leave replies and commands for one ring thread. Two cache lines, which
/// processors fetch in pairs, so that no other ring's mailbox is written in the same ones.
#[derive(Debug)]
#[repr(align(128))]
pub struct Mailbox {
    mail: Mutex<Mail>,
    /// True when `mail` may hold something: what the ring thread asks before it takes the lock.
    has_mail: AtomicBool,
    waker: Waker,
}

impl Mailbox {
    /// An empty mailbox.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            mail: Mutex::default(),
            has_mail: AtomicBool::new(false),
            waker: Waker::new()?,
        })
    }

    /// Leaves `replies`, which is empty afterwards, with one lock and at most one wake-up.
    pub fn post_replies(&self, replies: &mut Vec<Reply>) {
        if replies.is_empty() {
            return;
        }
        let mut mail = self.lock();
        if mail.replies.is_empty() {
            mem::swap(&mut mail.replies, replies);
        } else {
            mail.replies.append(replies);
        }
        self.posted(mail);
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
        if !self.has_mail.load(Ordering::Acquire) {
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

    fn reply(sequence: u32) -> Reply {
        Reply {
            token: Token::default(),
            sequence,
            outcome: Outcome::Value(610),
        }
    }

    #[test]
    fn posts_before_a_take_are_taken_together_in_order() {
        let mailbox = Mailbox::new().unwrap();
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
        let mailbox = Mailbox::new().unwrap();
        assert!(mailbox.prepare_to_sleep());
        mailbox.post_replies(&mut vec![reply(1)]);
        assert!(!mailbox.prepare_to_sleep());
        assert!(mailbox.take(&mut Mail::default()));
        assert!(mailbox.prepare_to_sleep());
    }

    #[test]
    fn a_wake_without_mail_is_a_reason_not_to_sleep_once() {
        let mailbox = Mailbox::new().unwrap();
        mailbox.wake();
        assert!(!mailbox.prepare_to_sleep());
        assert!(mailbox.take(&mut Mail::default()));
        assert!(mailbox.prepare_to_sleep());
    }

    #[test]
    fn an_empty_post_is_no_mail() {
        let mailbox = Mailbox::new().unwrap();
        mailbox.post_replies(&mut Vec::new());
        assert!(mailbox.prepare_to_sleep());
    }
}
