//! The queue towards one ring thread: replies, leases that are returned, and commands.
//!
//! Any thread posts, and the event loop takes all that was posted once or twice a turn.
//!
//! Invariant: a call's credit is given back here, and nowhere else.

use std::io;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Command, Reply, ReturnedLease};
use crate::http::Status;
use crate::quota::Pool;
use crate::stats::Answers;
use crate::uring::Waker;

/// What was posted to a ring thread and not taken yet.
#[derive(Debug, Default)]
pub struct Posted {
    /// In the order in which they were posted.
    pub replies: Vec<Reply>,
    /// To be looked at after the replies.
    pub leases: Vec<ReturnedLease>,
    /// In the order in which they were posted.
    pub commands: Vec<Command>,
}

/// The queue towards one ring thread. It fills two cache lines, which processors fetch in pairs, so
/// that no other ring's queue is written in the same ones.
#[derive(Debug)]
#[repr(align(128))]
pub struct ReplyQueue {
    /// The pool of the calls' credits, to which each goes back with its reply.
    credits: Arc<Pool>,
    posted: Mutex<Posted>,
    /// True when `posted` may hold something. The ring thread asks this before it takes the lock.
    has_posted: AtomicBool,
    /// Answers that were sent on leased sockets.
    sent: Box<Answers>,
    /// Their bytes.
    bytes_sent: AtomicU64,
    waker: Waker,
}

impl ReplyQueue {
    /// An empty queue, for a ring thread that takes its calls' credits from `credits`.
    pub fn new(credits: Arc<Pool>) -> io::Result<Self> {
        Ok(Self {
            credits,
            posted: Mutex::default(),
            has_posted: AtomicBool::new(false),
            sent: Box::default(),
            bytes_sent: AtomicU64::new(0),
            waker: Waker::new()?,
        })
    }

    /// Posts `replies`, which is empty afterwards, with one lock and at most one wake-up.
    pub fn post_replies(&self, replies: &mut Vec<Reply>) {
        if replies.is_empty() {
            return;
        }
        let posted = self.add_replies(replies);
        self.announce(posted);
    }

    /// The same for replies of which `sent` go on leased sockets. The ring thread is not woken for
    /// those.
    pub(super) fn post_sent(&self, replies: &mut Vec<Reply>, sent: usize) {
        let wake = sent < replies.len();
        let posted = self.add_replies(replies);
        if wake {
            self.announce(posted);
        } else {
            self.has_posted.store(true, Ordering::Release);
        }
    }

    /// Counts an answer that is about to be sent on a leased socket.
    pub(super) fn count_sent(&self, status: Status) {
        self.sent.count(status.code());
    }

    pub(super) fn add_bytes_sent(&self, count: usize) {
        self.bytes_sent.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// Returns a socket that the ring thread waits for, or that did not take a whole answer.
    pub(super) fn return_lease(&self, returned: ReturnedLease) {
        let mut posted = self.lock();
        posted.leases.push(returned);
        self.announce(posted);
    }

    /// The answers that have been sent on leased sockets, which the ring thread does not count.
    #[must_use]
    pub fn sent(&self) -> &Answers {
        &self.sent
    }

    /// Bytes that have been sent on leased sockets.
    #[must_use]
    pub fn bytes_sent(&self) -> u64 {
        self.bytes_sent.load(Ordering::Relaxed)
    }

    /// True: a `take` may find something.
    #[must_use]
    pub fn has_posted(&self) -> bool {
        self.has_posted.load(Ordering::Acquire)
    }

    /// True: the ring thread sleeps, or is about to.
    pub(super) fn is_asleep(&self) -> bool {
        self.waker.is_asleep()
    }

    /// Posts a command. Of several that tell the server's health, only the last is kept.
    pub fn post_command(&self, command: Command) {
        let is_health = |command: &Command| matches!(command, Command::TellHealth(_));
        let mut posted = self.lock();
        if is_health(&command) {
            posted.commands.retain(|waiting| !is_health(waiting));
        }
        posted.commands.push(command);
        self.announce(posted);
    }

    /// Has the ring thread take a turn, because of something outside the queue.
    pub fn wake(&self) {
        self.announce(self.lock());
    }

    /// Swaps what was posted with `emptied`; false if nothing was. For the ring thread.
    pub fn take(&self, emptied: &mut Posted) -> bool {
        debug_assert!(emptied.replies.is_empty() && emptied.commands.is_empty());
        debug_assert!(emptied.leases.is_empty());
        if !self.has_posted() {
            return false;
        }
        let mut posted = self.lock();
        self.has_posted.store(false, Ordering::Relaxed);
        mem::swap(&mut *posted, emptied);
        true
    }

    /// True: nothing was posted, and each post from now on wakes the ring thread. For the ring
    /// thread.
    pub fn prepare_to_sleep(&self) -> bool {
        self.waker
            .prepare_to_sleep(|| self.has_posted.load(Ordering::Relaxed))
    }

    /// The waker that the ring polls, and to which the ring thread says that it is awake.
    #[must_use]
    pub fn waker(&self) -> &Waker {
        &self.waker
    }

    /// The one place where a call ends. Its credit goes first: a client that has its answer may ask
    /// again.
    fn add_replies(&self, replies: &mut Vec<Reply>) -> MutexGuard<'_, Posted> {
        self.credits.give(replies.len() as u64);
        let mut posted = self.lock();
        if posted.replies.is_empty() {
            mem::swap(&mut posted.replies, replies);
        } else {
            posted.replies.append(replies);
        }
        posted
    }

