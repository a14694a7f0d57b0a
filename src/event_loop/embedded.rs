//! The loop as a part of another one, which drives it: `server` has it do so for a server without
//! ring threads.

use std::io;

use super::EventLoop;
use crate::bridge::Command;
use crate::limits::DRIVE_US_MAX;
use crate::uring::Kernel;

/// What driving the loop has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Driven {
    /// There is nothing to do.
    Idle,
    /// Calls were handed over, and there may be more to do.
    Calls,
    /// There is more to do, but others are to have the thread first.
    Busy,
    /// A [`Command::Close`] has been carried out to the end.
    Ended,
}

impl<K: Kernel> EventLoop<K> {
    /// Makes the calling thread the loop's, which is to drive it.
    pub fn begin_embedded(&mut self) -> io::Result<()> {
        self.ring.enable()?;
        self.steer_acceptor();
        Ok(())
    }

    /// Takes turns for as long as there is something to do, but hands calls over at most once, and
    /// takes no turn more after [`DRIVE_US_MAX`]. It waits for nothing. Not to be called once the
    /// loop has ended, or failed.
    pub fn drive(&mut self) -> io::Result<Driven> {
        let mut until = None;
        while !self.is_drained() {
            if self.ring.is_ready() {
                self.ring.submit()?;
            }
            // Where nothing came of it but quiet sends, whose events come along with the next one.
            if !self.ring.is_ready() && !self.reply_queue.has_posted() {
                return Ok(Driven::Idle);
            }
            if self.turn() {
                return Ok(Driven::Calls);
            }
            let now = self.context.now_us;
            if now > *until.get_or_insert(now + DRIVE_US_MAX) {
                return Ok(Driven::Busy);
            }
        }
        self.end()?;
        Ok(Driven::Ended)
    }

    /// True: whoever drives the loop may wait until the waker's eventfd is written to. False: there
    /// is something to do.
    pub fn prepare_to_sleep(&mut self) -> bool {
        let may_sleep = self.reply_queue.prepare_to_sleep() && self.ring.prepare_to_sleep();
        if !may_sleep {
            self.awake();
        }
        may_sleep
    }

    /// Whoever drives the loop will do so before he waits: nobody need tell him. Returns whether
    /// there is something to do.
    pub fn awake(&mut self) -> bool {
        self.reply_queue.waker().awake();
        self.ring.awake();
        self.ring.is_ready() || self.reply_queue.has_posted()
    }

    /// Cuts every connection, and runs to the end on the calling thread, which drives it no more.
    pub fn cut(&mut self) -> io::Result<()> {
        self.reply_queue.post_command(Command::Close);
        self.reply_queue.post_command(Command::CloseAll);
        self.run_to_end()
    }
}
