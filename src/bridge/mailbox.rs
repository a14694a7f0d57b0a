//! Where other threads leave replies and commands for a ring thread.
//!
//! Invariant: a call's credit is given back here, and nowhere else.

use std::io;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Command, Reply, ReturnedLine};
use crate::quota::Pool;
use crate::uring::Waker;

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
    pub(super) fn post_sent(&self, replies: &mut Vec<Reply>, sent: usize) {
        let wake = sent < replies.len();
        self.sent.fetch_add(sent as u64, Ordering::Relaxed);
        let mail = self.add_replies(replies);
        if wake {
            self.posted(mail);
        } else {
            self.has_mail.store(true, Ordering::Release);
        }
    }

    pub(super) fn add_bytes_sent(&self, count: usize) {
        self.bytes_sent.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// Gives a line back that the ring thread waits for, or that did not take a whole answer.
    pub(super) fn return_line(&self, line: ReturnedLine) {
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
    pub(super) fn is_asleep(&self) -> bool {
        self.waker.is_asleep()
    }

    /// Leaves a command. Of how the server is, only what was told last.
    pub fn post_command(&self, command: Command) {
        let is_health = |command: &Command| matches!(command, Command::TellHealth(_));
        let mut mail = self.lock();
        if is_health(&command) {
            mail.commands.retain(|waiting| !is_health(waiting));
        }
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
    use crate::bridge::{Call, Health, Outcome};

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
    fn what_was_told_of_the_health_before_is_not_kept() {
        let (mailbox, _) = mailbox();
        mailbox.post_command(Command::TellHealth(Health::Well));
        mailbox.post_command(Command::CloseIdle);
        mailbox.post_command(Command::TellHealth(Health::Closing));
        let mut mail = Mail::default();
        assert!(mailbox.take(&mut mail));
        let closing = Command::TellHealth(Health::Closing);
        assert_eq!(mail.commands, [Command::CloseIdle, closing]);
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