    fn announce(&self, posted: MutexGuard<'_, Posted>) {
        self.has_posted.store(true, Ordering::Release);
        drop(posted);
        self.waker.wake();
    }

    fn lock(&self) -> MutexGuard<'_, Posted> {
        // A panic while the lock is held leaves valid lists.
        self.posted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::{Call, Health, Outcome};

    /// A queue, and the credits, 9 of them taken.
    fn reply_queue() -> (ReplyQueue, Arc<Pool>) {
        let credits = Arc::new(Pool::new(10));
        credits.take(9);
        (ReplyQueue::new(Arc::clone(&credits)).unwrap(), credits)
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
        let (reply_queue, credits) = reply_queue();
        reply_queue.post_replies(&mut vec![reply(1), reply(2)]);
        assert_eq!(credits.taken(), 7);
    }

    #[test]
    fn posts_before_a_take_are_taken_together_in_order() {
        let (reply_queue, _) = reply_queue();
        reply_queue.post_replies(&mut vec![reply(1), reply(2)]);
        reply_queue.post_command(Command::Close);
        reply_queue.post_replies(&mut vec![reply(3)]);
        let mut posted = Posted::default();
        assert!(reply_queue.take(&mut posted));
        assert_eq!(posted.replies, [reply(1), reply(2), reply(3)]);
        assert_eq!(posted.commands, [Command::Close]);
        assert!(!reply_queue.take(&mut Posted::default()));
    }

    #[test]
    fn only_the_last_health_answer_is_kept() {
        let (reply_queue, _) = reply_queue();
        reply_queue.post_command(Command::TellHealth(Health::Well));
        reply_queue.post_command(Command::CloseIdle);
        reply_queue.post_command(Command::TellHealth(Health::Closing));
        let mut posted = Posted::default();
        assert!(reply_queue.take(&mut posted));
        let closing = Command::TellHealth(Health::Closing);
        assert_eq!(posted.commands, [Command::CloseIdle, closing]);
    }

    #[test]
    fn a_ring_thread_may_not_sleep_before_it_has_taken_the_posts() {
        let (reply_queue, _) = reply_queue();
        assert!(reply_queue.prepare_to_sleep());
        reply_queue.post_replies(&mut vec![reply(1)]);
        assert!(!reply_queue.prepare_to_sleep());
        assert!(reply_queue.take(&mut Posted::default()));
        assert!(reply_queue.prepare_to_sleep());
    }

    #[test]
    fn a_wake_without_a_post_prevents_one_sleep() {
        let (reply_queue, _) = reply_queue();
        reply_queue.wake();
        assert!(!reply_queue.prepare_to_sleep());
        assert!(reply_queue.take(&mut Posted::default()));
        assert!(reply_queue.prepare_to_sleep());
    }

    #[test]
    fn an_empty_post_posts_nothing() {
        let (reply_queue, _) = reply_queue();
        reply_queue.post_replies(&mut Vec::new());
        assert!(reply_queue.prepare_to_sleep());
    }
}
